//! From evaluations to findings: what a finding says, and when one opens, stays, comes back or is resolved.

use haechi_model::{
    Compliance, ConfigurationItem, Evaluation, Finding, FindingKind, FindingState, ResolvedBecause, RuleInstance,
    Subject, Timestamp,
};

use crate::rule::CompiledRule;
use crate::world::World;

/// Tags whose value says who owns a resource, in the order in which they are asked; letter case does not matter.
const OWNER_TAGS: [&str; 4] = ["owner", "team", "contact", "managed-by"];

/// The finding that an evaluation makes, as of now; none unless it is NON_COMPLIANT.
///
/// It is opened now: [`lifecycle`] gives it the history of the one before. The OU path is the caller's to add.
pub fn finding_of(
    evaluation: &Evaluation,
    rule: &CompiledRule,
    instance: &RuleInstance,
    world: &World,
    item: &ConfigurationItem,
    now: Timestamp,
) -> Option<Finding> {
    if evaluation.compliance != Compliance::NonCompliant {
        return None;
    }
    Some(Finding {
        id: Finding::id_of(FindingKind::Rule, evaluation.instance, &evaluation.resource, ""),
        kind: FindingKind::Rule,
        rule: evaluation.rule.clone(),
        rule_instance: evaluation.instance,
        parameters: instance.parameters.clone(),
        subject: subject_of(item, world),
        sub_key: String::new(),
        severity: rule.severity(),
        message: evaluation.message.clone(),
        evidence: evaluation.evidence.clone(),
        controls: rule.controls().to_vec(),
        state: FindingState::Open,
        first_seen: now,
        last_seen: now,
        due: now.plus_days(rule.severity().due_days()),
        reopened: 0,
    })
}

fn subject_of(item: &ConfigurationItem, world: &World) -> Subject {
    let owner = OWNER_TAGS.iter().find_map(|name| {
        item.tags().find(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_empty()).map(|(_, value)| value)
    });
    Subject {
        key: item.key().clone(),
        arn: item.arn().map(str::to_owned),
        resource_name: item.resource_name().map(str::to_owned),
        account_name: world.account_name(&item.key().account_id).map(str::to_owned),
        ou_path: None,
        owner: owner.map(str::to_owned),
        tags: item.tags().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        location: item.source(),
    }
}

/// What this run says about the subject of a finding.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is NON_COMPLIANT: the finding as it is now.
    Wrong(Box<Finding>),
    /// It is COMPLIANT.
    Right,
    /// The rule does not apply to it any more.
    NotApplicable,
    /// What the rule needs to know is not known.
    InsufficientData,
    /// There is no item of it, though its type was listed completely or a delete event says so.
    Gone,
    /// There is no item of it, and the listing of its type is not complete.
    NotSeen,
    /// No pack asks for the rule instance any more.
    RuleGone,
}

/// What becomes of a finding.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It was never seen before.
    New(Finding),
    /// It had been resolved.
    Reopened(Finding),
    /// It is open, as before; what it says may have changed.
    Still(Finding),
    Resolved(Finding),
    /// Nothing is to be written.
    Nothing,
}

/// The next state of a finding. What is not known resolves nothing.
pub fn lifecycle(previous: Option<&Finding>, outcome: Outcome, now: Timestamp) -> Change {
    let because = match outcome {
        Outcome::Wrong(seen) => return seen_again(previous, *seen, now),
        Outcome::InsufficientData | Outcome::NotSeen => return Change::Nothing,
        Outcome::Right => ResolvedBecause::Fixed,
        Outcome::NotApplicable => ResolvedBecause::NotApplicable,
        Outcome::Gone => ResolvedBecause::Deleted,
        Outcome::RuleGone => ResolvedBecause::RuleGone,
    };
    match previous {
        Some(previous) if previous.is_open() => {
            let state = FindingState::Resolved { because, resolved_at: now };
            Change::Resolved(Finding { state, ..previous.clone() })
        }
        _ => Change::Nothing,
    }
}

fn seen_again(previous: Option<&Finding>, seen: Finding, now: Timestamp) -> Change {
    let Some(previous) = previous else { return Change::New(Finding { state: FindingState::Open, ..seen }) };
    let known = Finding {
        state: FindingState::Open,
        first_seen: previous.first_seen,
        last_seen: now,
        reopened: previous.reopened,
        ..seen
    };
    if previous.is_open() {
        // The clock of an open finding runs on, unless a graver severity leaves less time.
        let due = match known.severity == previous.severity {
            true => previous.due,
            false => previous.due.min(now.plus_days(known.severity.due_days())),
        };
        return Change::Still(Finding { due, ..known });
    }
    let due = now.plus_days(known.severity.due_days());
    Change::Reopened(Finding { due, reopened: previous.reopened.saturating_add(1), ..known })
}

#[cfg(test)]
mod tests {
    use super::*;
    use haechi_model::{ContentHash, Message, Severity};
    use serde_json::json;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_micros(0).plus_days(day)
    }

    fn finding(opened: i64, state: FindingState, reopened: u32) -> Finding {
        let key = json!({"partition": "aws", "accountId": "123456789012", "region": "us-east-1",
            "resourceType": "AWS::S3::Bucket", "resourceId": "b"});
        Finding {
            id: ContentHash::of(b"f"),
            kind: FindingKind::Rule,
            rule: "R".into(),
            rule_instance: ContentHash::of(b"i"),
            parameters: Default::default(),
            subject: serde_json::from_value(key).unwrap(),
            sub_key: String::new(),
            severity: Severity::High,
            message: Message::new("rule:R"),
            evidence: vec![],
            controls: vec![],
            state,
            first_seen: day(opened),
            last_seen: day(opened),
            due: day(opened + 30),
            reopened,
        }
    }

    fn resolved(because: ResolvedBecause, at: i64) -> FindingState {
        FindingState::Resolved { because, resolved_at: day(at) }
    }

    /// State, first seen, last seen, due, reopened.
    type Told = Option<(FindingState, Timestamp, Timestamp, Timestamp, u32)>;

    fn told(change: Change) -> (&'static str, Told) {
        let (name, finding) = match change {
            Change::New(finding) => ("new", finding),
            Change::Reopened(finding) => ("reopened", finding),
            Change::Still(finding) => ("still", finding),
            Change::Resolved(finding) => ("resolved", finding),
            Change::Nothing => return ("nothing", None),
        };
        (name, Some((finding.state, finding.first_seen, finding.last_seen, finding.due, finding.reopened)))
    }

    #[test]
    fn every_case_of_a_finding() {
        use FindingState::Open;
        use ResolvedBecause::{Deleted, Fixed, NotApplicable, RuleGone};
        let open = finding(1, Open, 2);
        let closed = finding(1, resolved(Fixed, 5), 2);
        let wrong = || Outcome::Wrong(Box::new(finding(9, Open, 0)));
        let until = |because| Some((resolved(because, 9), day(1), day(1), day(31), 2));
        for (previous, outcome, name, expected) in [
            (None, wrong(), "new", Some((Open, day(9), day(9), day(39), 0))),
            (Some(&open), wrong(), "still", Some((Open, day(1), day(9), day(31), 2))),
            (Some(&closed), wrong(), "reopened", Some((Open, day(1), day(9), day(39), 3))),
            (Some(&open), Outcome::Right, "resolved", until(Fixed)),
            (Some(&open), Outcome::NotApplicable, "resolved", until(NotApplicable)),
            (Some(&open), Outcome::Gone, "resolved", until(Deleted)),
            (Some(&open), Outcome::RuleGone, "resolved", until(RuleGone)),
            (Some(&open), Outcome::InsufficientData, "nothing", None),
            (Some(&open), Outcome::NotSeen, "nothing", None),
            (Some(&closed), Outcome::Right, "nothing", None),
            (Some(&closed), Outcome::Gone, "nothing", None),
            (Some(&closed), Outcome::RuleGone, "nothing", None),
            (Some(&closed), Outcome::InsufficientData, "nothing", None),
            (None, Outcome::Right, "nothing", None),
            (None, Outcome::InsufficientData, "nothing", None),
            (None, Outcome::NotSeen, "nothing", None),
        ] {
            assert_eq!(told(lifecycle(previous, outcome.clone(), day(9))), (name, expected), "{outcome:?}");
        }
    }

    #[test]
    fn a_graver_severity_leaves_less_time() {
        let graver = Finding { severity: Severity::Critical, ..finding(9, FindingState::Open, 0) };
        let change = lifecycle(Some(&finding(1, FindingState::Open, 0)), Outcome::Wrong(Box::new(graver)), day(9));
        assert_eq!(told(change).1.unwrap().3, day(16));
    }
}
