// Server-sent events (HTML Living Standard, section 9.2), read from any stream: `EventSource` can send neither a
// bearer's token nor a header of ours.

export interface ServerEvent {
  type: string;
  data: string;
}

export class EventParser {
  /** Where to go on after a break; an id may come without an event. */
  lastId: string | undefined;
  /** How long the server asks to wait before coming again. */
  retryMs: number | undefined;
  #rest = "";
  #type = "";
  #data: string[] = [];

  constructor(lastId?: string) {
    this.lastId = lastId;
  }

  /** The events that are complete with this text, which may begin and end anywhere. */
  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    let buffered = this.#rest + text;
    // A carriage return at the end may be the first half of a line's end.
    const held = buffered.endsWith("\r") ? "\r" : "";
    buffered = buffered.slice(0, buffered.length - held.length);
    const lines = buffered.split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + held;
    for (const line of lines) {
      if (line !== "") this.#take(line);
      else if (this.#data.length > 0) events.push(this.#finish());
      else this.#type = "";
    }
    return events;
  }

  #take(line: string): void {
    const colon = line.indexOf(":");
    if (colon === 0) return; // A comment.
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#type = value;
    else if (field === "id" && !value.includes("\0")) this.lastId = value;
    else if (field === "retry" && /^[0-9]+$/.test(value)) this.retryMs = Number(value);
  }

  #finish(): ServerEvent {
    const event = { type: this.#type === "" ? "message" : this.#type, data: this.#data.join("\n") };
    this.#type = "";
    this.#data = [];
    return event;
  }
}

/** Hands over what comes of a stream, as text, until it ends. Stops reading when who asked for it stops asking. */
export async function* texts(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    // What is broken already cannot be cancelled, and need not be.
    reader.cancel().catch(() => undefined);
  }
}
