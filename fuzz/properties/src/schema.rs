//! JSON Schemas of event types, and the data that is held to them.

use domain::limits;
use domain::schema::{Broken, DataSchema};
use serde_json::{Value, json};

use crate::parted;

/// A schema, then data. A schema that is taken is kept as it was given, is taken again, and says the same of the
/// same data; what is wrong is told in a few places.
pub fn schema(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (text, data) = parted(text);
    let Ok(document) = serde_json::from_str::<Value>(text) else { return };
    let Ok(schema) = DataSchema::parse(document.clone()) else { return };
    assert_eq!(schema.document(), &document);
    let again = DataSchema::parse(document).expect("it was taken before");
    let given = data.and_then(|text| serde_json::from_str::<Value>(text).ok());
    for data in
        [given.unwrap_or_default(), json!({"id": 7, "list": [1, "a"]}), json!([]), json!("x")]
    {
        let said = schema.check(&data);
        assert_eq!(again.check(&data), said);
        if let Err(Broken::Invalid(invalid)) = said {
            assert!((1..=limits::SCHEMA_FAULTS).contains(&invalid.0.len()));
        }
    }
}
