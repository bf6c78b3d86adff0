//! Functions of policies and access control lists, which the `iam` engine reads and judges.
//!
//! A document is parsed once for an item, however many rules ask for it.

use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::LazyLock;

use haechi_iam::acl::Acl;
use haechi_iam::catalogue::Catalogue;
use haechi_iam::lint::{LintFinding, LintKind, Linter};
use haechi_iam::{Policy, PublicStatement, ResourceKind, ResourceScope, StatementMatch};
use serde_json::{Value, json};

use crate::frame::{Frame, Parsed};
use crate::value::Val;

/// The text of a document: as it stands, or of the object that some sources have parsed already.
/// `None` for one that is absent or empty.
fn document<'v>(name: &str, value: &'v Val<'_>) -> Result<Option<std::borrow::Cow<'v, str>>, String> {
    match value {
        Val::Null => Ok(None),
        Val::Node(..) | Val::Map(_) if !value.is_list() => match value.member("policyText") {
            Val::Null if value.has_key(&Val::Text("policyText")) => Ok(None),
            _ => Ok(Some(value.to_json().to_string().into())),
        },
        _ => match value.text() {
            Some(text) if text.trim().is_empty() => Ok(None),
            Some(text) => Ok(Some(text.into())),
            None => Err(format!("`{name}` needs a document, not a value of type {}", value.type_name())),
        },
    }
}

pub fn policy<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let value = &arguments[0];
    if let Val::Policy(_) = value {
        return value.clone();
    }
    let known = |parsed: &Parsed| match parsed {
        Parsed::Policy(policy) => Some(Val::Policy(policy.clone())),
        Parsed::Acl(_) => None,
    };
    if let Some(policy) = value.text().and_then(|text| frame.parsed(text, known)) {
        return policy;
    }
    match document("policy", value) {
        Err(why) => Val::failed(why),
        Ok(None) => Val::Null,
        Ok(Some(text)) => match Policy::parse_any(&text) {
            // AWS Config writes `{"policyText": null}` for a bucket without a policy, sometimes as a text.
            Err(_) if says_none(&text) => Val::Null,
            Err(error) => Val::failed(format!("policy: {error}")),
            Ok(policy) => {
                let policy = Rc::new(policy);
                if let Val::Text(text) = value {
                    frame.keep_parsed(text, Parsed::Policy(policy.clone()));
                }
                Val::Policy(policy)
            }
        },
    }
}

fn says_none(text: &str) -> bool {
    match serde_json::from_str(text) {
        Ok(Value::Null) => true,
        Ok(Value::Object(members)) => members.get("policyText") == Some(&Value::Null),
        _ => false,
    }
}

pub fn acl<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let value = &arguments[0];
    if let Val::Acl(_) = value {
        return value.clone();
    }
    let known = |parsed: &Parsed| match parsed {
        Parsed::Acl(acl) => Some(Val::Acl(acl.clone())),
        Parsed::Policy(_) => None,
    };
    if let Some(acl) = value.text().and_then(|text| frame.parsed(text, known)) {
        return acl;
    }
    match document("acl", value) {
        Err(why) => Val::failed(why),
        Ok(None) => Val::Null,
        Ok(Some(text)) => match Acl::parse(&text) {
            Err(error) => Val::failed(format!("acl: {error}")),
            Ok(acl) => {
                let acl = Rc::new(acl);
                if let Val::Text(text) = value {
                    frame.keep_parsed(text, Parsed::Acl(acl.clone()));
                }
                Val::Acl(acl)
            }
        },
    }
}

/// Steps that a question about a policy costs, beside reading it.
const QUESTION_STEPS: usize = 64;

/// Asks a policy; an absent one grants nothing.
fn of_policy<'a>(name: &str, value: &Val<'a>, none: Val<'a>, body: impl FnOnce(&Policy) -> Val<'a>) -> Val<'a> {
    match value {
        Val::Null => none,
        Val::Policy(policy) => body(policy),
        other => Val::failed(format!("`{name}` needs a policy, not a value of type {}", other.type_name())),
    }
}

/// The texts among arguments that are texts or lists of texts.
fn patterns<'a>(name: &str, arguments: &[Val<'a>]) -> Result<Vec<String>, Val<'a>> {
    let mut texts = Vec::new();
    for argument in arguments {
        if let Some(text) = argument.text() {
            texts.push(text.to_owned());
            continue;
        }
        let mut wrong = None;
        argument.each(|element| match element.text() {
            Some(text) => {
                texts.push(text.to_owned());
                ControlFlow::Continue(())
            }
            None => {
                wrong = Some(Val::failed(format!("`{name}` needs texts, not a value of type {}", element.type_name())));
                ControlFlow::Break(())
            }
        })?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
    }
    Ok(texts)
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn statement(policy: &Policy, index: usize, sid: Option<&str>, reason: Value) -> Value {
    let written = policy.statement(index).map(|statement| statement.to_json()).unwrap_or_default();
    let statement: Value = serde_json::from_str(&written).unwrap_or_default();
    json!({"sid": sid, "index": index, "reason": reason, "statement": statement})
}

fn public<'a>(policy: &Policy, found: &[PublicStatement]) -> Val<'a> {
    let shown = |found: &PublicStatement| {
        let reason = serde_json::to_value(&found.reason).unwrap_or_default();
        Val::of_json(&statement(policy, found.index, found.sid.as_deref(), reason))
    };
    Val::list(found.iter().map(shown).collect())
}

fn matched<'a>(policy: &Policy, found: &[StatementMatch]) -> Val<'a> {
    let shown = |found: &StatementMatch| {
        let reason = json!({"actions": found.actions});
        Val::of_json(&statement(policy, found.index, found.sid.as_deref(), reason))
    };
    Val::list(found.iter().map(shown).collect())
}

fn empty<'a>() -> Val<'a> {
    Val::Consts(&[])
}

/// What "public" means depends on what the policy stands on.
fn kind_of(resource_type: &str) -> ResourceKind {
    match resource_type {
        "AWS::S3::Bucket" => ResourceKind::S3Bucket,
        "AWS::S3::AccessPoint" => ResourceKind::S3AccessPoint,
        "AWS::Lambda::Function" => ResourceKind::LambdaFunction,
        "AWS::SQS::Queue" => ResourceKind::SqsQueue,
        "AWS::SNS::Topic" => ResourceKind::SnsTopic,
        "AWS::KMS::Key" => ResourceKind::KmsKey,
        "AWS::IAM::Role" => ResourceKind::Role,
        _ => ResourceKind::Other,
    }
}

fn public_by<'a>(frame: &mut Frame<'a>, name: &str, arguments: &[Val<'a>], kind: ResourceKind) -> Val<'a> {
    if let Err(spent) = frame.charge(QUESTION_STEPS) {
        return spent;
    }
    let actions = match patterns(name, &arguments[1..]) {
        Ok(actions) => actions,
        Err(why) => return why,
    };
    of_policy(name, &arguments[0], empty(), |policy| {
        public(policy, &policy.public_statements(kind, &borrowed(&actions)))
    })
}

pub fn public_statements<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let kind = kind_of(frame.item.key().resource_type.as_str());
    public_by(frame, "publicStatements", arguments, kind)
}

pub fn lambda_public_statements<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    public_by(frame, "lambdaPublicStatements", arguments, ResourceKind::LambdaFunction)
}

pub fn admin_statements<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    of_policy("adminStatements", &arguments[0], empty(), |policy| matched(policy, &policy.grants_admin()))
}

pub fn full_access_statements<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    of_policy("fullAccessStatements", &arguments[0], empty(), |policy| {
        matched(policy, &policy.full_access_statements())
    })
}

fn allowing_on<'a>(name: &str, arguments: &[Val<'a>], scope: ResourceScope<'_>) -> Val<'a> {
    let actions = match patterns(name, &arguments[1..]) {
        Ok(actions) => actions,
        Err(why) => return why,
    };
    if actions.is_empty() {
        // No action asked for: the engine would take that as any.
        return empty();
    }
    of_policy(name, &arguments[0], empty(), |policy| {
        matched(policy, &policy.statements_allowing(&borrowed(&actions), scope))
    })
}

pub fn allowing<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    allowing_on("allowing", arguments, ResourceScope::Everything)
}

pub fn allowing_on_all_keys<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    allowing_on("allowingOnAllKeys", arguments, ResourceScope::AllKmsKeys)
}

pub fn requires_secure_transport<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let bucket = arguments[1].text().unwrap_or_default();
    of_policy("requiresSecureTransport", &arguments[0], Val::Bool(false), |policy| {
        Val::Bool(policy.requires_secure_transport(bucket))
    })
}

pub fn trusts_everyone<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    of_policy("trustsEveryone", &arguments[0], empty(), |policy| public(policy, &policy.trusts_everyone()))
}

pub fn trusted_accounts<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    of_policy("trustedAccounts", &arguments[0], empty(), |policy| {
        Val::list(policy.trusted_accounts().into_iter().map(Val::made).collect())
    })
}

pub fn trusted_services<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    of_policy("trustedServices", &arguments[0], empty(), |policy| {
        Val::list(policy.trusted_services().into_iter().map(Val::made).collect())
    })
}

pub fn public_grants<'a>(_: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    let permissions = match patterns("publicGrants", &arguments[1..]) {
        Ok(permissions) => permissions,
        Err(why) => return why,
    };
    match &arguments[0] {
        Val::Null => empty(),
        Val::Acl(acl) => {
            let grants = acl.public_grants(&borrowed(&permissions));
            let shown = |grant| Val::of_json(&serde_json::to_value(grant).unwrap_or_default());
            Val::list(grants.into_iter().map(shown).collect())
        }
        other => Val::failed(format!("`publicGrants` needs an ACL, not a value of type {}", other.type_name())),
    }
}

/// What checking a document costs.
const CHECK_STEPS: usize = 2000;

/// The table of actions that Haechi ships with, ready to check by. None: it cannot be read, which a test excludes.
fn linter() -> Option<&'static Linter<'static>> {
    static CATALOGUE: LazyLock<Option<Catalogue>> =
        LazyLock::new(|| Catalogue::read(haechi_content::iam::actions()).ok());
    static LINTER: LazyLock<Option<Linter<'static>>> = LazyLock::new(|| CATALOGUE.as_ref().map(Linter::new));
    LINTER.as_ref()
}

/// What AWS's policy validation would say of a document of a kind: `identity`, `resource`, `trust`, `scp`, `rcp`.
pub fn policy_findings<'a>(frame: &mut Frame<'a>, arguments: &[Val<'a>]) -> Val<'a> {
    if let Err(spent) = frame.charge(CHECK_STEPS) {
        return spent;
    }
    let wanted = arguments[1].text().unwrap_or_default();
    let Some(kind) = LintKind::ALL.into_iter().find(|kind| kind.as_str() == wanted) else {
        return Val::failed(format!("`policyFindings` knows no kind of policy `{wanted}`"));
    };
    let text = match document("policyFindings", &arguments[0]) {
        Ok(Some(text)) if !says_none(&text) => text,
        Ok(_) => return Val::list(Vec::new()),
        Err(why) => return Val::failed(why),
    };
    let Some(linter) = linter() else { return Val::failed("the table of actions cannot be read") };
    match linter.check_any(&text, kind) {
        Err(error) => Val::failed(format!("policy: {error}")),
        Ok(report) => {
            let finding = |finding: &LintFinding| {
                json!({"check": finding.check.id(), "class": finding.check.class().as_str(), "statement": finding.statement,
                       "sid": finding.sid, "line": finding.position.line})
            };
            Val::list(report.findings.iter().map(|one| Val::of_json(&finding(one))).collect())
        }
    }
}
