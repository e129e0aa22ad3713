import { expect, test } from "vitest";
import { aSubscription } from "../../test/rows";
import { newOf, patchOf, urlFault, valuesOf } from "./form";

test("a patch names what was changed, and nothing else", () => {
  const values = valuesOf(aSubscription);
  expect(patchOf(aSubscription, values)).toEqual({});
  expect(patchOf(aSubscription, { ...values, ordered: true, filter: " " })).toEqual({ ordered: true });
  expect(patchOf({ ...aSubscription, filter: "true" }, { ...values, filter: "" })).toEqual({ filter: null });
});

test("an emptied number restores the default", () => {
  const values = { ...valuesOf(aSubscription), timeout_ms: "" as const };
  expect(patchOf(aSubscription, values)).toEqual({ timeout_ms: null });
});

test("a rate limit that only differs in what the form does not show is no change", () => {
  const limited = { ...aSubscription, rate_limit: { per_second: 5, burst: 40 } };
  expect(patchOf(limited, valuesOf(limited))).toEqual({});
});

test("a new one leaves to the server what is not given", () => {
  expect(newOf({ ...valuesOf(null), url: " https://example.com " })).toMatchObject({
    url: "https://example.com",
    filter: null,
    timeout_ms: null,
    rate_limit: null,
  });
});

test("a url is checked as far as can be told", () => {
  expect(urlFault("https://example.com/x")).toBeNull();
  expect(urlFault("ftp://example.com")).not.toBeNull();
  expect(urlFault("example")).not.toBeNull();
});
