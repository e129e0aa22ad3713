// The dashboard that the server has in it.
import { spawn } from "node:child_process";

/** Fails when the server shows another page than the dashboard, or one that cannot be loaded. */
export async function checkDashboard(url) {
  const page = await (await fetch(url)).text();
  const [, script] = /<script type="module"[^>]* src="([^"]+)"/.exec(page) ?? [];
  if (script === undefined) throw new Error("the server has no dashboard in it: `make demo` builds it before the server");
  const answer = await fetch(new URL(script, url));
  if (answer.status !== 200) throw new Error(`${script} of the dashboard answered ${answer.status}`);
  await answer.arrayBuffer();
}

/** Shows a page to whoever sits at this machine, if it has a browser; who does not sees its address anyway. */
export function openInBrowser(url) {
  const isDesktop = process.platform === "darwin" || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  if (!process.stdout.isTTY || !isDesktop) return;
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  const child = spawn(opener, [url], { detached: true, stdio: "ignore" });
  child.once("error", () => {});
  child.unref();
}
