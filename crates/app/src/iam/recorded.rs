//! One question to the recorded organization: `haechi iam simulate --principal ... --action ... --resource ...`.

use haechi_access::{Reason, Target, World};
use haechi_iam::{Context, Decision, LayerVerdict, Prepared, Question, Tri, Verdict};
use haechi_model::Message;
use haechi_report::{Cell, Column, Fit, Table};
use serde_json::{Value, json};

use super::request::{AccessScope, action, subject};
use super::words;
use super::world::{cautions, left_out};
use crate::App;
use crate::error::{Result, UserError};

/// Who asks for what.
#[derive(Debug, Clone)]
pub struct AccessRequest {
    pub principal: String,
    pub action: String,
    pub resource: String,
    pub scope: AccessScope,
}

/// The decision.
#[derive(Debug, Clone)]
pub struct AccessDecision {
    pub allowed: bool,
    /// Layer by layer, with the decision below.
    pub table: Table,
    pub record: Value,
    /// What the record lacks.
    pub cautions: Vec<Message>,
}

impl App {
    /// Decides one request as AWS would, over everything that was recorded.
    ///
    /// # Errors
    /// A word is no principal, action or ARN; there is no record.
    pub fn simulate_recorded(&self, request: &AccessRequest) -> Result<AccessDecision> {
        let catalogue = self.iam_catalogue()?;
        let asked = action(&catalogue, &request.action)?;
        let context = request.scope.fill(self, &catalogue, Context::new())?;
        let world = self.world(request.scope.as_of.as_deref())?;
        let subject = subject(&world, &request.principal)?;
        if subject.principal.is_none() && is_of_a_recorded_account(&world, subject.caller.account(), &request.principal)
        {
            return Err(UserError::said("access-no-principal")
                .arg("name", &request.principal)
                .help("advice-resources-list"));
        }
        let target = request.scope.target(&world, &request.resource)?;
        let mut question = world.question(&subject, &asked, &target, &context, request.scope.guardrails());
        let endpoint = endpoint(&world, &request.scope);
        question.policies.endpoint = &endpoint;
        let decision = question.explain();
        let reasons: Vec<Reason> =
            decision.because.iter().map(|because| Reason::of(because, subject.principal)).collect();
        Ok(AccessDecision {
            allowed: decision.verdict == Verdict::Allowed,
            record: record(request, &world, &question, &decision, &reasons),
            table: table(&decision, &reasons),
            cautions: cautions(&world).into_iter().chain(about(&target, &world, &request.scope)).collect(),
        })
    }
}

/// Users and roles of accounts whose principals were recorded are known, or they do not exist.
fn is_of_a_recorded_account(world: &World, account: &str, word: &str) -> bool {
    let known = world.account(account).is_some_and(|account| account.principals > 0 && account.gap.is_none());
    known && [":user/", ":role/", ":assumed-role/"].iter().any(|kind| word.contains(kind))
}

/// The policy of the VPC endpoint that the context names.
fn endpoint(world: &World, scope: &AccessScope) -> Vec<std::sync::Arc<Prepared>> {
    let policy = endpoint_name(scope).and_then(|id| world.endpoint_policy(id)).flatten();
    policy.into_iter().cloned().collect()
}

fn endpoint_name(scope: &AccessScope) -> Option<&str> {
    scope.context.iter().find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.eq_ignore_ascii_case("aws:SourceVpce").then_some(value)
    })
}

/// What of this request's own pieces was not recorded, and is not counted.
fn about(target: &Target<'_>, world: &World, scope: &AccessScope) -> Vec<Message> {
    let mut cautions = Vec::from_iter(left_out(target));
    if let Some(id) = endpoint_name(scope).filter(|id| world.endpoint_policy(id).is_none()) {
        cautions.push(Message::new("access-gap-endpoint").with("name", id));
    }
    cautions
}

fn record(
    request: &AccessRequest,
    world: &World,
    question: &Question<'_>,
    decision: &Decision<'_>,
    reasons: &[Reason],
) -> Value {
    let layers: Vec<Value> = decision.layers.iter().map(layer_record).collect();
    let missing: Vec<Value> = decision
        .missing
        .iter()
        .map(|missing| match missing {
            haechi_iam::Missing::Level { target, .. } => json!({"what": missing.name(), "target": target}),
            _ => json!({"what": missing.name()}),
        })
        .collect();
    let unrecorded: Vec<Value> = decision
        .unrecorded
        .iter()
        .map(|(layer, policy)| json!({"layer": layer.name(), "policy": policy.name()}))
        .collect();
    let faults: Vec<Value> = question
        .faults()
        .map(|(policy, fault)| {
            json!({"policy": policy.name(), "statement": fault.statement, "line": fault.position.line,
                   "column": fault.position.column, "message": fault.kind.to_string()})
        })
        .collect();
    json!({
        "principal": request.principal,
        "action": request.action,
        "resource": request.resource,
        "resourceAccount": question.resource.account(),
        "decision": decision.verdict.name(),
        "decidable": decision.outcome.allowed != Tri::Maybe,
        "conditional": decision.conditional,
        "layers": layers,
        "because": reasons,
        "missing": missing,
        "unknown": decision.unknown,
        "unrecorded": unrecorded,
        "rule": decision.rule,
        "faults": faults,
        "gaps": world.gaps(),
    })
}

fn layer_record(verdict: &LayerVerdict<'_>) -> Value {
    let mut record = json!({"layer": verdict.layer.name(), "verdict": verdict.effect.name()});
    if let Some(target) = verdict.target {
        record["target"] = json!(target);
    }
    if let haechi_iam::LayerEffect::Exempt(exemption) = verdict.effect {
        record["exemption"] = json!(exemption);
    }
    record
}

fn table(decision: &Decision<'_>, reasons: &[Reason]) -> Table {
    let mut rows = Vec::new();
    for verdict in &decision.layers {
        let of_layer = |reason: &&Reason| reason.layer == verdict.layer.name();
        // The statements of several levels stand with the level that says so.
        let here =
            verdict.target.is_none() || words::effect(verdict.effect) == words::effect(haechi_iam::LayerEffect::Denies);
        let statements: Vec<String> = reasons.iter().filter(of_layer).filter(|_| here).map(words::statement).collect();
        let lines: Vec<String> =
            reasons.iter().filter(of_layer).filter(|_| here).map(|reason| reason.line.to_string()).collect();
        rows.push(vec![
            words::layer(verdict.layer),
            verdict.target.into(),
            words::effect(verdict.effect),
            Cell::List(statements),
            Cell::Text(lines.join(", ")),
        ]);
    }
    Table {
        columns: vec![
            Column::new("layer", "access-column-layer", Fit::Whole),
            Column::new("target", "access-column-target", Fit::Whole),
            Column::new("verdict", "access-column-verdict", Fit::Whole),
            Column::new("statements", "access-column-statements", Fit::End),
            Column::new("line", "access-column-line", Fit::Whole),
        ],
        rows,
        empty: Message::new("access-no-layers"),
        notes: notes(decision),
    }
}

/// The decision and what it hangs on, as sentences.
fn notes(decision: &Decision<'_>) -> Vec<Message> {
    let undecided = decision.outcome.allowed == Tri::Maybe;
    let mut notes = vec![words::verdict(decision.verdict, undecided)];
    notes.extend(decision.rule.map(words::rule));
    if !undecided {
        notes.extend(decision.missing.iter().map(words::missing));
    }
    if !decision.unknown.is_empty() {
        let id = if decision.conditional { "access-unknown-matter" } else { "access-unknown" };
        notes.push(Message::new(id).with("keys", decision.unknown.join(", ")));
    }
    if !decision.unrecorded.is_empty() {
        let mut names: Vec<&str> = decision.unrecorded.iter().map(|(_, policy)| policy.name()).collect();
        names.dedup();
        notes.push(Message::new("access-unrecorded").with("names", names.join(", ")));
    }
    notes
}
