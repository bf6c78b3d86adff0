//! `haechi iam generate`: a policy of what a user or role used, read out of CloudTrail's logs.

use haechi_access::PrincipalName;
use haechi_access::generate::{Comparison, Gathered, Gatherer, Generated, Generator, Resources, compare, generate};
use haechi_access::whatif::condensed;
use haechi_iam::catalogue::UnloggedRules;
use haechi_iam::{Catalogue, EventRules};
use haechi_inventory::Stop;
use haechi_logs::{Event, LogFields};
use haechi_model::{Log, Message};
use serde_json::{Value, json};

use super::threads::{self, Counter};
use crate::App;
use crate::error::{Result, UserError};
use crate::log_sources::LogRequest;
use crate::progress::Progress;

/// Names in a sentence; the others are counted.
const NAMED: usize = 6;
/// AWS attaches so many managed policies to a principal, unless the quota is raised.
const ATTACHED: usize = 10;

/// Of whom, from which logs.
#[derive(Debug, Clone, Default)]
pub struct GenerateRequest {
    /// The ARN of a user, role, session or root user.
    pub principal: String,
    pub logs: LogRequest,
    pub resources: Resources,
    /// Also what would be taken from the recorded principal.
    pub compare: bool,
    pub as_of: Option<String>,
}

/// A policy of what was used.
pub struct GeneratedPolicy {
    /// Canonical JSON, one a line.
    pub policies: Vec<String>,
    pub notes: Vec<Message>,
    /// All of it in one document.
    pub json: Value,
    /// Some log could not be read.
    pub incomplete: bool,
    pub interrupted: bool,
}

impl Counter for Gatherer<'_, '_> {
    fn take(&mut self, event: &Event<'_>) {
        Gatherer::take(self, event);
    }
}

impl App {
    /// # Errors
    /// The word names no principal; nothing was recorded of it (with `compare`); a source cannot be opened.
    pub async fn generate_policy(
        &self,
        request: &GenerateRequest,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<GeneratedPolicy> {
        let name = PrincipalName::of(&request.principal).ok_or_else(|| {
            UserError::said("generate-principal").arg("word", &request.principal).help("advice-access-principal")
        })?;
        let world = if request.compare { Some(self.world(request.as_of.as_deref())?) } else { None };
        let recorded = match &world {
            Some(world) => Some(world.principal(&request.principal).ok_or_else(|| {
                UserError::said("access-no-principal").arg("name", &request.principal).help("advice-resources-list")
            })?),
            None => None,
        };
        let partition = request.principal.split(':').nth(1).unwrap_or("aws");
        let catalogue = self.iam_catalogue()?;
        let rules = EventRules::read(haechi_content::iam::events()).map_err(UserError::verbatim)?;
        let unlogged = UnloggedRules::read(haechi_content::iam::unlogged()).map_err(UserError::verbatim)?;
        let generator = Generator::new(&catalogue, &rules, &unlogged, name, partition).map_err(UserError::verbatim)?;
        let sources = self.log_sources(&request.logs).await?;
        let mut fields = LogFields::default();
        fields.take(Log::CloudTrail, generator.fields().clone());
        let counted = threads::count(&sources, &fields, || generator.start(), progress, stop).await?;
        let mut gathered = Gathered::default();
        counted.counters.into_iter().for_each(|counter| gathered.merge(counter.finish()));
        let generated = generate(&generator, &gathered, request.resources);
        let compared = recorded.map(|principal| compare(&catalogue, principal, &generated.policies));
        Ok(GeneratedPolicy {
            notes: notes(request, &catalogue, &gathered, &generated, compared.as_ref()),
            json: document(request, &gathered, &generated, compared.as_ref()),
            policies: generated.policies.iter().map(|policy| haechi_iam::indented(policy)).collect(),
            incomplete: !counted.summary.problems.is_empty() || !counted.opened.problems.is_empty(),
            interrupted: counted.opened.interrupted,
        })
    }
}

/// Some names, and that there are more.
fn some<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let more = if names.len() > NAMED { ", ..." } else { "" };
    names[..names.len().min(NAMED)].join(", ") + more
}

fn listed<'n>(id: &str, names: impl IntoIterator<Item = &'n str> + Clone) -> Option<Message> {
    let count = names.clone().into_iter().count();
    (count > 0).then(|| Message::new(id).with("count", count).with("names", some(names)))
}

fn text(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

fn notes(
    request: &GenerateRequest,
    catalogue: &Catalogue,
    gathered: &Gathered,
    generated: &Generated,
    compared: Option<&Comparison>,
) -> Vec<Message> {
    let Some((first, last)) = gathered.own_span else {
        return vec![
            Message::new("generate-nothing")
                .with("principal", request.principal.as_str())
                .with("events", gathered.events),
        ];
    };
    let read =
        Message::new("generate-read").with("events", gathered.own_events).with("actions", generated.actions.len());
    let mut notes = vec![read.with("from", first.date()).with("to", last.date())];
    if generated.policies.len() > 1 {
        let id = if generated.policies.len() > ATTACHED { "generate-too-many" } else { "generate-several" };
        notes.push(Message::new(id).with("count", generated.policies.len()).with("most", ATTACHED));
    }
    notes.extend(listed("generate-placeholders", text(&generated.placeholders)));
    notes.extend(listed("generate-on-everything", text(&generated.on_everything)));
    let ambiguous: Vec<String> = generated.ambiguous.iter().map(|group| group.join(" | ")).collect();
    notes.extend(listed("generate-ambiguous", text(&ambiguous)));
    notes.extend(listed("generate-passed", text(&generated.passed_roles)));
    let profiles: Vec<&str> = gathered.profiles.iter().map(|name| &**name).collect();
    notes.extend(listed("generate-profiles", profiles));
    let companions: Vec<String> =
        generated.companions.iter().map(|(action, needed)| format!("{action} ({})", some(text(needed)))).collect();
    notes.extend(listed("generate-companions", text(&companions)));
    let counted = |counts: &std::collections::BTreeMap<Box<str>, u64>| -> Vec<String> {
        counts.iter().map(|(name, calls)| format!("{name} ({calls})")).collect()
    };
    notes.extend(listed("generate-denied", text(&counted(&gathered.denied))));
    notes.extend(listed("generate-unmapped", text(&counted(&gathered.unmapped))));
    notes.extend(listed("generate-no-data-events", text(&generated.without_data_events)));
    if let Some(compared) = compared {
        let mut taken = condensed(catalogue, &compared.taken);
        taken.sort_by_key(|(_, actions)| std::cmp::Reverse(*actions));
        let words: Vec<&str> = taken.iter().map(|(word, _)| word.as_str()).collect();
        let message = Message::new("generate-compared")
            .with("taken", compared.taken.len())
            .with("narrowed", compared.narrowed.len())
            .with("kept", compared.kept.len());
        notes.push(message);
        notes.extend(listed("generate-taken", words));
        let new: Vec<&str> = compared.new.iter().map(|name| &**name).collect();
        notes.extend(listed("generate-new", new));
        notes.extend(listed("access-gap-managed", text(&compared.unrecorded)));
    }
    notes
}

fn document(
    request: &GenerateRequest,
    gathered: &Gathered,
    generated: &Generated,
    compared: Option<&Comparison>,
) -> Value {
    let policies: Vec<Value> = generated.policies.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
    let span = |span: Option<(haechi_model::Timestamp, haechi_model::Timestamp)>| {
        span.map(|(first, last)| json!({"first": first.to_string(), "last": last.to_string()}))
    };
    let companions: Vec<Value> =
        generated.companions.iter().map(|(action, needed)| json!({"action": action, "needs": needed})).collect();
    let mut document = json!({
        "schema": "haechi.iam-generate/1",
        "principal": request.principal,
        "sources": request.logs.sources,
        "policies": policies,
        "actions": generated.actions,
        "coverage": {
            "events": gathered.events, "period": span(gathered.span),
            "principalEvents": gathered.own_events, "principalPeriod": span(gathered.own_span),
            "needNoPermission": gathered.needs_nothing,
            "denied": gathered.denied, "unmappedEvents": gathered.unmapped,
            "dataEventsOf": gathered.data_services, "dataEventsNotLogged": generated.without_data_events,
        },
        "placeholders": generated.placeholders,
        "onEverything": generated.on_everything,
        "oneOf": generated.ambiguous,
        "passedRoles": generated.passed_roles,
        "instanceProfiles": gathered.profiles,
        "companions": companions,
    });
    if let Some(compared) = compared {
        document["comparison"] = json!({"taken": compared.taken, "narrowed": compared.narrowed, "kept": compared.kept,
            "new": compared.new, "unrecorded": compared.unrecorded});
    }
    document
}
