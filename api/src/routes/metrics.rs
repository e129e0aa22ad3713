//! Figures for Prometheus, in its text format.

use std::fmt::Write as _;

use actix_web::{HttpResponse, web};

use engine::Engine;

/// The process and its queue.
pub(crate) async fn get(engine: web::Data<Engine>) -> HttpResponse {
    let mut text = String::new();
    gauge(&mut text, "posthaste_up", "Whether the process works.", 1.0);
    if let Ok(stats) = engine.lanes.queue().stats().await {
        for (name, help, value) in [
            ("posthaste_queue_lanes", "Lanes that the queue knows.", stats.lanes),
            (
                "posthaste_queue_ready",
                "Deliveries that are due and wait for their turn.",
                stats.ready,
            ),
            (
                "posthaste_queue_delayed",
                "Deliveries that are due later, within the window.",
                stats.delayed,
            ),
            ("posthaste_queue_leased", "Deliveries that are being attempted.", stats.leased),
            ("posthaste_queue_lanes_paused", "Lanes that are paused.", stats.lanes_paused),
            ("posthaste_queue_lanes_open", "Lanes whose circuit is open.", stats.lanes_open),
            (
                "posthaste_queue_lanes_behind",
                "Lanes of which the database holds more.",
                stats.lanes_behind,
            ),
        ] {
            gauge(&mut text, name, help, usize_to_f64(value));
        }
        let help = "Age of the oldest delivery that is due and may be served.";
        gauge(
            &mut text,
            "posthaste_queue_oldest_ready_seconds",
            help,
            stats.oldest_ready.as_secs_f64(),
        );
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text)
}

fn gauge(text: &mut String, name: &str, help: &str, value: f64) {
    let written = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
    written.expect("writing to a string does not fail");
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53, and Prometheus knows floats only"
)]
fn usize_to_f64(value: usize) -> f64 {
    value as f64
}
