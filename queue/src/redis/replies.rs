//! What the functions answer: packed as their arguments are, after one byte that says whether the
//! queue is still there.

use std::time::Duration;

use domain::ids::{DeliveryId, SubscriptionId};
use uuid::Uuid;

use crate::{Class, LeaseToken, QueueError, RefillRequest, Stats, Ticket};

/// A wake-up at or beyond this never comes: 2^52 less an instant of ours.
const NEVER_MICROS: u64 = 1 << 51;
const OK: u8 = b'k';
const LOST: u8 = b'l';

/// The answer of a function that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It did what it was asked to.
    Done(Vec<u8>),
    /// It did nothing: the epoch that the caller knows is over.
    Lost,
}

/// What a look brought, and after how long to look again: at once where there may be more.
#[derive(Debug, Clone)]
pub struct Look<T> {
    pub found: Vec<T>,
    /// `None`: only another call can bring something.
    pub wake_in: Option<Duration>,
}

/// A page of statistics.
#[derive(Debug, Clone, Copy)]
pub struct StatsPage {
    /// Of the page; what is counted of the whole is in every page alike.
    pub stats: Stats,
    /// Where the next page starts; `None` after the last one.
    pub cursor: Option<Uuid>,
}

impl Reply {
    /// Reads the first byte.
    ///
    /// # Errors
    /// When this is no answer of ours.
    pub fn read(mut bytes: Vec<u8>) -> Result<Self, QueueError> {
        match bytes.first() {
            Some(&OK) => Ok(Self::Done(bytes.split_off(1))),
            Some(&LOST) => Ok(Self::Lost),
            _ => Err(misread()),
        }
    }
}

/// The answer to [`Call::push`](super::calls::Call::push): how many were taken in; and to
/// [`Call::hand_in`](super::calls::Call::hand_in): how many have met a crowded lane so far.
///
/// # Errors
/// When it can't be read.
pub fn count(bytes: &[u8]) -> Result<usize, QueueError> {
    Unpack(bytes).count()
}

/// The answer to [`Call::fetch`](super::calls::Call::fetch).
///
/// # Errors
/// When it can't be read.
pub fn tickets(bytes: &[u8]) -> Result<Look<Ticket>, QueueError> {
    look(bytes, |unpack| {
        let lane = SubscriptionId(unpack.id()?);
        let class = unpack.byte()?;
        let delivery = DeliveryId(unpack.id()?);
        Ok(Ticket {
            lane,
            delivery: (class != 0).then_some(delivery),
            class: class_of(class)?,
            lease: LeaseToken(unpack.number()?),
            waited: unpack.time()?,
            probe: unpack.byte()? == 1,
        })
    })
}

/// The answer to [`Call::wants_refill`](super::calls::Call::wants_refill).
///
/// # Errors
/// When it can't be read.
pub fn requests(bytes: &[u8]) -> Result<Look<RefillRequest>, QueueError> {
    look(bytes, |unpack| {
        Ok(RefillRequest {
            lane: SubscriptionId(unpack.id()?),
            class: class_of(unpack.byte()?)?,
            limit: unpack.short()? as usize,
            generation: unpack.number()?,
        })
    })
}

/// The answer to [`Call::extend_lease`](super::calls::Call::extend_lease): which of the tickets are lost.
///
/// # Errors
/// When it isn't one for these tickets.
pub fn lost(bytes: &[u8], tickets: &[Ticket]) -> Result<Vec<Ticket>, QueueError> {
    if bytes.len() != tickets.len() {
        return Err(misread());
    }
    let lost = tickets.iter().zip(bytes).filter(|(_, kept)| **kept == b'0');
    Ok(lost.map(|(ticket, _)| *ticket).collect())
}

/// The answer to [`Call::in_flight`](super::calls::Call::in_flight): no delivery is named by an
/// ordered lane's ticket.
///
/// # Errors
/// When it can't be read.
pub fn deliveries(bytes: &[u8]) -> Result<Vec<Option<DeliveryId>>, QueueError> {
    let mut unpack = Unpack(bytes);
    let mut deliveries = Vec::with_capacity(bytes.len() / 16);
    while !unpack.0.is_empty() {
        let id = unpack.id()?;
        deliveries.push((!id.is_nil()).then_some(DeliveryId(id)));
    }
    Ok(deliveries)
}

/// The answer to [`Call::stats`](super::calls::Call::stats).
///
/// # Errors
/// When it can't be read.
pub fn stats(bytes: &[u8]) -> Result<StatsPage, QueueError> {
    let mut unpack = Unpack(bytes);
    let stats = Stats {
        lanes: unpack.count()?,
        ready: unpack.count()?,
        delayed: unpack.count()?,
        leased: unpack.count()?,
        lanes_paused: unpack.count()?,
        lanes_open: unpack.count()?,
        lanes_behind: unpack.count()?,
        oldest_ready: unpack.time()?,
        leases_reclaimed: unpack.number()?,
    };
    let more = unpack.byte()? == 1;
    Ok(StatsPage { stats, cursor: if more { Some(unpack.id()?) } else { None } })
}

/// The answer to [`Call::advance`](super::calls::Call::advance): whether there may be more to do,
/// and at which instant the next alarm goes off, in microseconds.
///
/// # Errors
/// When it can't be read.
pub fn advanced(bytes: &[u8]) -> Result<(bool, Option<u64>), QueueError> {
    let mut unpack = Unpack(bytes);
    let more = unpack.byte()? == 1;
    Ok((more, Some(unpack.number()?).filter(|at| *at < NEVER_MICROS)))
}

fn look<'a, T>(
    bytes: &'a [u8],
    item: impl Fn(&mut Unpack<'a>) -> Result<T, QueueError>,
) -> Result<Look<T>, QueueError> {
    let mut unpack = Unpack(bytes);
    let wake_in = unpack.number()?;
    let wake_in = (wake_in < NEVER_MICROS).then(|| Duration::from_micros(wake_in));
    let mut found = Vec::new();
    while !unpack.0.is_empty() {
        found.push(item(&mut unpack)?);
    }
    Ok(Look { found, wake_in })
}

/// Class 0 is the head of an ordered lane.
fn class_of(byte: u8) -> Result<Class, QueueError> {
    match byte {
        0 | 1 => Ok(Class::First),
        2 => Ok(Class::Retry),
        3 => Ok(Class::Replay),
        _ => Err(misread()),
    }
}

fn misread() -> QueueError {
    QueueError("Redis gave an answer that is none of ours".to_owned())
}

struct Unpack<'a>(&'a [u8]);

impl Unpack<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], QueueError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(misread)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, QueueError> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn id(&mut self) -> Result<Uuid, QueueError> {
        self.take().map(Uuid::from_bytes)
    }

    fn short(&mut self) -> Result<u32, QueueError> {
        self.take().map(u32::from_be_bytes)
    }

    fn number(&mut self) -> Result<u64, QueueError> {
        let [a, b, c, d, e, f, g] = self.take()?;
        Ok(u64::from_be_bytes([0, a, b, c, d, e, f, g]))
    }

    fn time(&mut self) -> Result<Duration, QueueError> {
        self.number().map(Duration::from_micros)
    }

    fn count(&mut self) -> Result<usize, QueueError> {
        self.number().map(|number| usize::try_from(number).unwrap_or(usize::MAX))
    }
}
