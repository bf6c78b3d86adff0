//! From what a search found to what people are told: each step with the statements that allow it, and what cuts it.

use haechi_content::escalation::Way;
use haechi_iam::{Context, Tri};

use super::edges::{Edge, End};
use super::ground::{Binding, Rights};
use super::search::{Found, Searching};
use super::{Certainty, Cut, CutBesides, Evidence, Path, Step};
use crate::ask::{Explanation, Reason};
use crate::world::{Guardrails, Target, Via};

impl<'w> Searching<'w> {
    /// The shortest path of a principal; a certain one, if there is one.
    pub fn path(&self, place: usize) -> Option<Path> {
        let holder = &self.holders[place];
        let edge = holder.certain.as_ref().or(holder.maybe.as_ref())?.edge.clone()?;
        self.path_by(place, edge)
    }

    /// The path that begins with a step.
    pub fn path_by(&self, place: usize, first: Edge) -> Option<Path> {
        let world = self.ground.world;
        let mut steps = Vec::new();
        let (mut at, mut edge) = (place, Some(first));
        let mut certain_so_far = true;
        while let Some(step) = edge.take() {
            certain_so_far &= step.grade == Tri::Yes;
            steps.push(self.step(at, &step));
            // States and circles are bounded by the search; this bounds what a mistake could do.
            if steps.len() > self.holders.len() + 1 {
                return None;
            }
            let next = match &step.end {
                End::Principal(next) | End::State(next) => *next,
                End::Raised(_) | End::Root(_) | End::Resource(_) => break,
            };
            edge = self.continued(next, certain_so_far).and_then(|found| found.edge.clone());
            at = next;
        }
        let possible = steps.iter().any(|step| step.certainty == Certainty::Maybe) || self.end_grade(at) != Tri::Yes;
        let principal = &world.principals()[place];
        Some(Path {
            from: principal.arn().to_owned(),
            account: principal.account().to_owned(),
            to: steps.last().map(|step| step.to.clone()).unwrap_or_default(),
            certainty: if possible { Certainty::Maybe } else { Certainty::Certain },
            outside: false,
            steps,
        })
    }

    /// How a path goes on from a holder: a certain path by certain steps.
    fn continued(&self, place: usize, certain: bool) -> Option<&Found> {
        let holder = &self.holders[place];
        match (&holder.certain, &holder.maybe) {
            (Some(sure), Some(maybe)) if !certain && maybe.steps < sure.steps => Some(maybe),
            (Some(sure), _) => Some(sure),
            (None, maybe) => maybe.as_ref(),
        }
    }

    /// Whether the one at the end has what was wanted, certainly or under conditions.
    fn end_grade(&self, at: usize) -> Tri {
        if self.search.to.is_some() {
            return Tri::Yes;
        }
        match self.holders[at].admin {
            // The last step led to somebody raised, or to a root user.
            Tri::No => Tri::Yes,
            admin => admin,
        }
    }

    fn step(&self, place: usize, edge: &Edge) -> Step {
        let holder = &self.holders[place];
        let ready = &self.ground.ways[edge.way];
        let escalation = ready.escalation;
        let mut told = self.evidence(&holder.rights, edge.way, &edge.binding);
        let world = self.ground.world;
        let to = match &edge.end {
            End::Principal(gained) | End::Raised(gained) => world.principals()[*gained].arn().to_owned(),
            End::State(state) => self.holders[*state].rights.arn().to_owned(),
            End::Root(arn) | End::Resource(arn) => arn.to_string(),
        };
        let trust = self.service_trust(&edge.binding, &mut told.keys);
        let cut = self.cut(holder.rights.account(), ready.way, &told.evidence, &trust);
        let binding = &edge.binding;
        let target = binding.thing.as_deref().or(binding.policy.as_deref()).or(binding.provider.as_deref());
        let target = target.or(binding.session.as_deref());
        let group = binding.group.map(|group| &*world.groups()[group].arn);
        Step {
            id: escalation.id.clone(),
            title: escalation.title.clone(),
            kind: escalation.kind,
            from: holder.rights.arn().to_owned(),
            to,
            certainty: if edge.grade == Tri::Yes { Certainty::Certain } else { Certainty::Maybe },
            target: target.or(group).map(str::to_owned),
            service: binding.service.map(|service| self.ground.services[service].to_string()),
            evidence: told.evidence,
            trust,
            keys: told.keys,
            supposes: ready.way.supposes.clone(),
            also: self.also(place, edge),
            cut,
            fix: escalation.fix.clone(),
        }
    }

    fn evidence(&self, rights: &Rights<'w>, way: usize, binding: &Binding) -> Told {
        let mut told = Told::default();
        let ready = &self.ground.ways[way];
        let rights = &*self.ground.acting(rights, binding);
        if binding.session.is_some() {
            told.keys.push("sts:RoleSessionName".to_owned());
        }
        for needed in &ready.permissions {
            let action = &self.ground.actions[needed.action];
            for on in &needed.on {
                let Some(asked) = self.ground.asked(rights, ready, action, on, binding) else { continue };
                told.add(self, rights, action, &asked.target, &asked.context);
            }
        }
        told
    }

    /// The statements by which the gained role trusts the service it is passed to.
    fn service_trust(&self, binding: &Binding, keys: &mut Vec<String>) -> Vec<Reason> {
        let world = self.ground.world;
        let (Some(service), Some(gained)) = (binding.service, binding.gained) else { return Vec::new() };
        let principal = &world.principals()[gained];
        let (Ok(subject), Ok(assume)) =
            (world.subject(&self.ground.services[service]), haechi_iam::Action::parse("sts:AssumeRole"))
        else {
            return Vec::new();
        };
        let target = world.target(principal.arn(), None);
        let mut context = Context::open();
        context.set("aws:SourceAccount", principal.account());
        let question = world.question(&subject, &assume, &target, &context, Guardrails::Counted);
        let explained = Explanation::of(&question, None);
        explained.map_or_else(Vec::new, |explanation| {
            keys.extend(explanation.keys);
            explanation.because
        })
    }

    /// What to change first: the allowing statements of the permission that a role is passed or gained by.
    fn cut(&self, account: &str, way: &Way, evidence: &[Evidence], trust: &[Reason]) -> Cut {
        let first = evidence.iter().find(|one| one.action == way.permissions[0].action).or(evidence.first());
        let Some(one) = first else { return Cut::default() };
        let grants = |reason: &&Reason| reason.effect == "Allow" && matches!(reason.layer, "identity" | "resource");
        let granting: Vec<&Reason> = one.because.iter().filter(grants).collect();
        let layer_needed =
            |layer: &str| granting.iter().any(|reason| reason.layer == layer).then_some(layer.to_owned());
        let is_inside = one.resource.split(':').nth(4).is_none_or(|owner| owner.is_empty() || owner == account);
        // Across accounts both sides are needed, so one of them is enough to cut; a role's trust policy is needed
        // everywhere. Else either side allows it, and none may be left.
        let layer = match (is_inside, one.action.starts_with("sts:AssumeRole")) {
            (true, true) => layer_needed("resource"),
            (true, false) => None,
            (false, _) => granting.first().map(|reason| reason.layer.to_owned()),
        };
        let mut chosen =
            granting.into_iter().filter(|reason| layer.as_deref().is_none_or(|layer| layer == reason.layer));
        let reason = chosen.next().or(trust.first());
        let besides =
            chosen.map(|reason| CutBesides { policy: policy_of(reason), sid: reason.sid.clone(), line: reason.line });
        Cut {
            action: one.action.clone(),
            besides: besides.collect(),
            policy: reason.map(policy_of),
            sid: reason.and_then(|reason| reason.sid.clone()),
            line: reason.map(|reason| reason.line),
        }
    }

    /// Other paths of the catalogue that come to the same.
    fn also(&self, place: usize, edge: &Edge) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        let own = &self.ground.ways[edge.way].escalation.id;
        let mut add = |way: usize| {
            let id = &self.ground.ways[way].escalation.id;
            if id != own && !ids.contains(id) {
                ids.push(id.clone());
            }
        };
        if matches!(edge.end, End::State(_)) {
            let holder = &self.holders[place];
            for step in self.ground.own_steps(&holder.rights, &holder.can) {
                if self.ground.ways[step.way].way.gains == self.ground.ways[edge.way].way.gains {
                    add(step.way);
                }
            }
        } else {
            self.seeker(place).visit(&self.only(&edge.end), &mut |other| {
                add(other.way);
                true
            });
        }
        ids.sort();
        ids
    }
}

/// The policy that a statement is of, as one would look for it.
fn policy_of(reason: &Reason) -> String {
    match &reason.via {
        Some(Via::Managed(arn) | Via::Group { managed: Some(arn), .. }) => arn.to_string(),
        Some(Via::Group { group, managed: None }) => format!("{} ({group})", reason.policy),
        _ => reason.policy.clone(),
    }
}

/// Evidence with the keys that it depends on.
#[derive(Default)]
struct Told {
    evidence: Vec<Evidence>,
    keys: Vec<String>,
}

impl Told {
    fn add(
        &mut self,
        searching: &Searching<'_>,
        rights: &Rights<'_>,
        action: &haechi_iam::Action,
        target: &Target<'_>,
        context: &Context,
    ) {
        let world = searching.ground.world;
        let question = world.question(&rights.subject, action, target, context, rights.guardrails);
        let principal = rights.subject.principal;
        let Some(explanation) = Explanation::of(&question, principal) else { return };
        for key in explanation.keys.into_iter().chain(explanation.unrecorded) {
            if !self.keys.contains(&key) {
                self.keys.push(key);
            }
        }
        self.evidence.push(Evidence {
            action: action.text().to_owned(),
            resource: target.resource.arn().to_owned(),
            because: explanation.because,
        });
    }
}
