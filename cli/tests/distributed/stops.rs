//! A deploy: every process is asked to stop and started again, one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use servers::Stop;
use testkit::{Answer, Client, Receiver};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::Stage;

/// Events per second that are offered, as far as so many posts at once allow.
const RATE: u32 = 300;
const POSTS_AT_ONCE: usize = 64;
/// How many must come between one stop and the next.
const BETWEEN: usize = 150;

pub(crate) async fn a_process_that_is_asked_to_stop_loses_and_doubles_nothing(stage: &Stage) {
    let takes = |number: usize| Duration::from_millis(20 + (number as u64 * 37) % 280);
    let receiver = Receiver::new(move |number, _| Answer::status(200).after(takes(number))).await;
    let tenant = stage.operator.new_tenant().await;
    tenant.subscribe(json!({"url": receiver.url("/")})).await;
    let stop = Arc::new(AtomicBool::new(false));
    let posting = tokio::spawn(post_steadily(stage.apis(&tenant), stop.clone()));

    let deployment = &stage.deployment;
    for process in [&deployment.workers[0], &deployment.apis[0], &deployment.workers[1]] {
        receiver.wait_for(receiver.count() + BETWEEN).await;
        process.restart(Stop::Ask, Duration::ZERO).await.expect("exit code 0 within 30 s");
    }
    receiver.wait_for(receiver.count() + BETWEEN).await;
    stop.store(true, Ordering::Relaxed);
    let posted = posting.await.expect("no panic");
    receiver.wait_for(posted.len()).await;
    stage.everything_is_final().await;
    each_came_once(&receiver, &posted);
}

/// The numbers are the events' own: an event that was accepted twice is noticed too.
pub(crate) fn each_came_once(receiver: &Receiver, posted: &[u64]) {
    let number = |body: serde_json::Value| body["data"]["number"].as_u64().expect("a number");
    let mut came: Vec<u64> =
        receiver.received().iter().map(|request| number(request.json())).collect();
    came.sort();
    let again: Vec<u64> =
        came.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    assert!(again.is_empty(), "these came twice: {again:?}");
    let lost: Vec<u64> =
        posted.iter().copied().filter(|number| came.binary_search(number).is_err()).collect();
    assert!(lost.is_empty(), "these did not come: {lost:?}");
}

/// Posts at a steady rate until told to stop, at both in turn, each event until it is accepted. Gives
/// their numbers.
pub(crate) async fn post_steadily(apis: [Client; 2], stop: Arc<AtomicBool>) -> Vec<u64> {
    let mut ticks = interval(Duration::from_secs(1) / RATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut posts, mut posted) = (JoinSet::new(), Vec::new());
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        if posts.len() == POSTS_AT_ONCE {
            posted.push(posts.join_next().await.expect("there are some").expect("no panic"));
        }
        posts.spawn(post_until_accepted(apis.clone(), number));
        number += 1;
    }
    posted.extend(posts.join_all().await);
    posted
}

async fn post_until_accepted(apis: [Client; 2], number: u64) -> u64 {
    let body = json!({"type": "load.test", "data": {"number": number}}).to_string();
    // One event however often it has to be offered.
    let key = format!("load-{number}");
    for api in apis.iter().cycle().skip((number % 2) as usize) {
        let headers = [("idempotency-key", key.as_str())];
        let answer = api.try_call(Method::POST, "/events", Some(body.clone()), &headers).await;
        if answer.is_ok_and(|answer| answer.status == 202) {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    number
}
