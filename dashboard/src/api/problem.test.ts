import { describe, expect, test } from "vitest";
import { asProblem, fieldErrors, problemOf, ProblemError } from "./problem";

const faults = (...errors: { pointer: string; detail: string }[]) => new ProblemError({ errors });

describe("faults and fields", () => {
  test("a pointer finds its field, also from below it", () => {
    const problem = faults(
      { pointer: "/url", detail: "is no url" },
      { pointer: "/retry/schedule_s/2", detail: "is too long" },
    );
    expect(fieldErrors(problem, ["url", "retry.schedule_s"])).toEqual({
      fields: { url: "is no url", "retry.schedule_s": "is too long" },
      rest: [],
    });
  });

  test("several faults at one field are all told", () => {
    const problem = faults(
      { pointer: "/event_types/0", detail: "First." },
      { pointer: "/event_types/1", detail: "Second." },
    );
    expect(fieldErrors(problem, ["event_types"]).fields).toEqual({ event_types: "First. Second." });
  });

  test("what belongs to no field is kept", () => {
    const whole = { pointer: "", detail: "query parameter limit" };
    const unknown = { pointer: "/rate_limit", detail: "needs per_second" };
    expect(fieldErrors(faults(whole, unknown), ["url", "rate_limit.per_second"])).toEqual({
      fields: {},
      rest: [whole, unknown],
    });
  });

  test("escapes in a pointer are undone, the tilde last", () => {
    expect(fieldErrors(faults({ pointer: "/a~1b~01", detail: "x" }), ["a/b~1"]).fields).toEqual({
      "a/b~1": "x",
    });
  });
});

describe("answers", () => {
  test("a problem says how long to wait", () => {
    const response = new Response(null, { status: 429, headers: { "Retry-After": "7" } });
    const problem = problemOf(response, { title: "Too many", code: "too_many_requests" });
    expect(problem).toMatchObject({ status: 429, title: "Too many", retryAfterS: 7 });
  });

  test("something else than a problem still has a title", () => {
    expect(problemOf(new Response(null, { status: 502 }), "<html>").title).toBe("The server answered 502");
  });

  test("no answer is told as that", () => {
    expect(asProblem(new TypeError("Failed to fetch")).code).toBe("unreachable");
  });
});
