//! The filter expressions of suppressions: their fields, and what of a [`Finding`] or a threat each stands for.
//!
//! `account = '111122223333' AND (arn ~ 'arn:aws:s3:::x-*' OR tag.env IN ('dev', 'test'))`

use std::fmt;

use haechi_model::filter::{Grammar, Term, Words};
use haechi_model::{EntityKind, Finding, Severity, ThreatOrigin};

use crate::threats::StoredThreat;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::glob::glob_matches;

pub use haechi_model::filter::FilterError;

/// A filter over findings. Displayed, stored and serialized as the text it was parsed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterExpression {
    text: String,
    root: Term<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Field {
    Id,
    Kind,
    Rule,
    Instance,
    Partition,
    Account,
    AccountName,
    Region,
    Ou,
    Type,
    Service,
    Resource,
    Name,
    Arn,
    Owner,
    Severity,
    Control,
    Status,
    SubKey,
    Tag(String),
    /// Of threats only: addresses, principals, calls and user agents of the events that they rest on.
    Address,
    Principal,
    Api,
    UserAgent,
    Attack,
    Origin,
}

const FIELDS: [(&str, Field); 25] = [
    ("account", Field::Account),
    ("accountName", Field::AccountName),
    ("address", Field::Address),
    ("api", Field::Api),
    ("arn", Field::Arn),
    ("attack", Field::Attack),
    ("control", Field::Control),
    ("id", Field::Id),
    ("instance", Field::Instance),
    ("kind", Field::Kind),
    ("name", Field::Name),
    ("origin", Field::Origin),
    ("ou", Field::Ou),
    ("owner", Field::Owner),
    ("partition", Field::Partition),
    ("principal", Field::Principal),
    ("region", Field::Region),
    ("resource", Field::Resource),
    ("rule", Field::Rule),
    ("service", Field::Service),
    ("severity", Field::Severity),
    ("status", Field::Status),
    ("subKey", Field::SubKey),
    ("type", Field::Type),
    ("userAgent", Field::UserAgent),
];

impl FilterExpression {
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Ok(Self { text: text.trim().to_owned(), root: Term::parse(&FindingFields, text)? })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the finding is one of those that the filter describes.
    pub fn matches(&self, finding: &Finding) -> bool {
        holds(&self.root, finding)
    }

    /// Whether the threat is one of those that the filter describes.
    pub fn matches_threat(&self, threat: &StoredThreat) -> bool {
        holds(&self.root, threat)
    }
}

/// What has the fields that filters speak of.
trait Fielded {
    /// Whether one of the field's values passes; a field without a value never does.
    fn any(&self, field: &Field, test: &mut dyn FnMut(&str) -> bool) -> bool;
}

fn holds(term: &Term<Field>, finding: &impl Fielded) -> bool {
    match term {
        Term::Any(terms) => terms.iter().any(|term| holds(term, finding)),
        Term::All(terms) => terms.iter().all(|term| holds(term, finding)),
        Term::Not(term) => !holds(term, finding),
        Term::Equals(Field::Ou, wanted) => finding.any(&Field::Ou, &mut |path| wanted.iter().any(|ou| in_ou(path, ou))),
        Term::Equals(field, wanted) => finding.any(field, &mut |value| wanted.iter().any(|text| text == value)),
        Term::Glob(field, pattern) => finding.any(field, &mut |value| glob_matches(pattern, value)),
        Term::Null(field) => !finding.any(field, &mut |_| true),
        // No field of findings is a number.
        Term::Compare(..) => false,
    }
}

/// Whether an OU path is the unit or lies below it: `Root/Prod/Web` is in `Root/Prod`, `Root/Production` is not.
pub(crate) fn in_ou(path: &str, ou: &str) -> bool {
    let ou = ou.strip_suffix('/').unwrap_or(ou);
    path.strip_prefix(ou).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Fielded for Finding {
    fn any(&self, field: &Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let finding = self;
        let subject = &finding.subject;
        let key = &subject.key;
        let one = match field {
            Field::Id => return test(&finding.id.to_string()),
            Field::Instance => return test(&finding.rule_instance.to_string()),
            Field::Control => return finding.controls.iter().any(|control| test(control)),
            Field::Kind => Some(finding.kind.as_str()),
            Field::Rule => Some(&*finding.rule),
            Field::Address | Field::Principal | Field::Api | Field::UserAgent | Field::Attack | Field::Origin => None,
            Field::Partition => Some(key.partition.as_str()),
            Field::Account => Some(key.account_id.as_str()),
            Field::AccountName => subject.account_name.as_deref(),
            Field::Region => Some(key.region.as_str()),
            Field::Ou => subject.ou_path.as_deref(),
            Field::Type => Some(key.resource_type.as_str()),
            Field::Service => Some(key.resource_type.service()),
            Field::Resource => Some(&*key.resource_id),
            Field::Name => subject.resource_name.as_deref(),
            Field::Arn => subject.arn.as_deref(),
            Field::Owner => subject.owner.as_deref(),
            Field::Severity => Some(finding.severity.as_str()),
            Field::Status => Some(if finding.is_open() { "open" } else { "resolved" }),
            Field::SubKey => Some(&*finding.sub_key),
            Field::Tag(name) => subject.tags.get(name).map(String::as_str),
        };
        one.is_some_and(test)
    }
}

impl Fielded for StoredThreat {
    fn any(&self, field: &Field, test: &mut dyn FnMut(&str) -> bool) -> bool {
        let threat = &self.threat;
        let evidence = threat.evidence.iter();
        let one = match field {
            Field::Id => return test(&threat.id.to_string()),
            Field::Attack => return threat.attack.iter().any(|technique| test(technique)),
            Field::Address => {
                let others = threat.others.iter().filter(|other| other.kind == EntityKind::Address);
                let others = others.map(|other| other.id.as_str());
                return evidence.filter_map(|seen| seen.address.as_deref()).chain(others).any(test);
            }
            Field::Principal => return evidence.filter_map(|seen| seen.principal.as_deref()).any(test),
            Field::UserAgent => return evidence.filter_map(|seen| seen.user_agent.as_deref()).any(test),
            Field::Api => return evidence.map(|seen| seen.name.as_str()).any(test),
            Field::Kind => Some("threat"),
            Field::Rule => Some(&*threat.kind),
            Field::Partition => Some(threat.partition.as_str()),
            Field::Account => Some(threat.account.as_str()),
            Field::AccountName => self.account_name.as_deref(),
            Field::Region => Some(threat.region.as_str()),
            Field::Ou => self.ou_path.as_deref(),
            Field::Type => Some(threat.entity.kind.as_str()),
            // `Persistence:IAMUser/...` is of IAMUser.
            Field::Service => {
                threat.kind.split_once(':').and_then(|(_, rest)| rest.split_once('/')).map(|(service, _)| service)
            }
            Field::Resource | Field::Name => Some(&*threat.entity.id),
            Field::Arn => Some(&*threat.entity.id).filter(|id| id.starts_with("arn:")),
            Field::Severity => Some(threat.severity().as_str()),
            Field::Status => Some("open"),
            Field::Origin => match threat.origin {
                ThreatOrigin::GuardDuty => Some("guardduty"),
                ThreatOrigin::Haechi => Some("haechi"),
                ThreatOrigin::Sigma => Some("sigma"),
            },
            Field::Instance | Field::Control | Field::Owner | Field::SubKey | Field::Tag(_) => None,
        };
        one.is_some_and(test)
    }
}

/// What filters over findings and threats may name.
struct FindingFields;

impl Grammar for FindingFields {
    type Field = Field;

    fn field(&self, words: &mut Words<'_>) -> Result<Field, FilterError> {
        let (at, word) = (words.place(), words.word());
        if let Some(tag) = word.get(..4).filter(|start| start.eq_ignore_ascii_case("tag.")).map(|_| &word[4..]) {
            words.take(4);
            if tag.is_empty() {
                // Keys with other signs are quoted: tag.'cost center'
                return if words.is_quoted() {
                    words.quoted().map(Field::Tag)
                } else {
                    Err(words.error("expected a tag's key after `tag.`"))
                };
            }
            words.take(tag.len());
            return Ok(Field::Tag(tag.to_owned()));
        }
        if let Some((_, field)) = FIELDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
            words.take(word.len());
            return Ok(field.clone());
        }
        let names = FIELDS.map(|(name, _)| name).join(", ");
        Err(match word {
            "" => words.error("expected a field, NOT or `(`"),
            _ => words.error_at(at, format!("there is no field `{word}`: the fields are {names} and tag.KEY")),
        })
    }

    /// A value that the field can have: a mistyped severity would never match and nobody would know.
    fn value(&self, field: &Field, value: String) -> Result<String, String> {
        match field {
            Field::Severity => value.parse::<Severity>().map(|severity| severity.as_str().to_owned()),
            Field::Status if !["open", "resolved"].contains(&&*value) => {
                Err(format!("`{value}` is not a status: open or resolved"))
            }
            Field::Account if value.len() != 12 || value.bytes().any(|byte| !byte.is_ascii_digit()) => {
                Err(format!("`{value}` is not an AWS account id (12 digits)"))
            }
            _ => Ok(value),
        }
    }
}

impl fmt::Display for FilterExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl std::str::FromStr for FilterExpression {
    type Err = FilterError;
    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

impl Serialize for FilterExpression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for FilterExpression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[path = "filter_expression_tests.rs"]
mod tests;
