// Starts `posthaste serve --dev` in a folder of its own and stops it again, whatever becomes of the demo.
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

// 100 ms is the shortest step that the server takes; five steps make six attempts, as by default.
const RETRY_SCHEDULE = "100ms,200ms,300ms,400ms,500ms";
const USUAL_ADDRESS = "127.0.0.1:8080";
const START_MS_MAX = 30_000;
// The server gives requests under way 25 s before it cuts them off.
const STOP_MS_MAX = 30_000;

export class Server {
  #child;
  #exited;
  #guard;
  #folder = mkdtempSync(join(tmpdir(), "posthaste-demo-"));

  /** The address to reach it at, `http://…`. */
  url = "";
  operatorKey = randomBytes(24).toString("base64url");

  async start({ exitByItself }) {
    const isUsual = !exitByItself && (await isFree(USUAL_ADDRESS));
    const listen = process.env.DEMO_LISTEN || (isUsual ? USUAL_ADDRESS : "127.0.0.1:0");
    const log = openSync(this.#logPath(), "a");
    // In a group of its own: Ctrl-C reaches the demo alone, which then stops the server in order.
    this.#child = spawn(join(targetFolder(), "debug", "posthaste"), ["serve", "--dev"], {
      cwd: this.#folder,
      detached: true,
      stdio: ["ignore", log, log],
      env: {
        ...withoutSettings(process.env),
        POSTHASTE_LISTEN: listen,
        POSTHASTE_DATABASE_URL: `sqlite://${join(this.#folder, "demo.db")}?mode=rwc`,
        POSTHASTE_ADMIN_KEY: this.operatorKey,
        POSTHASTE_RETRY_SCHEDULE: RETRY_SCHEDULE,
      },
    });
    closeSync(log);
    this.#exited = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(`cannot be started: ${error.message}`));
      this.#child.once("exit", (code, signal) => resolve(`ended with ${signal ?? `code ${code}`}`));
    });
    if (this.#child.pid !== undefined) this.#guard = guard(this.#child.pid);
    await Promise.race([this.#ready(), this.ended()]);
  }

  /** Rejects when the server ends. */
  async ended() {
    const how = await this.#exited;
    throw new Error(`the server ${how}\n${this.logTail()}`);
  }

  logTail() {
    return readFileSync(this.#logPath(), "utf8").split("\n").slice(-20).join("\n");
  }

  /** Asks the server to stop, waits until it has, and removes its folder. Answers how it ended. */
  async stop() {
    let how = "was not started";
    if (this.#child?.pid !== undefined) {
      this.#child.kill("SIGTERM");
      const late = sleep(STOP_MS_MAX, undefined, { ref: false }).then(() => this.#child.kill("SIGKILL"));
      how = await Promise.race([this.#exited, late.then(() => this.#exited)]);
      this.#guard.kill("SIGKILL");
    }
    rmSync(this.#folder, { recursive: true, force: true });
    return how;
  }

  async #ready() {
    const deadline = Date.now() + START_MS_MAX;
    while (Date.now() < deadline) {
      this.url ||= this.#addressInLog();
      if (this.url) {
        const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
        if (answer?.status === 200) return;
      }
      await sleep(50);
    }
    throw new Error(`the server was not ready within ${START_MS_MAX / 1000} s\n${this.logTail()}`);
  }

  /** The log names the address that the server really got. */
  #addressInLog() {
    const line = readFileSync(this.#logPath(), "utf8").split("\n").find((text) => text.includes("listening"));
    const [, address] = /"?address"?\s*[:=]\s*"?([^\s",}]+)/.exec(line ?? "") ?? [];
    return address === undefined ? "" : `http://${address}`;
  }

  #logPath() {
    return join(this.#folder, "server.log");
  }
}

/** A shell that ends the server when its own input ends, which it does even when this process is killed. */
function guard(pid) {
  const script = 'read -r _; kill -TERM "$1" 2>/dev/null';
  const shell = spawn("sh", ["-c", script, "posthaste-demo-guard", String(pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.unref();
  return shell;
}

/** Settings of the caller's shell are not the demo's. */
function withoutSettings(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("POSTHASTE_")));
}

/** Where cargo builds, which its configuration and the environment may both move. */
function targetFolder() {
  const options = { cwd: new URL("..", import.meta.url), encoding: "utf8", maxBuffer: 64 * 1024 * 1024 };
  const text = execFileSync("cargo", ["metadata", "--format-version", "1", "--no-deps", "--locked"], options);
  return JSON.parse(text).target_directory;
}

function isFree(address) {
  const [host, port] = address.split(":");
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(Number(port), host, () => probe.close(() => resolve(true)));
  });
}
