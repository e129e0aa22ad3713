//! The Lua scripts: each is put together of what all share and what is its own.

use std::fmt;
use std::sync::LazyLock;

/// What a script consists of before its own part: what everybody needs, in the order in which one
/// part uses the other, ended by the check that the queue is still there.
const SHARED: [&str; 10] = [
    include_str!("lua/prelude.lua"),
    include_str!("lua/guard.lua"),
    include_str!("lua/sorted.lua"),
    include_str!("lua/rate.lua"),
    include_str!("lua/lane.lua"),
    include_str!("lua/slots.lua"),
    include_str!("lua/window.lua"),
    include_str!("lua/lease.lua"),
    include_str!("lua/placement.lua"),
    include_str!("lua/finish.lua"),
];

/// A script and the hash by which Redis knows it.
pub struct Script {
    code: String,
    hash: String,
}

impl Script {
    /// What is sent when Redis doesn't know the script yet.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Its SHA-1, in hex.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    fn new(parts: &[&str]) -> Self {
        let code = parts.concat();
        let hash = redis::Script::new(&code).get_hash().to_owned();
        Self { code, hash }
    }

    fn of(own: &str) -> Self {
        let mut parts = SHARED.to_vec();
        parts.push(own);
        Self::new(&parts)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Script").field(&self.hash).finish()
    }
}

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)+) => {$(
        $(#[$doc])*
        pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::of(include_str!(concat!("lua/", $file))));
    )+};
}

scripts! {
    PUSH = "push.lua";
    FETCH = "fetch.lua";
    COMPLETE = "complete.lua";
    RELEASE = "release.lua";
    EXTEND = "extend.lua";
    CONFIGURE_LANE = "configure_lane.lua";
    CONFIGURE_TENANT = "configure_tenant.lua";
    DROP_LANE = "drop_lane.lua";
    WANTS_REFILL = "wants_refill.lua";
    REFILL = "refill.lua";
    STATS = "stats.lua";
    ADVANCE = "advance.lua";
}

/// Finds or starts the epoch, so it can't demand that there is one.
pub(super) static ATTACH: LazyLock<Script> =
    LazyLock::new(|| Script::new(&[SHARED[0], include_str!("lua/attach.lua")]));
