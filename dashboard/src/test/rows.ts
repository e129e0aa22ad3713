// One row of each kind, as the API answers, for tests to vary.
import type { DeadLetter, DeadLetterGroup } from "../api/deadLetters";
import type { Attempt, Delivery } from "../api/deliveries";
import type { EventHead } from "../api/events";
import type { Lanes } from "../api/lanes";
import type { Replay } from "../api/replays";
import type { Stats, SubscriptionStats } from "../api/stats";
import type { Subscription } from "../api/subscriptions";

const at = "2026-01-21T12:00:00.000Z";

export const aSubscription: Subscription = {
  id: "sub_1",
  url: "https://example.com/webhooks",
  external_id: null,
  description: "",
  event_types: [],
  filter: null,
  status: "active",
  disabled_reason: null,
  kind: "webhook",
  delivery: { mode: "single" },
  ordered: false,
  headers: {},
  rate_limit: null,
  max_in_flight: 64,
  timeout_ms: 15_000,
  retry: { schedule_s: [5, 30, 120], jitter: 0.2 },
  signing: { schemes: ["pt", "standard"], algorithm: "hmac-sha256" },
  format: "standard",
  template: null,
  auto_replay: null,
  client_certificate: null,
  metadata: {},
  created_at: at,
  updated_at: at,
};

export const aDelivery: Delivery = {
  id: "dlv_1",
  event_id: "evt_1",
  event_type: "content.published",
  subscription_id: "sub_1",
  status: "failed",
  trigger: "event",
  attempt_count: 1,
  max_attempts: 4,
  next_attempt_at: null,
  last_status_code: 503,
  failure_reason: "http_status",
  last_error: null,
  created_at: at,
  completed_at: at,
  replay_id: null,
  batch_id: null,
};

export const aDeadLetter: DeadLetter = { ...aDelivery, dead_at: at, resolved_at: null, resolution: null };

export const aGroup: DeadLetterGroup = {
  subscription_id: "sub_1",
  failure_reason: "http_status",
  count: 1204,
  oldest_dead_at: at,
  newest_dead_at: at,
};

export const anAttempt: Attempt = {
  id: "att_1",
  number: 1,
  started_at: at,
  duration_ms: 40,
  timing: { queue_ms: 2, dns_ms: 3, connect_ms: 5, tls_ms: 10, first_byte_ms: 20 },
  remote_ip: "192.0.2.1",
  http_version: "HTTP/1.1",
  url: "https://example.com/webhooks",
  status_code: 503,
  failure_reason: "http_status",
  error: null,
  request_headers: { "webhook-id": "evt_1" },
  response_headers: { "retry-after": "5" },
  response_body: "busy",
  response_truncated: false,
};

export const anEvent: EventHead & { data: number } = {
  id: "evt_1",
  type: "content.published",
  timestamp: at,
  version: null,
  correlation_id: null,
  deliver_at: null,
  deliveries: 1,
  created_at: at,
  metadata: {},
  data: 0,
};

const figures = { attempts: 10, succeeded: 9, failed: 1, p50_ms: 20, p95_ms: 80, p99_ms: 200 };

export const aStats: Stats = {
  from: at,
  to: "2026-01-21T13:00:00.000Z",
  bucket_s: 3600,
  buckets: [{ start: at, ...figures }],
  totals: { ...figures, events: 5, deliveries: 9, dead_letters: 1 },
  failure_reasons: { http_status: 1 },
};

export const theWorst: SubscriptionStats = {
  from: at,
  to: "2026-01-21T13:00:00.000Z",
  bucket_s: 3600,
  data: [
    {
      subscription_id: "sub_1",
      url: "https://example.com/webhooks",
      attempts: 10,
      succeeded: 9,
      failed: 1,
      dead_letters: 1,
      buckets: [{ start: at, attempts: 10, succeeded: 9, failed: 1 }],
    },
  ],
  complete: true,
};

export const theLanes: Lanes = {
  queue: { lanes: 2, ready: 3, delayed: 4, in_flight: 5, paused: 0, open: 1, oldest_ready_ms: 6_000 },
  data: [
    {
      subscription_id: "sub_1",
      url: "https://example.com/webhooks",
      state: "open",
      waiting: 10_000,
      due_at: at,
      consecutive_failures: 7,
      probe_at: "2026-01-21T12:05:00.000Z",
    },
  ],
  complete: true,
};

export const aReplay: Replay = {
  id: "rpl_1",
  status: "running",
  automatic: false,
  from: at,
  to: "2026-01-21T13:00:00.000Z",
  subscription_id: null,
  event_types: [],
  statuses: ["failed"],
  failure_reasons: [],
  rate_per_second: 300,
  matched: 100,
  enqueued: 65,
  succeeded: 40,
  failed: 10,
  skipped: 5,
  created_at: at,
  completed_at: null,
};
