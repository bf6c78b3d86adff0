//! The embedded API shapes: which operations there are, and how their input and output look on the wire.
//! A service's model is read when it is first used and stays for the life of the program.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/shapes.rs"));
}
pub(crate) use embedded::PARTITIONS;
use embedded::{OPERATIONS, SHAPES};

/// How requests and answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Protocol {
    Query,
    Ec2,
    Json,
    RestJson,
    RestXml,
}

/// One service's model.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Service {
    /// AWS's name of the service, such as `Config Service`: settings of one service are named by it.
    pub service_id: String,
    pub protocol: Protocol,
    pub api_version: String,
    #[serde(default)]
    pub json_version: Option<String>,
    #[serde(default)]
    pub target_prefix: Option<String>,
    pub endpoint_prefix: String,
    #[serde(default)]
    pub signing_name: Option<String>,
    pub operations: HashMap<String, Operation>,
    shapes: HashMap<String, Shape>,
}

/// One operation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Operation {
    pub method: String,
    pub uri: String,
    #[serde(default)]
    pub input: Option<String>,
    #[serde(default)]
    pub output: Option<String>,
    #[serde(default)]
    pub result_wrapper: Option<String>,
    #[serde(default)]
    pub host_prefix: Option<String>,
    #[serde(default)]
    pub pages: Option<Paginator>,
}

/// How a listing goes on: botocore's paginator.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Paginator {
    pub input_token: OneOrMore,
    pub output_token: OneOrMore,
    #[serde(default)]
    pub more_results: Option<String>,
}

/// A string or a list of strings.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

/// A structure, a list or a map; everything else is named by its type in [`Member::shape`].
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Shape {
    Structure {
        #[serde(default)]
        members: Ordered<Member>,
        #[serde(default)]
        payload: Option<String>,
    },
    List {
        member: Member,
        #[serde(default)]
        flattened: bool,
    },
    Map {
        key: Member,
        value: Member,
        #[serde(default)]
        flattened: bool,
    },
}

/// Named parts in the model's order.
#[derive(Debug)]
pub(crate) struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Visitor<T> {
            type Value = Ordered<T>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map of members")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    members.push(entry);
                }
                Ok(Ordered(members))
            }
        }
        deserializer.deserialize_map(Visitor(std::marker::PhantomData))
    }
}

/// A reference to a shape, with the traits that say how it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Member {
    /// A scalar's type (`string`, `integer`, `timestamp`, ...) or the name of a shape.
    pub shape: String,
    #[serde(default)]
    pub location: Location,
    #[serde(default)]
    pub location_name: Option<String>,
    #[serde(default)]
    pub query_name: Option<String>,
    #[serde(default)]
    pub flattened: bool,
    #[serde(default)]
    pub timestamp_format: Option<TimestampFormat>,
    #[serde(default)]
    pub xml_attribute: bool,
    #[serde(default)]
    pub xml_namespace: Option<Namespace>,
}

/// The namespace that an element of a request declares.
#[derive(Debug, Deserialize)]
pub(crate) struct Namespace {
    pub uri: String,
    #[serde(default)]
    pub prefix: Option<String>,
}

/// Where a member of the input or output stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Location {
    #[default]
    Body,
    Uri,
    #[serde(rename = "querystring")]
    Query,
    Header,
    Headers,
    StatusCode,
}

/// How a timestamp is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum TimestampFormat {
    #[serde(rename = "iso8601")]
    Iso8601,
    #[serde(rename = "rfc822")]
    Rfc822,
    UnixTimestamp,
}

/// What a member's shape is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind<'a> {
    Structure {
        members: &'a [(String, Member)],
        payload: Option<&'a str>,
    },
    List {
        member: &'a Member,
        flattened: bool,
    },
    Map {
        key: &'a Member,
        value: &'a Member,
        flattened: bool,
    },
    String,
    Boolean,
    Integer,
    Float,
    Blob,
    Timestamp,
    /// Any JSON.
    Document,
}

impl Service {
    /// What stands behind a shape's name. An unknown name is read as a string: the committed models
    /// have none (a test checks), and a client must not end on its own data.
    pub fn kind<'a>(&'a self, shape: &str) -> Kind<'a> {
        match shape {
            "string" => return Kind::String,
            "boolean" => return Kind::Boolean,
            "integer" | "long" | "short" | "byte" | "bigInteger" => return Kind::Integer,
            "float" | "double" => return Kind::Float,
            "blob" => return Kind::Blob,
            "timestamp" => return Kind::Timestamp,
            "document" => return Kind::Document,
            _ => {}
        }
        match self.shapes.get(shape) {
            None => Kind::String,
            Some(Shape::Structure { members, payload }) => {
                Kind::Structure { members: &members.0, payload: payload.as_deref() }
            }
            Some(Shape::List { member, flattened }) => Kind::List { member, flattened: *flattened },
            Some(Shape::Map { key, value, flattened }) => Kind::Map { key, value, flattened: *flattened },
        }
    }

    /// The members of an operation's input or output; none when it has no such side.
    pub fn members(&self, shape: Option<&str>) -> (&[(String, Member)], Option<&str>) {
        match shape.map(|shape| self.kind(shape)) {
            Some(Kind::Structure { members, payload }) => (members, payload),
            _ => (&[], None),
        }
    }

    /// The name that a signature is scoped to.
    pub fn signing_name(&self) -> &str {
        self.signing_name.as_deref().unwrap_or(&self.endpoint_prefix)
    }
}

/// The model of a service; `None` when the name is unknown.
pub(crate) fn service(name: &str) -> Option<&'static Service> {
    static LOADED: OnceLock<Vec<OnceLock<Option<Service>>>> = OnceLock::new();
    let loaded = LOADED.get_or_init(|| SHAPES.iter().map(|_| OnceLock::new()).collect());
    let at = SHAPES.binary_search_by_key(&name, |(name, _)| name).ok()?;
    loaded[at].get_or_init(|| serde_json::from_str(SHAPES[at].1).ok()).as_ref()
}

/// Every operation that can be called, as (service, operation), sorted.
pub fn operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    OPERATIONS.lines().filter_map(|line| line.split_once(' '))
}

/// What the names of operations that change nothing begin with.
const READING: [&str; 7] = ["BatchGet", "Describe", "Generate", "Get", "Head", "List", "Lookup"];

/// True for an operation that changes nothing. Whoever may only look checks it before a call is made.
pub fn only_reads(operation: &str) -> bool {
    READING.iter().any(|start| operation.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(service: &Service, shape: &str, seen: &mut Vec<String>) {
        if seen.iter().any(|s| s == shape) {
            return;
        }
        seen.push(shape.to_owned());
        match service.kind(shape) {
            Kind::Structure { members, payload } => {
                assert!(payload.is_none_or(|p| members.iter().any(|(name, _)| name == p)));
                members.iter().for_each(|(_, m)| complete(service, &m.shape, seen));
            }
            Kind::List { member, .. } => complete(service, &member.shape, seen),
            Kind::Map { key, value, .. } => {
                complete(service, &key.shape, seen);
                complete(service, &value.shape, seen);
            }
            Kind::String => assert_eq!(shape, "string", "a shape is missing"),
            _ => {}
        }
    }

    #[test]
    fn every_operation_of_the_list_is_embedded_with_all_its_shapes() {
        assert!(operations().count() > 100);
        let sorted: Vec<_> = operations().collect();
        assert!(sorted.is_sorted(), "operations.txt is not sorted");
        for (name, operation) in sorted {
            let service = service(name).unwrap_or_else(|| panic!("{name} does not load"));
            let found = &service.operations[operation];
            let mut seen = Vec::new();
            for shape in [&found.input, &found.output].into_iter().flatten() {
                complete(service, shape, &mut seen);
            }
        }
    }

    #[test]
    fn every_embedded_file_loads_and_is_small() {
        let mut total = PARTITIONS.len();
        for (name, text) in SHAPES {
            serde_json::from_str::<Service>(text).unwrap_or_else(|e| panic!("{name}: {e}"));
            total += text.len();
        }
        assert!(total < 1_500_000, "{total} bytes of shapes");
    }
}
