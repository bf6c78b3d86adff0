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
/// with each recorded resource whose own policy grants it more.
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
    let holders: Vec<Target<'_>> = match target {
        Some(_) => Vec::new(),
        None => world
            .resources()
            .filter(|resource| resource.policy.as_ref().is_some_and(|policy| policy.is_unrecorded().is_none()))
            .flat_map(|resource| arns_of(resource).map(|arn| world.target(&arn, None)))
            .collect(),
    };
    for action in actions {
        answers.asked += 1;
        let question = world.question(subject, action, target.unwrap_or(&anything), context, guardrails);
        let by_own = Explanation::of(&question, subject.principal);
        let everything = by_own.as_ref().is_some_and(|explanation| explanation.answer == Answer::Yes);
        if let Some(explanation) = by_own {
            answers.rows.push(WhatRow { action: action.text().to_owned(), resource: None, explanation });
        }
        if everything || target.is_some() {
            continue;
        }
        for holder in &holders {
            if service_of(holder.resource.arn()) != action.service() {
                continue;
            }
            let question = world.question(subject, action, holder, context, guardrails);
            let by_resource = |reason: &Reason| reason.layer == "resource" && reason.effect == "Allow";
            if let Some(explanation) = Explanation::of(&question, subject.principal)
                && explanation.because.iter().any(by_resource)
            {
                let resource = Some(holder.resource.arn().to_owned());
                answers.rows.push(WhatRow { action: action.text().to_owned(), resource, explanation });
            }
        }
    }
    answers
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
