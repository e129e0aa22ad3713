//! The kept inputs of the fuzzers, past crashes among them, in every run of the tests: what a fuzzer has found
//! once stays found.

use std::fs;
use std::path::{Path, PathBuf};

use properties::{TARGETS, Target};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names in a folder of `fuzz/`, without their endings.
fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(fuzz().join(folder)).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let mut names: Vec<String> =
        paths.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    names
}

fn holds(name: &str) {
    let found = TARGETS.into_iter().find(|(target, _)| *target == name);
    let (_, property): Target = found.expect("it is among the targets");
    let mut inputs = 0;
    for entry in fs::read_dir(fuzz().join("corpus").join(name)).expect("it has kept inputs") {
        let path = entry.expect("it can be read").path();
        // Shown when what follows fails.
        println!("{}", path.display());
        property(&fs::read(&path).expect("it can be read"));
        inputs += 1;
    }
    assert!(inputs >= 5, "{name} has {inputs} kept inputs");
}

macro_rules! every_kept_input_holds {
    ($($name:ident)+) => {
        mod every_kept_input_holds {
            $(#[test]
            fn $name() {
                super::holds(stringify!($name));
            })+
        }

        #[test]
        fn every_property_has_a_fuzzer_kept_inputs_and_a_test() {
            let targets: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(targets, [$(stringify!($name)),+]);
            assert_eq!(targets, names("fuzz_targets"));
            assert_eq!(targets, names("corpus"));
        }
    };
}

every_kept_input_holds! {
    catalogue cursor event event_type figures filter id json retry schema secret subscription template time url
}
