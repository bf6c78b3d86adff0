//! The review of an organization's policies: strategies, what an account is left with, and each mistake.

use haechi_access::org_policies::{MistakeKind, OrgReview, Strategy, TagFault, effective_tags, regions_of};
use haechi_iam::Tri;
use serde_json::{Value, json};

use crate::made::*;

fn review(items: &Items) -> OrgReview {
    let world = items.world();
    OrgReview::of(world.organization().expect("one"), None)
}

/// Takes FullAWSAccess from a node.
fn without_full_access(items: &mut Items, node: &str) {
    let item = items.0.iter_mut().find(|item| item["resourceId"] == "p-FullAWSAccess").expect("the policy");
    item["configuration"]["TargetIds"].as_array_mut().expect("targets").retain(|target| target != node);
}

fn mistakes(items: &Items) -> Vec<(String, String, &'static str)> {
    let of = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
    let ours = |policy: &Option<Box<str>>| policy.as_deref().is_none_or(|id| !id.contains("FullAWSAccess"));
    let found = review(items).mistakes.into_iter().filter(|mistake| ours(&mistake.policy));
    found.map(|mistake| (of(&mistake.target), of(&mistake.policy), mistake.kind.name())).collect()
}

fn check(items: &Items, expected: &[(&str, &str, &str)]) {
    let found = mistakes(items);
    let found: Vec<_> = found.iter().map(|(target, policy, name)| (target.as_str(), policy.as_str(), *name)).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_tree_tells_what_is_attached_and_inherited() {
    let mut items = Items::organization();
    items.scp("p-Deny", &deny("ec2:*"), &["ou-work"]);
    let review = review(&items);
    let node = |id: &str| review.nodes.iter().find(|node| &*node.id == id).expect("a node");
    let names = |policies: &[haechi_access::org_policies::PolicyName]| {
        policies.iter().map(|policy| policy.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(review.nodes.iter().map(|node| node.depth).collect::<Vec<_>>(), [0, 1, 2, 3, 2, 1]);
    assert_eq!(node("ou-prod").path, "Root/Work/Prod");
    assert_eq!(names(&node("ou-work").scps), ["p-Deny", "p-FullAWSAccess"]);
    assert_eq!(names(&node(PROD).inherited_scps), ["p-Deny", "p-FullAWSAccess"]);
    assert_eq!(names(&node("r-1").inherited_scps), Vec::<String>::new());
    assert_eq!((node(PROD).strategy, node(PROD).effective), (Strategy::BlockList, Strategy::BlockList));
    assert_eq!(node(MANAGEMENT).effective, Strategy::NotBound);
    check(&items, &[]);
    let world = items.world();
    let organization = world.organization().expect("one");
    let part = OrgReview::of(organization, organization.find("Root/Work/Prod"));
    let ids: Vec<_> = part.nodes.iter().map(|node| &*node.id).collect();
    assert_eq!(ids, ["r-1", "ou-work", "ou-prod", PROD]);
}

#[test]
fn levels_without_allow_and_allow_lists() {
    let mut items = Items::organization();
    without_full_access(&mut items, "ou-work");
    items.scp("p-Deny", &deny("ec2:*"), &["ou-work"]);
    check(&items, &[("ou-work", "", "nothing-allowed")]);
    let effective = |items: &Items| review(items).nodes.iter().find(|node| &*node.id == PROD).expect("it").effective;
    assert_eq!(effective(&items), Strategy::Nothing);
    items.scp("p-Some", &allow("s3:*", "*"), &["ou-work"]);
    check(&items, &[("ou-work", "", "allow-list-lacks")]);
    assert_eq!(effective(&items), Strategy::AllowList);
    let lacks = review(&items).mistakes.remove(0).kind;
    let all = ["sts", "iam", "support"].map(Box::from).to_vec();
    assert_eq!(lacks, MistakeKind::AllowListLacks { services: all });
    let more = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["sts:*", "iam:*", "support:*"], "Resource": "*"}]});
    items.scp("p-More", &more, &["ou-work"]);
    check(&items, &[]);
}

/// A region limit that spares some actions.
fn region_limit(spared: &[&str]) -> Value {
    let mut statement = json!({"Sid": "Regions", "Effect": "Deny", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}}});
    let name = if spared.is_empty() { "Action" } else { "NotAction" };
    statement[name] = if spared.is_empty() { json!("*") } else { json!(spared) };
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

#[test]
fn region_limits() {
    let mut items = Items::organization();
    items.bucket(PROD, "notes", None);
    items.scp("p-Regions", &region_limit(&[]), &["ou-prod"]);
    check(&items, &[("", "p-Regions", "region-forgets-global")]);
    let world = items.world();
    let left: Vec<_> = regions_of(&world, PROD).into_iter().map(|limit| (limit.region, limit.passes)).collect();
    let expected = [("ap-northeast-2", Tri::No), ("eu-central-1", Tri::Yes), ("eu-west-1", Tri::Yes)];
    assert_eq!(left, expected.map(|(region, passes)| (Box::from(region), passes)));
    assert!(regions_of(&world, DEV).is_empty());
    let spared = [
        "iam:*",
        "organizations:*",
        "route53:*",
        "cloudfront:*",
        "support:*",
        "sts:*",
        "budgets:*",
        "ce:*",
        "globalaccelerator:*",
        "waf:*",
        "shield:*",
        "health:*",
        "trustedadvisor:*",
    ];
    let mut items = Items::organization();
    items.scp("p-Regions", &region_limit(&spared), &["ou-prod"]);
    check(&items, &[]);
    let mut items = Items::organization();
    items.scp("p-Regions", &region_limit(&spared[1..]), &["ou-prod"]);
    let kind = review(&items).mistakes.remove(0).kind;
    assert_eq!(kind, MistakeKind::RegionForgetsGlobal { line: 1, services: vec!["iam".into()] });
}

#[test]
fn exemptions_by_name() {
    let but = |pattern: &str| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": pattern}}}]})
    };
    for (pattern, expected) in [
        ("arn:aws:iam::*:role/admin", "exempt-in-every-account"),
        ("arn:aws:iam::222222222222:role/admin", "exempt-by-name"),
        ("arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*", "exempt-by-name"),
    ] {
        let mut items = Items::organization();
        items.scp("p-But", &but(pattern), &["ou-prod"]);
        check(&items, &[("", "p-But", expected)]);
    }
}

#[test]
fn policies_that_do_nothing_or_are_too_much() {
    let mut items = Items::organization();
    items.scp("p-Mgmt", &deny("ec2:*"), &[MANAGEMENT]).scp("p-Nowhere", &deny("ec2:*"), &[]);
    items.scp("p-Twice", &deny("s3:*"), &["r-1", "ou-prod"]);
    let long: Vec<String> = (0..800).map(|number| format!("s3:Get{number:010}")).collect();
    let long = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": long, "Resource": "*"}]});
    items.scp("p-Long", &long, &["ou-prod"]);
    let named = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}]});
    items.scp("p-Named", &named, &["ou-prod"]);
    check(
        &items,
        &[
            ("", "p-Long", "too-large"),
            ("", "p-Named", "fault"),
            (MANAGEMENT, "p-Mgmt", "management-account"),
            ("", "p-Nowhere", "unattached"),
            ("ou-prod", "p-Twice", "repeated"),
        ],
    );
    let mut items = Items::organization();
    for number in 0..10 {
        items.scp(&format!("p-{number}"), &deny("ec2:*"), &["ou-prod"]);
    }
    let kind = review(&items).mistakes.remove(0).kind;
    let policy_type = "SERVICE_CONTROL_POLICY".into();
    assert_eq!(kind, MistakeKind::TooMany { policy_type, count: 11, limit: 10 });
}

#[test]
fn tag_policies() {
    let mut items = Items::organization();
    let root = json!({"tags": {"CostCenter": {"tag_key": {"@@assign": "CostCenter"},
        "tag_value": {"@@assign": ["100", "2*"]}, "enforced_for": {"@@assign": ["ec2:instance"]}}}});
    items.org_policy("p-tags", "TAG_POLICY", &root, &["r-1"]);
    let more = json!({"tags": {"costcenter": {"tag_value": {"@@append": ["300"], "@@remove": ["100"]}}}});
    items.org_policy("p-more", "TAG_POLICY", &more, &["ou-prod"]);
    let world = items.world();
    let effective = effective_tags(world.organization().expect("one"), PROD);
    assert_eq!(effective.len(), 1);
    assert_eq!((&*effective[0].key, &effective[0].values[..]), ("CostCenter", &["2*".into(), "300".into()][..]));
    assert_eq!(effective[0].enforced_for, ["ec2:instance".into()]);
    check(&items, &[]);
    let account = items.0.iter_mut().find(|item| item["resourceId"] == PROD).expect("the account");
    account["tags"] = json!({"costcenter": "100"});
    check(&items, &[(PROD, "", "account-tag")]);
    let faults = |content: Value| {
        let mut items = Items::organization();
        items.org_policy("p-tags", "TAG_POLICY", &content, &["r-1"]);
        let tag = |kind| match kind {
            MistakeKind::TagPolicy { fault } => fault,
            other => panic!("{other:?}"),
        };
        review(&items).mistakes.into_iter().map(|mistake| tag(mistake.kind)).collect::<Vec<_>>()
    };
    assert_eq!(faults(json!({"tag": {}})), [TagFault::NoTags]);
    assert_eq!(
        faults(json!({"tags": {"a": {"tag_key": "a", "colour": {}}, "A": {"tag_key": {"@@assign": "b"}}}})),
        [
            TagFault::NoOperator { path: "tags.a.tag_key".into() },
            TagFault::UnknownMember { path: "tags.a.colour".into() },
            TagFault::Twice { key: "A".into() },
            TagFault::OtherKey { path: "tags.A.tag_key".into(), key: "b".into() },
        ]
    );
}
