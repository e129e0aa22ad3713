//! The functions that Redis runs for the queue, in Lua: one library, loaded into each Redis once (Redis
//! Functions, 7.0).
//!
//! A script that is sent would be put together anew with every call, which costs more than what it then
//! does. The library's name holds a hash of its text, so that programs of several versions share a
//! Redis, each with the functions that it knows.

use std::collections::HashMap;
use std::sync::LazyLock;

use redis::{ErrorKind, RedisError};

/// What every function can use.
const PRELUDE: &str = include_str!("lua/prelude.lua");
const PARTS: [&str; 12] = [
    include_str!("lua/meta.lua"),
    include_str!("lua/sorted.lua"),
    include_str!("lua/turns.lua"),
    include_str!("lua/rate.lua"),
    include_str!("lua/lane.lua"),
    include_str!("lua/slots.lua"),
    include_str!("lua/known.lua"),
    include_str!("lua/window.lua"),
    include_str!("lua/lease.lua"),
    include_str!("lua/placement.lua"),
    include_str!("lua/inbox.lua"),
    include_str!("lua/finish.lua"),
];
/// How a call finds its function.
const ENTRY: &str = include_str!("lua/entry.lua");

/// Whether a Redis that is full runs a function all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WhenFull {
    /// What it would add is refused and left to the reconciler.
    Refused,
    /// What is there is still handed out and finished.
    Runs,
}

macro_rules! functions {
    ($($variant:ident = $name:literal, $when_full:ident;)+) => {
        /// A function of the library.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Function { $($variant,)+ }

        const FUNCTIONS: &[(Function, &str, &str, WhenFull)] = &[$((
            Function::$variant,
            $name,
            include_str!(concat!("lua/", $name, ".lua")),
            WhenFull::$when_full,
        ),)+];
    };
}

functions! {
    Attach = "attach", Runs;
    Push = "push", Refused;
    HandIn = "hand_in", Refused;
    Fetch = "fetch", Runs;
    Complete = "complete", Runs;
    Release = "release", Runs;
    Extend = "extend", Runs;
    ConfigureLane = "configure_lane", Runs;
    ConfigureTenant = "configure_tenant", Runs;
    DropLane = "drop_lane", Runs;
    InFlight = "in_flight", Runs;
    WantsRefill = "wants_refill", Runs;
    Refill = "refill", Refused;
    Stats = "stats", Runs;
    Advance = "advance", Runs;
}

impl Function {
    /// What Redis knows it by, once [`library`] is loaded.
    pub fn name(self) -> &'static str {
        static NAMES: LazyLock<Vec<String>> =
            LazyLock::new(|| FUNCTIONS.iter().map(|(_, name, ..)| called(hash(), name)).collect());
        &NAMES[self as usize]
    }
}

/// The text that is loaded (`FUNCTION LOAD`).
pub fn library() -> &'static str {
    static LIBRARY: LazyLock<String> = LazyLock::new(|| {
        format!("#!lua name=posthaste_{}\n{}\n{}", hash(), body(), registrations(hash()))
    });
    &LIBRARY
}

/// Whether a call failed since this Redis has not loaded the library.
pub fn is_unknown(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_)) && error.to_string().contains("Function not found")
}

/// While a library is loaded nothing is there but what registers functions, so all else is put together
/// with the first call.
fn body() -> &'static str {
    static BODY: LazyLock<String> = LazyLock::new(|| {
        let mut text = "local function set_up()\n".to_owned() + PRELUDE;
        for part in PARTS {
            text += &format!(";(function() {part} end)()\n");
        }
        text += "local functions = {}\n";
        for (_, name, code, _) in FUNCTIONS {
            text += &format!("functions.{name} = function(ARGV) {code} end\n");
        }
        with_constants_put_in(&(text + ENTRY + "end\n"))
    });
    &BODY
}

fn registrations(hash: &str) -> String {
    let mut text = "local run\n".to_owned();
    for (_, name, _, when_full) in FUNCTIONS {
        let flags = match when_full {
            WhenFull::Refused => "",
            WhenFull::Runs => ", flags = { 'allow-oom' }",
        };
        let function = called(hash, name);
        text += &format!(
            "redis.register_function{{ function_name = '{function}'{flags}, callback = function(keys, args)\n\
             run = run or set_up()\nreturn run('{name}', keys, args)\nend }}\n"
        );
    }
    text
}

fn called(hash: &str, name: &str) -> String {
    format!("posthaste_{hash}_{name}")
}

/// The first half of the text's SHA-1, in hex.
fn hash() -> &'static str {
    static HASH: LazyLock<String> = LazyLock::new(|| {
        let mut hash = redis::Script::new(body()).get_hash().to_owned();
        hash.truncate(20);
        hash
    });
    &HASH
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_put_in_and_nothing_else_changes() {
        let code = "local A, B_2 = 1, 20\nlocal c = { A, B_2, AB, 'X' }\nlocal D = {}\n";
        assert_eq!(with_constants_put_in(code), "\nlocal c = { 1, 20, AB, 'X' }\nlocal D = {}\n");
    }

    #[test]
    fn each_function_is_found_by_its_place() {
        for (place, (function, name, ..)) in FUNCTIONS.iter().enumerate() {
            assert_eq!(*function as usize, place, "{name}");
            assert!(library().contains(&format!("'{}'", function.name())), "{name}");
        }
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
            ("CROWDED_AFTER", micros(crate::CROWDED_AFTER)),
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
