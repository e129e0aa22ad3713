//! A whole catalogue as one document: a list of entries, or the `webhooks` of an OpenAPI 3.1 document.
//!
//! What OpenAPI describes is the whole body of a request. Of a body that is an envelope like ours (an object with
//! `type` and `data`) the schema of `data` is taken, of any other the whole is.

use serde_json::{Map, Value, json};

use super::{Entry, EntryInput, Version, VersionInput};
use crate::invalid::{Checker, Invalid, pointer_part};
use crate::limits;

/// The entries of a document, each with the pointer to it; they are checked by [`EntryInput::parse`].
///
/// # Errors
/// When it is neither kind of document, or has more entries than a catalogue may.
pub fn read(document: Value) -> Result<Vec<(String, EntryInput)>, Invalid> {
    let entries = match &document {
        Value::Object(fields) if fields.contains_key("openapi") => of_openapi(&document)?,
        Value::Object(fields) if fields.contains_key("event_types") => of_list(fields)?,
        _ => {
            let detail = "must have event_types, a list of event types, or be an OpenAPI 3.1 document with webhooks";
            return Err(Invalid::one("", detail));
        }
    };
    if entries.len() as u64 > limits::EVENT_TYPES {
        let detail = format!("must be at most {} event types", limits::EVENT_TYPES);
        return Err(Invalid::one("", detail));
    }
    Ok(entries)
}

fn of_list(fields: &Map<String, Value>) -> Result<Vec<(String, EntryInput)>, Invalid> {
    let mut check = Checker::default();
    for name in fields.keys().filter(|name| *name != "event_types") {
        check.that(false, &format!("/{}", pointer_part(name)), || "is unknown".to_owned());
    }
    let list = fields["event_types"].as_array();
    check.that(list.is_some(), "/event_types", || "must be a list".to_owned());
    let mut entries = Vec::new();
    for (index, item) in list.into_iter().flatten().enumerate() {
        let pointer = format!("/event_types/{index}");
        let read = match item.is_object() {
            true => serde_json::from_value(item.clone())
                .map_err(|error| Invalid::one("", error.to_string())),
            false => Err(Invalid::one("", "must be an object")),
        };
        entries.extend(check.take(&pointer, read).map(|entry| (pointer, entry)));
    }
    check.finish(entries)
}

fn of_openapi(document: &Value) -> Result<Vec<(String, EntryInput)>, Invalid> {
    let version = document["openapi"].as_str().unwrap_or_default();
    if !version.starts_with("3.1") {
        return Err(Invalid::one("/openapi", "must be 3.1: older ones have no webhooks"));
    }
    let Some(webhooks) = document["webhooks"].as_object() else {
        return Err(Invalid::one(
            "/webhooks",
            "must be an object with a webhook for each event type",
        ));
    };
    let mut check = Checker::default();
    let mut entries = Vec::new();
    for (name, item) in webhooks {
        let pointer = format!("/webhooks/{}", pointer_part(name));
        let entry = check.take(&pointer, webhook(name, item, document));
        entries.extend(entry.map(|entry| (pointer, entry)));
    }
    check.finish(entries)
}

/// The entry that a webhook describes.
fn webhook(name: &str, item: &Value, document: &Value) -> Result<EntryInput, Invalid> {
    let Some(operation) = ["post", "put"].iter().find_map(|method| item.get(method)) else {
        return Err(Invalid::one("", "has no post"));
    };
    let text = |name: &str| operation[name].as_str().map(str::to_owned);
    let content = &resolved(&operation["requestBody"], document)["content"];
    let media = content
        .as_object()
        .and_then(|content| content.iter().find(|(name, _)| name.contains("json")))
        .map_or(&Value::Null, |(_, media)| media);
    let (schema, is_envelope) = match resolved(&media["schema"], document) {
        body if is_envelope(body) => (&body["properties"]["data"], true),
        _ => (&media["schema"], false),
    };
    let example = example_of(media, document);
    let example = if is_envelope { example.map(|body| body["data"].clone()) } else { example };
    let schema = (!schema.is_null()).then(|| self_contained(schema, document)).transpose()?;
    let schema = schema.map(unrooted);
    let versions = (schema.is_some() || example.is_some()).then(|| {
        let version = item[VERSION].as_str().or(document["info"]["version"].as_str());
        let version = version.unwrap_or("1").chars().take(*limits::VERSION_CHARS.end()).collect();
        vec![VersionInput { version, schema, example }]
    });
    Ok(EntryInput {
        name: name.to_owned(),
        description: text("description").or_else(|| text("summary")),
        versions,
        deprecated: operation["deprecated"].as_bool(),
    })
}

/// Where a webhook of ours says which version of its event type it describes.
const VERSION: &str = "x-version";

/// Whether a body is an event as it is sent, with the event's data in it.
fn is_envelope(body: &Value) -> bool {
    let fields = &body["properties"];
    fields["data"].is_object() && fields["type"].is_object()
}

fn example_of(media: &Value, document: &Value) -> Option<Value> {
    let named = media["examples"].as_object().and_then(|examples| examples.values().next());
    let named = named.and_then(|example| resolved(example, document).get("value"));
    media.get("example").or(named).cloned()
}

/// What a schema of ours is called where it stands within another document, so that its references lead to places
/// within itself.
const ROOT: &str = "urn:posthaste:event-type:";

/// A schema that can stand within another document.
fn rooted(mut schema: Value, name: &str) -> Value {
    if let Value::Object(fields) = &mut schema {
        fields.entry("$id").or_insert_with(|| json!(format!("{ROOT}{name}")));
    }
    schema
}

/// The same schema as one that stands for itself again.
fn unrooted(mut schema: Value) -> Value {
    if let Value::Object(fields) = &mut schema
        && fields.get("$id").and_then(Value::as_str).is_some_and(|id| id.starts_with(ROOT))
    {
        fields.remove("$id");
    }
    schema
}

/// What a reference within the document leads to; the value itself, when it is none.
fn resolved<'a>(value: &'a Value, document: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

const COMPONENTS: &str = "#/components/schemas/";

/// A schema with the components that it refers to, and those that they do, under `$defs`.
fn self_contained(schema: &Value, document: &Value) -> Result<Value, Invalid> {
    let mut schema = match schema {
        // References beside others are allowed, but a schema that is nothing else reads better without.
        Value::Object(fields) if fields.len() == 1 => resolved(schema, document).clone(),
        other => other.clone(),
    };
    let mut definitions = Map::new();
    let mut wanted = Vec::new();
    redirect(&mut schema, &mut wanted);
    while let Some(name) = wanted.pop() {
        if definitions.contains_key(&name) {
            continue;
        }
        let unescaped = name.replace("~1", "/").replace("~0", "~");
        let Some(component) = document["components"]["schemas"].get(&unescaped) else {
            return Err(Invalid::one(
                "",
                format!("refers to {COMPONENTS}{name}, which is not there"),
            ));
        };
        let mut component = component.clone();
        redirect(&mut component, &mut wanted);
        definitions.insert(unescaped, component);
        if definitions.len() > limits::EVENT_TYPE_COMPONENTS {
            let detail =
                format!("refers to more than {} components", limits::EVENT_TYPE_COMPONENTS);
            return Err(Invalid::one("", detail));
        }
    }
    if !definitions.is_empty() && schema.is_object() {
        schema["$defs"] = Value::Object(definitions);
    }
    Ok(schema)
}

/// Lets references to components lead to `$defs`, and notes their names.
fn redirect(schema: &mut Value, wanted: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get_mut("$ref")
                && let Some(name) = reference.strip_prefix(COMPONENTS)
            {
                wanted.push(name.to_owned());
                *reference = format!("#/$defs/{name}");
            }
            fields.values_mut().for_each(|value| redirect(value, wanted));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redirect(item, wanted)),
        _ => {}
    }
}

/// The document that lists the entries.
pub fn list(entries: &[Entry]) -> Value {
    json!({"event_types": entries})
}

/// The OpenAPI document that describes what subscribers get of the entries, each in its last version.
pub fn openapi(entries: &[Entry], title: &str) -> Value {
    let webhooks: Map<String, Value> =
        entries.iter().map(|entry| (entry.name.as_str().to_owned(), described(entry))).collect();
    json!({
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "webhooks": webhooks,
    })
}

fn described(entry: &Entry) -> Value {
    let name = entry.name.as_str();
    let last = entry.versions.0.last();
    let data = last.and_then(|version| version.schema.clone()).unwrap_or(json!({}));
    let time = json!({"type": "string", "format": "date-time"});
    let body = json!({
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "type": {"const": name},
            "timestamp": time,
            "data": rooted(data, name),
            "metadata": {"type": "object"},
        },
        "required": ["id", "type", "timestamp", "data", "metadata"],
    });
    let mut media = json!({"schema": body});
    if let Some(example) = last.and_then(|version| version.example.as_ref()) {
        media["example"] = json!({
            "id": "evt_01kff5j500ebtrcv2s1wxqnzve", "type": name, "timestamp": "2026-01-21T12:00:00Z",
            "data": example, "metadata": {},
        });
    }
    let mut webhook = json!({
        "post": {
            "operationId": name,
            "deprecated": entry.deprecated,
            "requestBody": {"required": true, "content": {"application/json": media}},
            "responses": {"2XX": {"description": "It is received"}},
        },
    });
    if !entry.description.is_empty() {
        webhook["post"]["description"] = json!(entry.description);
    }
    if let Some(Version { version, .. }) = last {
        webhook[VERSION] = json!(version);
    }
    webhook
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(document: Value) -> Vec<Entry> {
        let read = read(document).expect("a document");
        read.into_iter().map(|(_, input)| input.parse().expect("an entry")).collect()
    }

    fn pointers(document: Value) -> Vec<String> {
        let faults = read(document).expect_err("refused").0;
        faults.into_iter().map(|fault| fault.pointer).collect()
    }

    fn some() -> Vec<Entry> {
        entries(json!({"event_types": [
            {
                "name": "order.paid",
                "description": "An order was paid.",
                "deprecated": true,
                "versions": [{
                    "version": "2",
                    "schema": {"$ref": "#/$defs/order", "$defs": {"order": {"required": ["total"]}}},
                    "example": {"total": 1},
                }],
            },
            {"name": "order.lost"},
        ]}))
    }

    #[test]
    fn a_catalogue_is_read_as_it_was_written() {
        assert_eq!(entries(list(&some())), some());
        let mut described = some();
        // What has no version is described as taking anything.
        described[1].versions.0.push(Version {
            version: "1".to_owned(),
            schema: Some(json!({})),
            example: None,
        });
        let mut read = entries(openapi(&some(), "Events"));
        read.sort_by(|one, other| other.name.cmp(&one.name));
        assert_eq!(read, described);
    }

    #[test]
    fn webhooks_of_others_are_taken_with_the_components_they_need() {
        let document = json!({
            "openapi": "3.1.0",
            "info": {"title": "Shop", "version": "2026-01"},
            "webhooks": {"order.paid": {"post": {
                "summary": "Paid",
                "requestBody": {"$ref": "#/components/requestBodies/Paid"},
            }}},
            "components": {
                "requestBodies": {"Paid": {"content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Order"},
                    "examples": {"one": {"$ref": "#/components/examples/One"}},
                }}}},
                "examples": {"One": {"value": {"lines": [{"sku": "a"}]}}},
                "schemas": {
                    "Order": {"properties": {"lines": {"items": {"$ref": "#/components/schemas/Line"}}}},
                    "Line": {"required": ["sku"], "properties": {"of": {"$ref": "#/components/schemas/Order"}}},
                },
            },
        });
        let [entry] = entries(document).try_into().expect("one entry");
        assert_eq!((entry.name.as_str(), entry.description.as_str()), ("order.paid", "Paid"));
        let Version { version, schema, example } = entry.versions.0[0].clone();
        assert_eq!(
            (version.as_str(), example),
            ("2026-01", Some(json!({"lines": [{"sku": "a"}]})))
        );
        let schema = schema.expect("a schema");
        assert_eq!(schema["properties"]["lines"]["items"]["$ref"], "#/$defs/Line");
        assert_eq!(schema["$defs"]["Line"]["properties"]["of"]["$ref"], "#/$defs/Order");
        assert!(schema["$defs"]["Order"].is_object());
    }

    #[test]
    fn what_is_no_catalogue_is_refused_at_its_place() {
        assert_eq!(pointers(json!([])), [""]);
        assert_eq!(pointers(json!({"events": []})), [""]);
        assert_eq!(pointers(json!({"event_types": {}})), ["/event_types"]);
        let wrong = json!({"event_types": [{"name": "a"}, [], {"nmae": "b"}], "version": 1});
        assert_eq!(pointers(wrong), ["/version", "/event_types/1", "/event_types/2"]);
        assert_eq!(pointers(json!({"openapi": "3.0.3", "webhooks": {}})), ["/openapi"]);
        assert_eq!(pointers(json!({"openapi": "3.1.0", "paths": {}})), ["/webhooks"]);
        let dangling = json!({"openapi": "3.1.0", "webhooks": {"a/b": {"post": {"requestBody": {"content": {
            "application/json": {"schema": {"items": {"$ref": "#/components/schemas/No"}}}}}}}}});
        assert_eq!(pointers(dangling), ["/webhooks/a~1b"]);
        let many: Vec<Value> = (0..1001).map(|n| json!({"name": format!("a{n}")})).collect();
        assert_eq!(pointers(json!({"event_types": many})), [""]);
    }
}
