//! What the queue's keys are called.

/// A part of the queue that lives in one slot of a Redis Cluster: a function touches no other.
///
/// All its keys start with `{prefix:number}:`, so that they hash alike. What follows is, with ids
/// as 16 raw bytes and all sorted sets at score 0 unless said otherwise:
///
/// | key | type | holds |
/// | --- | --- | --- |
/// | `meta` | string | epoch, counters, what sleepers were told |
/// | `in` | list | what was handed in since the last look: an instant and a push's items each |
/// | `l:<lane>` | string | the lane's settings and standing: all that is kept of an idle one |
/// | `w1:<lane>`, `w2:`, `w3:` | sorted set | the window of a class: due time, arrival, id |
/// | `k:<lane>` | hash | the ids that wait or are leased; of those that are leased the lease: token, class, place, when granted, until when, worker |
/// | `t:<tenant>` | string | the tenant's settings and standing, with its rings of fast and slow lanes while they are short |
/// | `f:<tenant>`, `s:`, `r:` | sorted set | turns of its fast and slow lanes when they are many, and of those that want a refill |
/// | `fast`, `slow`, `refills` | sorted set | turns of the tenants that have any |
/// | `h:<worker>` | hash | how many leases a worker holds, in all, of slow lanes, of each tenant |
/// | `alarms` | sorted set | when to look at a lane, a tenant or an orphan again |
/// | `orphans` | hash | leases of dropped lanes, by token |
/// | `occupied` | sorted set | lanes for statistics to look at |
///
/// There is one shard, number 0. More of them would be chosen by tenant, and asked in turn.
#[derive(Debug, Clone)]
pub struct Shard {
    base: String,
}

impl Shard {
    /// The one shard of the queue that is called `prefix`.
    pub fn of(prefix: &str) -> Self {
        Self { base: format!("{{{prefix}:0}}:") }
    }

    /// What every key of the shard starts with; a function gets it as its one key.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The channel on which functions call those who sleep.
    pub fn bell(&self) -> String {
        format!("{}bell", self.base)
    }

    /// The channel of what processes tell each other.
    pub fn news(&self) -> String {
        format!("{}news", self.base)
    }
}
