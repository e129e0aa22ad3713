import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { frontOf, type Front } from "./front";

const BINARY = resolve(process.env.POSTHASTE_BINARY ?? "../target/debug/posthaste");
export const OPERATOR_KEY = "the-operator-key-of-the-tests";
const START_MS_MAX = 20_000;
const TOLD_LINES = 30;

/** Three retries in well under a second: what fails is a dead letter soon. */
const RETRY_SCHEDULE = "100ms,100ms,100ms";

/** The real program with an empty database, in a folder of its own. */
export interface Server {
  /** Where its pages and its API are. */
  url: string;
  stop: () => Promise<void>;
}

/** `settings` are variables of the program, without `POSTHASTE_`. */
export async function startServer(settings: Record<string, string> = {}): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "posthaste-e2e-"));
  const front = await frontOf(process.env.E2E_DASHBOARD_URL);
  const child = spawn(BINARY, ["serve", "--dev"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...withoutSettings(process.env),
      ...named({
        LISTEN: "127.0.0.1:0",
        ADMIN_KEY: OPERATOR_KEY,
        DATABASE_URL: `sqlite://${join(folder, "posthaste.db")}?mode=rwc`,
        RETRY_SCHEDULE,
        ...(front && { PUBLIC_URL: front.url }),
        ...settings,
      }),
    },
  });
  // Nothing is left running when the tests are cut off.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  try {
    const address = await listening(child);
    front?.lead(address);
    return { url: front?.url ?? address, stop: () => stop(child, kill, folder, front) };
  } catch (error) {
    await stop(child, kill, folder, front);
    throw error;
  }
}

/** Waits for the line of the log that says which port it got; says what the log said where there is none. */
async function listening(child: ChildProcess): Promise<string> {
  const lines: string[] = [];
  const late = AbortSignal.timeout(START_MS_MAX);
  return new Promise((found, failed) => {
    const fail = (why: string) => failed(new Error(`${BINARY} ${why}\n${lines.join("\n")}`));
    child.once("error", ({ message }) => fail(`cannot be started: ${message}`));
    child.once("exit", (code, signal) => fail(`ended with ${signal ?? code ?? "nothing"}`));
    late.addEventListener("abort", () => fail(`did not listen within ${START_MS_MAX} ms`));
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on("line", (line) => {
        if (lines.push(line) > TOLD_LINES) lines.shift();
        const address = /"message":"listening","address":"([^"]+)"/.exec(line)?.[1];
        if (address !== undefined) found(`http://${address}`);
      });
    }
  });
}

/** Its rows are needed by nobody any more, so it is not asked to end in order. */
async function stop(child: ChildProcess, kill: () => void, folder: string, front: Front | null) {
  process.removeListener("exit", kill);
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const ended = once(child, "exit");
    kill();
    await ended;
  }
  front?.close();
  rmSync(folder, { recursive: true, force: true });
}

/** Settings of the shell are not the tests'. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("POSTHASTE_")));
}

function named(settings: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [`POSTHASTE_${name}`, value]));
}
