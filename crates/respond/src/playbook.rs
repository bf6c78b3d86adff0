//! A playbook: which facts are read, which calls are made on them, what shows that a call did its work, and how it is
//! undone. One file of content/playbooks; docs/respond.md explains each member.

use std::collections::BTreeMap;
use std::fmt;

use haechi_content::Text;
use haechi_content::{Diagnostic, Source, yaml};
use haechi_model::ContentHash;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// One file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    pub schema: u32,
    pub id: String,
    /// In a folder of the user's own: this file stands for Haechi's playbook of the same id.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overrides: bool,
    pub title: Text,
    pub why: Text,
    #[serde(default)]
    pub references: Vec<String>,
    #[serde(default)]
    pub inputs: InOrder<Input>,
    /// What is read, and what follows from it, in the order of the file.
    #[serde(default)]
    pub facts: InOrder<Fact>,
    /// When nothing is to be done, and why.
    #[serde(default)]
    pub refuse: Vec<Refusal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    pub steps: InOrder<Step>,
    #[serde(default)]
    pub examples: Vec<Example>,
}

/// Members of a map in the order in which they are written.
#[derive(Debug, Clone, PartialEq)]
pub struct InOrder<T>(pub Vec<(String, T)>);

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> InOrder<T> {
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, of)| (name.as_str(), of))
    }

    pub fn get(&self, name: &str) -> Option<&T> {
        self.iter().find(|(known, _)| *known == name).map(|(_, of)| of)
    }
}

impl<T: Serialize> Serialize for InOrder<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, of)| (name, of)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for InOrder<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for Members<T> {
            type Value = InOrder<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names with what they stand for")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(InOrder(members))
            }
        }
        deserializer.deserialize_map(Members(std::marker::PhantomData))
    }
}

/// Something that the user, or a finding, says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    #[serde(rename = "type")]
    pub kind: InputType,
    /// May be left out; then it is the default, or nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub default: Value,
    /// A regular expression for the whole of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
    pub meaning: Text,
    /// Where a finding has it: expressions over `finding`; the first that gives something counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputType {
    String,
    Int,
    Boolean,
    /// An address or a network, IPv4 or IPv6; it becomes a network.
    Address,
}

impl InputType {
    pub const fn as_str(self) -> &'static str {
        match self {
            InputType::String => "string",
            InputType::Int => "int",
            InputType::Boolean => "boolean",
            InputType::Address => "address",
        }
    }
}

/// A name for something read, or for an expression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
    /// Only then it is read; else the fact is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Read>,
}

/// `service Operation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    pub service: String,
    pub name: String,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.service, self.name)
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom(format!("`{text}` is not `service Operation`"));
        let (service, name) = text.split_once(' ').ok_or_else(wrong)?;
        let known = haechi_aws::operations().any(|known| known == (service, name));
        if !known {
            let message = format!("`{text}` is not among the API shapes (content/shapes/operations.txt)");
            return Err(serde::de::Error::custom(message));
        }
        Ok(Self { service: service.to_owned(), name: name.to_owned() })
    }
}

/// A call that changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    pub call: Operation,
    /// A template; without it the region of the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(default)]
    pub with: Value,
    /// An expression over `answer`, which is null when AWS has no such thing.
    pub take: String,
}

/// A call that changes something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub call: Operation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(default)]
    pub with: Value,
    /// The ARNs that a policy allows it on (templates); without them all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<String>,
    /// Further IAM actions that AWS asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    pub when: String,
    pub says: Text,
}

/// How many plans of this playbook may stand at the same time for one thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// A template: the thing.
    pub per: String,
    /// An expression.
    pub most: String,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it changes.
    pub title: Text,
    pub why: Text,
    /// A list: one such step for each element, which is called `each`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    pub change: Change,
    /// The state that the call changes.
    pub read: Read,
    /// Values of the reading's `answer` that are taken just before the call and compared with nothing, such as a
    /// lock token.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fresh: BTreeMap<String, String>,
    /// A condition over `state`: the work is done.
    pub done: String,
    /// The part of `state` that is ours, where others may change the rest meanwhile; without it all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Names for later steps: expressions over `state` after the call.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gives: BTreeMap<String, String>,
    pub undo: Undo,
}

/// How a step is taken back: the first call whose condition holds, or never.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// Why it is not taken back, or cannot be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub never: Option<Text>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<UndoCall>,
    /// A condition over `state` and `before`: it is as it was. Without it, our part of it equals that before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UndoCall {
    /// A condition over `before`, `after` and `state` (now).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    pub change: Change,
}

/// Inputs and what AWS answers, and the plan that must come of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    pub name: String,
    #[serde(default)]
    pub inputs: BTreeMap<String, Value>,
    #[serde(default)]
    pub finding: Value,
    /// Plans that stand already for the limit's thing.
    #[serde(default)]
    pub standing: u64,
    /// Answers in the order of the calls; null: there is no such thing.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// The calls of the plan, in their order; a step whose work is done already has none.
    #[serde(default)]
    pub calls: Vec<ExpectedCall>,
    /// Words of the refusal, instead of calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub call: Operation,
    /// What must be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Value>,
    #[serde(default)]
    pub answer: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCall {
    pub call: Operation,
    #[serde(default)]
    pub region: Option<String>,
    pub with: Value,
    /// The calls of the undo, those whose condition is not settled too; none where it is never undone.
    #[serde(default)]
    pub undo: Vec<ExpectedUndo>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedUndo {
    pub call: Operation,
    pub with: Value,
}

impl Playbook {
    /// Reads a file.
    ///
    /// # Errors
    /// What is malformed, with its place.
    pub fn read(name: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let source = Source::new(name, text);
        let root = yaml::read(&source, yaml::Limits::CONTENT).map_err(|error| vec![error])?;
        let playbook: Self = yaml::from_node(&root, &source).map_err(|error| vec![error])?;
        let problems = crate::check::problems(&playbook, &root, &source);
        if problems.is_empty() { Ok(playbook) } else { Err(problems) }
    }

    /// What the plan depends on: everything but titles and examples.
    pub fn hash(&self) -> ContentHash {
        let bare = Self { examples: Vec::new(), references: Vec::new(), ..self.clone() };
        ContentHash::of(serde_json::to_string(&bare).unwrap_or_default().as_bytes())
    }

    /// True when every change can be taken back exactly.
    pub fn is_undone(&self) -> bool {
        self.steps.iter().all(|(_, step)| step.undo.never.is_none())
    }
}
