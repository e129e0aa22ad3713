//! The names in a patch. A `null` for an unknown one would leave no trace in what is merged, so names
//! are looked at before: an unknown or read-only one is refused whatever its value.

use domain::invalid::{Checker, Invalid, pointer_part};
use serde_json::{Map, Value};

/// Refuses names that are not among `writable`: each a field with the fields of the object that it
/// is, or with none where it is no object or takes any name.
pub(super) fn check_names(
    patch: &Map<String, Value>,
    writable: &[(&str, &[&str])],
) -> Result<(), Invalid> {
    let mut check = Checker::default();
    for (name, value) in patch {
        let pointer = format!("/{}", pointer_part(name));
        let known = writable.iter().find(|(known, _)| known == name);
        check.that(known.is_some(), &pointer, || {
            "is unknown here, or read-only; leave it out".to_owned()
        });
        let (Some((_, parts)), Value::Object(fields)) = (known, value) else {
            continue;
        };
        for part in
            fields.keys().filter(|part| !parts.is_empty() && !parts.contains(&part.as_str()))
        {
            let detail = || format!("is unknown; known here: {}", parts.join(", "));
            check.that(false, &format!("{pointer}/{}", pointer_part(part)), detail);
        }
    }
    check.finish(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const WRITABLE: [(&str, &[&str]); 2] = [("retry", &["schedule_s", "jitter"]), ("headers", &[])];

    #[test]
    fn an_unknown_name_is_refused_even_as_null() {
        for (patch, pointer) in [
            (json!({"id": null}), "/id"),
            (json!({"a/b": 1}), "/a~1b"),
            (json!({"retry": {"steps": null}}), "/retry/steps"),
        ] {
            let Value::Object(fields) = patch else { panic!("an object") };
            assert_eq!(check_names(&fields, &WRITABLE).expect_err("refused").0[0].pointer, pointer);
        }
        let Value::Object(fields) = json!({"headers": {"x-a": null}, "retry": null}) else {
            panic!("an object")
        };
        assert_eq!(check_names(&fields, &WRITABLE), Ok(()));
    }
}
