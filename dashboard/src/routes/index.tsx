import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  retainSearchParams,
  type RouterHistory,
} from "@tanstack/react-router";
import { basePath, inPortal } from "../api/portal";
import { NotFound } from "./NotFound";
import { ScreenProblem } from "./ScreenProblem";
import { requireSession, Shell, Waiting } from "./Shell";
import { timeSearch } from "../ui/time-range/range";
import { auditSearch } from "../features/audit/search";
import { binSearch } from "../features/bins/search";
import { draftSearch, replaySearch } from "../features/replays/search";
import { deadLetterSearch } from "../features/dead-letters/search";
import { deliveriesSearch } from "../features/deliveries/search";
import { eventTypeSearch, eventTypesSearch } from "../features/event-types/search";
import { eventSearch } from "../features/events/search";
import { subscriptionPageSearch, subscriptionSearch } from "../features/subscriptions/search";
import { parseSearch, stringifySearch } from "../lib/address";
import { text } from "../lib/params";

// Every address of the dashboard. Screens are loaded when they are first gone to; what the address may say is
// read here, so that a link is checked against it without them.

const root = createRootRoute({ notFoundComponent: NotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (raw): { next?: string } => ({ next: text(raw.next) }),
  // The portal is opened by its link and nothing else.
  beforeLoad: () => {
    if (inPortal()) throw notFound();
  },
  component: lazyRouteComponent(() => import("../features/sign-in/SignIn"), "SignIn"),
});

const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  // A portal is of one tenant, whatever the address says.
  validateSearch: (raw): { tenant?: string } => ({ tenant: inPortal() ? undefined : text(raw.tenant) }),
  // Links stay with the tenant that is looked at, unless they name one.
  search: { middlewares: [retainSearchParams(["tenant"])] },
  beforeLoad: requireSession,
  component: Shell,
  notFoundComponent: NotFound,
});

const overview = createRoute({
  getParentRoute: () => shell,
  path: "/",
  validateSearch: timeSearch,
  component: lazyRouteComponent(() => import("../features/overview/Overview"), "Overview"),
});

const events = createRoute({
  getParentRoute: () => shell,
  path: "/events",
  validateSearch: eventSearch,
  component: lazyRouteComponent(() => import("../features/events/Events"), "Events"),
});

const event = createRoute({
  getParentRoute: () => shell,
  path: "/events/$id",
  component: lazyRouteComponent(() => import("../features/events/Event"), "Event"),
});

const deliveries = createRoute({
  getParentRoute: () => shell,
  path: "/deliveries",
  validateSearch: deliveriesSearch,
  component: lazyRouteComponent(() => import("../features/deliveries/Deliveries"), "Deliveries"),
});

const delivery = createRoute({
  getParentRoute: () => shell,
  path: "/deliveries/$id",
  component: lazyRouteComponent(() => import("../features/deliveries/Delivery"), "Delivery"),
});

const deadLetters = createRoute({
  getParentRoute: () => shell,
  path: "/dead-letters",
  validateSearch: deadLetterSearch,
  component: lazyRouteComponent(() => import("../features/dead-letters/DeadLetters"), "DeadLetters"),
});

const subscriptions = createRoute({
  getParentRoute: () => shell,
  path: "/subscriptions",
  validateSearch: subscriptionSearch,
  component: lazyRouteComponent(() => import("../features/subscriptions/Subscriptions"), "Subscriptions"),
});

const subscription = createRoute({
  getParentRoute: () => shell,
  path: "/subscriptions/$id",
  validateSearch: subscriptionPageSearch,
  component: lazyRouteComponent(() => import("../features/subscriptions/page/Subscription"), "Subscription"),
});

const replays = createRoute({
  getParentRoute: () => shell,
  path: "/replays",
  validateSearch: replaySearch,
  component: lazyRouteComponent(() => import("../features/replays/Replays"), "Replays"),
});

const newReplay = createRoute({
  getParentRoute: () => shell,
  path: "/replays/new",
  validateSearch: draftSearch,
  component: lazyRouteComponent(() => import("../features/replays/NewReplay"), "NewReplay"),
});

const replay = createRoute({
  getParentRoute: () => shell,
  path: "/replays/$id",
  component: lazyRouteComponent(() => import("../features/replays/Replay"), "Replay"),
});

const eventTypes = createRoute({
  getParentRoute: () => shell,
  path: "/event-types",
  validateSearch: eventTypesSearch,
  component: lazyRouteComponent(() => import("../features/event-types/EventTypes"), "EventTypes"),
});

const eventType = createRoute({
  getParentRoute: () => shell,
  path: "/event-types/$name",
  validateSearch: eventTypeSearch,
  component: lazyRouteComponent(() => import("../features/event-types/EventType"), "EventType"),
});

const bins = createRoute({
  getParentRoute: () => shell,
  path: "/bins",
  component: lazyRouteComponent(() => import("../features/bins/Bins"), "Bins"),
});

const bin = createRoute({
  getParentRoute: () => shell,
  path: "/bins/$id",
  validateSearch: binSearch,
  component: lazyRouteComponent(() => import("../features/bins/Bin"), "Bin"),
});

const keys = createRoute({
  getParentRoute: () => shell,
  path: "/keys",
  component: lazyRouteComponent(() => import("../features/keys/Keys"), "Keys"),
});

const audit = createRoute({
  getParentRoute: () => shell,
  path: "/audit",
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import("../features/audit/Audit"), "Audit"),
});

const tenants = createRoute({
  getParentRoute: () => shell,
  path: "/tenants",
  component: lazyRouteComponent(() => import("../features/tenants/Tenants"), "Tenants"),
});

const tenant = createRoute({
  getParentRoute: () => shell,
  path: "/tenants/$id",
  component: lazyRouteComponent(() => import("../features/tenants/Tenant"), "Tenant"),
});

const routeTree = root.addChildren([
  signIn,
  shell.addChildren([
    overview,
    events,
    event,
    deliveries,
    delivery,
    deadLetters,
    subscriptions,
    subscription,
    replays,
    newReplay,
    replay,
    eventTypes,
    eventType,
    bins,
    bin,
    keys,
    audit,
    tenants,
    tenant,
  ]),
]);

/** Tests bring a history of their own. */
export const makeRouter = (history?: RouterHistory) =>
  createRouter({
    routeTree,
    history,
    basepath: basePath(),
    parseSearch,
    stringifySearch,
    defaultPendingComponent: Waiting,
    defaultErrorComponent: ScreenProblem,
    defaultPreload: "intent",
    scrollRestoration: true,
  });

export const router = makeRouter();

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
