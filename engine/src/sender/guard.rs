//! The address guard: names resolve only to addresses that may be dialled.
//!
//! reqwest connects to exactly the addresses that its resolver returns, so what is checked here is
//! what is connected to; a second answer of the name server cannot get in between. Literal addresses
//! are not resolved: `Sender::send` checks them itself. Behind a forward proxy reqwest resolves the
//! proxy's name alone, and [`Guard::check_all`] is asked about the receiver's.

use std::collections::HashMap;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use domain::address::{Blocked, EgressPolicy};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use parking_lot::Mutex;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::timing;

/// Lookups at once. Each holds one of the runtime's 512 blocking threads for as long as the name
/// server keeps it waiting; the rest are for others.
const LOOKUPS: usize = 256;

/// The name resolves, but to nothing that may be dialled. Which address it was stays unsaid: it
/// may be one of an inner network.
#[derive(Debug, thiserror::Error)]
#[error("of what the name resolves to nothing may be dialled: {0}")]
pub(super) struct Refused(Blocked);

/// The name does not resolve.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unresolved(Arc<str>);

type Found = Result<Arc<[IpAddr]>, Unresolved>;
type Lookup = Shared<BoxFuture<'static, Found>>;

/// A resolver that returns only addresses which the policy allows.
pub(super) struct Guard {
    policy: Arc<EgressPolicy>,
    lookups: Lookups,
}

impl Guard {
    pub(super) fn new(policy: Arc<EgressPolicy>, lookups: Lookups) -> Self {
        Self { policy, lookups }
    }

    /// Refuses a name unless all that it resolves to may be dialled: which of it, somebody else
    /// chooses.
    pub(super) async fn check_all(&self, name: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        let lookup = self.lookups.of(name);
        timing::lookup_started();
        let found = lookup.await?;
        all_allowed(&self.policy, &found)?;
        timing::resolved(&found);
        Ok(())
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = Arc::clone(&self.policy);
        let lookup = self.lookups.of(name.as_str());
        Box::pin(async move {
            timing::lookup_started();
            let found = lookup.await?;
            let allowed = allowed(&policy, &found)?;
            timing::resolved(&allowed);
            Ok(Box::new(allowed.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}

/// A resolver for the forward proxy's own name, which the operator chose.
pub(super) struct Unguarded(pub(super) Lookups);

impl Resolve for Unguarded {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = self.0.of(name.as_str());
        Box::pin(async move {
            let found = lookup.await?.to_vec();
            Ok(Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}

/// What may be dialled of the addresses found.
fn allowed(policy: &EgressPolicy, found: &[IpAddr]) -> Result<Vec<IpAddr>, Refused> {
    let mut refused = None;
    let mut allowed = Vec::with_capacity(found.len());
    for ip in found {
        match policy.check(*ip) {
            Ok(()) => allowed.push(*ip),
            Err(blocked) => refused = Some(blocked),
        }
    }
    match refused {
        Some(blocked) if allowed.is_empty() => Err(Refused(blocked)),
        _ => Ok(allowed),
    }
}

/// Refuses addresses of which one may not be dialled.
fn all_allowed(policy: &EgressPolicy, found: &[IpAddr]) -> Result<(), Refused> {
    found.iter().try_for_each(|ip| policy.check(*ip)).map_err(Refused)
}

/// Lookups under way. Those for the same name are one, so that a name server which does not answer
/// holds one thread per name however many requests wait for it. Nothing is kept once answered.
#[derive(Clone)]
pub(super) struct Lookups {
    running: Arc<Mutex<HashMap<Arc<str>, Lookup>>>,
    permits: Arc<Semaphore>,
}

impl Default for Lookups {
    fn default() -> Self {
        Self { running: Arc::default(), permits: Arc::new(Semaphore::new(LOOKUPS)) }
    }
}

impl Lookups {
    /// The lookup of this name that is under way, or a new one.
    fn of(&self, name: &str) -> Lookup {
        let mut running = self.running.lock();
        if let Some(lookup) = running.get(name) {
            return lookup.clone();
        }
        let name: Arc<str> = name.into();
        // A task of its own: it goes on, and clears up after itself, when those who wait give up.
        let task = tokio::spawn({
            let (lookups, name) = (self.clone(), Arc::clone(&name));
            async move {
                let permit = lookups.permits.acquire().await;
                let found = look_up(&name).await;
                drop(permit);
                lookups.running.lock().remove(&name);
                found
            }
        });
        let lookup = async { task.await.unwrap_or_else(|error| Err(unresolved(&error))) };
        let lookup = lookup.boxed().shared();
        running.insert(name, lookup.clone());
        lookup
    }
}

async fn look_up(name: &str) -> Found {
    match tokio::net::lookup_host((name, 0)).await {
        Ok(found) => {
            let found: Arc<[IpAddr]> = found.map(|address| address.ip()).collect();
            if found.is_empty() { Err(unresolved(&"the name has no address")) } else { Ok(found) }
        }
        Err(error) => Err(unresolved(&error)),
    }
}

fn unresolved(error: &dyn std::fmt::Display) -> Unresolved {
    Unresolved(error.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().expect("an address")).collect()
    }

    #[test]
    fn of_mixed_addresses_only_the_allowed_ones_are_dialled() {
        let policy = EgressPolicy::default();
        let found = addresses(&["127.0.0.1", "8.8.8.8", "::1", "2606:4700:4700::1111"]);
        let kept = allowed(&policy, &found).expect("two of them may be dialled");
        assert_eq!(kept, addresses(&["8.8.8.8", "2606:4700:4700::1111"]));
        let refused = allowed(&policy, &addresses(&["10.1.2.3"])).expect_err("none of them may");
        assert!(!refused.to_string().contains("10.1.2.3"));
    }

    #[test]
    fn where_somebody_else_chooses_among_them_one_that_is_refused_is_too_many() {
        let policy = EgressPolicy::default();
        assert!(all_allowed(&policy, &addresses(&["8.8.8.8", "1.1.1.1"])).is_ok());
        assert!(all_allowed(&policy, &addresses(&["8.8.8.8", "10.1.2.3"])).is_err());
    }

    #[tokio::test]
    async fn lookups_of_one_name_are_one_and_are_forgotten_once_answered() {
        let lookups = Lookups::default();
        let hold = Arc::clone(&lookups.permits);
        let held = hold.acquire_many(LOOKUPS as u32).await.expect("never closed");
        let (first, second) = (lookups.of("localhost"), lookups.of("localhost"));
        assert!(first.ptr_eq(&second));
        drop(held);
        let found = first.await.expect("localhost resolves");
        assert!(found.iter().all(IpAddr::is_loopback));
        assert!(lookups.running.lock().is_empty());
    }

    #[tokio::test]
    async fn a_lookup_whose_requests_gave_up_clears_up_after_itself() {
        let lookups = Lookups::default();
        drop(lookups.of("localhost"));
        while !lookups.running.lock().is_empty() {
            tokio::task::yield_now().await;
        }
    }
}
