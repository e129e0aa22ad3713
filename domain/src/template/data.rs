//! An event's JSON as templates see it: objects in the order in which they were posted, and compared in one step.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr, Value};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::TemplateFault;

/// Reads a JSON text whose depth has been bounded.
pub(super) fn read(json: &str) -> Result<Value, TemplateFault> {
    let mut reader = serde_json::Deserializer::from_str(json);
    reader.disable_recursion_limit();
    let read = Node.deserialize(&mut reader).and_then(|node| reader.end().map(|()| node));
    read.map(|(value, _)| value).map_err(|error| TemplateFault::Unreadable(error.to_string()))
}

/// A list or an object, with a number that follows from all that is in it: equal ones have the same.
#[derive(Debug)]
struct Branch {
    items: Items,
    digest: u64,
}

#[derive(Debug)]
enum Items {
    List(Vec<Value>),
    Object(IndexMap<Arc<str>, Value>),
}

impl Object for Branch {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match self.items {
            Items::List(_) => ObjectRepr::Seq,
            Items::Object(_) => ObjectRepr::Map,
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match &self.items {
            Items::List(list) => list.get(key.as_usize()?).cloned(),
            Items::Object(object) => object.get(key.as_str()?).cloned(),
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match &self.items {
            Items::List(_) => None,
            Items::Object(object) => object.get(key).cloned(),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match &self.items {
            Items::List(list) => Enumerator::Seq(list.len()),
            Items::Object(object) => {
                Enumerator::Values(object.keys().cloned().map(Value::from).collect())
            }
        }
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(match &self.items {
            Items::List(list) => list.len(),
            Items::Object(object) => object.len(),
        })
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        other.downcast_ref::<Self>().map(|other| self.digest.cmp(&other.digest))
    }
}

/// Makes a value and its digest.
struct Node;

fn hash(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = (Value, u64);

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = (Value, u64);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok((Value::from(()), 0))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok((Value::from(value), hash(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok((Value::from(value), hash(("number", i128::from(value)))))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok((Value::from(value), hash(("number", i128::from(value)))))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok((Value::from(value), hash(("float", value.to_bits()))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok((Value::from(text), hash(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let (mut list, mut digests) = (Vec::new(), DefaultHasher::new());
        while let Some((value, digest)) = items.next_element_seed(Self)? {
            digest.hash(&mut digests);
            list.push(value);
        }
        let digest = hash(("list", list.len(), digests.finish()));
        Ok((Value::from_object(Branch { items: Items::List(list), digest }), digest))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut object = IndexMap::new();
        while let Some(name) = fields.next_key::<String>()? {
            let field = fields.next_value_seed(Self)?;
            object.insert(Arc::from(name), field);
        }
        // Whatever the order: objects are equal by their fields.
        let digests = object.iter().map(|(name, (_, digest))| hash((name, digest)));
        let digest = hash(("object", object.len(), digests.fold(0_u64, u64::wrapping_add)));
        let object = object.into_iter().map(|(name, (value, _))| (name, value)).collect();
        Ok((Value::from_object(Branch { items: Items::Object(object), digest }), digest))
    }
}
