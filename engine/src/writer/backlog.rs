//! What waits to be committed, and which of it goes into the next group.

use std::collections::{HashMap, VecDeque};

use domain::ids::TenantId;

use super::{WaitingPosting, WaitingRecord};
use crate::publish::GROUP_ROWS;

/// Postings of one commit at most: bounds the time that the others wait.
const GROUP_POSTINGS: usize = 1_000;
/// Bytes of the events of one commit at most, but for one posting that has more.
const GROUP_BYTES: usize = 8 * 1024 * 1024;
/// Deliveries of one commit at most that outcomes move, but for one batch that has more.
const GROUP_RECORDS: usize = 1_000;
/// Rows that an outcome writes: the attempt, and the delivery that it moves.
const RECORD_ROWS: usize = 2;
/// Rows of postings that go into every commit, however few outcomes do.
const POSTING_ROWS_MIN: usize = 256;

/// Postings by tenant, taken in turn, and outcomes in the order they came.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// Tenants with postings, whoever is next in front.
    turns: VecDeque<TenantId>,
    by_tenant: HashMap<TenantId, VecDeque<WaitingPosting>>,
    postings: usize,
    records: VecDeque<WaitingRecord>,
}

/// What goes into one commit.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub postings: Vec<WaitingPosting>,
    pub records: Vec<WaitingRecord>,
}

impl Backlog {
    pub(super) fn is_empty(&self) -> bool {
        self.postings == 0 && self.records.is_empty()
    }

    pub(super) fn postings(&self) -> usize {
        self.postings
    }

    pub(super) fn records(&self) -> usize {
        self.records.len()
    }

    pub(super) fn add_posting(&mut self, posting: WaitingPosting) {
        let tenant = posting.request.tenant;
        let waiting = self.by_tenant.entry(tenant).or_default();
        if waiting.is_empty() {
            self.turns.push_back(tenant);
        }
        waiting.push_back(posting);
        self.postings += 1;
    }

    pub(super) fn add_record(&mut self, record: WaitingRecord) {
        self.records.push_back(record);
    }

    /// Puts outcomes back in front of the others: they were sent before them.
    pub(super) fn put_back(&mut self, records: Vec<WaitingRecord>) {
        for record in records.into_iter().rev() {
            self.records.push_front(record);
        }
    }

    /// The oldest outcomes, and one posting of each tenant in turn until the group is full.
    ///
    /// Postings get no more rows than outcomes do, but for a few that go into every commit: whoever posts
    /// faster than can be delivered is slowed down, instead of piling up a backlog at the cost of
    /// deliveries.
    pub(super) fn take_group(&mut self) -> Group {
        let mut group = Group::default();
        let mut records = 0;
        let mut fits = |one: &mut WaitingRecord| {
            let deliveries = one.request.due.others().len() + 1;
            let fits = records == 0 || records + deliveries <= GROUP_RECORDS;
            records += if fits { deliveries } else { 0 };
            fits
        };
        while let Some(record) = self.records.pop_front_if(&mut fits) {
            group.records.push(record);
        }
        let rows_max = posting_rows_beside(records);
        let (mut rows, mut bytes) = (0, 0);
        while group.postings.len() < GROUP_POSTINGS
            && let Some(tenant) = self.turns.pop_front()
        {
            let Some(waiting) = self.by_tenant.get_mut(&tenant) else { continue };
            let fits = |posting: &mut WaitingPosting| {
                let request = &posting.request;
                rows == 0
                    || (rows + request.rows() <= rows_max && bytes + request.bytes() <= GROUP_BYTES)
            };
            let Some(posting) = waiting.pop_front_if(fits) else {
                self.turns.push_front(tenant);
                break;
            };
            rows += posting.request.rows();
            bytes += posting.request.bytes();
            group.postings.push(posting);
            if waiting.is_empty() {
                self.by_tenant.remove(&tenant);
            } else {
                self.turns.push_back(tenant);
            }
        }
        self.postings -= group.postings.len();
        group
    }
}

impl Group {
    pub(super) fn len(&self) -> usize {
        self.postings.len() + self.records.len()
    }

    /// Two halves: postings and outcomes apart first, then each kind in the middle.
    pub(super) fn split(mut self) -> [Self; 2] {
        if !self.postings.is_empty() && !self.records.is_empty() {
            let records = std::mem::take(&mut self.records);
            return [self, Self { records, ..Self::default() }];
        }
        let postings = self.postings.split_off(self.postings.len() / 2);
        let records = self.records.split_off(self.records.len() / 2);
        [self, Self { postings, records }]
    }
}

/// Rows of postings that may go into a commit with so many outcomes.
fn posting_rows_beside(records: usize) -> usize {
    (records * RECORD_ROWS).clamp(POSTING_ROWS_MIN, GROUP_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::{Prepared, Request};
    use domain::event::NewEvent;
    use domain::ids::EventId;
    use domain::json::JsonText;
    use domain::time::{EventTime, Timestamp};
    use std::sync::Arc;
    use tokio::sync::oneshot;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_768_996_800_000);

    fn tenant(number: u8) -> TenantId {
        TenantId::derive(NOW, &[&[number]])
    }

    /// A posting of events that go to nobody: as many rows.
    fn posting(tenant: TenantId, events: usize) -> WaitingPosting {
        let event = Arc::new(NewEvent {
            id: None,
            event_type: "a.b".parse().expect("a type"),
            timestamp: EventTime::from_timestamp(NOW),
            data: JsonText::empty_object(),
            metadata: JsonText::empty_object(),
            correlation_id: None,
            version: None,
            deliver_at: None,
        });
        let prepared = Prepared {
            id: EventId::derive(NOW, &[]),
            chosen: false,
            tenant,
            event,
            traceparent: None,
            created_at: NOW,
            due_at: NOW,
            book_revision: 0,
            matched: Ok(Vec::new()),
        };
        let request = Request { tenant, prepared: vec![prepared; events], once: None };
        WaitingPosting { request, answer: oneshot::channel().0 }
    }

    fn tenants_of(group: &Group) -> Vec<TenantId> {
        group.postings.iter().map(|posting| posting.request.tenant).collect()
    }

    #[test]
    fn tenants_take_turns_and_a_full_group_leaves_the_rest_for_the_next() {
        let [loud, quiet] = [tenant(1), tenant(2)];
        let mut backlog = Backlog::default();
        for _ in 0..5 {
            backlog.add_posting(posting(loud, 64));
        }
        backlog.add_posting(posting(quiet, 64));
        assert_eq!(tenants_of(&backlog.take_group()), [loud, quiet, loud, loud]);
        assert_eq!(tenants_of(&backlog.take_group()), [loud, loud]);
        assert!(backlog.is_empty());
    }

    #[test]
    fn a_posting_larger_than_a_group_goes_alone() {
        let mut backlog = Backlog::default();
        backlog.add_posting(posting(tenant(1), GROUP_ROWS + 1));
        backlog.add_posting(posting(tenant(2), 1));
        assert_eq!(tenants_of(&backlog.take_group()), [tenant(1)]);
        assert_eq!(tenants_of(&backlog.take_group()), [tenant(2)]);
    }

    #[test]
    fn postings_have_as_many_rows_as_outcomes_and_never_too_few_or_too_many() {
        assert_eq!(posting_rows_beside(0), POSTING_ROWS_MIN);
        assert_eq!(posting_rows_beside(1), POSTING_ROWS_MIN);
        assert_eq!(posting_rows_beside(400), 800);
        assert_eq!(posting_rows_beside(GROUP_RECORDS), GROUP_ROWS);
    }
}
