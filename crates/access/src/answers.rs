//! Questions that single judgements ask of the whole organization: may somebody do something, who may, who outside
//! gets in, which escalation paths begin at somebody, what is wrong with a guardrail. One record, any number of
//! questions, from any thread; what takes the whole organization is worked out once, when it is first asked for.
//!
//! ```text
//! let mut builder = Answers::builder();                    items of builder.types(): builder.add(&item)
//! let answers = builder.build(catalogue, now)?;
//! answers.answer("externalAccess", &["arn:aws:s3:::notes"]) -> Result<serde_json::Value, String>
//! ```
//!
//! An answer is a JSON value, so that who remembers it can tell whether it has changed. What nobody recorded is no
//! answer but an error, which says what is missing.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use haechi_content::escalation::{Escalation, escalations};
use haechi_iam::catalogue::Catalogue;
use haechi_iam::{Action, Context};
use haechi_model::ConfigurationItem;
use serde_json::{Value, json};

use crate::ask::{Answer, Explanation, who_can};
use crate::external::{Certainty, Doubt, Opening, Question, Shares, Source, Trusted, external};
use crate::org_policies::{OrgReview, Weight};
use crate::paths::{Path, Search, Things, paths};
use crate::world::{Guardrails, World, WorldBuilder};

/// A question: its name, fewest and most arguments, and the members of what it answers with; none: one word.
pub struct Asking {
    pub name: &'static str,
    pub takes: (usize, usize),
    pub members: Option<&'static [&'static str]>,
}

/// All questions that [`Answers::answer`] knows.
pub const QUESTIONS: [Asking; 5] = [
    Asking { name: "may", takes: (3, 3), members: None },
    Asking { name: "whoMay", takes: (2, 2), members: Some(&["principal", "kind", "account", "answer"]) },
    Asking {
        name: "externalAccess",
        takes: (1, 1),
        members: Some(&["outsider", "outsiderKind", "isPublic", "answer", "actions", "conditionKeys", "source"]),
    },
    Asking { name: "escalationPaths", takes: (1, 1), members: Some(&["to", "length", "certainty", "steps", "cut"]) },
    Asking { name: "guardrailMistakes", takes: (1, 1), members: Some(&["mistake", "weight", "target", "policy"]) },
];

/// The recorded organization, ready to be asked.
pub struct Answers {
    world: World,
    things: Things,
    shares: Shares,
    escalations: Vec<Escalation>,
    catalogue: Arc<Catalogue>,
    now: String,
    external: OnceLock<HashMap<Box<str>, Vec<Opening>>>,
    paths: OnceLock<HashMap<Box<str>, Vec<Path>>>,
    guardrails: OnceLock<Result<HashMap<Box<str>, Vec<Value>>, String>>,
}

/// Takes the items of a record.
pub struct AnswersBuilder {
    /// Names accounts, and tells what could not be listed.
    pub world: WorldBuilder,
    things: Things,
    shares: Shares,
    escalations: Vec<Escalation>,
}

impl Default for AnswersBuilder {
    fn default() -> AnswersBuilder {
        let documents = |arn: &str| haechi_content::iam::managed_policy(arn).map(Into::into);
        // Files that are wrong are left out; a test of the content holds that there are none.
        let (escalations, _) = escalations();
        AnswersBuilder {
            world: World::builder().with_documents(Box::new(documents)),
            things: Things::of(&escalations),
            shares: Shares::default(),
            escalations,
        }
    }
}

impl AnswersBuilder {
    /// The types of items that answers rest on.
    pub fn types(&self) -> BTreeSet<String> {
        let things = self.things.types().map(str::to_owned);
        WorldBuilder::types().chain(Shares::types()).map(str::to_owned).chain(things).collect()
    }

    /// Takes an item; what no answer rests on tells nothing.
    pub fn add(&mut self, item: &ConfigurationItem) {
        self.world.add(item);
        self.things.add(item);
        self.shares.add(item);
    }

    /// # Errors
    /// The organization is no tree.
    pub fn build(self, catalogue: Arc<Catalogue>, now: &str) -> Result<Answers, String> {
        Ok(Answers {
            world: self.world.build().map_err(|error| error.to_string())?,
            things: self.things,
            shares: self.shares,
            escalations: self.escalations,
            catalogue,
            now: now.to_owned(),
            external: OnceLock::new(),
            paths: OnceLock::new(),
            guardrails: OnceLock::new(),
        })
    }
}

impl Answers {
    pub fn builder() -> AnswersBuilder {
        AnswersBuilder::default()
    }

    /// Answers one of [`QUESTIONS`].
    ///
    /// # Errors
    /// Why there is no answer: what was not recorded, or what is wrong with the question.
    pub fn answer(&self, question: &str, arguments: &[&str]) -> Result<Value, String> {
        match (question, arguments) {
            ("may", [principal, action, resource]) => self.may(principal, action, resource),
            ("whoMay", [action, resource]) => self.who_may(action, resource),
            ("externalAccess", [arn]) => self.external_access(arn),
            ("escalationPaths", [arn]) => self.escalation_paths(arn),
            ("guardrailMistakes", [id]) => self.guardrail_mistakes(id),
            _ => Err(format!("there is no question `{question}` with {} arguments", arguments.len())),
        }
    }

    /// `yes`, `conditional` or `no`.
    fn may(&self, principal: &str, action: &str, resource: &str) -> Result<Value, String> {
        let action = Action::parse(action).map_err(|error| error.to_string())?;
        let subject = self.world.subject(principal).map_err(|error| error.to_string())?;
        let target = self.world.target(resource, None);
        let context = Context::open();
        let question = self.world.question(&subject, &action, &target, &context, Guardrails::Counted);
        match Explanation::of(&question, subject.principal) {
            None => Ok(json!(Answer::No.name())),
            Some(explanation) if explanation.answer == Answer::Undecidable => {
                Err(format!("not recorded: {}", explanation.unrecorded.join(", ")))
            }
            Some(explanation) => Ok(json!(explanation.answer.name())),
        }
    }

    fn who_may(&self, action: &str, resource: &str) -> Result<Value, String> {
        let action = Action::parse(action).map_err(|error| error.to_string())?;
        let target = self.world.target(resource, None);
        let who = who_can(&self.world, &action, &target, &Context::open(), Guardrails::Counted);
        let row = |row: &crate::ask::WhoRow| {
            json!({"principal": row.holder.name, "kind": row.holder.kind.name(), "account": row.holder.account,
                   "answer": row.explanation.answer.name()})
        };
        Ok(who.rows.iter().map(row).collect())
    }

    fn external_access(&self, arn: &str) -> Result<Value, String> {
        let openings = self.external.get_or_init(|| {
            let trusted = Trusted::default();
            let question = Question { trusted: &trusted, accounts: &[], kinds: &[], now: Some(&self.now) };
            let mut by_resource: HashMap<Box<str>, Vec<Opening>> = HashMap::new();
            for opening in external(&self.world, &self.shares, &self.catalogue, &question).openings {
                by_resource.entry(opening.resource.as_str().into()).or_default().push(opening);
            }
            by_resource
        });
        let openings = openings.get(arn).map_or(&[][..], Vec::as_slice);
        // A statement that opens it opens it, whatever else was not recorded.
        let certain = openings.iter().any(|opening| opening.certainty == Certainty::Open);
        let unrecorded = openings.iter().find_map(|opening| match &opening.certainty {
            Certainty::Unknown(Doubt::Unrecorded(what)) => Some(what),
            _ => None,
        });
        match unrecorded {
            Some(what) if !certain => Err(format!("not recorded: {what}")),
            _ => Ok(openings.iter().map(opening).collect()),
        }
    }

    fn escalation_paths(&self, arn: &str) -> Result<Value, String> {
        let Some(principal) = self.world.principal(arn) else {
            return Err(format!("{arn} was not recorded"));
        };
        let found = self.paths.get_or_init(|| {
            let mut by_principal: HashMap<Box<str>, Vec<Path>> = HashMap::new();
            for path in paths(&self.world, &self.things, &self.escalations, &Search::default()).paths {
                by_principal.entry(path.from.as_str().into()).or_default().push(path);
            }
            by_principal
        });
        match found.get(arn) {
            Some(paths) => Ok(paths.iter().map(path).collect()),
            None => {
                let unrecorded = principal.identity().iter().find(|policy| policy.is_unrecorded().is_some());
                match unrecorded {
                    Some(policy) => Err(format!("not recorded: {}", policy.name())),
                    None => Ok(json!([])),
                }
            }
        }
    }

    /// Of a policy, a root, a unit or an account, by its id.
    fn guardrail_mistakes(&self, id: &str) -> Result<Value, String> {
        let all = self.guardrails.get_or_init(|| {
            if self.world.organizations().is_empty() {
                return Err("no organization was recorded".to_owned());
            }
            let mut by_id: HashMap<Box<str>, Vec<Value>> = HashMap::new();
            for organization in self.world.organizations() {
                for mistake in OrgReview::of(organization, None).mistakes {
                    let weight = match mistake.weight() {
                        Weight::Error => "error",
                        Weight::Warning => "warning",
                        Weight::Note => "note",
                    };
                    let value = json!({"mistake": mistake.kind.name(), "weight": weight, "target": mistake.target,
                                       "policy": mistake.policy, "what": mistake.kind});
                    for id in mistake.policy.iter().chain(&mistake.target) {
                        by_id.entry(id.clone()).or_default().push(value.clone());
                    }
                }
            }
            Ok(by_id)
        });
        match all {
            Ok(by_id) => Ok(by_id.get(id).map_or_else(|| json!([]), |mistakes| json!(mistakes))),
            Err(why) => Err(why.clone()),
        }
    }
}

fn opening(opening: &Opening) -> Value {
    let keys: BTreeSet<&str> = opening.conditions.iter().map(|condition| condition.key.as_str()).collect();
    let source = match &opening.source {
        Source::Statement { policy, sid, line, .. } => json!({"policy": policy, "sid": sid, "line": line}),
        Source::Grant { id } => json!({"grant": id}),
        Source::Share { kind, detail } => json!({"share": kind, "detail": detail}),
        Source::Unrecorded => Value::Null,
    };
    let answer = if opening.certainty == Certainty::Open { "open" } else { "unknown" };
    json!({"outsider": opening.outsider, "outsiderKind": opening.kind.name(), "isPublic": opening.public,
           "answer": answer, "actions": opening.actions, "conditionKeys": keys, "source": source})
}

fn path(path: &Path) -> Value {
    let steps: Vec<Value> =
        path.steps.iter().map(|step| json!({"id": step.id, "from": step.from, "to": step.to})).collect();
    json!({"to": path.to, "length": path.steps.len(), "certainty": path.certainty.name(), "steps": steps,
           "cut": path.steps.first().map(|step| &step.cut)})
}
