// A client of the HTTP API with one key.

export class Api {
  #base;
  #headers;

  constructor(url, key) {
    this.#base = `${url}/api/v1/webhooks`;
    this.#headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  }

  get(path) {
    return this.#call("GET", path, undefined, 200);
  }

  /** Posts and wants this status; `body` is a value, or JSON text that is sent as it is. */
  post(path, body, status = 201) {
    return this.#call("POST", path, typeof body === "string" ? body : JSON.stringify(body), status);
  }

  /** Every row of a list, over all its pages. */
  async list(path) {
    const rows = [];
    let cursor = "";
    do {
      const page = await this.get(`${path}${path.includes("?") ? "&" : "?"}limit=250${cursor}`);
      rows.push(...page.data);
      cursor = page.next_cursor === null ? "" : `&cursor=${encodeURIComponent(page.next_cursor)}`;
    } while (cursor !== "");
    return rows;
  }

  async #call(method, path, body, status) {
    const answer = await fetch(this.#base + path, { method, body, headers: this.#headers });
    const text = await answer.text();
    if (answer.status !== status) {
      throw new Error(`${method} ${path} answered ${answer.status} instead of ${status}: ${text}`);
    }
    return text === "" ? undefined : JSON.parse(text);
  }
}
