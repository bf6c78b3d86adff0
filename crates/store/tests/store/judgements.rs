//! Evaluations, findings and the decisions of people.

use haechi_model::{
    Compliance, ContentHash, Evaluation, Finding, FindingState, Message, Read, ResolvedBecause, Severity,
};
use haechi_store::{
    Account, AccountState, Attestation, Comment, EvaluationFilter, FilterExpression, FindingFilter, FindingStatus,
    NewSuppression, PackReference, PackRule, Store, StoreError, SuppressionId, TagFilter,
};
use serde_json::json;

use crate::support::*;

fn evaluation(rule: &str, id: &str, compliance: Compliance) -> Evaluation {
    Evaluation {
        instance: instance(rule).id,
        rule: rule.into(),
        resource: key(id),
        compliance,
        message: Message::new("m").with("n", 1),
        evidence: vec![json!({"Effect": "Allow"})],
        reads: vec![Read::Item { hash: ContentHash::of(id.as_bytes()) }],
        holds_until: Some(at(500)),
    }
}

fn judge(store: &mut Store, seconds: i64, evaluations: &[Evaluation], findings: &[Finding]) -> haechi_store::RunId {
    let mut run = store.begin_run(run_at(seconds)).unwrap();
    run.put_instances(&["A", "B"].map(instance)).unwrap();
    run.put_evaluations(evaluations, at(seconds)).unwrap();
    run.upsert_findings(findings).unwrap();
    run.commit(at(seconds)).unwrap()
}

#[test]
fn an_unchanged_verdict_keeps_its_run() {
    use Compliance::{Compliant, NonCompliant};
    let mut store = crate::support::store();
    let verdicts =
        [evaluation("A", "x", Compliant), evaluation("B", "x", NonCompliant), evaluation("B", "y", Compliant)];
    let first = judge(&mut store, 10, &verdicts, &[]);
    let changed = evaluation("B", "y", NonCompliant);
    let second = judge(&mut store, 20, &[verdicts[0].clone(), changed.clone()], &[]);
    let all = store.evaluations(&EvaluationFilter::default()).unwrap();
    let runs: Vec<_> = all.iter().map(|stored| (stored.run, stored.evaluated_at)).collect();
    assert_eq!(runs, [(first, at(10)), (first, at(10)), (second, at(20))]);
    let evaluations: Vec<_> = all.into_iter().map(|stored| stored.evaluation).collect();
    assert_eq!(evaluations, [verdicts[0].clone(), verdicts[1].clone(), changed]);

    let count = |filter: EvaluationFilter| store.evaluations(&filter).unwrap().len();
    assert_eq!(count(EvaluationFilter { rules: vec!["B".into()], ..Default::default() }), 2);
    assert_eq!(count(EvaluationFilter { instances: vec![instance("A").id], ..Default::default() }), 1);
    assert_eq!(count(EvaluationFilter { compliance: vec![NonCompliant], ..Default::default() }), 2);
    assert_eq!(count(EvaluationFilter { resource: Some(key("x")), ..Default::default() }), 2);
    assert_eq!(count(EvaluationFilter { accounts: vec!["999999999999".parse().unwrap()], ..Default::default() }), 0);
    let counts = store.evaluation_counts().unwrap();
    assert_eq!(
        counts.iter().map(|c| (&*c.rule, c.compliance, c.count)).collect::<Vec<_>>(),
        [("A", Compliant, 1), ("B", NonCompliant, 2)]
    );
}

#[test]
fn verdicts_go_with_their_resources_and_rules() {
    let mut store = crate::support::store();
    let verdicts = [("A", "x"), ("A", "y"), ("B", "x")].map(|(rule, id)| evaluation(rule, id, Compliance::Compliant));
    judge(&mut store, 10, &verdicts, &[]);
    let mut run = store.begin_run(run_at(20)).unwrap();
    assert_eq!(run.remove_evaluations(&[(instance("A").id, key("x")), (instance("A").id, key("z"))]).unwrap(), 1);
    assert_eq!(run.keep_only_instances(&[instance("B").id]).unwrap(), 1);
    let error = run.put_evaluations(&[evaluation("C", "x", Compliance::Compliant)], at(20)).unwrap_err();
    assert!(error.to_string().contains("no rule instance"), "{error}");
    run.commit(at(20)).unwrap();
    let left = store.evaluations(&EvaluationFilter::default()).unwrap();
    assert_eq!(left.iter().map(|stored| &stored.evaluation).collect::<Vec<_>>(), [&verdicts[2]]);
}

#[test]
fn packs_summaries_and_accounts() {
    let mut store = crate::support::store();
    let pack = |rules: usize| PackReference {
        name: "KISMS".into(),
        source: "kisms.yaml".into(),
        rules: vec![PackRule { config_rule_name: "a".into(), instance: instance("A").id }; rules],
    };
    let account = |seconds: i64, ou: &str| Account {
        id: account(),
        name: Some("prod".into()),
        ou_path: Some(ou.into()),
        state: AccountState::Active,
        tags: Default::default(),
        as_of: at(seconds),
    };
    let mut run = store.begin_run(run_at(0)).unwrap();
    run.put_accounts(&[account(10, "Root/A"), account(20, "Root/A"), account(30, "Root/B")]).unwrap();
    run.put_packs(&[pack(1)]).unwrap();
    run.put_packs(&[pack(2)]).unwrap();
    run.put_summary(&json!({"score": 71})).unwrap();
    run.commit(at(1)).unwrap();
    assert_eq!(store.packs().unwrap(), [pack(2)]);
    assert_eq!(store.previous_run().unwrap().unwrap().summary, json!({"score": 71}));
    assert_eq!(store.accounts(None).unwrap(), [account(30, "Root/B")]);
    assert_eq!(store.accounts(Some(at(25))).unwrap(), [account(10, "Root/A")]);
    assert!(store.accounts(Some(at(5))).unwrap().is_empty());
}

fn resolved(mut finding: Finding, seconds: i64) -> Finding {
    finding.state = FindingState::Resolved { because: ResolvedBecause::Fixed, resolved_at: at(seconds) };
    finding
}

fn seen(mut finding: Finding, seconds: i64) -> Finding {
    finding.last_seen = at(seconds);
    finding
}

#[test]
fn runs_open_resolve_and_reopen_findings() {
    let mut store = crate::support::store();
    let (a, b) = (finding("A", "x", Severity::Low), finding("B", "x", Severity::Critical));
    let first = judge(&mut store, 10, &[], &[a.clone(), b.clone()]);
    let second = judge(&mut store, 20, &[], &[seen(a.clone(), 20), resolved(b.clone(), 20)]);
    let since = |store: &Store, run| {
        let filter = FindingFilter { since: Some(run), ..Default::default() };
        let found = store.findings(&filter, at(99)).unwrap();
        found.into_iter().map(|found| (found.finding.rule.clone(), found.status())).collect::<Vec<_>>()
    };
    let all = store.findings(&FindingFilter::default(), at(99)).unwrap();
    assert_eq!(all[0].finding, resolved(b.clone(), 20));
    assert_eq!((all[0].opened_in, all[0].resolved_in), (first, Some(second)));
    assert_eq!((&all[1].finding, all[1].resolved_in), (&seen(a.clone(), 20), None));
    assert_eq!(since(&store, first), [("B".into(), FindingStatus::Resolved)]);
    assert_eq!(since(&store, second), []);
    let back = Finding { reopened: 1, ..seen(b.clone(), 30) };
    let third = judge(&mut store, 30, &[], std::slice::from_ref(&back));
    assert_eq!(since(&store, second), [("B".into(), FindingStatus::Open)]);
    let found = store.finding(&b.id.to_string(), at(99)).unwrap();
    assert_eq!((found.opened_in, found.resolved_in, found.finding), (third, None, back));
    // Resolved long ago and said again: still resolved by the same run.
    let fourth = judge(&mut store, 40, &[], &[resolved(b.clone(), 40)]);
    judge(&mut store, 50, &[], &[resolved(b.clone(), 40)]);
    assert_eq!(store.finding(&b.id.to_string(), at(99)).unwrap().resolved_in, Some(fourth));
}

#[test]
fn ids_may_be_shortened_while_they_are_unique() {
    let mut store = crate::support::store();
    let with_id = |id: &str, name: &str| Finding { id: id.parse().unwrap(), ..finding("A", name, Severity::Low) };
    let findings = [
        with_id("abcd0000000000000000000000000000", "x"),
        with_id("abcd00000000000000000000000000ff", "y"),
        with_id("abce0000000000000000000000000000", "z"),
    ];
    judge(&mut store, 10, &[], &findings);
    let name =
        |prefix: &str| store.finding(prefix, at(10)).map(|found| found.finding.subject.key.resource_id.to_string());
    assert_eq!(name("abce").unwrap(), "z");
    assert_eq!(name("ABCE0").unwrap(), "z");
    assert_eq!(name("abcd00000000000000000000000000f").unwrap(), "y");
    assert!(matches!(name("abcd"), Err(StoreError::Ambiguous { found: 2, .. })));
    assert!(matches!(name("abcf"), Err(StoreError::NotFound { .. })));
    for wrong in ["", "abc", "xyzw", "해치해치", &"a".repeat(33)] {
        assert!(matches!(name(wrong), Err(StoreError::NotAnId { .. })), "{wrong}");
    }
}

#[test]
fn filters_of_findings() {
    let mut store = crate::support::store();
    judge(&mut store, 10, &[], &[finding("A", "x-1", Severity::High), finding("B", "y-1", Severity::Low)]);
    let id = finding("B", "y-1", Severity::Low).id;
    store.assign(id, Some("kim"), "lee", at(11)).unwrap();
    let check = |filter: FindingFilter, expected: &str| {
        let found = store.findings(&filter, at(20)).unwrap();
        let rules: Vec<_> = found.iter().map(|found| &*found.finding.rule).collect();
        assert_eq!(rules.join(""), expected, "{filter:?}");
    };
    let all = FindingFilter::default;
    let text = |word: &str| vec![word.to_owned()];
    let tag = |value: Option<&str>| vec![TagFilter { key: "env".into(), value: value.map(str::to_owned) }];
    check(all(), "AB");
    check(FindingFilter { accounts: vec![account()], regions: vec![region()], types: vec![bucket()], ..all() }, "AB");
    check(FindingFilter { accounts: vec!["999999999999".parse().unwrap()], ..all() }, "");
    check(FindingFilter { severities: vec![Severity::Low, Severity::Medium], ..all() }, "B");
    check(FindingFilter { services: text("s3"), ..all() }, "AB");
    check(FindingFilter { services: text("EC2"), ..all() }, "");
    check(FindingFilter { ous: text("Root/Workloads"), ..all() }, "AB");
    check(FindingFilter { ous: text("Root/Work"), ..all() }, "");
    check(FindingFilter { resources: text("arn:aws:s3:::x-*"), ..all() }, "A");
    check(FindingFilter { resources: text("y-?"), ..all() }, "B");
    check(FindingFilter { tags: tag(Some("prod")), ..all() }, "AB");
    check(FindingFilter { tags: tag(None), ..all() }, "AB");
    check(FindingFilter { tags: tag(Some("dev")), ..all() }, "");
    check(FindingFilter { owners: text("web"), ..all() }, "AB");
    check(FindingFilter { owners: text("kim"), ..all() }, "B");
    check(FindingFilter { controls: text("aws-fsbp:S3.2"), ..all() }, "AB");
    check(FindingFilter { controls: text("aws-fsbp:S3"), ..all() }, "");
    check(FindingFilter { rules: text("A"), ..all() }, "A");
    check(FindingFilter { instances: vec![instance("B").id], ..all() }, "B");
    check(FindingFilter { statuses: vec![FindingStatus::Resolved], ..all() }, "");
    let counts = store.finding_counts(&all(), at(20)).unwrap();
    assert_eq!(
        counts.iter().map(|c| (c.severity, c.status, c.count)).collect::<Vec<_>>(),
        [(Severity::High, FindingStatus::Open, 1), (Severity::Low, FindingStatus::Open, 1)]
    );
}

#[test]
fn suppressions_cover_until_they_expire_or_are_lifted() {
    let mut store = crate::support::store();
    judge(&mut store, 10, &[], &[finding("A", "x", Severity::High), resolved(finding("B", "x", Severity::High), 10)]);
    let terms = |filter: &str, expires: Option<i64>| NewSuppression {
        filter: FilterExpression::parse(filter).unwrap(),
        reason: "accepted".into(),
        owner: "kim".into(),
        created: at(20),
        expires: expires.map(at),
    };
    let idle = store.suppress(&terms("rule = Z", None)).unwrap();
    let first = store.suppress(&terms("arn ~ 'arn:aws:s3:::*' AND tag.env = 'prod'", Some(50))).unwrap();
    let status = |store: &Store, seconds: i64| {
        let found = store.findings(&FindingFilter::default(), at(seconds)).unwrap();
        found.iter().map(|found| (found.status(), found.suppression)).collect::<Vec<_>>()
    };
    let resolved = (FindingStatus::Resolved, None);
    assert_eq!(status(&store, 19), [(FindingStatus::Open, None), resolved]);
    assert_eq!(status(&store, 20), [(FindingStatus::Suppressed, Some(first)), resolved]);
    assert_eq!(status(&store, 49), [(FindingStatus::Suppressed, Some(first)), resolved]);
    assert_eq!(status(&store, 50), [(FindingStatus::Open, None), resolved]);
    let open = FindingFilter { statuses: vec![FindingStatus::Open], ..Default::default() };
    assert_eq!(store.findings(&open, at(30)).unwrap().len(), 0);
    assert_eq!(store.findings(&open, at(60)).unwrap().len(), 1);
    assert_eq!(store.idle_suppressions(at(30)).unwrap(), [idle]);

    store.unsuppress(first, "lee", at(40)).unwrap();
    assert_eq!(status(&store, 39)[0].0, FindingStatus::Suppressed);
    assert_eq!(status(&store, 40)[0].0, FindingStatus::Open);
    assert!(matches!(store.unsuppress(first, "lee", at(41)), Err(StoreError::NotFound { .. })));
    assert!(store.unsuppress(SuppressionId::from_number(99), "lee", at(41)).is_err());
    let kept = store.suppressions().unwrap();
    assert_eq!((kept.len(), &kept[1].terms), (2, &terms("arn ~ 'arn:aws:s3:::*' AND tag.env = 'prod'", Some(50))));
    assert_eq!(kept[1].lifted.as_ref().unwrap().by, "lee");
}

#[test]
fn assignments_and_comments() {
    let mut store = crate::support::store();
    let finding = finding("A", "x", Severity::High);
    judge(&mut store, 10, &[], std::slice::from_ref(&finding));
    let comment = Comment { at: at(12), by: "kim".into(), text: "확인 중".into() };
    store.comment(finding.id, &comment).unwrap();
    store.assign(finding.id, Some("kim"), "lee", at(11)).unwrap();
    let found = store.finding(&finding.id.to_string(), at(20)).unwrap();
    assert_eq!((found.assignee.as_deref(), found.comments), (Some("kim"), 1));
    assert_eq!(store.comments(finding.id).unwrap(), std::slice::from_ref(&comment));
    store.assign(finding.id, None, "lee", at(13)).unwrap();
    assert_eq!(store.finding(&finding.id.to_string(), at(20)).unwrap().assignee, None);
    let unknown = ContentHash::of(b"unknown");
    assert!(matches!(store.assign(unknown, None, "lee", at(1)), Err(StoreError::NotFound { .. })));
    assert!(matches!(store.comment(unknown, &comment), Err(StoreError::NotFound { .. })));
}

#[test]
fn attestations_stand_for_a_while() {
    let mut store = crate::support::store();
    let attestation = |seconds: i64, accounts: Vec<_>| Attestation {
        subject: "AWS_CONFIG_PROCESS_CHECK:annual-review".into(),
        who: "kim".into(),
        at: at(seconds),
        evidence: "https://tickets/1".into(),
        expires: Some(at(seconds + 100)),
        accounts,
    };
    let (first, second) = (attestation(10, vec![]), attestation(50, vec![account()]));
    store.attest(&first).unwrap();
    store.attest(&second).unwrap();
    assert_eq!(store.attestations(at(9)).unwrap(), []);
    assert_eq!(store.attestations(at(20)).unwrap(), std::slice::from_ref(&first));
    assert_eq!(store.attestations(at(110)).unwrap(), std::slice::from_ref(&second));
    assert_eq!(store.all_attestations().unwrap().len(), 2);
    let other = "999999999999".parse().unwrap();
    assert_eq!([first.speaks_for(other), second.speaks_for(other), second.speaks_for(account())], [true, false, true]);
}
