import { expect } from "@playwright/test";
import { apiOf, take, type Api, type Schemas } from "./api";
import { Receiver, type Mood } from "./receiver";
import { OPERATOR_KEY } from "./server";

type Delivery = Schemas["Delivery"];
type NewSubscription = Schemas["NewSubscription"];

export interface Posted {
  type: string;
  data?: unknown;
  metadata?: Record<string, unknown>;
  correlation_id?: string;
}

const BASE = "/api/v1/webhooks";
let count = 0;

/** A tenant that one test has for itself, and what brings it data. */
export class Tenant {
  readonly #receivers: Receiver[] = [];

  private constructor(
    readonly url: string,
    readonly id: string,
    readonly name: string,
    readonly api: Api,
  ) {}

  static async make(url: string, more: Partial<Schemas["NewTenant"]> = {}): Promise<Tenant> {
    count += 1;
    const name = more.name ?? `Tenant ${process.pid}-${count}`;
    const operator = apiOf(url, OPERATOR_KEY);
    const made = await take(operator.POST(`${BASE}/tenants`, { body: { ...more, name } }));
    return new Tenant(url, made.id, name, apiOf(url, OPERATOR_KEY, made.id));
  }

  /** The address of a screen, for this tenant. */
  at(path: string): string {
    return `${path}${path.includes("?") ? "&" : "?"}tenant=${this.id}`;
  }

  async receiver(mood: Mood, name = "hook"): Promise<Receiver> {
    const receiver = await new Receiver(mood).open(name);
    this.#receivers.push(receiver);
    return receiver;
  }

  subscribe(to: { url: string }, more: Partial<NewSubscription> = {}) {
    return take(this.api.POST(`${BASE}/subscriptions`, { body: { ...more, url: to.url } }));
  }

  async post(type: string, data: unknown = {}, more: Omit<Posted, "type" | "data"> = {}): Promise<string> {
    return this.postText(JSON.stringify({ ...more, type, data }));
  }

  /** Posts JSON as it is written, and answers the event's id. */
  async postText(text: string): Promise<string> {
    const body = { type: "", data: null };
    const made = await take(this.api.POST(`${BASE}/events`, { body, bodySerializer: () => text }));
    return made.id;
  }

  async postMany(number: number, event: (index: number) => Posted): Promise<void> {
    const events = Array.from({ length: number }, (_, index) => ({ data: {}, ...event(index) }));
    const text = JSON.stringify({ events });
    await take(this.api.POST(`${BASE}/events/batch`, { body: { events: [] }, bodySerializer: () => text }));
  }

  /** Adds an event type with an example to the catalogue. */
  async describe(name: string, example: unknown): Promise<void> {
    const text = JSON.stringify({ name, versions: [{ version: "1", schema: true, example }] });
    await take(this.api.POST(`${BASE}/event-types`, { body: { name }, bodySerializer: () => text }));
  }

  async deliveries(query: { status?: Delivery["status"][]; event_id?: string[] } = {}): Promise<Delivery[]> {
    const page = await take(
      this.api.GET(`${BASE}/deliveries`, { params: { query: { ...query, limit: 250 } } }),
    );
    return page.data;
  }

  /** Waits until this many deliveries are in the state, and answers them, newest first. */
  async until(number: number, status: Delivery["status"]): Promise<Delivery[]> {
    let found: Delivery[] = [];
    await expect
      .poll(
        async () => {
          found = await this.deliveries({ status: [status] });
          return found.length;
        },
        { message: `${number} deliveries ${status}`, intervals: [50, 100, 200] },
      )
      .toBe(number);
    return found;
  }

  /** Waits for the one delivery in the state. */
  async one(status: Delivery["status"]): Promise<Delivery> {
    const [found] = await this.until(1, status);
    if (found === undefined) throw new Error("There was one just now");
    return found;
  }

  close(): void {
    for (const receiver of this.#receivers) receiver.close();
  }
}
