import { oneOf, text } from "../../lib/params";
import { forms, type Form } from "./body";

export interface BinSearch {
  /** The request that is shown; without one it is the newest, whichever that is. */
  request?: string;
  form?: Form;
}

export function binSearch(raw: Record<string, unknown>): BinSearch {
  return { request: text(raw.request), form: oneOf(raw.form, forms) };
}
