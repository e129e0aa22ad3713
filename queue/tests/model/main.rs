//! Drives the pure core, and the Redis functions, against a simple model of them, on virtual time.
//!
//! The model ([`naive`]) keeps plain lists and looks at all of them for every decision, and it has
//! a database. After each step of a random script the queue and the model must agree: on every
//! ticket (who was in line, within which caps, rates and shares), on the counts, on when to wake.
//! At the end everything is let loose, and each delivery that was ever pushed must come to its end:
//! so none was lost, and no mark was.

mod functions;
mod naive;
mod script;
mod subject;

use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use proptest::test_runner::TestCaseError;
use queue::memory::lanes::Lanes;
use queue::memory::moment::Moment;
use queue::{Completion, Due, Feedback, Next, Refill, RefillRequest, Ticket};

use self::functions::Functions;
use self::naive::Model;
use self::script::{Step, steps};
use self::subject::Subject;

/// The queue, its model, and what is under way between them.
struct Trial<S> {
    lanes: S,
    model: Model,
    now: Moment,
    out: VecDeque<Ticket>,
    ended: Vec<Ticket>,
    asked: VecDeque<Refill>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn the_queue_agrees_with_its_model(script in steps()) {
        Trial::<Lanes>::run(&script)?;
    }
}

proptest! {
    // Each call goes to Redis and back, so there are fewer cases and shorter searches for a small one.
    #![proptest_config(ProptestConfig { cases: 100, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_functions_agree_with_the_model(script in steps()) {
        Trial::<Functions>::run(&script)?;
    }
}

impl<S: Subject> Trial<S> {
    fn new() -> Self {
        Self {
            lanes: S::new(),
            model: Model::default(),
            now: Moment::default() + Duration::from_secs(1),
            out: VecDeque::new(),
            ended: Vec::new(),
            asked: VecDeque::new(),
        }
    }

    fn run(script: &[Step]) -> Result<(), TestCaseError> {
        let mut trial = Self::new();
        for step in script {
            trial.take(step)?;
            // A comparison is a look: what was handed in is to be met by the next step instead.
            if !matches!(step, Step::HandIn(_)) {
                trial.compare()?;
            }
        }
        trial.let_loose()
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Push(due) => {
                let due = self.pushed(due);
                self.lanes.push(&due, self.now);
            }
            Step::HandIn(due) => {
                let due = self.pushed(due);
                self.lanes.hand_in(&due, self.now);
            }
            Step::Fetch { worker, max } => {
                self.fetch(script::WORKERS[*worker], *max)?;
            }
            Step::Complete { which, next, feedback } => {
                if !self.out.is_empty() {
                    let ticket =
                        self.out.remove(which.index(self.out.len())).expect("the index is within");
                    self.complete(ticket, *next, *feedback);
                }
            }
            Step::CompleteOld { which } => {
                if !self.ended.is_empty() {
                    let ticket = self.ended[which.index(self.ended.len())];
                    let next = Next::DueIn { delay: Duration::ZERO, class: ticket.class };
                    self.lanes.complete(
                        &[Completion { ticket, next, feedback: Feedback::Success }],
                        self.now,
                    );
                }
            }
            Step::Extend => {
                let tickets: Vec<_> = self.out.iter().chain(&self.ended).copied().collect();
                let lost = self.lanes.extend_lease(&tickets, self.now);
                prop_assert_eq!(lost, self.model.extend(&tickets, self.now));
            }
            Step::ConfigureLane { lane, settings } => {
                self.lanes.configure_lane(*lane, settings.clone(), self.now);
                self.model.configure_lane(*lane, settings.clone(), self.now);
            }
            Step::ConfigureTenant { tenant, settings } => {
                self.lanes.configure_tenant(*tenant, settings.clone(), self.now);
                self.model.configure_tenant(*tenant, settings.clone(), self.now);
            }
            Step::DropLane { lane } => {
                self.lanes.drop_lane(*lane, self.now);
                self.model.drop_lane(*lane);
            }
            Step::Ask => {
                self.ask()?;
            }
            Step::Answer => {
                if let Some(refill) = self.asked.pop_front() {
                    self.answer(&refill);
                }
            }
            Step::Forget => drop(self.asked.pop_front()),
            Step::Wait(time) => self.wait(*time)?,
        }
        Ok(())
    }

    /// Those of them that are still to be delivered, pushed in the model.
    fn pushed(&mut self, due: &[Due]) -> Vec<Due> {
        let due: Vec<_> =
            due.iter().filter_map(|due| self.model.as_stored(*due, self.now)).collect();
        self.model.push(&due, self.now);
        due
    }

    fn fetch(&mut self, worker: queue::WorkerSlots, max: usize) -> Result<usize, TestCaseError> {
        let tickets = self.lanes.fetch(worker, max, self.now);
        for ticket in &tickets {
            self.model.hand_out(worker, ticket, self.now)?;
        }
        if tickets.len() < max {
            let next = self.model.candidates(worker, self.now);
            prop_assert!(next.is_empty(), "kept back although they may be served: {:?}", next);
        }
        self.out.extend(&tickets);
        Ok(tickets.len())
    }

    fn complete(&mut self, ticket: Ticket, next: Next, feedback: Feedback) {
        let next = self.model.settle(&ticket, next, self.now);
        self.lanes.complete(&[Completion { ticket, next, feedback }], self.now);
        self.model.complete(&ticket, next, feedback, self.now);
        self.ended.push(ticket);
        if self.ended.len() > 20 {
            self.ended.remove(0);
        }
    }

    fn ask(&mut self) -> Result<Vec<RefillRequest>, TestCaseError> {
        let requests = self.lanes.wants_refill(self.now);
        let asked = requests.iter().map(|request| (request.lane, request.class, request.limit));
        let mut expected = self.model.wants_refill(self.now);
        for request in asked {
            let place = expected.iter().position(|wanted| *wanted == request);
            prop_assert!(place.is_some(), "{:?} is not among {:?}", request, expected);
            expected.remove(place.expect("it was found"));
        }
        prop_assert!(expected.is_empty(), "not asked for: {:?}", expected);
        for request in &requests {
            self.model.ask(request, self.now);
            self.asked.push_back(self.model.look_up(*request, self.now));
        }
        Ok(requests)
    }

    fn answer(&mut self, refill: &Refill) {
        self.lanes.refill(refill, self.now);
        self.model.refill(refill, self.now);
    }

    /// Lets time pass. When the queue named no instant to wake at, nothing may have become ready.
    fn wait(&mut self, time: Duration) -> Result<(), TestCaseError> {
        let was_idle: Vec<_> =
            script::WORKERS.map(|worker| self.model.candidates(worker, self.now).is_empty()).into();
        let wants_none = self.model.wants_refill(self.now).is_empty();
        let (wake, refill_wake) = (self.lanes.next_wake(), self.lanes.next_refill_wake());
        self.now = self.now + time;
        self.model.expire(self.now);
        if wake.is_none_or(|at| at > self.now) {
            for (worker, was_idle) in script::WORKERS.into_iter().zip(was_idle) {
                let ready = self.model.candidates(worker, self.now);
                prop_assert!(
                    !was_idle || ready.is_empty(),
                    "nobody was told to wake for {:?}",
                    ready
                );
            }
        }
        // Who waits for tickets passes on that a lease that ran out made a refill wanted.
        if wants_none && [wake, refill_wake].into_iter().flatten().all(|at| at > self.now) {
            let wanted = self.model.wants_refill(self.now);
            prop_assert!(wanted.is_empty(), "nobody was told to wake for the refills {:?}", wanted);
        }
        Ok(())
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.lanes.stats(self.now), self.model.stats(self.now));
        Ok(())
    }

    /// Opens everything, answers every refill, finishes every ticket: nothing may be left over.
    fn let_loose(&mut self) -> Result<(), TestCaseError> {
        for (lane, settings) in script::open_settings() {
            self.lanes.configure_lane(lane, settings.clone(), self.now);
            self.model.configure_lane(lane, settings, self.now);
        }
        for tenant in script::TENANTS {
            self.lanes.configure_tenant(tenant, Default::default(), self.now);
            self.model.configure_tenant(tenant, Default::default(), self.now);
        }
        self.asked.clear();
        let mut rounds = 0;
        while self.model.unfinished() > 0 {
            rounds += 1;
            prop_assert!(
                rounds < 5000,
                "{} deliveries never came: {}",
                self.model.unfinished(),
                self.model.describe()
            );
            while let Some(ticket) = self.out.pop_front() {
                self.complete(ticket, Next::Done, Feedback::Success);
            }
            self.ask()?;
            while let Some(refill) = self.asked.pop_front() {
                self.answer(&refill);
            }
            let mut fetched = 0;
            for worker in script::WORKERS {
                fetched += self.fetch(worker, 64)?;
            }
            self.compare()?;
            if fetched == 0 {
                let wake = [self.lanes.next_wake(), self.lanes.next_refill_wake()]
                    .into_iter()
                    .flatten()
                    .min();
                let time = wake.map_or(Duration::from_secs(60), |at| at.since(self.now));
                self.wait(time)?;
            }
        }
        Ok(())
    }
}
