//! Self-contained questions: one JSON object with the request and all policies. What a batch is made of, and
//! what tests are written in. The format is in docs/iam.md.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::caller::{Caller, CallerError, OrgPlace, Standing};
use crate::catalogue::Catalogue;
use crate::context::Context;
use crate::error::PolicyError;
use crate::kms_grant::{GrantConstraint, KmsGrant};
use crate::prepare::{PolicyKind, Prepared};
use crate::question::{BucketAccess, Level, Policies, Question};
use crate::reader::{Escapes, Reader};
use crate::resource::{Action, ActionError, Resource};

/// The longest question that is read: 64 MiB.
pub const MAX_QUESTION_BYTES: usize = 64 << 20;

/// Policies that were prepared before, since the lines of a batch repeat most of them.
#[derive(Debug)]
pub struct PolicyCache {
    prepared: HashMap<(PolicyKind, Box<str>, Box<str>), Arc<Prepared>>,
    bytes: usize,
    most_bytes: usize,
}

impl PolicyCache {
    /// Keeps policies of so many bytes of text, then starts anew.
    pub fn new(most_bytes: usize) -> PolicyCache {
        PolicyCache { prepared: HashMap::new(), bytes: 0, most_bytes }
    }

    fn get(&mut self, kind: PolicyKind, name: &str, text: &str) -> Result<Arc<Prepared>, PolicyError> {
        let key = (kind, Box::from(name), Box::from(text));
        if let Some(known) = self.prepared.get(&key) {
            return Ok(known.clone());
        }
        let prepared = Arc::new(Prepared::parse(kind, name, text)?);
        if self.bytes + text.len() > self.most_bytes {
            self.prepared.clear();
            self.bytes = 0;
        }
        if text.len() <= self.most_bytes {
            self.bytes += text.len();
            self.prepared.insert(key, prepared.clone());
        }
        Ok(prepared)
    }
}

/// Why a question cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    #[error("the question has {0} bytes, more than are read")]
    Long(usize),
    /// Not JSON, with the place.
    #[error("{0}")]
    NotJson(PolicyError),
    #[error("`{member}`: {reason}")]
    Member { member: String, reason: String },
    #[error("there is no `{0}`")]
    Missing(&'static str),
    #[error("`request.principal`: {0}")]
    Caller(#[from] CallerError),
    #[error("`request.action`: {0}")]
    Action(#[from] ActionError),
    /// The policy with its name in the question; the place counts in the policy.
    #[error("`{name}`: {error}")]
    Policy { name: String, error: PolicyError },
}

/// A question with everything in it.
#[derive(Debug)]
pub struct BatchQuestion {
    caller: Caller,
    action: Action,
    resource: Resource,
    context: Context,
    identity: Vec<Arc<Prepared>>,
    boundary: Vec<Arc<Prepared>>,
    session: Vec<Arc<Prepared>>,
    scps: Vec<Level>,
    rcps: Vec<Level>,
    resource_policy: Vec<Arc<Prepared>>,
    endpoint: Vec<Arc<Prepared>>,
    grants: Vec<KmsGrant>,
    bucket_access: BucketAccess,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    principal: PrincipalPart,
    action: String,
    resource: ResourcePart,
    /// In the order of the text: of two spellings of a key the last counts.
    context: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrincipalPart {
    #[serde(rename = "type")]
    kind: String,
    value: Option<String>,
    /// The rest is told only by those who know it.
    role_arn: Option<String>,
    unique_id: Option<String>,
    federating_user: Option<String>,
    canonical_id: Option<String>,
    tags: Option<HashMap<String, String>>,
    organization: Option<Place>,
    #[serde(default)]
    management_account: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourcePart {
    arn: String,
    account_id: Option<String>,
    tags: Option<HashMap<String, String>>,
    organization: Option<Place>,
    #[serde(default)]
    management_account: bool,
    #[serde(default)]
    aws_managed_key: bool,
}

#[derive(Deserialize)]
struct Place {
    id: String,
    #[serde(default)]
    paths: Vec<String>,
}

#[derive(Deserialize, Default)]
struct Settings {
    s3: Option<S3Settings>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct S3Settings {
    block_public_access: Option<bool>,
    bucket_abac_enabled: Option<bool>,
}

/// As KMS's ListGrants writes them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GrantPart {
    #[serde(default)]
    grant_id: String,
    key_id: Option<String>,
    grantee_principal: String,
    operations: Vec<String>,
    #[serde(default)]
    constraints: ConstraintPart,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct ConstraintPart {
    encryption_context_subset: Option<HashMap<String, String>>,
    encryption_context_equals: Option<HashMap<String, String>>,
    source_arn: Option<String>,
}

impl BatchQuestion {
    /// Reads one question. `catalogue` tells which actions have no resource types and which keys have many values.
    /// `now` is the moment of requests that do not tell theirs: ISO 8601, and seconds since 1970. The second part of
    /// the answer is its `id`, which is there even if the question cannot be asked.
    pub fn parse(
        text: &str,
        catalogue: &Catalogue,
        now: Option<(&str, i64)>,
        cache: &mut PolicyCache,
    ) -> (Result<BatchQuestion, BatchError>, Value) {
        if text.len() > MAX_QUESTION_BYTES {
            return (Err(BatchError::Long(text.len())), Value::Null);
        }
        match Parts::split(text) {
            Ok(parts) => {
                let id = parts.find("id").and_then(|id| serde_json::from_str(id).ok()).unwrap_or(Value::Null);
                (Self::from_parts(&parts, catalogue, now, cache), id)
            }
            Err(error) => (Err(BatchError::NotJson(error)), Value::Null),
        }
    }

    /// The question that is asked.
    pub fn question(&self) -> Question<'_> {
        Question {
            caller: &self.caller,
            action: &self.action,
            resource: &self.resource,
            context: &self.context,
            policies: Policies {
                scps: &self.scps,
                rcps: &self.rcps,
                endpoint: &self.endpoint,
                session: &self.session,
                resource: &self.resource_policy,
                identity: &self.identity,
                boundary: &self.boundary,
                grants: &self.grants,
                bucket_access: self.bucket_access,
            },
        }
    }

    fn from_parts(
        parts: &Parts<'_>,
        catalogue: &Catalogue,
        now: Option<(&str, i64)>,
        cache: &mut PolicyCache,
    ) -> Result<BatchQuestion, BatchError> {
        let request: Request = read("request", parts.find("request").ok_or(BatchError::Missing("request"))?)?;
        let settings: Settings = match parts.present("settings") {
            Some(text) => read("settings", text)?,
            None => Settings::default(),
        };
        let action = catalogue.asked(&request.action)?;
        let resource = resource(&request.resource, &settings);
        let caller = caller(request.principal)?;
        let mut context = Context::new();
        if let Some((iso, seconds)) = now {
            context.set_now(iso, seconds);
        }
        for (key, value) in request.context.iter().flatten() {
            give(&mut context, catalogue, key, value)?;
        }
        let trust = action.service() == "sts";
        let about_resource = if trust { PolicyKind::Trust } else { PolicyKind::Resource };
        let grants: Vec<GrantPart> = match parts.present("grants") {
            Some(text) => read("grants", text)?,
            None => Vec::new(),
        };
        let grants = grants.into_iter().map(|grant| kms_grant(grant, &resource)).collect();
        let mut policies = |kind, member: &str| match parts.present(member) {
            Some(text) => list(kind, member, text, cache),
            None => Ok(Vec::new()),
        };
        Ok(BatchQuestion {
            identity: policies(PolicyKind::Identity, "identityPolicies")?,
            boundary: policies(PolicyKind::Boundary, "permissionBoundaries")?,
            session: policies(PolicyKind::Session, "sessionPolicy")?,
            resource_policy: policies(about_resource, "resourcePolicy")?,
            endpoint: policies(PolicyKind::Endpoint, "endpointPolicies")?,
            scps: levels(PolicyKind::ServiceControl, "scps", parts, cache)?,
            rcps: levels(PolicyKind::ResourceControl, "rcps", parts, cache)?,
            bucket_access: match settings.s3.as_ref().and_then(|s3| s3.block_public_access) {
                Some(true) => BucketAccess::RestrictPublicBuckets,
                _ => BucketAccess::Unrestricted,
            },
            caller,
            action,
            resource,
            context,
            grants,
        })
    }
}

fn caller(part: PrincipalPart) -> Result<Caller, BatchError> {
    let wrong = |reason: &str| BatchError::Member { member: "request.principal".to_owned(), reason: reason.to_owned() };
    let value = part.value.as_deref();
    let named = || value.filter(|value| !value.is_empty()).ok_or_else(|| wrong("there is no `value`"));
    let mut caller = match part.kind.to_ascii_lowercase().as_str() {
        "anonymous" => Caller::anonymous(),
        "service" => Caller::service(named()?),
        "federated" => Caller::federated(named()?),
        "arn" => Caller::from_arn(named()?)?,
        _ => return Err(wrong("`type` is Arn, Anonymous, Service or Federated")),
    };
    if let Some(role) = &part.role_arn {
        caller = caller.with_role(role);
    }
    if let Some(id) = &part.unique_id {
        caller = caller.with_unique_id(id);
    }
    if let Some(user) = &part.federating_user {
        caller = caller.with_federating_user(user);
    }
    if let Some(id) = &part.canonical_id {
        caller = caller.with_canonical_id(id);
    }
    if let Some(tags) = &part.tags {
        caller = caller.with_tags(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    }
    if let Some(place) = part.organization {
        caller = caller.with_org(Some(org_place(place)));
    }
    Ok(caller.with_standing(standing(part.management_account)))
}

fn resource(part: &ResourcePart, settings: &Settings) -> Resource {
    let mut resource = Resource::new(&part.arn).with_standing(standing(part.management_account));
    if let Some(account) = part.account_id.as_deref().filter(|account| !account.is_empty()) {
        resource = resource.in_account(account);
    }
    if let Some(tags) = &part.tags {
        resource = resource.with_tags(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    }
    if let Some(place) = &part.organization {
        let place = Place { id: place.id.clone(), paths: place.paths.clone() };
        resource = resource.with_org(Some(org_place(place)));
    }
    if part.aws_managed_key {
        resource = resource.aws_managed_key();
    }
    if settings.s3.as_ref().and_then(|s3| s3.bucket_abac_enabled) == Some(false) {
        resource = resource.without_bucket_abac();
    }
    resource
}

fn standing(management_account: bool) -> Standing {
    if management_account { Standing::Management } else { Standing::Member }
}

fn org_place(place: Place) -> OrgPlace {
    OrgPlace { id: place.id.into(), paths: place.paths.into_iter().map(Box::from).collect() }
}

fn kms_grant(part: GrantPart, resource: &Resource) -> KmsGrant {
    let pairs = |pairs: HashMap<String, String>| {
        pairs.into_iter().map(|(key, value)| (key.into_boxed_str(), value.into_boxed_str())).collect()
    };
    let ConstraintPart { encryption_context_subset, encryption_context_equals, source_arn } = part.constraints;
    let mut constraints = Vec::new();
    constraints.extend(encryption_context_subset.map(|set| GrantConstraint::EncryptionContextSubset(pairs(set))));
    constraints.extend(encryption_context_equals.map(|set| GrantConstraint::EncryptionContextEquals(pairs(set))));
    constraints.extend(source_arn.map(|arn| GrantConstraint::SourceArn(arn.into())));
    let key = part.key_id.as_deref().unwrap_or(resource.arn());
    let operations = part.operations.iter().map(String::as_str);
    KmsGrant::new(&part.grant_id, key, &part.grantee_principal, operations, constraints)
}

fn give(context: &mut Context, catalogue: &Catalogue, key: &str, value: &Value) -> Result<(), BatchError> {
    let wrong = || BatchError::Member {
        member: format!("request.context.{key}"),
        reason: "a value is a string, number or boolean, or a list of them".to_owned(),
    };
    match value {
        Value::Null => {
            context.set_absent(key);
        }
        Value::Array(values) => {
            let texts = values.iter().map(scalar).collect::<Option<Vec<String>>>().ok_or_else(wrong)?;
            context.tell(catalogue, key, &texts.iter().map(String::as_str).collect::<Vec<_>>());
        }
        single => {
            context.tell(catalogue, key, &[&scalar(single).ok_or_else(wrong)?]);
        }
    }
    Ok(())
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn read<'t, T: Deserialize<'t>>(member: &str, text: &'t str) -> Result<T, BatchError> {
    serde_json::from_str(text)
        .map_err(|error| BatchError::Member { member: member.to_owned(), reason: error.to_string() })
}

/// One policy or a list of them.
fn list(kind: PolicyKind, name: &str, text: &str, cache: &mut PolicyCache) -> Result<Vec<Arc<Prepared>>, BatchError> {
    if !text.starts_with('[') {
        return Ok(vec![policy(kind, name, text, cache)?]);
    }
    elements(text)
        .map_err(BatchError::NotJson)?
        .into_iter()
        .enumerate()
        .map(|(index, text)| policy(kind, &format!("{name}[{index}]"), text, cache))
        .collect()
}

/// A policy: the document, its text in a string, or either of them as `policy` beside its `name`.
fn policy(kind: PolicyKind, place: &str, text: &str, cache: &mut PolicyCache) -> Result<Arc<Prepared>, BatchError> {
    // A document that does not even split is told by the parser of policies.
    if text.starts_with('{')
        && let Ok(parts) = Parts::split(text)
        && parts.find("Statement").is_none()
        && let Some(inner) = parts.find("policy")
    {
        let name = parts.find("name").and_then(|name| serde_json::from_str::<String>(name).ok());
        return document(kind, name.as_deref().unwrap_or(place), inner, cache);
    }
    document(kind, place, text, cache)
}

fn document(kind: PolicyKind, name: &str, text: &str, cache: &mut PolicyCache) -> Result<Arc<Prepared>, BatchError> {
    if text.starts_with('"') {
        let inner: String = read(name, text)?;
        return prepare(kind, name, &inner, cache);
    }
    prepare(kind, name, text, cache)
}

fn prepare(kind: PolicyKind, name: &str, text: &str, cache: &mut PolicyCache) -> Result<Arc<Prepared>, BatchError> {
    cache.get(kind, name, text).map_err(|error| BatchError::Policy { name: name.to_owned(), error })
}

/// Levels of SCPs or RCPs: `{"target", "policies"}`.
fn levels(
    kind: PolicyKind,
    member: &'static str,
    parts: &Parts<'_>,
    cache: &mut PolicyCache,
) -> Result<Vec<Level>, BatchError> {
    let Some(text) = parts.present(member) else { return Ok(Vec::new()) };
    let mut levels = Vec::new();
    for (index, text) in elements(text).map_err(BatchError::NotJson)?.into_iter().enumerate() {
        let place = format!("{member}[{index}]");
        let parts = Parts::split(text).map_err(BatchError::NotJson)?;
        let target: Option<String> = parts.present("target").map(|target| read(&place, target)).transpose()?;
        let policies = match parts.present("policies") {
            Some(text) => list(kind, &format!("{place}.policies"), text, cache)?,
            None => Vec::new(),
        };
        levels.push(Level { target: target.unwrap_or(place).into(), policies });
    }
    Ok(levels)
}

/// The members of a JSON object, each value as its text.
struct Parts<'t>(Vec<(std::borrow::Cow<'t, str>, &'t str)>);

impl<'t> Parts<'t> {
    fn split(text: &'t str) -> Result<Parts<'t>, PolicyError> {
        let mut reader = Reader::new(text);
        let mut members = Vec::new();
        reader.expect(b'{', "an object")?;
        if !reader.take(b'}') {
            loop {
                let key = reader.string("a name in quotes")?;
                let name = match key.escapes {
                    Escapes::None => text[key.start..key.end].into(),
                    Escapes::Some => {
                        let mut name = String::new();
                        reader.unescape(key, &mut name)?;
                        name.into()
                    }
                };
                reader.expect(b':', "`:`")?;
                members.push((name, value(&mut reader, text)?));
                if reader.take(b'}') {
                    break;
                }
                reader.expect(b',', "`,` or `}`")?;
            }
        }
        reader.finish()?;
        Ok(Parts(members))
    }

    /// The last member of that name, as JSON readers take it.
    fn find(&self, name: &str) -> Option<&'t str> {
        self.0.iter().rev().find(|(own, _)| own == name).map(|(_, text)| *text)
    }

    /// The same, `null` being as good as nothing.
    fn present(&self, name: &str) -> Option<&'t str> {
        self.find(name).filter(|text| *text != "null")
    }
}

/// The elements of a JSON list, each as its text.
fn elements(text: &str) -> Result<Vec<&str>, PolicyError> {
    let mut reader = Reader::new(text);
    let mut elements = Vec::new();
    reader.expect(b'[', "a list")?;
    if !reader.take(b']') {
        loop {
            elements.push(value(&mut reader, text)?);
            if reader.take(b']') {
                break;
            }
            reader.expect(b',', "`,` or `]`")?;
        }
    }
    reader.finish()?;
    Ok(elements)
}

fn value<'t>(reader: &mut Reader<'t>, text: &'t str) -> Result<&'t str, PolicyError> {
    reader.peek();
    let start = reader.at();
    reader.skip_value()?;
    Ok(&text[start..reader.at()])
}
