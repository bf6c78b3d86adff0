//! The values of the language. Most borrow from the item or the rule; only what a check makes itself is counted.
//!
//! Scalars are never left inside a node: an absent member is `Null`, a text is `Text`, so that
//! each operator meets one spelling of each value.

use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use haechi_iam::Policy;
use haechi_iam::acl::Acl;
use haechi_model::{ConfigurationItem, Kind, Node, Timestamp};
use serde_json::{Map, Value, json};

/// A value that a rule or its parameters fix: it is shared between threads.
#[derive(Debug, Clone, PartialEq)]
pub enum Const {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Box<str>),
    List(Box<[Const]>),
}

impl Const {
    /// A parameter's value; objects, which no parameter has, are null.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null | Value::Object(_) => Const::Null,
            Value::Bool(bool) => Const::Bool(*bool),
            Value::Number(number) => match number.as_i64() {
                Some(int) => Const::Int(int),
                None => Const::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Const::Text(text.as_str().into()),
            Value::Array(elements) => Const::List(elements.iter().map(Const::of).collect()),
        }
    }
}

/// Why a value is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// A member that could not be read, or a listing that is not complete.
    Missing { what: String, reason: String },
    /// The expression cannot be computed for this item.
    Failed { why: String },
}

/// What an expression gives.
#[derive(Debug, Clone)]
pub enum Val<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(&'a str),
    /// A text that the check made.
    Made(Rc<str>),
    /// An array or object in an item. The owner tells what could not be collected.
    Node(Node<'a>, &'a ConfigurationItem),
    Consts(&'a [Const]),
    List(Rc<[Val<'a>]>),
    Map(Rc<[(Val<'a>, Val<'a>)]>),
    Time(Timestamp),
    Item(&'a ConfigurationItem),
    /// A listing of the world, as it stands there.
    Items(&'a [Arc<ConfigurationItem>]),
    Policy(Rc<Policy>),
    Acl(Rc<Acl>),
    Unknown(Rc<Unknown>),
}

/// A condition's three values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Truth {
    True,
    False,
    Unknown(Rc<Unknown>),
}

impl Truth {
    pub fn of(bool: bool) -> Self {
        if bool { Truth::True } else { Truth::False }
    }

    pub fn not(self) -> Self {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            unknown => unknown,
        }
    }
}

impl<'a> From<Truth> for Val<'a> {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::True => Val::Bool(true),
            Truth::False => Val::Bool(false),
            Truth::Unknown(why) => Val::Unknown(why),
        }
    }
}

impl<'a> Val<'a> {
    pub fn of_node(node: Node<'a>, owner: &'a ConfigurationItem) -> Self {
        match node.kind() {
            Kind::Null => Val::Null,
            Kind::Bool => Val::Bool(node.as_bool() == Some(true)),
            Kind::String => Val::Text(node.as_str().unwrap_or_default()),
            Kind::Number => match node.as_i64() {
                Some(int) if node.is_integer() => Val::Int(int),
                _ => Val::Double(node.as_f64().unwrap_or(f64::NAN)),
            },
            Kind::Array | Kind::Object => Val::Node(node, owner),
        }
    }

    pub fn of_const(value: &'a Const) -> Self {
        match value {
            Const::Null => Val::Null,
            Const::Bool(bool) => Val::Bool(*bool),
            Const::Int(int) => Val::Int(*int),
            Const::Double(double) => Val::Double(*double),
            Const::Text(text) => Val::Text(text),
            Const::List(elements) => Val::Consts(elements),
        }
    }

    pub fn made(text: impl AsRef<str>) -> Self {
        Val::Made(Rc::from(text.as_ref()))
    }

    pub fn list(values: Vec<Val<'a>>) -> Self {
        Val::List(values.into())
    }

    /// A JSON value that no item holds, such as a policy statement.
    pub fn of_json(value: &Value) -> Self {
        match value {
            Value::Null => Val::Null,
            Value::Bool(bool) => Val::Bool(*bool),
            Value::Number(number) => match number.as_i64() {
                Some(int) => Val::Int(int),
                None => Val::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Val::made(text),
            Value::Array(elements) => Val::list(elements.iter().map(Val::of_json).collect()),
            Value::Object(members) => {
                Val::Map(members.iter().map(|(key, value)| (Val::made(key), Val::of_json(value))).collect())
            }
        }
    }

    pub fn failed(why: impl Into<String>) -> Self {
        Val::Unknown(Rc::new(Unknown::Failed { why: why.into() }))
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Val::Text(text) => Some(text),
            Val::Made(text) => Some(text),
            _ => None,
        }
    }

    pub fn number(&self) -> Option<f64> {
        match self {
            Val::Int(int) => Some(*int as f64),
            Val::Double(double) => Some(*double),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Val::Null)
    }

    /// The type's name in the language.
    pub fn type_name(&self) -> &'static str {
        match self {
            Val::Null => "null_type",
            Val::Bool(_) => "bool",
            Val::Int(_) => "int",
            Val::Double(_) => "double",
            Val::Text(_) | Val::Made(_) => "string",
            Val::Node(node, _) if node.kind() == Kind::Array => "list",
            Val::Consts(_) | Val::List(_) | Val::Items(_) => "list",
            Val::Node(..) | Val::Map(_) => "map",
            Val::Time(_) => "timestamp",
            Val::Item(_) => "item",
            Val::Policy(_) => "policy",
            Val::Acl(_) => "acl",
            Val::Unknown(_) => "unknown",
        }
    }

    /// The value as a condition: absent is false.
    pub fn truth(self) -> Truth {
        match self {
            Val::Bool(bool) => Truth::of(bool),
            Val::Null => Truth::False,
            Val::Unknown(why) => Truth::Unknown(why),
            other => Truth::Unknown(Rc::new(Unknown::Failed {
                why: format!("a condition is true or false, not a value of type {}", other.type_name()),
            })),
        }
    }

    /// Elements of a list, members of a map, characters of a text; `None` for what has no size.
    pub fn size(&self) -> Option<usize> {
        match self {
            Val::Null => Some(0),
            Val::Text(text) => Some(text.chars().count()),
            Val::Made(text) => Some(text.chars().count()),
            Val::Node(node, _) => Some(node.len()),
            Val::Consts(elements) => Some(elements.len()),
            Val::List(elements) => Some(elements.len()),
            Val::Items(items) => Some(items.len()),
            Val::Map(members) => Some(members.len()),
            _ => None,
        }
    }

    pub fn is_list(&self) -> bool {
        self.type_name() == "list"
    }

    /// Visits the elements of a list or the keys of a map; absent is empty. `Err` for what cannot be visited.
    pub fn each(&self, mut visit: impl FnMut(Val<'a>) -> ControlFlow<()>) -> Result<(), Val<'a>> {
        let done = match self {
            Val::Null => ControlFlow::Continue(()),
            Val::Node(node, owner) if node.kind() == Kind::Array => {
                node.elements().try_for_each(|element| visit(Val::of_node(element, owner)))
            }
            Val::Node(node, _) => node.members().try_for_each(|(key, _)| visit(Val::Text(key))),
            Val::Consts(elements) => elements.iter().try_for_each(|element| visit(Val::of_const(element))),
            Val::List(elements) => elements.iter().try_for_each(|element| visit(element.clone())),
            Val::Items(items) => items.iter().try_for_each(|item| visit(Val::Item(item))),
            Val::Map(members) => members.iter().try_for_each(|(key, _)| visit(key.clone())),
            Val::Unknown(_) => return Err(self.clone()),
            other => return Err(Val::failed(format!("a value of type {} is not a list", other.type_name()))),
        };
        let (ControlFlow::Continue(()) | ControlFlow::Break(())) = done;
        Ok(())
    }

    /// The member of a map or object, or absent.
    pub fn member(&self, key: &str) -> Val<'a> {
        match self {
            Val::Node(node, owner) => node.get(key).map_or(Val::Null, |member| Val::of_node(member, owner)),
            Val::Item(item) => item_member(item, key),
            Val::Map(members) => {
                members.iter().find(|(name, _)| name.text() == Some(key)).map_or(Val::Null, |(_, value)| value.clone())
            }
            _ => Val::Null,
        }
    }

    /// Equality of the language: values of different types are not equal.
    pub fn same(&self, other: &Val<'a>) -> bool {
        if let (Some(a), Some(b)) = (self.text(), other.text()) {
            return a == b;
        }
        match (self, other) {
            (Val::Null, Val::Null) => true,
            (Val::Bool(a), Val::Bool(b)) => a == b,
            (Val::Int(a), Val::Int(b)) => a == b,
            (Val::Int(_) | Val::Double(_), Val::Int(_) | Val::Double(_)) => self.number() == other.number(),
            (Val::Time(a), Val::Time(b)) => a == b,
            (Val::Item(a), Val::Item(b)) => a.key() == b.key(),
            _ => self.same_parts(other),
        }
    }

    fn same_parts(&self, other: &Val<'a>) -> bool {
        if self.type_name() != other.type_name() || self.size() != other.size() {
            return false;
        }
        if self.is_list() {
            let mut others = Vec::with_capacity(other.size().unwrap_or(0));
            let _ = other.each(|element| {
                others.push(element);
                ControlFlow::Continue(())
            });
            let (mut at, mut equal) = (0, true);
            let _ = self.each(|element| {
                equal = others.get(at).is_some_and(|other| element.same(other));
                at += 1;
                if equal { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            return equal;
        }
        match (self, other) {
            (Val::Node(..) | Val::Map(_), Val::Node(..) | Val::Map(_)) => {
                let mut equal = true;
                let _ = self.each(|key| {
                    equal = other.has_key(&key) && self.at_key(&key).same(&other.at_key(&key));
                    if equal { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                });
                equal
            }
            _ => false,
        }
    }

    /// Whether a map has a key, be its value null.
    pub fn has_key(&self, key: &Val<'a>) -> bool {
        match self {
            Val::Node(node, _) => key.text().is_some_and(|key| node.get(key).is_some()),
            Val::Map(members) => members.iter().any(|(name, _)| name.same(key)),
            _ => false,
        }
    }

    /// A map's value by a key of any type.
    pub fn at_key(&self, key: &Val<'a>) -> Val<'a> {
        match self {
            Val::Map(members) => {
                members.iter().find(|(name, _)| name.same(key)).map_or(Val::Null, |(_, value)| value.clone())
            }
            _ => key.text().map_or(Val::Null, |key| self.member(key)),
        }
    }

    /// Which of two comparable values is greater; `None` when one is null or their types differ.
    pub fn order(&self, other: &Val<'a>) -> Option<std::cmp::Ordering> {
        if let (Some(a), Some(b)) = (self.text(), other.text()) {
            return Some(a.cmp(b));
        }
        match (self, other) {
            (Val::Int(a), Val::Int(b)) => Some(a.cmp(b)),
            (Val::Int(_) | Val::Double(_), Val::Int(_) | Val::Double(_)) => {
                self.number()?.partial_cmp(&other.number()?)
            }
            (Val::Bool(a), Val::Bool(b)) => Some(a.cmp(b)),
            (Val::Time(a), Val::Time(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// The value as it is shown: evidence and arguments.
    pub fn to_json(&self) -> Value {
        match self {
            Val::Null | Val::Unknown(_) => Value::Null,
            Val::Bool(bool) => json!(bool),
            Val::Int(int) => json!(int),
            Val::Double(double) => json!(double),
            Val::Text(text) => json!(text),
            Val::Made(text) => json!(&**text),
            Val::Node(node, _) => node.to_value(),
            Val::Consts(_) | Val::List(_) | Val::Items(_) => {
                let mut elements = Vec::new();
                let _ = self.each(|element| {
                    elements.push(element.to_json());
                    ControlFlow::Continue(())
                });
                Value::Array(elements)
            }
            Val::Map(members) => Value::Object(
                members.iter().map(|(key, value)| (key_text(key), value.to_json())).collect::<Map<_, _>>(),
            ),
            Val::Time(time) => json!(time.to_string()),
            Val::Item(item) => shown_item(item),
            Val::Policy(policy) => json!(policy.text()),
            Val::Acl(acl) => serde_json::to_value(&**acl).unwrap_or_default(),
        }
    }
}

fn key_text(key: &Val<'_>) -> String {
    match key.to_json() {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// An item stands in evidence by its name: its parts are a click away.
fn shown_item(item: &ConfigurationItem) -> Value {
    let key = item.key();
    let mut shown = json!({"resourceType": key.resource_type.as_str(), "resourceId": &*key.resource_id});
    if let Some(arn) = item.arn() {
        shown["arn"] = json!(arn);
    }
    shown
}

/// A member of an item's header or a part of it. What an item may leave out is told by its key.
pub fn item_member<'a>(item: &'a ConfigurationItem, name: &str) -> Val<'a> {
    match item.root().get(name) {
        Some(node) if !node.is_null() => Val::of_node(node, item),
        _ => match name {
            "resourceId" => Val::Text(&item.key().resource_id),
            "configurationItemStatus" => Val::Text(item.status().as_str()),
            _ => Val::Null,
        },
    }
}
