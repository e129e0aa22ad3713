//! The Redis functions on the test's time, in a shard of their own.

use std::time::Duration;

use domain::ids::{SubscriptionId, TenantId};
use queue::memory::moment::Moment;
use queue::redis::calls::{Call, ITEMS_AT_ONCE};
use queue::redis::keys::Shard;
use queue::redis::library::{is_unknown, library};
use queue::redis::replies::{self, Reply};
use queue::{
    Completion, Due, LaneSettings, Refill, RefillRequest, Stats, TenantSettings, Ticket,
    WorkerSlots,
};
use uuid::Uuid;

use super::subject::Subject;

pub(crate) struct Functions {
    connection: redis::Connection,
    shard: Shard,
    now: Moment,
}

impl Functions {
    /// Lets all alarms go off that are due, and answers when the next one does.
    fn advance(&mut self, now: Moment) -> Option<Moment> {
        self.now = now;
        loop {
            let answer = self.run(&Call::advance());
            let (more, wake) = replies::advanced(&answer).expect("the answer is ours");
            if !more {
                return wake.map(|micros| Moment::after_start(Duration::from_micros(micros)));
            }
        }
    }

    fn call(&mut self, call: &Call, now: Moment) -> Vec<u8> {
        // Not without need: a call takes in itself what was handed in just before.
        if now != self.now {
            self.advance(now);
        }
        self.run(call)
    }

    fn run(&mut self, call: &Call) -> Vec<u8> {
        let nanos = self.now.nanos();
        assert_eq!(nanos % 1000, 0, "the functions' clock has no fractions of microseconds");
        let command = fcall(&self.shard, nanos / 1000, call);
        let answer = match command.query(&mut self.connection) {
            Err(error) if is_unknown(&error) => {
                let loaded =
                    redis::cmd("FUNCTION").arg("LOAD").arg(library()).exec(&mut self.connection);
                drop(loaded); // Another test may have been faster.
                command.query(&mut self.connection)
            }
            answer => answer,
        };
        match Reply::read(answer.expect("the function runs")).expect("the answer is ours") {
            Reply::Done(answer) => answer,
            Reply::Lost => panic!("the epoch is over"),
        }
    }
}

const EPOCH: &str = "model";

fn fcall(shard: &Shard, micros: u64, call: &Call) -> redis::Cmd {
    let mut command = redis::cmd("FCALL");
    command.arg(call.function.name()).arg(1).arg(shard.base()).arg(micros).arg(EPOCH);
    for arg in &call.args {
        command.arg(arg.as_slice());
    }
    command
}

impl Subject for Functions {
    fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "tests have no settings")]
        let url = std::env::var("POSTHASTE_TEST_REDIS_URL")
            .unwrap_or_else(|_| "redis://127.0.0.1:6379/".to_owned());
        let connection = redis::Client::open(url).and_then(|client| client.get_connection());
        let connection = connection.expect("there is a Redis for tests");
        let shard = Shard::of(&format!("model-{}", Uuid::now_v7()));
        let mut scripts = Self { connection, shard, now: Moment::default() };
        scripts.run(&Call::attach("", ""));
        scripts
    }

    fn push(&mut self, due: &[Due], now: Moment) {
        for due in due.chunks(ITEMS_AT_ONCE) {
            self.call(&Call::push(due), now);
        }
    }

    fn hand_in(&mut self, due: &[Due], now: Moment) {
        for due in due.chunks(ITEMS_AT_ONCE) {
            self.call(&Call::hand_in(due), now);
        }
    }

    fn fetch(&mut self, worker: WorkerSlots, max: usize, now: Moment) -> Vec<Ticket> {
        replies::tickets(&self.call(&Call::fetch(worker, max), now)).expect("tickets").found
    }

    fn complete(&mut self, completions: &[Completion], now: Moment) {
        self.call(&Call::complete(completions), now);
    }

    fn extend_lease(&mut self, tickets: &[Ticket], now: Moment) -> Vec<Ticket> {
        if tickets.is_empty() {
            return Vec::new();
        }
        let answer = self.call(&Call::extend_lease(tickets, Uuid::nil()), now);
        replies::lost(&answer, tickets).expect("an answer for each")
    }

    fn configure_lane(&mut self, lane: SubscriptionId, settings: LaneSettings, now: Moment) {
        self.call(&Call::configure_lane(lane, &settings), now);
    }

    fn configure_tenant(&mut self, tenant: TenantId, settings: TenantSettings, now: Moment) {
        self.call(&Call::configure_tenant(tenant, &settings), now);
    }

    fn drop_lane(&mut self, lane: SubscriptionId, now: Moment) {
        self.call(&Call::drop_lane(lane), now);
    }

    fn wants_refill(&mut self, now: Moment) -> Vec<RefillRequest> {
        replies::requests(&self.call(&Call::wants_refill(), now)).expect("requests").found
    }

    fn refill(&mut self, refill: &Refill, now: Moment) {
        self.call(&Call::refill(refill), now);
    }

    fn stats(&mut self, now: Moment) -> Stats {
        let page = replies::stats(&self.call(&Call::stats(&[]), now)).expect("statistics");
        assert!(page.cursor.is_none(), "a handful of lanes is one page");
        page.stats
    }

    fn next_wake(&mut self) -> Option<Moment> {
        self.advance(self.now)
    }

    fn next_refill_wake(&mut self) -> Option<Moment> {
        self.advance(self.now)
    }
}

impl Drop for Functions {
    fn drop(&mut self) {
        let pattern = format!("{}*", self.shard.base());
        let mut keys: Vec<Vec<u8>> = Vec::new();
        let found = redis::cmd("SCAN")
            .cursor_arg(0)
            .arg("MATCH")
            .arg(pattern)
            .arg("COUNT")
            .arg(1000)
            .clone()
            .iter(&mut self.connection);
        if let Ok(found) = found {
            keys.extend(found.flatten());
        }
        for key in keys {
            let _gone: Result<(), _> = redis::cmd("UNLINK").arg(key).query(&mut self.connection);
        }
    }
}
