//! The filter expressions of suppressions: parsed once, with positions in errors, and matched on
//! [`Finding`] values.
//!
//! `account = '111122223333' AND (arn ~ 'arn:aws:s3:::x-*' OR tag.env IN ('dev', 'test'))`

use std::fmt;

use haechi_model::{EntityKind, Finding, Severity, ThreatOrigin};

use crate::threats::StoredThreat;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::glob::glob_matches;

/// The longest filter, in bytes.
pub const MAX_LENGTH: usize = 16 * 1024;
/// How deep parentheses and NOTs may be nested.
pub const MAX_DEPTH: usize = 64;

/// A filter over findings. Displayed, stored and serialized as the text it was parsed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterExpression {
    text: String,
    root: Term,
}

/// The text is not a filter expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {}: {message}", self.column())]
pub struct FilterError {
    /// The filter as it was given; its beginning, when it is too long.
    pub text: String,
    /// Byte position in the text.
    pub at: usize,
    pub message: String,
}

impl FilterError {
    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        self.text.get(..self.at).map_or(1, |before| before.chars().count() + 1)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    Any(Vec<Term>),
    All(Vec<Term>),
    Not(Box<Term>),
    Equals(Field, Vec<String>),
    Glob(Field, String),
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
        if text.len() > MAX_LENGTH {
            let shown = text.chars().take(80).collect();
            let message = format!("the filter has {} bytes; the limit is {MAX_LENGTH}", text.len());
            return Err(FilterError { text: shown, at: 0, message });
        }
        let mut parser = Parser { text, at: 0, depth: 0 };
        let root = parser.any()?;
        parser.space();
        if parser.at < text.len() {
            return Err(parser.error("expected AND, OR or the end"));
        }
        Ok(Self { text: text.trim().to_owned(), root })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the finding is one of those that the filter describes.
    pub fn matches(&self, finding: &Finding) -> bool {
        self.root.matches(finding)
    }

    /// Whether the threat is one of those that the filter describes.
    pub fn matches_threat(&self, threat: &StoredThreat) -> bool {
        self.root.matches(threat)
    }
}

/// What has the fields that filters speak of.
trait Fielded {
    /// Whether one of the field's values passes; a field without a value never does.
    fn any(&self, field: &Field, test: &mut dyn FnMut(&str) -> bool) -> bool;
}

impl Term {
    fn matches(&self, finding: &impl Fielded) -> bool {
        match self {
            Term::Any(terms) => terms.iter().any(|term| term.matches(finding)),
            Term::All(terms) => terms.iter().all(|term| term.matches(finding)),
            Term::Not(term) => !term.matches(finding),
            Term::Equals(Field::Ou, wanted) => {
                finding.any(&Field::Ou, &mut |path| wanted.iter().any(|ou| in_ou(path, ou)))
            }
            Term::Equals(field, wanted) => finding.any(field, &mut |value| wanted.iter().any(|text| text == value)),
            Term::Glob(field, pattern) => finding.any(field, &mut |value| glob_matches(pattern, value)),
        }
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

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn error_at(&self, at: usize, message: impl Into<String>) -> FilterError {
        FilterError { text: self.text.to_owned(), at, message: message.into() }
    }

    fn error(&self, message: impl Into<String>) -> FilterError {
        self.error_at(self.at, message)
    }

    /// Takes a sign such as `(` or `!=`, when it is next.
    fn sign(&mut self, sign: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    /// The letters, digits and signs that may stand without quotes.
    fn word(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "_-.:/@+".contains(c))).unwrap_or(rest.len());
        &rest[..end]
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        self.space();
        let found = self.word().eq_ignore_ascii_case(keyword);
        if found {
            self.at += keyword.len();
        }
        found
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, FilterError>) -> Result<T, FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(format!("the filter is nested deeper than {MAX_DEPTH}")));
        }
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn any(&mut self) -> Result<Term, FilterError> {
        let mut terms = vec![self.all()?];
        while self.keyword("OR") {
            terms.push(self.all()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Term::Any(terms) })
    }

    fn all(&mut self) -> Result<Term, FilterError> {
        let mut terms = vec![self.one()?];
        while self.keyword("AND") {
            terms.push(self.one()?);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Term::All(terms) })
    }

    fn one(&mut self) -> Result<Term, FilterError> {
        if self.keyword("NOT") {
            return Ok(Term::Not(Box::new(self.deeper(Self::one)?)));
        }
        let open = self.at;
        if self.sign("(") {
            let inner = self.deeper(Self::any)?;
            if !self.sign(")") {
                let column = self.text[..open].chars().count() + 1;
                return Err(self.error(format!("expected `)` for the `(` of column {column}")));
            }
            return Ok(inner);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Term, FilterError> {
        let field = self.field()?;
        if self.sign("!=") || self.sign("<>") {
            Ok(Term::Not(Box::new(Term::Equals(field.clone(), vec![self.value(&field)?]))))
        } else if self.sign("=") {
            Ok(Term::Equals(field.clone(), vec![self.value(&field)?]))
        } else if self.sign("!~") {
            Ok(Term::Not(Box::new(Term::Glob(field, self.text_value()?))))
        } else if self.sign("~") {
            Ok(Term::Glob(field, self.text_value()?))
        } else if self.keyword("NOT") {
            if !self.keyword("IN") {
                return Err(self.error("expected IN after NOT"));
            }
            Ok(Term::Not(Box::new(self.list(field)?)))
        } else if self.keyword("IN") {
            self.list(field)
        } else {
            Err(self.error("expected =, !=, ~ (a glob), !~ or IN"))
        }
    }

    fn list(&mut self, field: Field) -> Result<Term, FilterError> {
        if !self.sign("(") {
            return Err(self.error("expected `(` after IN"));
        }
        let mut values = vec![self.value(&field)?];
        while self.sign(",") {
            values.push(self.value(&field)?);
        }
        if !self.sign(")") {
            return Err(self.error("expected `,` or `)`"));
        }
        Ok(Term::Equals(field, values))
    }

    fn field(&mut self) -> Result<Field, FilterError> {
        self.space();
        let (at, word) = (self.at, self.word());
        if let Some(tag) = word.get(..4).filter(|start| start.eq_ignore_ascii_case("tag.")).map(|_| &word[4..]) {
            self.at += 4;
            if tag.is_empty() {
                // Keys with other signs are quoted: tag.'cost center'
                return if self.rest().starts_with('\'') {
                    self.quoted().map(Field::Tag)
                } else {
                    Err(self.error("expected a tag's key after `tag.`"))
                };
            }
            self.at += tag.len();
            return Ok(Field::Tag(tag.to_owned()));
        }
        if let Some((_, field)) = FIELDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
            self.at += word.len();
            return Ok(field.clone());
        }
        let names = FIELDS.map(|(name, _)| name).join(", ");
        Err(match word {
            "" => self.error("expected a field, NOT or `(`"),
            _ => self.error_at(at, format!("there is no field `{word}`: the fields are {names} and tag.KEY")),
        })
    }

    /// A value that the field can have: a mistyped severity would never match and nobody would know.
    fn value(&mut self, field: &Field) -> Result<String, FilterError> {
        self.space();
        let at = self.at;
        let value = self.text_value()?;
        let checked = match field {
            Field::Severity => value.parse::<Severity>().map(|severity| severity.as_str().to_owned()),
            Field::Status if !["open", "resolved"].contains(&&*value) => {
                Err(format!("`{value}` is not a status: open or resolved"))
            }
            Field::Account if value.len() != 12 || value.bytes().any(|byte| !byte.is_ascii_digit()) => {
                Err(format!("`{value}` is not an AWS account id (12 digits)"))
            }
            _ => Ok(value),
        };
        checked.map_err(|message| self.error_at(at, message))
    }

    fn text_value(&mut self) -> Result<String, FilterError> {
        self.space();
        if self.rest().starts_with('\'') {
            return self.quoted();
        }
        let word = self.word();
        if word.is_empty() {
            return Err(self.error("expected a value such as 'prod'"));
        }
        self.at += word.len();
        Ok(word.to_owned())
    }

    /// `'text'`; a quote inside is written twice.
    fn quoted(&mut self) -> Result<String, FilterError> {
        let open = self.at;
        let mut value = String::new();
        self.at += 1;
        loop {
            let Some(end) = self.rest().find('\'') else {
                return Err(self.error_at(open, "this text has no closing quote"));
            };
            value.push_str(&self.rest()[..end]);
            self.at += end + 1;
            if !self.rest().starts_with('\'') {
                return Ok(value);
            }
            value.push('\'');
            self.at += 1;
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
