//! An answer to a question about a whole organization, and what it rests on.

use haechi_iam::{Because, Decision, Effect, Outcome, Prepared, Question, Tri};
use serde::Serialize;

use crate::world::{Principal, Via};

/// Whether something can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    No,
    /// It depends on policies that were not recorded.
    Undecidable,
    /// Under conditions on the request, or for a part of the resources that were asked for.
    Conditional,
    Yes,
}

impl Answer {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Answer::No => "no",
            Answer::Undecidable => "undecidable",
            Answer::Conditional => "conditional",
            Answer::Yes => "yes",
        }
    }

    /// Without an explanation a "maybe" is not told apart: it may be undecidable or conditional.
    pub fn certain(outcome: Outcome) -> Option<Answer> {
        match outcome.allowed {
            Tri::Yes => Some(Answer::Yes),
            Tri::No => Some(Answer::No),
            Tri::Maybe => None,
        }
    }
}

/// A condition as the policy has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConditionText {
    pub operator: String,
    pub key: String,
    pub values: Vec<String>,
}

/// A statement that an answer rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    pub layer: &'static str,
    pub effect: &'static str,
    pub policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
    /// Its place in the policy, from 0.
    pub statement: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// In the document as it was recorded, from 1.
    pub line: usize,
    /// The resources that it names.
    pub resources: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionText>,
}

impl Reason {
    /// What a deciding statement is to people.
    pub fn of(because: &Because<'_>, principal: Option<&Principal>) -> Reason {
        let statement = because.statement();
        let resources = statement.into_iter().flat_map(|statement| statement.resources());
        let conditions = statement.into_iter().flat_map(|statement| statement.conditions());
        Reason {
            layer: because.layer.name(),
            effect: match because.effect {
                Effect::Allow => "Allow",
                Effect::Deny => "Deny",
            },
            policy: because.policy.name().to_owned(),
            via: principal.and_then(|principal| principal.via(because.policy)).cloned(),
            statement: because.statement,
            sid: because.sid().map(str::to_owned),
            line: because.position().map_or(0, |position| position.line),
            resources: resources.map(str::to_owned).collect(),
            conditions: conditions
                .map(|condition| ConditionText {
                    operator: condition.operator().to_string(),
                    key: condition.key().to_owned(),
                    values: condition.values().map(str::to_owned).collect(),
                })
                .collect(),
        }
    }
}

/// An answer with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub answer: Answer,
    /// The statements that grant, for a yes; those that may match, for what is less.
    pub because: Vec<Reason>,
    /// Condition keys that the answer depends on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// Policies that bear on it and were not recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unrecorded: Vec<String>,
}

impl Explanation {
    /// Explains an open question. None: it is certain that the answer is no.
    pub fn of(question: &Question<'_>, principal: Option<&Principal>) -> Option<Explanation> {
        let outcome = question.decide();
        if outcome.allowed == Tri::No {
            return None;
        }
        let decision: Decision<'_> = question.explain();
        let certain = outcome.allowed == Tri::Yes;
        let mut unrecorded: Vec<String> =
            decision.unrecorded.iter().map(|(_, policy)| Prepared::name(policy).to_owned()).collect();
        unrecorded.dedup();
        // No item tells to which account the sessions of root users are left.
        if question.action.text().eq_ignore_ascii_case("sts:AssumeRoot") {
            unrecorded.push("delegation of centralized root access".to_owned());
        }
        let answer = match certain {
            true => Answer::Yes,
            false if !unrecorded.is_empty() => Answer::Undecidable,
            false => Answer::Conditional,
        };
        let statements = decision.because.iter().chain((!certain).then_some(&decision.maybe).into_iter().flatten());
        let mut because: Vec<Reason> = statements.map(|because| Reason::of(because, principal)).collect();
        because.dedup();
        Some(Explanation {
            answer,
            because,
            keys: if certain { Vec::new() } else { decision.unknown.iter().map(|key| (*key).to_owned()).collect() },
            unrecorded: if certain { Vec::new() } else { unrecorded },
        })
    }
}
