//! Judges items by rule instances: one evaluation for each instance that is about the item.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use haechi_content::RuleScope;
use haechi_model::{
    Compliance, ConfigurationItem, ContentHash, Evaluation, InstanceId, Message, Read, ResourceType, RuleInstance,
    Scope, Timestamp,
};
use serde_json::{Value, json};

use crate::frame::{Frame, Recording};
use crate::program::{Check, Program};
use crate::rule::CompiledRule;
use crate::value::{Const, Truth, Unknown, Val};
use crate::world::{Look, World};

/// Pieces of evidence that an evaluation carries at most; one more says how many were left out.
pub const MAX_EVIDENCE: usize = 20;

/// Characters of a sentence's argument at most.
const MAX_ARGUMENT: usize = 2000;

/// Rule instances, ready to judge any item.
pub struct Judge {
    entries: Vec<Entry>,
    by_type: HashMap<ResourceType, Vec<usize>>,
    by_instance: HashMap<InstanceId, usize>,
}

struct Entry {
    rule: Arc<CompiledRule>,
    instance: RuleInstance,
    /// The instance's parameters, in the order of the program.
    parameters: Vec<Const>,
}

impl Entry {
    /// Whether the instance is about this item, its type aside.
    fn is_about(&self, item: &ConfigurationItem) -> bool {
        let global = item.key().region.is_global();
        let scope = self.instance.scope.as_ref();
        match self.rule.scope {
            RuleScope::Account => global,
            RuleScope::AccountRegion => !global,
            RuleScope::Resource => scope.is_none_or(|scope| in_scope(scope, item)),
        }
    }
}

/// A pack's scope narrows rules about resources. Rules about accounts have none: AWS's packs name
/// types there that the rule never reports on.
fn in_scope(scope: &Scope, item: &ConfigurationItem) -> bool {
    let key = item.key();
    let tag = |name: &String| item.tag(name).is_some_and(|value| scope.tag_value.as_ref().is_none_or(|v| v == value));
    (scope.resource_types.is_empty() || scope.resource_types.contains(&key.resource_type))
        && scope.resource_id.as_ref().is_none_or(|id| **id == *key.resource_id)
        && scope.tag_key.as_ref().is_none_or(tag)
}

impl Judge {
    pub fn new(rules: Vec<(Arc<CompiledRule>, RuleInstance)>) -> Self {
        let mut judge = Self { entries: Vec::new(), by_type: HashMap::new(), by_instance: HashMap::new() };
        for (rule, instance) in rules {
            if judge.by_instance.contains_key(&instance.id) {
                continue;
            }
            let place = judge.entries.len();
            for of in &rule.resources {
                judge.by_type.entry(of.clone()).or_default().push(place);
            }
            judge.by_instance.insert(instance.id, place);
            let value = |name: &String| instance.parameters.get(name).map_or(Const::Null, Const::of);
            let parameters = rule.parameters.iter().map(value).collect();
            judge.entries.push(Entry { rule, instance, parameters });
        }
        judge
    }

    pub fn instances(&self) -> impl ExactSizeIterator<Item = (&CompiledRule, &RuleInstance)> {
        self.entries.iter().map(|entry| (&*entry.rule, &entry.instance))
    }

    /// The rule and the parameters of an instance.
    pub fn instance(&self, id: &InstanceId) -> Option<(&CompiledRule, &RuleInstance)> {
        let entry = &self.entries[*self.by_instance.get(id)?];
        Some((&entry.rule, &entry.instance))
    }

    /// The types that a world must hold: neighbours that some rule looks at.
    pub fn needed_types(&self) -> BTreeSet<ResourceType> {
        self.entries.iter().flat_map(|entry| entry.rule.neighbours()).cloned().collect()
    }

    /// Whether some rule asks about the whole organization: the world must then hold its access.
    pub fn asks(&self) -> bool {
        self.entries.iter().any(|entry| entry.rule.asks())
    }

    /// The types that some rule judges.
    pub fn judged_types(&self) -> BTreeSet<ResourceType> {
        self.by_type.keys().cloned().collect()
    }

    fn about<'j>(&'j self, item: &'j ConfigurationItem) -> impl Iterator<Item = &'j Entry> {
        let places = match item.status().is_deleted() {
            true => &[][..],
            false => self.by_type.get(&item.key().resource_type).map_or(&[][..], Vec::as_slice),
        };
        places.iter().map(|place| &self.entries[*place]).filter(|entry| entry.is_about(item))
    }

    /// All evaluations of an item, in the order of the rules. A deleted item gives none.
    pub fn evaluate(
        &self,
        world: &World,
        now: Timestamp,
        item: &ConfigurationItem,
        recording: Recording,
    ) -> Vec<Evaluation> {
        let mut session = Session::new(world, now, item, recording);
        self.about(item).map(|entry| session.judge(entry)).collect()
    }

    /// The same when some evaluations are known from before: those that still hold are kept as they are.
    /// Gives all evaluations, and how many were made anew.
    pub fn evaluate_again(
        &self,
        previous: &[Evaluation],
        world: &World,
        now: Timestamp,
        item: &ConfigurationItem,
    ) -> (Vec<Evaluation>, usize) {
        let mut session = Session::new(world, now, item, Recording::On);
        let mut anew = 0;
        let evaluations = self
            .about(item)
            .map(|entry| {
                let known = previous.iter().find(|known| known.instance == entry.instance.id);
                match known.filter(|known| session.still_holds(entry, known)) {
                    Some(known) => known.clone(),
                    None => {
                        anew += 1;
                        session.judge(entry)
                    }
                }
            })
            .collect();
        (evaluations, anew)
    }

    /// Whether judging again would give the same: nothing that the evaluation looked at has changed, and
    /// the moment until which it holds has not come. Time is taken to go forward only.
    pub fn still_holds(
        &self,
        evaluation: &Evaluation,
        world: &World,
        now: Timestamp,
        item: &ConfigurationItem,
    ) -> bool {
        let entry = self.about(item).find(|entry| entry.instance.id == evaluation.instance);
        entry.is_some_and(|entry| Session::new(world, now, item, Recording::On).still_holds(entry, evaluation))
    }
}

/// One item under judgement by several rules.
struct Session<'a> {
    frame: Frame<'a>,
    hash: Option<ContentHash>,
}

/// A verdict, and what is to be said with it.
struct Verdict {
    compliance: Compliance,
    message: Message,
    evidence: Vec<Value>,
}

impl<'a> Session<'a> {
    fn new(world: &'a World, now: Timestamp, item: &'a ConfigurationItem, recording: Recording) -> Self {
        let hash = if let Recording::Known(hash) = recording { Some(hash) } else { None };
        Self { frame: Frame::new(world, now, item, recording), hash }
    }

    /// The item's hash, taken at most once.
    fn hash(&mut self) -> ContentHash {
        *self.hash.get_or_insert_with(|| self.frame.item.content_hash())
    }

    fn judge(&mut self, entry: &'a Entry) -> Evaluation {
        self.frame.begin(&entry.rule.program, &entry.parameters);
        let verdict = self.verdict(&entry.rule.id, &entry.rule.program);
        let mut reads = Vec::new();
        if self.frame.recording != Recording::Off {
            reads.push(Read::Rule { hash: entry.rule.logic });
            reads.push(Read::Item { hash: self.hash() });
            let world = self.frame.world;
            reads.extend(std::mem::take(&mut self.frame.looks).into_iter().map(|look| look.into_read(world)));
        }
        Evaluation {
            instance: entry.instance.id,
            rule: entry.rule.id.clone(),
            resource: self.frame.item.key().clone(),
            compliance: verdict.compliance,
            message: verdict.message,
            evidence: verdict.evidence,
            reads,
            holds_until: self.frame.holds_until,
        }
    }

    fn verdict(&mut self, rule: &str, program: &'a Program) -> Verdict {
        let plain = |compliance, id: &str| Verdict { compliance, message: Message::new(id), evidence: Vec::new() };
        match program.applies.as_ref().map_or(Truth::True, |applies| self.frame.truth(applies)) {
            Truth::True => {}
            Truth::False => return plain(Compliance::NotApplicable, "not-applicable"),
            Truth::Unknown(why) => return unknown(&why),
        }
        let truth = match &program.check {
            Check::Expression(op) => self.frame.truth(op),
            Check::Coded(coded) => (coded.run)(&mut self.frame),
        };
        match truth {
            Truth::True => plain(Compliance::Compliant, "compliant"),
            Truth::Unknown(why) => unknown(&why),
            Truth::False => self.offence(rule, program),
        }
    }

    fn offence(&mut self, rule: &str, program: &'a Program) -> Verdict {
        let mut message = Message::new(format!("rule:{rule}"));
        for (name, op) in &program.args {
            message = message.with(name.clone(), sentence(&self.frame.eval(op)));
        }
        let evidence = program.evidence.as_ref().map_or(Val::Null, |op| self.frame.eval(op));
        Verdict { compliance: Compliance::NonCompliant, message, evidence: shown(&evidence) }
    }

    fn still_holds(&mut self, entry: &Entry, evaluation: &Evaluation) -> bool {
        evaluation.resource == *self.frame.item.key()
            && evaluation.holds_until.is_none_or(|until| self.frame.now < until)
            && evaluation.reads.contains(&Read::Rule { hash: entry.rule.logic })
            && evaluation.reads.iter().all(|read| match (read, Look::of_read(read)) {
                (_, Some((look, hash))) => self.frame.world.hash(&look) == hash,
                (Read::Item { hash }, None) => self.hash() == *hash,
                (Read::Rule { hash }, None) => entry.rule.logic == *hash,
                (_, None) => false,
            })
    }
}

/// A value in a sentence: what no one would read to its end is cut.
fn sentence(value: &Val<'_>) -> Value {
    match value.text() {
        Some(text) if text.chars().nth(MAX_ARGUMENT).is_some() => {
            json!(text.chars().take(MAX_ARGUMENT).chain(['…']).collect::<String>())
        }
        _ if value.is_list() => Value::Array(shown(value)),
        _ => value.to_json(),
    }
}

fn unknown(why: &Unknown) -> Verdict {
    let message = match why {
        Unknown::Missing { what, reason } => {
            Message::new("insufficient-data").with("path", what.as_str()).with("reason", reason.as_str())
        }
        Unknown::Failed { why } => Message::new("evaluation-error").with("reason", why.as_str()),
    };
    Verdict { compliance: Compliance::InsufficientData, message, evidence: Vec::new() }
}

/// A list's elements or the one value, up to the limit; what is not known shows nothing.
fn shown(evidence: &Val<'_>) -> Vec<Value> {
    if evidence.is_null() || matches!(evidence, Val::Unknown(_)) {
        return Vec::new();
    }
    if !evidence.is_list() {
        return vec![evidence.to_json()];
    }
    let (mut shown, mut more) = (Vec::new(), 0usize);
    let _ = evidence.each(|element| {
        if shown.len() < MAX_EVIDENCE {
            shown.push(element.to_json());
        } else {
            more += 1;
        }
        std::ops::ControlFlow::Continue(())
    });
    if more > 0 {
        shown.push(json!({"andMore": more}));
    }
    shown
}
