//! How many files and connections this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Of a system that sets no limit, or whose limit is beyond all use.
const MOST: u64 = 1 << 20;

/// Raises the limit as far as the system lets this process, and gives it. What is usual (1024) is far below
/// what a server of many connections needs.
pub fn raise_limit() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(MOST).min(MOST);
    let raised = current.is_some_and(|current| current < wanted)
        && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).is_ok();
    let limit = if raised { wanted } else { current.unwrap_or(MOST).min(MOST) };
    usize::try_from(limit).unwrap_or(usize::MAX)
}
