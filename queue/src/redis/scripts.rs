//! The Lua scripts: each is put together of what all share and what is its own.
//!
//! A script's functions are made anew with every call, and each looks up every local name it uses
//! among all that are there. So constants are put in before Redis sees the script: that halves what
//! a call costs before it does anything.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

/// What every script starts with.
const PRELUDE: &str = include_str!("lua/prelude.lua");
/// The check that the queue is still there.
const GUARD: &str = include_str!("lua/guard.lua");
/// What a script then consists of before its own part.
const PARTS: [&str; 9] = [
    include_str!("lua/sorted.lua"),
    include_str!("lua/turns.lua"),
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
        let code = with_constants_put_in(&parts.concat());
        let hash = redis::Script::new(&code).get_hash().to_owned();
        Self { code, hash }
    }

    fn of(own: &str) -> Self {
        let parts = PARTS.iter().flat_map(|part| [";(function() ", part, "end)()\n"]);
        Self::new(&[PRELUDE, GUARD].into_iter().chain(parts).chain([own]).collect::<Vec<_>>())
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Script").field(&self.hash).finish()
    }
}

/// Takes out the lines that define constants (names in capitals, one or several, as numbers) and puts
/// the numbers where the names are. Lines keep their numbers, for the sake of error messages.
fn with_constants_put_in(code: &str) -> String {
    let mut constants = HashMap::new();
    let mut rest = String::with_capacity(code.len());
    for line in code.lines() {
        match constants_of(line) {
            Some(defined) => constants.extend(defined),
            None => rest.push_str(line),
        }
        rest.push('\n');
    }
    let mut put_in = String::with_capacity(rest.len());
    let mut name = String::new();
    for character in rest.chars() {
        if character.is_ascii_alphanumeric() || character == '_' {
            name.push(character);
            continue;
        }
        put_in.push_str(constants.get(name.as_str()).copied().unwrap_or(&name));
        name.clear();
        put_in.push(character);
    }
    put_in
}

/// `local A, B = 1, 2` as pairs of name and number.
fn constants_of(line: &str) -> Option<Vec<(&str, &str)>> {
    let (names, numbers) = line.strip_prefix("local ")?.split_once(" = ")?;
    let is_name = |name: &&str| {
        name.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
    };
    let is_number = |number: &&str| number.chars().all(|c| c.is_ascii_digit());
    let names: Vec<_> = names.split(", ").collect();
    let numbers: Vec<_> = numbers.split(", ").collect();
    (names.len() == numbers.len() && names.iter().all(is_name) && numbers.iter().all(is_number))
        .then(|| names.into_iter().zip(numbers).collect())
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
    IN_FLIGHT = "in_flight.lua";
    WANTS_REFILL = "wants_refill.lua";
    REFILL = "refill.lua";
    STATS = "stats.lua";
    ADVANCE = "advance.lua";
}

/// Finds or starts the epoch, so it can't demand that there is one.
pub(super) static ATTACH: LazyLock<Script> =
    LazyLock::new(|| Script::new(&[PRELUDE, include_str!("lua/attach.lua")]));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_put_in_and_nothing_else_changes() {
        let code = "local A, B_2 = 1, 20\nlocal c = { A, B_2, AB, 'X' }\nlocal D = {}\n";
        assert_eq!(with_constants_put_in(code), "\nlocal c = { 1, 20, AB, 'X' }\nlocal D = {}\n");
    }

    #[test]
    fn what_both_sides_define_is_the_same() {
        let code = PRELUDE.to_owned() + &PARTS.concat();
        let constants: HashMap<_, _> = code.lines().filter_map(constants_of).flatten().collect();
        let micros = |time: std::time::Duration| time.as_micros();
        for (name, number) in [
            ("WINDOW", crate::WINDOW as u128),
            ("HORIZON", micros(crate::HORIZON)),
            ("LEASE", micros(crate::LEASE)),
            ("GRACE", micros(crate::LEASE_RENEWAL)),
            ("SLOW_AFTER", micros(crate::SLOW_AFTER)),
            ("INITIAL_WORKING_CAP", u128::from(crate::INITIAL_WORKING_CAP)),
        ] {
            assert_eq!(constants[name], number.to_string(), "{name}");
        }
    }

    #[test]
    fn no_constant_is_called_like_a_word_of_redis() {
        let code = PRELUDE.to_owned() + &PARTS.concat();
        let constants = code.lines().filter_map(constants_of).flatten();
        for (name, _) in constants {
            assert!(!code.contains(&format!("'{name}'")), "{name}");
        }
    }
}
