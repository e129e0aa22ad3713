import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Starts to listen on a free port of this machine, and answers the address. */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((done, failed) => {
    server.once("error", failed).listen(0, "127.0.0.1", done);
  });
  // Between two attempts a connection may rest; closing it first would look like a failed attempt.
  server.keepAliveTimeout = 60_000;
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export function closeNow(server: Server): void {
  server.close();
  server.closeAllConnections();
}
