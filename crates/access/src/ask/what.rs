//! What somebody can do: every action of a list, on one resource or on whatever the policies name.

use haechi_iam::{Action, Context};
use serde::Serialize;

use super::answer::{Answer, Explanation, Reason};
use crate::world::{Guardrails, RecordedResource, Subject, Target, World};

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhatRow {
    pub action: String,
    /// The resource whose own policy decided, where none was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// What somebody can do, and how many actions were asked about.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct WhatCan {
    /// In the order of the actions; those that are certainly denied are left out.
    pub rows: Vec<WhatRow>,
    pub asked: usize,
}

impl WhatCan {
    /// How many have an answer.
    pub fn count(&self, answer: Answer) -> usize {
        self.rows.iter().filter(|row| row.explanation.answer == answer).count()
    }
}

/// What a subject can do with a target. Without one: with anything, as far as its own policies grant it, and
/// with each recorded resource whose own policy grants it more. Keys and roles are always asked one by one: what
/// one's own policies say of them counts only as far as theirs let it.
pub fn what_can<'a>(
    world: &World,
    subject: &Subject<'_>,
    actions: impl IntoIterator<Item = &'a Action>,
    target: Option<&Target<'_>>,
    context: &Context,
    guardrails: Guardrails,
) -> WhatCan {
    let mut answers = WhatCan::default();
    let anything = world.target("*", None);
    let holders = if target.is_some() { Holders::default() } else { Holders::of(world) };
    for action in actions {
        answers.asked += 1;
        let ask = |target: &Target<'_>| {
            Explanation::of(&world.question(subject, action, target, context, guardrails), subject.principal)
        };
        let name = || action.text().to_owned();
        let mut is_whole = false;
        if target.is_some() || !is_asked_one_by_one(action) {
            let explanation = ask(target.unwrap_or(&anything));
            is_whole = explanation.as_ref().is_some_and(|explanation| explanation.answer == Answer::Yes);
            answers.rows.extend(explanation.map(|explanation| WhatRow { action: name(), resource: None, explanation }));
        }
        if is_whole {
            continue;
        }
        for holder in holders.of_service(action) {
            let by_resource = |reason: &Reason| reason.layer == "resource" && reason.effect == "Allow";
            if let Some(explanation) = ask(holder)
                && (explanation.because.iter().any(by_resource) || explanation.answer == Answer::Undecidable)
            {
                let resource = Some(holder.resource.arn().to_owned());
                answers.rows.push(WhatRow { action: name(), resource, explanation });
            }
        }
    }
    answers
}

/// Whether a resource's own policy has to let the caller's policies count.
fn is_asked_one_by_one(action: &Action) -> bool {
    !action.is_wildcard_only() && (action.service() == "kms" || assumes(action))
}

fn assumes(action: &Action) -> bool {
    action.service() == "sts" && action.name().starts_with("assumerole")
}

/// What has a policy of its own.
#[derive(Default)]
struct Holders<'w> {
    resources: Vec<Target<'w>>,
    roles: Vec<Target<'w>>,
}

impl<'w> Holders<'w> {
    fn of(world: &'w World) -> Holders<'w> {
        let is_known = |resource: &&RecordedResource| {
            let policies = resource.policy.iter().chain(&resource.acl);
            policies.into_iter().any(|policy| policy.is_unrecorded().is_none())
        };
        let targets = world.resources().filter(is_known).flat_map(arns_of).map(|arn| world.target(&arn, None));
        let roles = world.principals().iter().filter(|principal| principal.trust().is_some());
        Holders { resources: targets.collect(), roles: roles.map(|role| world.target(role.arn(), None)).collect() }
    }

    fn of_service(&self, action: &Action) -> impl Iterator<Item = &Target<'w>> {
        let (roles, service) = (assumes(action), action.service().to_owned());
        let resources = self.resources.iter().filter(move |holder| service_of(holder.resource.arn()) == service);
        resources.chain(self.roles.iter().filter(move |_| roles))
    }
}

/// The ARNs that a resource's policy is about: of a bucket its objects too.
fn arns_of(resource: &RecordedResource) -> impl Iterator<Item = String> {
    let objects = resource.is_bucket().then(|| format!("{}/*", resource.arn));
    std::iter::once(resource.arn.to_string()).chain(objects)
}

fn service_of(arn: &str) -> &str {
    match arn.split(':').nth(2).unwrap_or_default() {
        "apigateway" => "execute-api",
        service => service,
    }
}
