//! Looks for faults in a policy's text as AWS's policy validation does, under AWS's names for the checks.
//! The document is read leniently, so that one fault does not hide the others.

mod actions;
mod checks;
mod conditions;
mod document;
mod json;
mod keys;
mod network;
mod principals;
mod regions;
mod resources;
mod roles;
mod statements;
mod trust;
mod values;
mod variables;

use std::collections::HashMap;

pub use checks::{Check, CheckClass, CheckState};

use crate::catalogue::{ArnTemplate, Catalogue};
use crate::decode::decoded;
use crate::error::PolicyError;
use crate::position::{Places, Position, Span};
use document::Document;

/// Which kind of policy a document is. It decides which checks apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LintKind {
    /// Of a user, group or role; also a permissions boundary and a session policy.
    Identity,
    Resource,
    Trust,
    Scp,
    Rcp,
}

impl LintKind {
    pub const ALL: [LintKind; 5] =
        [LintKind::Identity, LintKind::Resource, LintKind::Trust, LintKind::Scp, LintKind::Rcp];

    pub const fn as_str(self) -> &'static str {
        match self {
            LintKind::Identity => "identity",
            LintKind::Resource => "resource",
            LintKind::Trust => "trust",
            LintKind::Scp => "scp",
            LintKind::Rcp => "rcp",
        }
    }
}

/// What a resource policy is attached to, as far as checks depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceKindLimits {
    /// The CloudFormation type, as AWS's validation names it.
    pub name: &'static str,
    /// Whose actions it may name.
    services: &'static [&'static str],
    /// The most characters, white space counted as AWS does.
    bytes: usize,
}

/// The kinds of resources whose policies are checked more closely.
pub const RESOURCE_KINDS: [ResourceKindLimits; 9] = [
    ResourceKindLimits { name: "AWS::S3::Bucket", services: &["s3"], bytes: 20_480 },
    ResourceKindLimits { name: "AWS::S3::AccessPoint", services: &["s3"], bytes: 20_480 },
    ResourceKindLimits { name: "AWS::S3::MultiRegionAccessPoint", services: &["s3"], bytes: 20_480 },
    ResourceKindLimits {
        name: "AWS::S3ObjectLambda::AccessPoint",
        services: &["s3", "s3-object-lambda"],
        bytes: 20_480,
    },
    ResourceKindLimits { name: "AWS::DynamoDB::Table", services: &["dynamodb"], bytes: 20_480 },
    ResourceKindLimits { name: "AWS::KMS::Key", services: &["kms"], bytes: 32_768 },
    ResourceKindLimits { name: "AWS::SNS::Topic", services: &["sns"], bytes: 30_720 },
    ResourceKindLimits { name: "AWS::SQS::Queue", services: &["sqs"], bytes: 8_192 },
    ResourceKindLimits { name: "AWS::SecretsManager::Secret", services: &["secretsmanager"], bytes: 20_480 },
];

impl ResourceKindLimits {
    /// The kind of a name, in any letter case.
    pub fn of(name: &str) -> Option<&'static ResourceKindLimits> {
        RESOURCE_KINDS.iter().find(|kind| kind.name.eq_ignore_ascii_case(name))
    }
}

/// Something that a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintFinding {
    pub check: Check,
    /// The number of the statement, from 0; none: it is about the document.
    pub statement: Option<usize>,
    pub sid: Option<String>,
    pub span: Span,
    pub position: Position,
    /// For the message.
    pub arguments: Vec<(&'static str, String)>,
    /// The name that was probably meant.
    pub meant: Option<String>,
}

/// What the checks go by.
#[derive(Debug)]
pub struct Linter<'c> {
    catalogue: &'c Catalogue,
    /// The forms of ARNs by their service.
    templates: HashMap<&'c str, Vec<ArnTemplate<'c>>>,
}

/// What was found in a document, and as what it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintReport {
    pub kind: LintKind,
    pub findings: Vec<LintFinding>,
}

impl<'c> Linter<'c> {
    pub fn new(catalogue: &'c Catalogue) -> Linter<'c> {
        let mut templates: HashMap<&str, Vec<ArnTemplate<'c>>> = HashMap::new();
        for service in catalogue.services() {
            for kind in service.resource_types() {
                let arn = kind.arn();
                let Some(owner) = arn.as_str().split(':').nth(2) else { continue };
                // A recovery point is of any service that can be backed up.
                let owner = if owner.contains('$') { service.prefix() } else { owner };
                let list = templates.entry(owner).or_default();
                if !list.contains(&arn) {
                    list.push(arn);
                }
            }
        }
        Linter { catalogue, templates }
    }

    /// Checks a document as AWS hands it out: URL-encoded, in a JSON string. Places count in the decoded text.
    ///
    /// # Errors
    /// The encoding is none.
    pub fn check_any(&self, text: &str, kind: LintKind) -> Result<LintReport, PolicyError> {
        Ok(self.check(&decoded(text)?, Some(kind), None))
    }

    /// Checks a document. Without a kind it is guessed from what the statements have.
    pub fn check(
        &self,
        text: &str,
        kind: Option<LintKind>,
        resource: Option<&'static ResourceKindLimits>,
    ) -> LintReport {
        let mut out = Out { text, findings: Vec::new(), statement: None, sid: None };
        let Some(document) = Document::read(text, &mut out) else {
            return LintReport { kind: kind.unwrap_or(LintKind::Identity), findings: placed(text, out.findings) };
        };
        let kind = kind.unwrap_or_else(|| if resource.is_some() { LintKind::Resource } else { document.guess() });
        let run = Run { linter: self, kind, resource, text, document: &document };
        statements::check_document(&run, &mut out);
        for statement in &document.statements {
            out.statement = Some(statement.index);
            out.sid = statement.sid.as_ref().and_then(|node| node.text()).map(str::to_owned);
            statements::check(&run, statement, &mut out);
            actions::check(&run, statement, &mut out);
            resources::check(&run, statement, &mut out);
            principals::check(&run, statement, &mut out);
            variables::check(&run, statement, &mut out);
            conditions::check(&run, statement, &mut out);
            roles::check(&run, statement, &mut out);
            if kind == LintKind::Trust {
                trust::check(statement, &mut out);
            }
        }
        LintReport { kind, findings: placed(text, out.findings) }
    }
}

/// The findings in the order of the text, with their lines and columns.
fn placed(text: &str, mut findings: Vec<LintFinding>) -> Vec<LintFinding> {
    findings.sort_by_key(|finding| (finding.span.start, finding.check));
    findings.dedup_by(|a, b| a.check == b.check && a.span == b.span && a.arguments == b.arguments);
    let mut places = Places::new(text);
    for finding in &mut findings {
        finding.position = places.at(finding.span.start);
    }
    findings
}

/// One document on its way through the checks.
struct Run<'r, 'c, 't> {
    linter: &'r Linter<'c>,
    kind: LintKind,
    resource: Option<&'static ResourceKindLimits>,
    text: &'t str,
    document: &'r Document<'t>,
}

/// Where findings go.
struct Out<'t> {
    text: &'t str,
    findings: Vec<LintFinding>,
    statement: Option<usize>,
    sid: Option<String>,
}

/// A document with more findings than this is shown by its first.
const MOST_FINDINGS: usize = 10_000;

impl Out<'_> {
    fn find(&mut self, check: Check, span: Span) {
        self.find_with(check, span, Vec::new(), None);
    }

    fn find_named(&mut self, check: Check, span: Span, argument: &'static str, value: &str) {
        self.find_with(check, span, vec![(argument, clip(value))], None);
    }

    fn find_with(&mut self, check: Check, span: Span, arguments: Vec<(&'static str, String)>, meant: Option<String>) {
        if self.findings.len() >= MOST_FINDINGS {
            return;
        }
        self.findings.push(LintFinding {
            check,
            statement: self.statement,
            sid: self.sid.clone(),
            span,
            // Told at the end, when all places are known in their order.
            position: Position { line: 1, column: 1 },
            arguments,
            meant,
        });
    }
}

/// Values in messages are kept short, whatever the document holds.
fn clip(value: &str) -> String {
    const LONGEST: usize = 120;
    match value.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value.to_owned(),
    }
}

/// The nearest of some names, if one is near enough to have been meant.
fn nearest<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    /// Longer words are no typing mistakes.
    const LONGEST: usize = 80;
    if wanted.len() > LONGEST {
        return None;
    }
    let lower = wanted.to_ascii_lowercase();
    let far = (wanted.len() / 4).clamp(1, 4);
    names
        .filter(|name| name.len().abs_diff(wanted.len()) <= far)
        .map(|name| (strsim::osa_distance(&lower, &name.to_ascii_lowercase()), name))
        .filter(|(distance, _)| *distance <= far)
        .min()
        .map(|(_, name)| name.to_owned())
}
