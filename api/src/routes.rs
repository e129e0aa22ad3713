//! The list of all routes. Each path is one resource with its methods, so that another method is
//! `405` with `Allow` and not `404`.

mod attempts;
mod audit_log;
mod batch;
mod bin_requests;
mod bins;
mod catalogue;
mod dead_letter_groups;
mod dead_letters;
mod deliveries;
mod delivery_filter;
mod event_type_page;
mod event_types;
mod events;
mod explain;
mod filter_test;
mod health;
mod keys;
mod lanes;
mod lines;
mod metrics;
mod operator_key;
mod patch_names;
mod portal_links;
mod replays;
mod secrets;
mod session;
mod stats;
mod stream;
mod subscription_patch;
mod subscription_stats;
mod subscription_test;
mod subscription_url;
mod subscription_view;
mod subscriptions;
mod tenant_input;
mod tenants;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, Resource, Route, web};
use domain::ids::{Of, TenantId};

use crate::problem::Problem;
use crate::request_metrics::PathNumber;

/// What most paths start with.
pub const BASE: &str = "/api/v1/webhooks";

/// What answers carry, for the OpenAPI document.
pub(crate) mod answers {
    pub(crate) use super::attempts::{Attempt, Timing};
    pub(crate) use super::audit_log::{AuditEntry, ShownActor, ShownResource};
    pub(crate) use super::batch::{BatchAnswer, BatchItem};
    pub(crate) use super::bin_requests::BinRequest;
    pub(crate) use super::bins::Bin;
    pub(crate) use super::catalogue::ShownImport;
    pub(crate) use super::dead_letter_groups::{DeadLetterGroup, DeadLetterGroups};
    pub(crate) use super::dead_letters::{DeadLetter, Discarded};
    pub(crate) use super::deliveries::Delivery;
    pub(crate) use super::event_type_page::Example;
    pub(crate) use super::event_types::CatalogueEntry;
    pub(crate) use super::events::{Event, EventHead, ShownReceipt};
    pub(crate) use super::explain::{ExplainedSubscription, Explanation, StateThen};
    pub(crate) use super::filter_test::{FilterTestAnswer, Tried, TriedAll};
    pub(crate) use super::health::{Alive, Readiness};
    pub(crate) use super::keys::{Key, MadeKey};
    pub(crate) use super::lanes::{Lane, LaneState, Lanes, QueueFigures};
    pub(crate) use super::operator_key::OperatorKey;
    pub(crate) use super::portal_links::{MadePortalLink, PortalLink};
    pub(crate) use super::replays::{Matched, Replay};
    pub(crate) use super::secrets::ShownSecret;
    pub(crate) use super::session::{PortalLook, Session};
    pub(crate) use super::stats::{BucketFigures, Figures, Stats, Totals};
    pub(crate) use super::subscription_stats::{Counts, OfSubscription, SubscriptionStats};
    pub(crate) use super::subscription_view::Subscription;
    pub(crate) use super::subscriptions::MadeSubscription;
    pub(crate) use super::tenant_input::EGRESS_NETWORKS;
    pub(crate) use super::tenants::Tenant;
    #[cfg(test)]
    pub(crate) use super::{
        keys::KeyInput, operator_key::OperatorKeyInput, portal_links::PortalLinkInput,
        secrets::RotateInput, tenant_input::TenantInput,
    };
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Public,
    /// Anyone with a key, wherever it stands.
    KeyHolder,
    /// The operator.
    Operator,
    /// A tenant's key with the scope, or the operator naming the tenant.
    Tenant(domain::preferences::Scope),
    /// The same, and the operator for all tenants.
    List(domain::preferences::Scope),
}

/// A path with its methods.
struct Path {
    path: String,
    methods: Vec<(Method, Access, Route)>,
    /// What takes every other method; none: those are refused.
    others: Option<Route>,
}

fn path(path: &str) -> Path {
    Path { path: format!("{BASE}{path}"), methods: Vec::new(), others: None }
}

fn root(path: &str) -> Path {
    Path { path: path.to_owned(), methods: Vec::new(), others: None }
}

macro_rules! on {
    ($path:expr $(, $method:ident $access:expr => $handler:expr)+ $(,)?) => {{
        let mut path: Path = $path;
        $(path.methods.push((Method::$method, $access, web::method(Method::$method).to($handler)));)+
        path
    }};
}

fn all() -> Vec<Path> {
    use Access::{KeyHolder, List, Operator, Public, Tenant};
    use domain::preferences::Scope::{
        DeliveriesRead, DeliveriesWrite, EventsRead, EventsWrite, SubscriptionsRead,
        SubscriptionsWrite,
    };
    vec![
        on!(path("/events"), POST Tenant(EventsWrite) => events::post, GET List(EventsRead) => events::list),
        on!(path("/events/batch"), POST Tenant(EventsWrite) => batch::post),
        on!(path("/events/{id}"), GET Tenant(EventsRead) => events::get),
        on!(path("/events/{id}/explain"), GET Tenant(EventsRead) => explain::get),
        on!(path("/catalogue"), GET Tenant(EventsRead) => catalogue::get, POST Tenant(EventsWrite) => catalogue::post),
        on!(path("/catalogue/starter"), GET Tenant(EventsRead) => catalogue::starter),
        on!(path("/event-types"), POST Tenant(EventsWrite) => event_types::post, GET List(EventsRead) => event_types::list),
        on!(
            path("/event-types/{name}"),
            GET Tenant(EventsRead) => event_types::get,
            PATCH Tenant(EventsWrite) => event_types::patch,
            DELETE Tenant(EventsWrite) => event_types::delete,
        ),
        on!(path("/event-types/{name}/example"), GET Tenant(EventsRead) => event_type_page::example),
        on!(path("/event-types/{name}/page"), GET Tenant(EventsRead) => event_type_page::page),
        on!(
            path("/subscriptions"),
            POST Tenant(SubscriptionsWrite) => subscriptions::post,
            GET List(SubscriptionsRead) => subscriptions::list,
        ),
        on!(path("/subscriptions/filter-test"), POST Tenant(SubscriptionsRead) => filter_test::post),
        on!(
            path("/subscriptions/{id}"),
            GET Tenant(SubscriptionsRead) => subscriptions::get,
            PATCH Tenant(SubscriptionsWrite) => subscription_patch::patch,
            DELETE Tenant(SubscriptionsWrite) => subscriptions::delete,
        ),
        on!(path("/subscriptions/{id}/secret"), GET Tenant(SubscriptionsWrite) => secrets::get),
        on!(path("/subscriptions/{id}/secret/rotate"), POST Tenant(SubscriptionsWrite) => secrets::rotate),
        on!(path("/subscriptions/{id}/test"), POST Tenant(SubscriptionsWrite) => subscription_test::post),
        on!(path("/deliveries"), GET List(DeliveriesRead) => deliveries::list),
        on!(path("/deliveries/{id}"), GET Tenant(DeliveriesRead) => deliveries::get),
        on!(path("/deliveries/{id}/attempts"), GET Tenant(DeliveriesRead) => attempts::list),
        on!(path("/deliveries/{id}/redeliver"), POST Tenant(DeliveriesWrite) => deliveries::redeliver),
        on!(path("/deliveries/{id}/cancel"), POST Tenant(DeliveriesWrite) => deliveries::cancel),
        on!(path("/dead-letters"), GET List(DeliveriesRead) => dead_letters::list),
        on!(path("/dead-letters/groups"), GET List(DeliveriesRead) => dead_letter_groups::get),
        on!(path("/dead-letters/replay"), POST Tenant(DeliveriesWrite) => replays::post_dead_letters),
        on!(path("/dead-letters/discard"), POST Tenant(DeliveriesWrite) => dead_letters::discard_many),
        on!(path("/dead-letters/{id}"), DELETE Tenant(DeliveriesWrite) => dead_letters::discard),
        on!(path("/dead-letters/{id}/replay"), POST Tenant(DeliveriesWrite) => dead_letters::replay),
        on!(path("/replays"), POST Tenant(DeliveriesWrite) => replays::post, GET List(DeliveriesRead) => replays::list),
        on!(path("/replays/{id}"), GET Tenant(DeliveriesRead) => replays::get),
        on!(path("/replays/{id}/pause"), POST Tenant(DeliveriesWrite) => replays::pause),
        on!(path("/replays/{id}/resume"), POST Tenant(DeliveriesWrite) => replays::resume),
        on!(path("/replays/{id}/cancel"), POST Tenant(DeliveriesWrite) => replays::cancel),
        on!(path("/bins"), POST Tenant(EventsWrite) => bins::post, GET List(EventsRead) => bins::list),
        on!(path("/bins/{id}"), GET Tenant(EventsRead) => bins::get, DELETE Tenant(EventsWrite) => bins::delete),
        on!(path("/bins/{id}/requests"), GET Tenant(EventsRead) => bin_requests::list),
        Path {
            others: Some(web::to(bin_requests::receive)),
            ..on!(
                path("/bin/{id}"),
                GET Public => bin_requests::receive,
                POST Public => bin_requests::receive,
                PUT Public => bin_requests::receive,
                PATCH Public => bin_requests::receive,
                DELETE Public => bin_requests::receive,
                TRACE Public => bin_requests::receive,
            )
        },
        on!(path("/stats"), GET List(DeliveriesRead) => stats::get),
        on!(path("/stats/subscriptions"), GET List(DeliveriesRead) => subscription_stats::get),
        on!(path("/lanes"), GET List(DeliveriesRead) => lanes::get),
        on!(path("/stream"), GET List(DeliveriesRead) => stream::get),
        on!(path("/audit-log"), GET List(SubscriptionsRead) => audit_log::list),
        on!(path("/tenants"), POST Operator => tenants::post, GET Operator => tenants::list),
        on!(
            path("/tenants/{id}"),
            GET Operator => tenants::get,
            PATCH Operator => tenants::patch,
            DELETE Operator => tenants::delete,
        ),
        on!(path("/tenants/{id}/keys"), POST Operator => keys::post, GET Operator => keys::list),
        on!(path("/tenants/{id}/keys/{key}"), DELETE Operator => keys::delete),
        on!(
            path("/tenants/{id}/portal-links"),
            POST Operator => portal_links::post,
            GET Operator => portal_links::list,
        ),
        on!(path("/tenants/{id}/portal-links/{link}"), DELETE Operator => portal_links::delete),
        on!(
            path("/session"),
            POST KeyHolder => session::post,
            GET KeyHolder => session::get,
            DELETE KeyHolder => session::delete,
        ),
        on!(path("/operator-key/rotate"), POST Operator => operator_key::rotate),
        on!(root("/openapi.json"), GET Public => crate::openapi::get),
    ]
    .into_iter()
    .chain(probes())
    .collect()
}

/// What every process answers, with or without the API.
fn probes() -> [Path; 3] {
    use Access::Public;
    [
        on!(root("/healthz"), GET Public => health::healthz),
        on!(root("/readyz"), GET Public => health::readyz),
        on!(root("/metrics"), GET Public => metrics::get),
    ]
}

/// Path, method and access of every route.
pub fn list() -> Vec<(String, Method, Access)> {
    listed(all())
}

/// The same of what every process answers.
pub(crate) fn list_probes() -> Vec<(String, Method, Access)> {
    listed(probes())
}

fn listed(paths: impl IntoIterator<Item = Path>) -> Vec<(String, Method, Access)> {
    paths
        .into_iter()
        .flat_map(|path| {
            path.methods
                .into_iter()
                .map(move |(method, access, _)| (path.path.clone(), method, access))
        })
        .collect()
}

pub(crate) fn mount(cfg: &mut web::ServiceConfig) {
    for (number, path) in all().into_iter().enumerate() {
        cfg.service(resource(path).app_data(PathNumber(number)));
    }
}

pub(crate) fn mount_probes(cfg: &mut web::ServiceConfig) {
    for (number, path) in probes().into_iter().enumerate() {
        cfg.service(resource(path).app_data(PathNumber(number)));
    }
}

fn resource(path: Path) -> Resource {
    let allow =
        path.methods.iter().map(|(method, ..)| method.as_str()).collect::<Vec<_>>().join(", ");
    let others = path.others.unwrap_or_else(|| other_method(allow));
    let resource = web::resource(path.path).default_service(others);
    path.methods.into_iter().fold(resource, |resource, (_, _, route)| resource.route(route))
}

/// `405`, with the methods that the path takes.
pub(crate) fn other_method(allow: String) -> Route {
    web::to(move || {
        let problem = Problem::method_not_allowed(&allow);
        async move { Err::<HttpResponse, Problem>(problem) }
    })
}

/// A part of the path, as it is in the route. Handlers look for what it names; what cannot name
/// anything is not found.
pub(crate) fn segment<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    request.match_info().get(name).unwrap_or_default()
}

/// What the id in the path names: something of this tenant's, or nothing.
pub(crate) fn named<T: std::str::FromStr + Copy>(
    tenant: TenantId,
    request: &HttpRequest,
    name: &str,
    noun: &str,
) -> Result<Of<T>, Problem> {
    let id = segment(request, name).parse().map_err(|_| Problem::not_found(noun))?;
    Ok(Of::new(tenant, id))
}

/// Runs what may take milliseconds (a filter, a body of megabytes) off the threads that serve
/// requests.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| {
        engine::Error::internal("work off the request's thread ended", error).into()
    })
}
