//! Values of a template: functions are carried out where the template has all they need; what it has not is
//! not known, with the reason.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine as _;
use haechi_content::yaml::{Node, NodeValue, Style};
use haechi_content::{Diagnostic, Source};
use haechi_model::Partition;
use serde_json::{Map, Value};

use super::MADE;
use crate::item::{NO_ACCOUNT, NO_REGION, Place, identity};
use crate::mapping::Mappings;
use crate::resource::{Age, Note, Resource};
use crate::unknown::{reason, reason_of, unknown, unknown_text};

/// Functions within each other that are carried out: far more than any template has.
const DEPTH: usize = 200;
/// What a value costs besides its text.
const SCALAR: usize = 16;
const LATER: &str = "known after the stack is made";

/// Carries out the functions of one template.
pub(super) struct Resolver<'t> {
    source: &'t Source,
    pub(super) root: &'t Node,
    parameters: &'t BTreeMap<String, String>,
    mappings: &'t Mappings,
    account: String,
    region: String,
    pub(super) decided: HashMap<String, Option<bool>>,
    /// Id, ARN and name of each resource that was referred to.
    names: HashMap<String, (String, Option<String>)>,
    /// Resources whose id is being found: they refer to each other in a circle.
    open: BTreeSet<String>,
    made: usize,
    /// Functions within each other, through references too.
    depth: usize,
    problem: Option<Diagnostic>,
    unset: BTreeSet<String>,
}

/// A function's name without `Fn::`, and its argument.
pub(super) fn function(node: &Node) -> Option<(&str, &Node)> {
    if let Some(tag) = node.tag.as_deref() {
        return Some((tag, node));
    }
    let [(key, argument)] = node.entries()? else { return None };
    let key = key.text()?;
    match key.strip_prefix("Fn::") {
        Some(name) => Some((name, argument)),
        None if key == "Ref" || (key == "Condition" && argument.text().is_some()) => Some((key, argument)),
        None => None,
    }
}

impl<'t> Resolver<'t> {
    pub fn new(
        source: &'t Source,
        root: &'t Node,
        parameters: &'t BTreeMap<String, String>,
        mappings: &'t Mappings,
        place: &Place,
    ) -> Self {
        let account = place.account.map_or_else(|| NO_ACCOUNT.to_owned(), |account| account.to_string());
        let region = place.region.as_ref().map_or(NO_REGION, |region| region.as_str()).to_owned();
        Self {
            source,
            root,
            parameters,
            mappings,
            account,
            region,
            decided: HashMap::new(),
            names: HashMap::new(),
            open: BTreeSet::new(),
            made: 0,
            depth: 0,
            problem: None,
            unset: BTreeSet::new(),
        }
    }

    /// What made the template too large, when it is.
    pub fn problem(&mut self) -> Option<Diagnostic> {
        self.problem.take()
    }

    /// Parameters that have no value here.
    pub fn notes(&self) -> Vec<Note> {
        let note = |name: &String| Note::new("note-template-parameter", vec![("name", name.clone())]);
        self.unset.iter().map(note).collect()
    }

    /// The value of a part of the template; null for `AWS::NoValue`.
    pub fn value(&mut self, node: &Node) -> Value {
        if self.problem.is_some() {
            return Value::Null;
        }
        if self.depth >= DEPTH {
            return unknown("the references go too deep");
        }
        self.depth += 1;
        let value = match function(node).filter(|(name, _)| *name != "Condition") {
            Some((name, argument)) => self.call(name, argument, node),
            None => self.plain_value(node),
        };
        self.depth -= 1;
        value
    }

    /// Does something one level deeper; nothing where that would be too deep.
    pub(super) fn deeper<T>(&mut self, act: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= DEPTH {
            return None;
        }
        self.depth += 1;
        let result = act(self);
        self.depth -= 1;
        result
    }

    fn plain_value(&mut self, node: &Node) -> Value {
        match &node.value {
            NodeValue::Scalar { text, style } => self.scalar(text, *style, node),
            NodeValue::List(list) => {
                let values = list.iter().map(|element| self.value(element));
                Value::Array(values.filter(|value| !value.is_null()).collect())
            }
            NodeValue::Map(entries) => self.map(entries),
        }
    }

    fn map(&mut self, entries: &[(Node, Node)]) -> Value {
        let mut map = Map::new();
        for (key, member) in entries {
            let value = self.value(member);
            if !value.is_null() {
                map.insert(key.text().unwrap_or_default().to_owned(), value);
            }
        }
        Value::Object(map)
    }

    fn scalar(&mut self, text: &str, style: Style, node: &Node) -> Value {
        if text.contains("{{resolve:") {
            return unknown("a dynamic reference, resolved when the stack is made");
        }
        self.count(text.len() + SCALAR, node);
        if style != Style::Plain {
            return text.into();
        }
        plain(text, node.is_null())
    }

    /// Counts bytes that are made; over the bound nothing more is.
    fn count(&mut self, bytes: usize, node: &Node) {
        self.made = self.made.saturating_add(bytes);
        if self.made > MADE && self.problem.is_none() {
            let message = format!("the template grows over {} MiB when its functions are carried out", MADE >> 20);
            self.problem = Some(self.source.diagnostic(node.span(), message));
        }
    }

    fn call(&mut self, name: &str, argument: &Node, node: &Node) -> Value {
        // The argument of a short form is the node itself without its tag.
        let inner = if std::ptr::eq(argument, node) { self.untagged(node) } else { Argument::Node(argument) };
        let made = match name {
            "Ref" => inner.text().map_or(Value::Null, |name| self.reference(name)),
            "GetAtt" => self.attribute(&inner),
            "Sub" => self.substitute(&inner),
            "Join" => self.join(&inner),
            "Select" => self.select(&inner),
            "Split" => self.split(&inner),
            "FindInMap" => self.find_in_map(&inner),
            "If" => self.choose(&inner),
            "Base64" => match inner.value(self) {
                Value::String(text) if reason_of(&text).is_none() => {
                    base64::engine::general_purpose::STANDARD.encode(text).into()
                }
                other => other,
            },
            "Length" => match inner.value(self) {
                Value::Array(list) => list.len().into(),
                other if reason(&other).is_some() => other,
                _ => unknown("Fn::Length of what is no list"),
            },
            "ToJsonString" => match inner.value(self) {
                value if reason(&value).is_some() => value,
                value => value.to_string().into(),
            },
            "ImportValue" => unknown("a value that another stack exports"),
            "GetAZs" => unknown("the Availability Zones of the account"),
            "Cidr" => unknown("Fn::Cidr is not worked out"),
            "Transform" => unknown("a macro's output"),
            "Equals" | "Not" | "And" | "Or" => unknown("a condition where a value is wanted"),
            other => unknown(&format!("the function {other} is not known")),
        };
        match &made {
            Value::String(text) => self.count(text.len() + SCALAR, node),
            Value::Array(list) => self.count(list.len() * SCALAR, node),
            _ => {}
        }
        made
    }

    fn untagged<'n>(&self, node: &'n Node) -> Argument<'n> {
        Argument::Untagged(node)
    }

    fn reference(&mut self, name: &str) -> Value {
        match name {
            "AWS::NoValue" => return Value::Null,
            "AWS::AccountId" => return self.account.as_str().into(),
            "AWS::Region" => return self.region.as_str().into(),
            "AWS::Partition" => return Partition::of_region(&self.region).as_str().into(),
            "AWS::URLSuffix" => {
                let china = self.region.starts_with("cn-");
                return if china { "amazonaws.com.cn" } else { "amazonaws.com" }.into();
            }
            "AWS::StackName" | "AWS::StackId" | "AWS::NotificationARNs" => {
                return unknown(&format!("{name} is {LATER}"));
            }
            _ => {}
        }
        if let Some(parameter) = self.root.get("Parameters").and_then(|all| all.get(name)) {
            return self.parameter(name, parameter);
        }
        match self.named(name) {
            Some((id, _)) => id.into(),
            None => unknown(&format!("nothing is called {name} in the template")),
        }
    }

    fn parameter(&mut self, name: &str, node: &Node) -> Value {
        let kind = node.get("Type").and_then(Node::text).unwrap_or("String");
        let given = self.parameters.get(name).cloned();
        let text = match given.or_else(|| node.get("Default").and_then(Node::text).map(str::to_owned)) {
            Some(_) if kind.starts_with("AWS::SSM::Parameter::Value") => {
                return unknown(&format!("the parameter {name} is a value in Systems Manager"));
            }
            Some(text) => text,
            None => {
                self.unset.insert(name.to_owned());
                return unknown(&format!("the parameter {name} has no value here"));
            }
        };
        if kind == "CommaDelimitedList" || kind.starts_with("List<") {
            return text.split(',').map(|part| Value::from(part.trim())).filter(|part| part != "").collect();
        }
        text.into()
    }

    /// The id and the ARN that a resource of the template will have, as far as they are known.
    fn named(&mut self, logical: &str) -> Option<(String, Option<String>)> {
        if let Some(known) = self.names.get(logical) {
            return Some(known.clone());
        }
        let body = self.root.get("Resources")?.get(logical)?;
        let kind = body.get("Type")?.text()?.to_owned();
        let plain = (logical.to_owned(), None);
        if !self.open.insert(logical.to_owned()) {
            return Some(plain);
        }
        let named = match self.mappings.get(&kind) {
            None => plain,
            Some(mapping) => {
                let mut values = Map::new();
                // The id is one of the scalar properties.
                for (key, member) in body.get("Properties").and_then(Node::entries).into_iter().flatten() {
                    if member.text().is_some() || function(member).is_some() {
                        let value = self.value(member);
                        values.insert(key.text().unwrap_or_default().to_owned(), value);
                    }
                }
                let resource = Resource {
                    address: logical.to_owned(),
                    kind: kind.clone(),
                    values: Value::Object(values),
                    location: haechi_model::SourceLocation {
                        file: String::new(),
                        line: None,
                        column: None,
                        address: String::new(),
                    },
                    age: Age::New,
                    region: Some(self.region.clone()),
                };
                let account = haechi_model::AccountId::parse(&self.account).ok();
                let who = identity(mapping, &resource, account, None);
                (who.id, who.arn)
            }
        };
        self.open.remove(logical);
        self.names.insert(logical.to_owned(), named.clone());
        Some(named)
    }

    fn attribute(&mut self, argument: &Argument<'_>) -> Value {
        let (logical, attribute) = match argument.text() {
            Some(text) => match text.split_once('.') {
                Some((logical, attribute)) => (logical.to_owned(), attribute.to_owned()),
                None => return unknown("Fn::GetAtt without an attribute"),
            },
            None => match argument.list().unwrap_or_default() {
                [logical, attribute] => {
                    let attribute = self.value(attribute);
                    let Some(attribute) = attribute.as_str() else { return unknown(LATER) };
                    (logical.text().unwrap_or_default().to_owned(), attribute.to_owned())
                }
                _ => return unknown("Fn::GetAtt takes a resource and an attribute"),
            },
        };
        self.attribute_of(&logical, &attribute)
    }

    fn attribute_of(&mut self, logical: &str, attribute: &str) -> Value {
        let Some((id, arn)) = self.named(logical) else {
            return unknown(&format!("nothing is called {logical} in the template"));
        };
        match attribute {
            "Arn" => arn.unwrap_or(id).into(),
            _ if attribute.ends_with("Arn") => arn.unwrap_or(id).into(),
            // What a VPC brings with it is no resource of the template.
            "DefaultSecurityGroup" | "DefaultNetworkAcl" => unknown(&format!("{logical}.{attribute} is {LATER}")),
            _ if attribute == "Id"
                || attribute.ends_with("Id")
                || attribute.ends_with("Name") && attribute != "DomainName" =>
            {
                id.into()
            }
            _ => unknown(&format!("{logical}.{attribute} is {LATER}")),
        }
    }

    fn substitute(&mut self, argument: &Argument<'_>) -> Value {
        let (text, own) = match (argument.text(), argument.list()) {
            (Some(text), _) => (text.to_owned(), None),
            (None, Some([text, own])) => (text.text().unwrap_or_default().to_owned(), Some(own)),
            _ => return unknown("Fn::Sub takes a text"),
        };
        if text.contains("{{resolve:") {
            return unknown("a dynamic reference, resolved when the stack is made");
        }
        let mut made = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            made.push_str(before);
            let Some((name, tail)) = after.split_once('}') else {
                made.push_str("${");
                rest = after;
                continue;
            };
            rest = tail;
            if let Some(literal) = name.strip_prefix('!') {
                made.push_str("${");
                made.push_str(literal);
                made.push('}');
                continue;
            }
            let name = name.trim();
            let value = match own.and_then(|own| own.get(name)) {
                Some(node) => self.value(node),
                None => match name.split_once('.') {
                    Some((logical, attribute)) => self.attribute_of(logical, attribute),
                    None => self.reference(name),
                },
            };
            made.push_str(&as_text(&value));
            if made.len() > MADE {
                return unknown("the text is too large");
            }
        }
        made.push_str(rest);
        made.into()
    }

    fn join(&mut self, argument: &Argument<'_>) -> Value {
        let Some([between, parts]) = argument.list() else { return unknown("Fn::Join takes a delimiter and a list") };
        let between = between.text().unwrap_or_default().to_owned();
        match self.value(parts) {
            Value::Array(list) => list.iter().map(as_text).collect::<Vec<_>>().join(&between).into(),
            other => other,
        }
    }

    fn select(&mut self, argument: &Argument<'_>) -> Value {
        let Some([index, list]) = argument.list() else { return unknown("Fn::Select takes an index and a list") };
        let (index, list) = (self.value(index), self.value(list));
        let at = index.as_u64().or_else(|| index.as_str()?.parse().ok()).and_then(|at| usize::try_from(at).ok());
        match (at, list) {
            (Some(at), Value::Array(list)) => {
                list.get(at).cloned().unwrap_or_else(|| unknown("Fn::Select has no such element"))
            }
            (_, list) if reason(&list).is_some() => list,
            _ => unknown("Fn::Select has no such element"),
        }
    }

    fn split(&mut self, argument: &Argument<'_>) -> Value {
        let Some([by, text]) = argument.list() else { return unknown("Fn::Split takes a delimiter and a text") };
        let by = by.text().unwrap_or_default().to_owned();
        match self.value(text) {
            Value::String(text) if reason_of(&text).is_none() && !by.is_empty() => {
                text.split(by.as_str()).map(Value::from).collect()
            }
            other if reason(&other).is_some() => other,
            _ => unknown("Fn::Split of what is no text"),
        }
    }

    fn find_in_map(&mut self, argument: &Argument<'_>) -> Value {
        let Some(list) = argument.list().filter(|list| list.len() >= 3) else {
            return unknown("Fn::FindInMap takes a map and two keys");
        };
        let keys: Vec<Value> = list[..3].iter().map(|key| self.value(key)).collect();
        if let Some(dark) = keys.iter().find(|key| reason(key).is_some()) {
            return dark.clone();
        }
        let [map, first, second] = [as_text(&keys[0]), as_text(&keys[1]), as_text(&keys[2])];
        let found = self.root.get("Mappings").and_then(|all| all.get(&map)?.get(&first)?.get(&second));
        match (found, list.get(3).and_then(|options| options.get("DefaultValue"))) {
            (Some(node), _) | (None, Some(node)) => self.value(node),
            _ => unknown(&format!("the mapping {map} has no {first}, {second}")),
        }
    }

    fn choose(&mut self, argument: &Argument<'_>) -> Value {
        let Some([name, yes, no]) = argument.list() else { return unknown("Fn::If takes a condition and two values") };
        let name = name.text().unwrap_or_default();
        match self.named_condition(name) {
            Some(true) => self.value(yes),
            Some(false) => self.value(no),
            None => {
                let (yes, no) = (self.value(yes), self.value(no));
                // Either way the same.
                if yes == no { yes } else { unknown(&format!("the condition {name} cannot be decided")) }
            }
        }
    }
}

/// What a function is given.
enum Argument<'n> {
    Node(&'n Node),
    /// A short form's own node: its tag is the function.
    Untagged(&'n Node),
}

impl<'n> Argument<'n> {
    fn node(&self) -> &'n Node {
        match self {
            Self::Node(node) | Self::Untagged(node) => node,
        }
    }

    /// The text of a scalar that is no function itself.
    fn text(&self) -> Option<&'n str> {
        match self {
            Self::Node(node) if function(node).is_some() => None,
            _ => self.node().text(),
        }
    }

    fn list(&self) -> Option<&'n [Node]> {
        match self {
            Self::Node(node) if function(node).is_some() => None,
            _ => self.node().list(),
        }
    }

    fn value(&self, resolver: &mut Resolver<'_>) -> Value {
        match self {
            Self::Node(node) => resolver.value(node),
            Self::Untagged(node) => match &node.value {
                NodeValue::Scalar { text, style } => resolver.scalar(text, *style, node),
                NodeValue::List(list) => {
                    let values = list.iter().map(|element| resolver.value(element));
                    Value::Array(values.filter(|value| !value.is_null()).collect())
                }
                // `!Base64 {"Fn::Sub": ...}`: the map is a function of its own.
                NodeValue::Map(entries) => match &entries[..] {
                    [(key, argument)] if key.text().is_some_and(|key| key.starts_with("Fn::") || key == "Ref") => {
                        let name = key.text().unwrap_or_default();
                        resolver.call(name.strip_prefix("Fn::").unwrap_or(name), argument, node)
                    }
                    _ => resolver.map(entries),
                },
            },
        }
    }
}

/// A plain scalar of YAML 1.2's core schema. Numbers that would be written differently stay texts: account
/// ids begin with a zero, versions end with one.
fn plain(text: &str, null: bool) -> Value {
    if null {
        return Value::Null;
    }
    match text {
        "true" | "True" | "TRUE" => return true.into(),
        "false" | "False" | "FALSE" => return false.into(),
        _ => {}
    }
    if let Ok(number) = text.parse::<i64>()
        && number.to_string() == text
    {
        return number.into();
    }
    text.into()
}

/// A part of a longer text.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(_) | Value::Object(_) => unknown_text("a list or a map within a text"),
        other => other.to_string(),
    }
}
