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
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use haechi_content::escalation::{Escalation, escalations};
use haechi_iam::catalogue::Catalogue;
use haechi_iam::{Action, Context};
use haechi_model::{ConfigurationItem, Timestamp};
use serde_json::{Value, json};

use crate::ask::{Answer, Explanation, who_can};
use crate::center::{Center, Concern, Directory, DirectoryBuilder, Levels, ReviewOptions, review};
use crate::external::{Certainty, Doubt, Opening, Question, Shares, Source, Trusted, external, images};
use crate::org_policies::{OrgReview, Weight};
use crate::paths::{Path, Search, Things, paths};
use crate::unused::{Kind, Period, Verdict, unused};
use crate::world::{Guardrails, World, WorldBuilder};

/// A question: its name, fewest and most arguments, and the members of what it answers with; none: one word.
pub struct Asking {
    pub name: &'static str,
    pub takes: (usize, usize),
    pub members: Option<&'static [&'static str]>,
}

/// All questions that [`Answers::answer`] knows.
pub const QUESTIONS: [Asking; 7] = [
    Asking { name: "may", takes: (3, 3), members: None },
    Asking { name: "whoMay", takes: (2, 2), members: Some(&["principal", "kind", "account", "answer"]) },
    Asking {
        name: "externalAccess",
        takes: (1, 1),
        members: Some(&["outsider", "outsiderKind", "isPublic", "answer", "actions", "conditionKeys", "source"]),
    },
    Asking { name: "escalationPaths", takes: (1, 1), members: Some(&["to", "length", "certainty", "steps", "cut"]) },
    Asking {
        name: "guardrailMistakes",
        takes: (1, 1),
        members: Some(&["mistake", "weight", "target", "policy", "what"]),
    },
    Asking { name: "accessReview", takes: (1, 1), members: Some(&["check", "severity", "account", "what"]) },
    Asking { name: "unusedAccess", takes: (2, 2), members: Some(&["kind", "key", "lastAccessed"]) },
];

/// The recorded organization, ready to be asked.
pub struct Answers {
    world: World,
    things: Things,
    shares: Shares,
    escalations: Vec<Escalation>,
    catalogue: Arc<Catalogue>,
    now: Timestamp,
    directory: Directory,
    external: OnceLock<HashMap<Box<str>, Vec<Opening>>>,
    paths: OnceLock<HashMap<Box<str>, Vec<Path>>>,
    guardrails: OnceLock<Told>,
    review: OnceLock<Told>,
    /// By the days of the period.
    unused: Mutex<HashMap<u16, Arc<Unused>>>,
}

/// What is told of each thing, by its name; or why nothing is.
type Told = Result<HashMap<Box<str>, Vec<Value>>, String>;

/// What nobody uses, by the principal's ARN; or why that cannot be told.
type Unused = HashMap<Box<str>, Vec<Result<Value, String>>>;

/// Takes the items of a record.
pub struct AnswersBuilder {
    /// Names accounts, and tells what could not be listed.
    pub world: WorldBuilder,
    things: Things,
    shares: Shares,
    directory: DirectoryBuilder,
    escalations: Vec<Escalation>,
}

impl Default for AnswersBuilder {
    fn default() -> AnswersBuilder {
        // Files that are wrong are left out; a test of the content holds that there are none.
        let (escalations, _) = escalations();
        AnswersBuilder {
            world: World::builder().with_documents(Box::new(document)),
            things: Things::of(&escalations),
            shares: Shares::default(),
            directory: Directory::builder(),
            escalations,
        }
    }
}

impl AnswersBuilder {
    /// The types of items that answers rest on.
    pub fn types(&self) -> BTreeSet<String> {
        let things = self.things.types().map(str::to_owned);
        let own = WorldBuilder::types().chain(Shares::types()).chain(DirectoryBuilder::types());
        own.map(str::to_owned).chain(things).collect()
    }

    /// Takes an item; what no answer rests on tells nothing.
    pub fn add(&mut self, item: &ConfigurationItem) {
        self.world.add(item);
        self.things.add(item);
        self.shares.add(item);
        self.directory.add(item);
    }

    /// Tells that a type could not be listed to the end, and why.
    pub fn not_listed(&mut self, resource_type: &str, reason: &str) {
        self.directory.not_listed(resource_type, reason);
    }

    /// # Errors
    /// The organization is no tree.
    pub fn build(self, catalogue: Arc<Catalogue>, now: Timestamp) -> Result<Answers, String> {
        Ok(Answers {
            world: self.world.build().map_err(|error| error.to_string())?,
            things: self.things,
            shares: self.shares,
            escalations: self.escalations,
            catalogue,
            now,
            directory: self.directory.build(),
            external: OnceLock::new(),
            paths: OnceLock::new(),
            guardrails: OnceLock::new(),
            review: OnceLock::new(),
            unused: Mutex::default(),
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
            ("accessReview", [id]) => self.access_review(id),
            ("unusedAccess", [arn, days]) => self.unused_access(arn, days),
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
            let now = self.now.to_string();
            let question = Question { trusted: &trusted, accounts: &[], kinds: &[], now: Some(&now) };
            let mut by_resource: HashMap<Box<str>, Vec<Opening>> = HashMap::new();
            let found = external(&self.world, &self.shares, &self.catalogue, &question).openings;
            let (images, _) = images(&self.world, &self.shares, &self.catalogue, &question);
            for opening in found.into_iter().chain(images) {
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

    /// Of a permission set by its ARN, of a user or group of IAM Identity Center by its id.
    fn access_review(&self, id: &str) -> Result<Value, String> {
        let all = self.review.get_or_init(|| {
            if self.directory.is_empty() {
                return Err("nothing was recorded of IAM Identity Center".to_owned());
            }
            let center = Center::new(&self.world, &self.directory, &document);
            let mut levels = Levels::new(&self.world, &self.catalogue);
            let today = self.now.date();
            let options = ReviewOptions {
                administrator_minutes: ADMINISTRATOR_MINUTES,
                today: &today,
                ..ReviewOptions::default()
            };
            let mut by_subject: HashMap<Box<str>, Vec<Value>> = HashMap::new();
            for one in review(&center, &mut levels, &options).concerns {
                by_subject.entry(one.subject.as_str().into()).or_default().push(concern(&one));
            }
            Ok(by_subject)
        });
        match all {
            Ok(by_subject) => Ok(by_subject.get(id).map_or_else(|| json!([]), |concerns| json!(concerns))),
            Err(why) => Err(why.clone()),
        }
    }

    /// Roles, keys and passwords of a principal that nobody used for so many days.
    fn unused_access(&self, arn: &str, days: &str) -> Result<Value, String> {
        let days: u16 = days.parse().map_err(|_| format!("`{days}` is no number of days"))?;
        if self.world.principal(arn).is_none() {
            return Err(format!("{arn} was not recorded"));
        }
        let mut known = self.unused.lock().unwrap_or_else(PoisonError::into_inner);
        let all = known.entry(days).or_insert_with(|| Arc::new(self.unused_for(days))).clone();
        drop(known);
        let of_principal = all.get(arn).map_or(&[][..], Vec::as_slice);
        let found: Vec<&Value> = of_principal.iter().filter_map(|one| one.as_ref().ok()).collect();
        match of_principal.iter().find_map(|one| one.as_ref().err()) {
            Some(why) if found.is_empty() => Err(why.clone()),
            _ => Ok(json!(found)),
        }
    }

    fn unused_for(&self, days: u16) -> Unused {
        let kinds = vec![Kind::Role, Kind::AccessKey, Kind::Password];
        let period = Period { kinds, ..Period::new(days, self.now) };
        let mut by_principal = Unused::new();
        for finding in unused(&self.world, &period) {
            let told = match &finding.verdict {
                Verdict::Unused => Ok(json!({"kind": finding.kind.name(), "key": finding.key.map(|key| &key.id),
                                             "lastAccessed": finding.last_accessed})),
                Verdict::Unknown(why) => Err(format!("last use of {}: {}", finding.principal.arn(), why.name())),
            };
            by_principal.entry(finding.principal.arn().into()).or_default().push(told);
        }
        by_principal
    }
}

/// Sessions of administrators that are longer are told: PT1H is what AWS makes by itself.
const ADMINISTRATOR_MINUTES: u32 = 60;

/// The document of an AWS managed policy.
fn document(arn: &str) -> Option<Arc<str>> {
    haechi_content::iam::managed_policy(arn).map(Into::into)
}

fn concern(concern: &Concern) -> Value {
    json!({"check": concern.check.id(), "severity": concern.check.severity().as_str(), "account": concern.account,
           "what": concern.what})
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
