//! What one event costs before and at its delivery: finding out who wants it, and signing it.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use domain::event_type::{EventType, EventTypePatterns};
use domain::filter::{EventView, Filter};
use domain::secret::Secret;
use domain::signature::sign;
use domain::time::Timestamp;

const NOW: Timestamp = Timestamp::from_unix_ms(1_768_996_800_000);
const EVENT_ID: &str = "evt_01kfg0000000000000000000";

/// `data` of the usual size: with the envelope about 512 bytes.
const DATA: &str = r#"{"order":{"id":"or_83jd02","number":10482,"total":249.9,"currency":"EUR","paid":true,"customer":{"id":"cu_11","email":"ana@example.com","country":"NO"},"items":[{"sku":"A-1","quantity":2,"price":49.95},{"sku":"B-7","quantity":1,"price":150.0}],"tags":["web","first"]},"previous":{"status":"pending"},"note":null}"#;

fn signing(criterion: &mut Criterion) {
    let body = vec![b'x'; 512];
    let secret =
        || Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a valid secret");
    for (name, secrets) in
        [("one secret", vec![secret()]), ("two secrets", vec![secret(), secret()])]
    {
        criterion.bench_function(&format!("sign 512 bytes, both schemes, {name}"), |bencher| {
            bencher.iter(|| sign(black_box(&secrets), EVENT_ID, NOW, black_box(&body)));
        });
    }
}

fn event_types(criterion: &mut Criterion) {
    let event_type: EventType = "order.item.shipped".parse().expect("valid");
    for (name, patterns) in [
        ("one exact", vec!["order.item.shipped"]),
        ("one with a star", vec!["order.*.shipped"]),
        (
            "the last of ten",
            vec![
                "a.*",
                "b.*",
                "c.**",
                "d",
                "e.f",
                "g.h.i",
                "order.paid",
                "order.*",
                "*.created",
                "order.**",
            ],
        ),
    ] {
        let patterns = EventTypePatterns::try_from(
            patterns.into_iter().map(str::to_owned).collect::<Vec<_>>(),
        );
        let patterns = patterns.expect("valid");
        criterion.bench_function(&format!("match an event type, {name}"), |bencher| {
            bencher.iter(|| black_box(&patterns).matches(black_box(&event_type)));
        });
    }
}

fn view() -> EventView<'static> {
    EventView::new(
        EVENT_ID,
        "order.paid",
        "2026-01-21T12:00:00.000Z",
        None,
        None,
        DATA,
        r#"{"region":"eu"}"#,
    )
}

fn filters(criterion: &mut Criterion) {
    let cases = [
        ("event only", "event.type == 'order.paid'"),
        ("two fields of data", "data.order.total > 100 && data.order.currency == 'EUR'"),
        (
            "a loop over two",
            "data.order.items.exists(item, item.price >= 150 && item.sku.startsWith('B'))",
        ),
        ("a pattern", "data.order.customer.email.matches('^[a-z]+@example[.]com$')"),
    ];
    for (name, text) in cases {
        let filter = Filter::parse(text).expect("valid");
        let event = view();
        assert_eq!(filter.matches(&event), Ok(true), "{text}");
        criterion.bench_function(&format!("filter, {name}"), |bencher| {
            bencher.iter(|| black_box(&filter).matches(black_box(&event)));
        });
        criterion.bench_function(&format!("filter, {name}, data not yet parsed"), |bencher| {
            bencher.iter(|| black_box(&filter).matches(black_box(&view())));
        });
        criterion.bench_function(&format!("parse a filter, {name}"), |bencher| {
            bencher.iter(|| Filter::parse(black_box(text)));
        });
    }
}

/// The most that one filter may cost: a loop that spends every step.
fn costliest(criterion: &mut Criterion) {
    let data = format!(r#"{{"list":[{}]}}"#, vec!["1"; 1000].join(","));
    let event = EventView::new(EVENT_ID, "a", "2026-01-21T12:00:00Z", None, None, &data, "{}");
    let filter = Filter::parse("data.list.all(x, data.list == data.list)").expect("valid");
    assert!(filter.matches(&event).is_err());
    criterion.bench_function("filter, every step spent", |bencher| {
        bencher.iter(|| black_box(&filter).matches(&event))
    });
}

criterion_group!(benches, signing, event_types, filters, costliest);
criterion_main!(benches);
