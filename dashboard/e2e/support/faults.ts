import type { BrowserContext } from "@playwright/test";

/** Before anybody has signed in, the pages ask who they are. */
const USUAL = /^answer 401 GET \/api\/v1\/webhooks\/session$/;

/** All that a browser complains of while a test runs; what a test means to bring about it has to say. */
export class Faults {
  readonly #seen: string[] = [];
  readonly #expected: RegExp[] = [];

  /** Something is to be refused: `/422 POST .*subscriptions/`. A test in which it does not happen fails as well. */
  expect(...faults: RegExp[]): void {
    this.#expected.push(...faults);
  }

  /** Sees everything of all pages of the context, and of the frames in them. */
  watch(context: BrowserContext): void {
    context.on("console", (message) => {
      // Answers are told below, with their address.
      if (message.type() !== "error" || message.text().startsWith("Failed to load resource")) return;
      this.#seen.push(`console: ${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (fault) =>
      this.#seen.push(`page: ${fault.error().stack ?? fault.error().message}`),
    );
    context.on("response", (response) => {
      if (response.status() < 400) return;
      const { pathname } = new URL(response.url());
      this.#seen.push(`answer ${response.status()} ${response.request().method()} ${pathname}`);
    });
    context.on("requestfailed", (request) => {
      const why = request.failure()?.errorText ?? "";
      // A page that is left takes its requests with it.
      if (why !== "net::ERR_ABORTED") this.#seen.push(`request: ${request.method()} ${request.url()} ${why}`);
    });
  }

  /** What nobody expected, and what was expected and did not come. */
  unexpected(): string[] {
    const seen = this.#seen.filter((fault) => ![USUAL, ...this.#expected].some((one) => one.test(fault)));
    const missing = this.#expected.filter((one) => !this.#seen.some((fault) => one.test(fault)));
    return [...seen, ...missing.map((one) => `did not happen: ${one.source}`)];
  }
}
