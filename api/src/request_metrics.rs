//! What is counted of requests: by the route's template, method and class of status, never by what fills
//! the template.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use engine::metrics::Histogram;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use crate::routes::Access;

/// Microseconds from what needs no database to what waits for a receiver.
const BOUNDS: &[u64] = &[
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 15_000_000,
];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// A path that no route claims, or a method that the path does not take.
const OTHER: &str = "other";

/// Which path of the list a request was for; each resource carries its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathNumber(pub usize);

/// The counters of requests. Made once, so that to count is to find a method among a few and to add.
#[derive(Debug)]
pub(crate) struct RequestMetrics {
    paths: Arc<[Path]>,
    rate_limited: Counter,
    unavailable: Counter,
    registry: Registry,
}

#[derive(Debug)]
struct Path {
    template: String,
    /// The last one stands for the others.
    methods: Vec<OfMethod>,
}

#[derive(Debug)]
struct OfMethod {
    /// `None` stands for those that the path does not take.
    method: Option<Method>,
    by_class: [AtomicU64; CLASSES.len()],
    times: Histogram,
}

impl RequestMetrics {
    /// For these routes, those of one path next to each other.
    pub(crate) fn of(routes: &[(String, Method, Access)]) -> Self {
        let mut paths: Vec<Path> = routes
            .chunk_by(|a, b| a.0 == b.0)
            .map(|of_path| Path::new(&of_path[0].0, of_path.iter().map(|(_, method, _)| method)))
            .collect();
        paths.push(Path::new(OTHER, [].into_iter()));
        let paths: Arc<[Path]> = paths.into();
        let mut registry = Registry::default();
        let (counts, times) = (Counts(paths.clone()), Times(paths.clone()));
        registry.register("posthaste_http_requests", "Requests answered", counts);
        let help = "From a request's headers to its answer";
        registry.register("posthaste_http_request_duration_seconds", help, times);
        let refused = Family::<[(&str, &str); 1], Counter>::default();
        let help = "Requests that were asked to come again: 429 or 503";
        registry.register("posthaste_http_requests_refused", help, refused.clone());
        let refused = |status| refused.get_or_create_owned(&[("status", status)]);
        Self { paths, rate_limited: refused("429"), unavailable: refused("503"), registry }
    }

    /// Counts an answer; `path` is `None` when no route claimed the request.
    pub(crate) fn answered(
        &self,
        path: Option<PathNumber>,
        method: &Method,
        status: StatusCode,
        took: Duration,
    ) {
        let path = path.map_or(self.paths.len() - 1, |number| number.0);
        let of_method = self.paths[path].of(method);
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        of_method.by_class[class].fetch_add(1, Ordering::Relaxed);
        of_method.times.observe_time(took);
        match status {
            StatusCode::TOO_MANY_REQUESTS => self.rate_limited.inc(),
            StatusCode::SERVICE_UNAVAILABLE => self.unavailable.inc(),
            _ => 0,
        };
    }

    /// Adds what was counted to a page.
    pub(crate) fn write(&self, page: &mut String) {
        engine::metrics::write(page, &self.registry);
    }
}

impl Path {
    fn new<'a>(template: &str, methods: impl Iterator<Item = &'a Method>) -> Self {
        let methods = methods.cloned().map(Some).chain([None]).map(OfMethod::new).collect();
        Self { template: template.to_owned(), methods }
    }

    fn of(&self, method: &Method) -> &OfMethod {
        let known = self.methods.iter().find(|known| known.method.as_ref() == Some(method));
        known.unwrap_or(&self.methods[self.methods.len() - 1])
    }
}

impl OfMethod {
    fn new(method: Option<Method>) -> Self {
        Self { method, by_class: Default::default(), times: Histogram::of_times(BOUNDS) }
    }

    fn name(&self) -> &str {
        self.method.as_ref().map_or(OTHER, Method::as_str)
    }
}

/// The counters, as the library writes them. What has not been asked for is left out: most routes never are,
/// in most processes.
#[derive(Debug)]
struct Counts(Arc<[Path]>);

impl EncodeMetric for Counts {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (path, of_method) in each(&self.0) {
            for (class, count) in CLASSES.iter().zip(&of_method.by_class) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let labels = [
                        ("route", path.template.as_str()),
                        ("method", of_method.name()),
                        ("status", *class),
                    ];
                    encoder
                        .encode_family(&labels)?
                        .encode_counter::<NoLabelSet, u64, u64>(&count, None)?;
                }
            }
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

/// The durations, likewise.
#[derive(Debug)]
struct Times(Arc<[Path]>);

impl EncodeMetric for Times {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (path, of_method) in each(&self.0).filter(|(_, of_method)| of_method.times.count() > 0)
        {
            let labels = [("route", path.template.as_str()), ("method", of_method.name())];
            of_method.times.encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

fn each(paths: &[Path]) -> impl Iterator<Item = (&Path, &OfMethod)> {
    paths.iter().flat_map(|path| path.methods.iter().map(move |of_method| (path, of_method)))
}
