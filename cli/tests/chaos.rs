//! A short run of the fault suite: every kind of fault once, on whole processes.

use std::time::Duration;

use chaos::{Plan, faults, run};

#[test]
fn the_promise_holds_through_every_kind_of_fault() {
    let plan = Plan {
        server_bin: env!("CARGO_BIN_EXE_posthaste").into(),
        posting: Duration::from_secs(40),
        rate: 100,
        faults: faults::KINDS.len(),
        seed: 1,
        stay: false,
    };
    let report = run(&plan).expect("the deployment starts and answers");
    assert!(report.holds(), "{report}");
}
