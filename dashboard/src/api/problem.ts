import { pointerParts } from "../lib/raw";
import type { components } from "./schema";

export type Problem = components["schemas"]["Problem"];
export type Fault = components["schemas"]["Fault"];

/** An answer that is no success, or none at all (`status` 0). */
export class ProblemError extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly errors: Fault[];
  readonly requestId: string | null;
  /** How long to wait before the next try, when the server says so. */
  readonly retryAfterS: number | null;

  constructor(problem: Partial<Problem>, retryAfterS: number | null = null) {
    super(problem.detail ?? problem.title ?? "The request failed");
    this.name = "ProblemError";
    this.status = problem.status ?? 0;
    this.code = problem.code ?? "unknown";
    this.title = problem.title ?? "The request failed";
    this.detail = problem.detail ?? "";
    this.errors = problem.errors ?? [];
    this.requestId = problem.request_id ?? null;
    this.retryAfterS = retryAfterS;
  }
}

/** What a failed answer says; a proxy in between may have answered with something else than a problem. */
export function problemOf(response: Response, body: unknown): ProblemError {
  const stated = typeof body === "object" && body !== null ? (body as Partial<Problem>) : {};
  const fallback = { status: response.status, title: `The server answered ${response.status}` };
  return new ProblemError({ ...fallback, ...stated }, retryAfterS(response.headers.get("Retry-After")));
}

/** Anything thrown, as a problem: a `TypeError` of `fetch` means that there was no answer. */
export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof TypeError) {
    return new ProblemError({
      code: "unreachable",
      title: "The server could not be reached",
      detail: error.message,
    });
  }
  return new ProblemError({ detail: error instanceof Error ? error.message : String(error) });
}

function retryAfterS(header: string | null): number | null {
  const seconds = header === null ? NaN : Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.ceil(seconds) : null;
}

export interface FieldErrors {
  /** By the field's path in the form: `retry.schedule_s`. */
  fields: Record<string, string>;
  /** What belongs to no field of the form. */
  rest: Fault[];
}

/**
 * Sorts a problem's faults to the fields of a form. A pointer below a field (`/retry/schedule_s/0`) belongs to it;
 * of several faults at one field, each is told.
 */
export function fieldErrors(problem: ProblemError, known: readonly string[]): FieldErrors {
  const sorted: FieldErrors = { fields: {}, rest: [] };
  for (const fault of problem.errors) {
    const field = fieldAt(fault.pointer, known);
    if (field === null) {
      sorted.rest.push(fault);
    } else {
      const before = sorted.fields[field];
      sorted.fields[field] = before === undefined ? fault.detail : `${before} ${fault.detail}`;
    }
  }
  return sorted;
}

function fieldAt(pointer: string, known: readonly string[]): string | null {
  const parts = pointerParts(pointer);
  for (let length = parts.length; length > 0; length--) {
    const path = parts.slice(0, length).join(".");
    if (known.includes(path)) return path;
  }
  return null;
}
