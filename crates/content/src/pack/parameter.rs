//! A pack's parameters: what the template says of each, and whether a value fits.

use std::collections::BTreeMap;
use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::expr::{Pseudo, plain_text};
use crate::source::{Diagnostic, Source};
use crate::yaml::{Node, NodeValue};

/// One parameter of a pack.
#[derive(Debug, Clone)]
pub struct PackParameter {
    pub name: String,
    /// `String`, `Number`, `CommaDelimitedList`...
    pub kind: String,
    /// The empty text is a default too: packs use it for "unset".
    pub default: Option<String>,
    pub description: Option<String>,
    pub allowed_values: Vec<String>,
    pub(super) allowed_pattern: Option<Regex>,
    pub(super) constraint: Option<String>,
    pub(super) length: (Option<f64>, Option<f64>),
    pub(super) value: (Option<f64>, Option<f64>),
    pub(super) span: Range<usize>,
}

/// The values that a pack is resolved with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParameterValues {
    /// By the parameters' names; one that is not here has its default.
    pub values: BTreeMap<String, String>,
    /// What `AWS::Region`, `AWS::AccountId` and `AWS::Partition` stand for.
    pub region: Option<String>,
    pub account_id: Option<String>,
    pub partition: Option<String>,
}

impl ParameterValues {
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    pub(super) fn pseudo(&self, pseudo: Pseudo) -> Option<&str> {
        match pseudo {
            Pseudo::Region => self.region.as_deref(),
            Pseudo::AccountId => self.account_id.as_deref(),
            Pseudo::Partition => self.partition.as_deref(),
        }
    }
}

/// A compiled pattern may take this much memory.
const PATTERN_BYTES: usize = 1 << 20;

/// Reads one entry of `Parameters`.
pub(super) fn read(
    key: &Node,
    node: &Node,
    source: &Source,
    notes: &mut Vec<Diagnostic>,
) -> Result<PackParameter, Diagnostic> {
    let name = key.text().unwrap_or_default().to_owned();
    let wrong = |node: &Node, message: String| source.diagnostic(node.span(), message);
    if node.entries().is_none() {
        return Err(wrong(key, format!("the parameter `{name}` has no members")));
    }
    let text = |member: &str| match node.get(member) {
        None => Ok(None),
        Some(value) if value.is_null() => Ok(None),
        Some(value) => scalar(value)
            .map(Some)
            .ok_or_else(|| wrong(value, format!("`{member}` of the parameter `{name}` is one value, no list or map"))),
    };
    let number = |member: &str| match text(member)? {
        None => Ok(None),
        Some(value) => match value.parse::<f64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(wrong(node.at(&[member]), format!("`{member}` is a number"))),
        },
    };
    let Some(kind) = text("Type")? else {
        return Err(wrong(key, format!("the parameter `{name}` has no `Type`")).help("write `Type: String`"));
    };
    let allowed_values = match node.get("AllowedValues").map(|values| (values, values.list())) {
        None => Vec::new(),
        Some((values, None)) => return Err(wrong(values, "`AllowedValues` is a list".to_owned())),
        Some((_, Some(list))) => list.iter().filter_map(scalar).collect(),
    };
    let allowed_pattern = match text("AllowedPattern")? {
        None => None,
        Some(pattern) => match RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(PATTERN_BYTES).build() {
            Ok(regex) => Some(regex),
            Err(_) => {
                let message =
                    format!("the pattern of `{name}` is not one that Haechi can read; values are not held to it");
                notes.push(wrong(node.at(&["AllowedPattern"]), message));
                None
            }
        },
    };
    Ok(PackParameter {
        kind,
        // `Default:` with nothing is the empty text, as CloudFormation reads it.
        default: text("Default")?.or_else(|| node.get("Default").map(|_| String::new())),
        description: text("Description")?,
        allowed_values,
        allowed_pattern,
        constraint: text("ConstraintDescription")?,
        length: (number("MinLength")?, number("MaxLength")?),
        value: (number("MinValue")?, number("MaxValue")?),
        span: key.span(),
        name,
    })
}

/// A scalar as AWS passes it on.
pub(super) fn scalar(node: &Node) -> Option<String> {
    match &node.value {
        NodeValue::Scalar { text, style } if !node.is_null() => Some(plain_text(text, *style)),
        NodeValue::Scalar { .. } => Some(String::new()),
        _ => None,
    }
}

impl PackParameter {
    /// Why a value does not fit, if it does not.
    pub(super) fn refuses(&self, value: &str) -> Option<String> {
        let name = &self.name;
        let within = |number: f64, (least, most): (Option<f64>, Option<f64>)| {
            least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most)
        };
        let reason = if !self.allowed_values.is_empty() && !self.allowed_values.iter().any(|one| one == value) {
            format!("it is one of: {}", self.allowed_values.join(", "))
        } else if self.allowed_pattern.as_ref().is_some_and(|pattern| !pattern.is_match(value)) {
            match &self.constraint {
                Some(text) => text.clone(),
                None => "it does not match the parameter's pattern".to_owned(),
            }
        } else if self.kind == "Number" && value.parse::<f64>().is_err() {
            "it is a number".to_owned()
        } else if !within(value.chars().count() as f64, self.length) {
            format!("its length is {}", range(self.length))
        } else if let Ok(number) = value.parse::<f64>()
            && !within(number, self.value)
        {
            format!("it is {}", range(self.value))
        } else {
            return None;
        };
        let shown: String = value.chars().take(60).collect();
        Some(format!("the parameter `{name}` cannot be `{shown}`: {reason}"))
    }
}

fn range(limits: (Option<f64>, Option<f64>)) -> String {
    match limits {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, Some(most)) => format!("at most {most}"),
        (None, None) => "free".to_owned(),
    }
}
