//! What is left of a pack when its parameters have values: rules as AWS Config would create them.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use haechi_model::Scope;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::source::{Diagnostic, Position, Source};

/// A pack with its parameters applied and its conditions decided.
#[derive(Debug, Clone)]
pub struct ResolvedPack {
    pub name: String,
    /// The effective value of each parameter.
    pub parameters: BTreeMap<String, String>,
    pub rules: Vec<ResolvedRule>,
    pub remediations: Vec<Remediation>,
    /// Resources of other types, as they are.
    pub other: Vec<ResolvedResource>,
    /// What a condition leaves out.
    pub skipped: Vec<SkippedResource>,
    pub(super) source: Source,
}

/// One `AWS::Config::ConfigRule`.
#[derive(Debug, Clone)]
pub struct ResolvedRule {
    pub logical_id: String,
    /// `ConfigRuleName`, or the logical id.
    pub config_rule_name: String,
    pub description: Option<String>,
    pub owner: Owner,
    /// `SourceIdentifier`: a managed rule's identifier, a function's ARN; empty for a custom policy.
    pub identifier: String,
    pub custom_policy: Option<CustomPolicy>,
    /// `SourceDetails`, as they are.
    pub source_details: Value,
    /// `InputParameters`, as AWS passes them: texts.
    pub parameters: BTreeMap<String, String>,
    pub scope: Option<Scope>,
    pub frequency: Option<Frequency>,
    pub evaluation_modes: Vec<String>,
    /// Control ids that the pack itself names for the rule.
    pub controls: Vec<String>,
    pub depends_on: Vec<String>,
    /// Keys of the resource that AWS does not document, kept as they are.
    pub extra: BTreeMap<String, Value>,
    pub position: Position,
    pub(super) places: Places,
}

/// Where parts of a rule stand, for what is found later.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    pub identifier: Range<usize>,
    pub parameters: BTreeMap<String, Range<usize>>,
}

/// Whose rule it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Owner {
    Aws,
    CustomLambda,
    CustomPolicy,
}

impl Owner {
    pub const ALL: [Owner; 3] = [Owner::Aws, Owner::CustomLambda, Owner::CustomPolicy];

    pub const fn as_str(self) -> &'static str {
        match self {
            Owner::Aws => "AWS",
            Owner::CustomLambda => "CUSTOM_LAMBDA",
            Owner::CustomPolicy => "CUSTOM_POLICY",
        }
    }
}

/// A rule written in Guard within the pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomPolicy {
    /// Such as `guard-2.x.x`.
    pub runtime: String,
    pub text: String,
}

/// How often AWS Config runs a periodic rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Frequency {
    OneHour,
    ThreeHours,
    SixHours,
    TwelveHours,
    TwentyFourHours,
}

impl Frequency {
    pub const ALL: [Frequency; 5] = [
        Frequency::OneHour,
        Frequency::ThreeHours,
        Frequency::SixHours,
        Frequency::TwelveHours,
        Frequency::TwentyFourHours,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Frequency::OneHour => "One_Hour",
            Frequency::ThreeHours => "Three_Hours",
            Frequency::SixHours => "Six_Hours",
            Frequency::TwelveHours => "Twelve_Hours",
            Frequency::TwentyFourHours => "TwentyFour_Hours",
        }
    }

    pub const fn hours(self) -> u32 {
        match self {
            Frequency::OneHour => 1,
            Frequency::ThreeHours => 3,
            Frequency::SixHours => 6,
            Frequency::TwelveHours => 12,
            Frequency::TwentyFourHours => 24,
        }
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Frequency {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("`{text}` is no frequency of AWS Config: {known}")
        })
    }
}

/// One `AWS::Config::RemediationConfiguration`.
#[derive(Debug, Clone)]
pub struct Remediation {
    pub logical_id: String,
    pub config_rule_name: String,
    /// The Systems Manager document.
    pub target_id: String,
    pub automatic: bool,
    /// All properties, as they are.
    pub properties: Value,
    pub position: Position,
}

/// A resource of another type.
#[derive(Debug, Clone)]
pub struct ResolvedResource {
    pub logical_id: String,
    pub kind: String,
    pub properties: Value,
    pub position: Position,
}

/// A resource that is not there because its condition is false.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedResource {
    pub logical_id: String,
    pub condition: String,
}

impl ResolvedPack {
    /// Something is wrong with a rule's identifier.
    pub fn at_identifier(&self, rule: &ResolvedRule, message: impl Into<String>) -> Diagnostic {
        self.source.diagnostic(rule.places.identifier.clone(), message)
    }

    /// Something is wrong with one of a rule's parameters.
    pub fn at_parameter(&self, rule: &ResolvedRule, name: &str, message: impl Into<String>) -> Diagnostic {
        let place = rule.places.parameters.get(name).unwrap_or(&rule.places.identifier);
        self.source.diagnostic(place.clone(), message)
    }
}
