import { vi } from "vitest";
import type { Session } from "../api/session";

export interface Seen {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  credentials: RequestCredentials;
  body: string;
}

type Answer = unknown;

/**
 * Stands in for the API: answers by method and path below `/api/v1/webhooks`, and keeps what it was asked. A list
 * that has no answer is empty, and anything else that has none is a 404.
 */
export function fakeServer(answers: Record<string, Answer>) {
  const seen: Seen[] = [];
  const handle = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request =
      input instanceof Request ? input : new Request(new URL(input, window.location.origin), init);
    const url = new URL(request.url);
    const path = url.pathname.replace("/api/v1/webhooks", "");
    const { method, headers, credentials } = request;
    seen.push({ method, path, query: url.searchParams, headers, credentials, body: await request.text() });
    const answer = answers[`${method} ${path}`];
    if (answer instanceof Response) return answer.clone();
    if (answer !== undefined) return Response.json(answer);
    if (path === "/lanes") return Response.json({ queue: null, data: [], complete: true });
    return path.split("/").length === 2 && method === "GET"
      ? Response.json({ data: [], next_cursor: null })
      : aProblem(404, { title: "Not found", code: "not_found", detail: `Nothing is at ${path}.` });
  };
  vi.stubGlobal("fetch", handle);
  return { seen, answers };
}

export function aProblem(status: number, problem: object, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ status, ...problem }), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });
}

export const operator: Session = {
  actor: "operator",
  tenant_id: null,
  csrf_token: "csrf_1",
  scopes: ["*"],
  expires_at: "2026-01-22T12:00:00.000Z",
  portal: null,
};

export const page = (...data: unknown[]) => ({ data, next_cursor: null });
