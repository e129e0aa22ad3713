//! Families whose members are all known at the start: each is made then, so that it is shown as zero before
//! it first counts, and held by whoever counts, so that no label is ever looked up.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

type Label = [(&'static str, &'static str); 1];

/// What a family is called and says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    /// Without the `_total` that a counter gets.
    pub name: &'static str,
    /// Without the full stop.
    pub help: &'static str,
    pub label: &'static str,
}

/// A counter for each value of the label, in their order.
pub(super) fn counters<const N: usize>(
    registry: &mut Registry,
    named: Named,
    values: [&'static str; N],
) -> [Counter; N] {
    let family = Family::<Label, Counter>::default();
    registry.register(named.name, named.help, family.clone());
    values.map(|value| family.get_or_create_owned(&[(named.label, value)]))
}

/// A gauge for each value of the label, showing the number beside it.
pub(super) fn gauges<const N: usize>(
    registry: &mut Registry,
    named: Named,
    values: [(&'static str, usize); N],
) {
    let family = Family::<Label, Gauge>::default();
    registry.register(named.name, named.help, family.clone());
    for (value, number) in values {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        family.get_or_create(&[(named.label, value)]).set(number);
    }
}
