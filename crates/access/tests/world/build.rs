//! What becomes of the items: the tree, the principals with their policies, what was not recorded.

use haechi_access::{GapKind, Guardrails, NodeKind, OrgPolicyType, OrganizationError, Via, World};
use haechi_iam::{Action, Context, Standing, Tri, Verdict};
use serde_json::json;

use crate::made::*;

/// What the world decides, with every key told.
pub fn decide(world: &World, principal: &str, action: &str, resource: &str) -> Verdict {
    outcome(world, principal, action, resource, Guardrails::Counted).verdict()
}

fn outcome(
    world: &World,
    principal: &str,
    action: &str,
    resource: &str,
    guardrails: Guardrails,
) -> haechi_iam::Outcome {
    let subject = world.subject(principal).expect("a principal");
    let (action, target, context) =
        (Action::parse(action).expect("an action"), world.target(resource, None), Context::new());
    world.question(&subject, &action, &target, &context, guardrails).decide()
}

fn allowed(world: &World, principal: &str, action: &str, resource: &str) -> Tri {
    outcome(world, principal, action, resource, Guardrails::Counted).allowed
}

#[test]
fn the_tree_is_joined() {
    let mut items = Items::organization();
    items.scp("p-deny", &deny("ec2:*"), &["ou-prod"]);
    let world = items.world();
    let organization = world.organization().unwrap();
    assert_eq!((organization.id(), organization.management_account()), ("o-1", Some(MANAGEMENT)));
    let names: Vec<_> = organization.path(PROD).iter().map(|node| &*node.name).collect();
    assert_eq!(names, ["Root", "Work", "Prod", "shop"]);
    let place = organization.place_of(PROD).unwrap();
    assert_eq!(&*place.paths[0], "o-1/r-1/ou-work/ou-prod/");
    let account = world.account(PROD).unwrap();
    assert_eq!(
        (&*account.name, account.name_path.as_str(), account.standing),
        ("shop", "Root/Work/Prod", Standing::Member)
    );
    assert_eq!(world.account(MANAGEMENT).unwrap().standing, Standing::Management);
    let levels = world.scps_of(PROD);
    let seen: Vec<_> = levels.iter().map(|level| (&*level.target, level.policies.len())).collect();
    assert_eq!(seen, [("r-1", 1), ("ou-work", 1), ("ou-prod", 2), (PROD, 1)]);
    assert_eq!(world.rcps_of(DEV).len(), 3);
    assert!(world.scps_of(OUTSIDE).is_empty());
    let children: Vec<_> = organization.children("ou-work").iter().map(|node| (node.kind, &*node.name)).collect();
    assert_eq!(children, [(NodeKind::Unit, "Prod"), (NodeKind::Account, "lab")]);
    assert_eq!(organization.accounts_under("ou-work").len(), 2);
    assert_eq!(organization.attached("ou-prod", &OrgPolicyType::ServiceControl).count(), 2);
    for word in ["ou-prod", "Prod", "Root/Work/Prod", "arn:aws:organizations::111111111111:ou/o-1/ou-prod"] {
        assert_eq!(organization.find(word).map(|node| &*node.id), Some("ou-prod"), "{word}");
    }
}

#[test]
fn no_tree_is_an_error_with_the_names() {
    let mut items = Items::organization();
    items.account("444444444444", "lost", "ou-gone");
    let error = items.try_world().unwrap_err();
    assert_eq!(error.to_string(), "444444444444 (lost) stands under ou-gone, which is not recorded");
    let mut items = Items::organization();
    items.unit("ou-a", "A", "ou-b").unit("ou-b", "B", "ou-a");
    let error = items.try_world().unwrap_err();
    assert!(matches!(&error, OrganizationError::Cycle(_)));
    assert_eq!(error.to_string(), "the organization goes in a circle: ou-a (A) is under ou-b (B) is under ou-a (A)");
}

#[test]
fn principals_have_what_is_attached_to_them_and_their_groups() {
    let mut items = Items::organization();
    let shared = format!("arn:aws:iam::{PROD}:policy/shared");
    items.managed(PROD, "shared", &allow("sqs:*", "*"));
    items.group(PROD, "ops", &[allow("ec2:*", "*")], &[&shared]);
    items.user(PROD, "mina", &[allow("s3:*", "*")], &[&shared], &["ops"]).tagged("team", "core");
    let world = items.world();
    let mina = world.principal(&user(PROD, "mina")).unwrap();
    let via: Vec<_> = mina.attachments().iter().map(|own| (own.policy.name(), own.via.clone())).collect();
    let group = |managed: Option<&str>| Via::Group { group: "ops".into(), managed: managed.map(Box::from) };
    assert_eq!(
        via,
        [
            ("inline0", Via::Inline),
            ("shared", Via::Managed(shared.as_str().into())),
            ("inline0", group(None)),
            ("shared", group(Some(&shared)))
        ]
    );
    for action in ["s3:GetObject", "ec2:RunInstances", "sqs:SendMessage"] {
        assert_eq!(decide(&world, mina.arn(), action, "*"), Verdict::Allowed, "{action}");
    }
    assert_eq!(decide(&world, mina.arn(), "iam:CreateUser", "*"), Verdict::ImplicitlyDenied);
    assert_eq!(mina.tags().collect::<Vec<_>>(), [("team", "core")]);
}

#[test]
fn equal_policies_are_one() {
    let mut items = Items::organization();
    for number in 0..50 {
        items.user(PROD, &format!("user{number}"), &[allow("s3:*", "*")], &[], &[]);
        items.managed(DEV, "shared", &allow("sqs:*", "*"));
        items.role(
            DEV,
            &format!("role{number}"),
            &trust(json!({"Service": "ec2.amazonaws.com"})),
            &[],
            &[&format!("arn:aws:iam::{DEV}:policy/shared")],
        );
    }
    let world = items.world();
    assert_eq!(world.principals().len(), 100);
    // One inline, one managed, one trust policy, FullAWSAccess, RCPFullAWSAccess.
    assert_eq!(world.prepared_policies(), 5);
    let sets: std::collections::BTreeSet<_> = world.principals().iter().map(|one| one.identity().as_ptr()).collect();
    assert_eq!(sets.len(), 2);
}

#[test]
fn guardrails_bind_members_only() {
    let mut items = Items::organization();
    items.scp("p-deny", &deny("s3:*"), &["ou-work", MANAGEMENT]);
    for account in [MANAGEMENT, PROD, DEV] {
        items.user(account, "mina", &[allow("s3:*", "*")], &[], &[]);
    }
    let service_linked = "aws-service-role/x.amazonaws.com/AWSServiceRoleForX";
    items.role(PROD, service_linked, &trust(json!({"Service": "x.amazonaws.com"})), &[allow("s3:*", "*")], &[]);
    let world = items.world();
    let check = |principal: &str, verdict| {
        assert_eq!(decide(&world, principal, "s3:ListAllMyBuckets", "*"), verdict, "{principal}")
    };
    check(&user(PROD, "mina"), Verdict::ExplicitlyDenied);
    check(&user(DEV, "mina"), Verdict::ExplicitlyDenied);
    check(&user(MANAGEMENT, "mina"), Verdict::Allowed);
    check(&role(PROD, service_linked), Verdict::Allowed);
    check(PROD, Verdict::ExplicitlyDenied);
    let without = outcome(&world, &user(PROD, "mina"), "s3:ListAllMyBuckets", "*", Guardrails::WithoutScps);
    assert_eq!(without.verdict(), Verdict::Allowed);
}

#[test]
fn scps_that_are_not_in_force_do_not_bind() {
    let mut items = Items::organization();
    items.scp("p-deny", &deny("s3:*"), &["r-1"]).user(PROD, "mina", &[allow("s3:*", "*")], &[], &[]);
    let root = items.0.iter_mut().find(|item| item["resourceId"] == "r-1").unwrap();
    root["configuration"]["PolicyTypes"] = json!([{"Type": "TAG_POLICY", "Status": "ENABLED"}]);
    assert_eq!(decide(&items.world(), &user(PROD, "mina"), "s3:ListAllMyBuckets", "*"), Verdict::Allowed);
}

#[test]
fn sessions_are_their_role() {
    let mut items = Items::organization();
    items.role(PROD, "team/app", &trust(json!({"AWS": PROD})), &[allow("s3:*", "*")], &[]);
    let world = items.world();
    let session = format!("arn:aws:sts::{PROD}:assumed-role/app/i-1");
    assert_eq!(decide(&world, &session, "s3:ListAllMyBuckets", "*"), Verdict::Allowed);
    let subject = world.subject(&session).unwrap();
    assert_eq!(subject.caller.principal_arn(), role(PROD, "team/app"));
    assert_eq!(world.principal(&role(PROD, "app")).unwrap().arn(), role(PROD, "team/app"));
}

#[test]
fn boundaries_limit() {
    let mut items = Items::organization();
    items.managed(PROD, "limit", &allow("s3:Get*", "*"));
    items.user(PROD, "mina", &[allow("s3:*", "*")], &[], &[]).bounded(&format!("arn:aws:iam::{PROD}:policy/limit"));
    items.user(PROD, "jun", &[allow("s3:*", "*")], &[], &[]).bounded("arn:aws:iam::222222222222:policy/gone");
    let world = items.world();
    assert_eq!(decide(&world, &user(PROD, "mina"), "s3:GetObject", "*"), Verdict::Allowed);
    assert_eq!(decide(&world, &user(PROD, "mina"), "s3:PutObject", "*"), Verdict::ImplicitlyDenied);
    assert_eq!(allowed(&world, &user(PROD, "jun"), "s3:PutObject", "*"), Tri::Maybe);
}

#[test]
fn resources_bring_their_policy_owner_and_guardrails() {
    let mut items = Items::organization();
    items.bucket(PROD, "notes", Some(&allow_to(json!({"AWS": DEV}), "s3:GetObject", "arn:aws:s3:::notes/*")));
    items.bucket(DEV, "closed", None);
    items.user(DEV, "mina", &[allow("s3:*", "*")], &[], &[]).user(PROD, "jun", &[], &[], &[]);
    let own = allow_to(json!({"AWS": format!("arn:aws:iam::{PROD}:root")}), "kms:*", "*");
    items.key(PROD, "1", &own).user(PROD, "ops", &[allow("kms:*", "*")], &[], &[]);
    let world = items.world();
    let check = |principal: &str, action: &str, resource: &str, verdict| {
        assert_eq!(decide(&world, principal, action, resource), verdict, "{principal} {action} {resource}");
    };
    check(&user(DEV, "mina"), "s3:GetObject", "arn:aws:s3:::notes/a/b.txt", Verdict::Allowed);
    check(&user(DEV, "mina"), "s3:PutObject", "arn:aws:s3:::notes/a", Verdict::ImplicitlyDenied);
    check(&user(PROD, "jun"), "s3:GetObject", "arn:aws:s3:::notes/a", Verdict::ImplicitlyDenied);
    check(&user(DEV, "mina"), "s3:GetObject", "arn:aws:s3:::closed/a", Verdict::Allowed);
    let key = format!("arn:aws:kms:ap-northeast-2:{PROD}:key/1");
    check(&user(PROD, "ops"), "kms:Decrypt", &key, Verdict::Allowed);
    check(&user(PROD, "jun"), "kms:Decrypt", &key, Verdict::ImplicitlyDenied);
    // A resource control policy binds outsiders too.
    items.bucket(PROD, "open", Some(&allow_to(json!("*"), "s3:GetObject", "arn:aws:s3:::open/*")));
    let only_ours = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}]});
    let before = items.world();
    assert_eq!(decide(&before, "*", "s3:GetObject", "arn:aws:s3:::open/a"), Verdict::Allowed);
    items.org_policy("p-rcp", "RESOURCE_CONTROL_POLICY", &only_ours, &["ou-prod"]);
    let after = items.world();
    assert_eq!(decide(&after, "*", "s3:GetObject", "arn:aws:s3:::open/a"), Verdict::ExplicitlyDenied);
    assert_eq!(decide(&after, &user(DEV, "mina"), "s3:GetObject", "arn:aws:s3:::open/a"), Verdict::Allowed);
}

#[test]
fn trust_policies_decide_who_assumes_a_role() {
    let mut items = Items::organization();
    items.role(PROD, "deploy", &trust(json!({"AWS": user(DEV, "mina")})), &[], &[]);
    items.user(DEV, "mina", &[allow("sts:AssumeRole", "*")], &[], &[]).user(
        DEV,
        "jun",
        &[allow("sts:*", "*")],
        &[],
        &[],
    );
    let world = items.world();
    let deploy = role(PROD, "deploy");
    assert_eq!(decide(&world, &user(DEV, "mina"), "sts:AssumeRole", &deploy), Verdict::Allowed);
    assert_eq!(decide(&world, &user(DEV, "jun"), "sts:AssumeRole", &deploy), Verdict::ImplicitlyDenied);
    // The trust policy says nothing of other calls about the role.
    assert_eq!(decide(&world, &user(DEV, "mina"), "iam:GetRole", &deploy), Verdict::ImplicitlyDenied);
}

#[test]
fn what_was_not_recorded_is_known_to_be_unknown() {
    let mut items = Items::organization();
    items.user(PROD, "mina", &[], &["arn:aws:iam::aws:policy/AWSBillingReadOnlyAccess"], &[]);
    items.user(PROD, "jun", &[], &[], &["gone"]);
    items.user(PROD, "sora", &[], &[], &[]).not_collected("configuration.userPolicyList");
    items.user(PROD, "nara", &[], &[], &[]);
    items.bucket(PROD, "dark", None);
    items.last()["notCollected"] =
        json!({"supplementaryConfiguration.BucketPolicy": "AccessDenied: s3:GetBucketPolicy"});
    items.role(PROD, "broken", &trust(json!({"AWS": PROD})), &[], &[]);
    items.last()["configuration"]["assumeRolePolicyDocument"] = json!("%7Bnot a policy");
    let world = items.world();
    for (name, tri) in [("mina", Tri::Maybe), ("jun", Tri::Maybe), ("sora", Tri::Maybe), ("nara", Tri::No)] {
        assert_eq!(allowed(&world, &user(PROD, name), "s3:ListAllMyBuckets", "*"), tri, "{name}");
    }
    assert_eq!(allowed(&world, &user(DEV, "whoever"), "s3:GetObject", "arn:aws:s3:::dark/a"), Tri::Maybe);
    let kinds: Vec<_> = world.gaps().iter().map(|gap| (gap.kind, &*gap.subject)).collect();
    for (kind, subject) in [
        (GapKind::ManagedPolicy, "arn:aws:iam::aws:policy/AWSBillingReadOnlyAccess"),
        (GapKind::Group, "group gone in 222222222222"),
        (GapKind::PrincipalPolicies, "arn:aws:iam::222222222222:user/sora"),
        (GapKind::ResourcePolicy, "arn:aws:s3:::dark"),
        (GapKind::UnreadablePolicy, "arn:aws:iam::222222222222:role/broken trust policy"),
        (GapKind::Account, MANAGEMENT),
        (GapKind::Account, DEV),
    ] {
        assert!(kinds.contains(&(kind, subject)), "{kind:?} {subject} is not in {kinds:?}");
    }
    assert!(
        Items::default()
            .user(PROD, "mina", &[], &[], &[])
            .world()
            .gaps()
            .iter()
            .any(|gap| gap.kind == GapKind::Organization)
    );
}

#[test]
fn scps_that_were_not_listed_leave_everything_open() {
    let mut items = Items::organization();
    items.0.retain(|item| item["configuration"]["Type"] != "SERVICE_CONTROL_POLICY");
    items.user(PROD, "mina", &[allow("s3:*", "*")], &[], &[]);
    let world = items.world();
    assert_eq!(allowed(&world, &user(PROD, "mina"), "s3:ListAllMyBuckets", "*"), Tri::Maybe);
    assert!(world.gaps().iter().any(|gap| gap.kind == GapKind::OrganizationPolicies));
}

#[test]
fn documents_of_aws_may_come_from_elsewhere() {
    let mut builder = World::builder().with_documents(Box::new(|arn| {
        arn.ends_with("/AdministratorAccess").then(|| allow("*", "*").to_string().into())
    }));
    let mut items = Items::default();
    items.user(PROD, "mina", &[], &["arn:aws:iam::aws:policy/AdministratorAccess"], &[]);
    for value in &items.0 {
        builder.add(&haechi_model::ConfigurationItem::from_value(value).unwrap());
    }
    let world = builder.build().unwrap();
    assert_eq!(decide(&world, &user(PROD, "mina"), "s3:ListAllMyBuckets", "*"), Verdict::Allowed);
}

#[test]
fn later_items_count_and_deleted_ones_do_not() {
    let mut items = Items::organization();
    items.user(PROD, "mina", &[allow("s3:*", "*")], &[], &[]);
    items.last()["configurationItemCaptureTime"] = json!("2026-11-21T03:00:00Z");
    items.user(PROD, "mina", &[], &[], &[]);
    items.user(PROD, "gone", &[], &[], &[]);
    items.last()["configurationItemStatus"] = json!("ResourceDeleted");
    let world = items.world();
    assert_eq!(decide(&world, &user(PROD, "mina"), "s3:ListAllMyBuckets", "*"), Verdict::Allowed);
    assert!(world.principal(&user(PROD, "gone")).is_none());
}

#[test]
fn organizations_can_be_changed() {
    let mut items = Items::organization();
    items.user(PROD, "mina", &[allow("s3:*", "*")], &[], &[]);
    let world = items.world();
    let mut changed = world.organization().unwrap().clone();
    changed.add_policy("p-new", "new", OrgPolicyType::ServiceControl, &deny("s3:*").to_string()).unwrap();
    changed.attach("p-new", "ou-prod").unwrap();
    assert_eq!(changed.attach("p-new", "ou-prod").unwrap_err().to_string(), "`p-new` is attached to `ou-prod` already");
    let after = world.with_organization(changed.clone());
    let mina = user(PROD, "mina");
    assert_eq!(decide(&world, &mina, "s3:ListAllMyBuckets", "*"), Verdict::Allowed);
    assert_eq!(decide(&after, &mina, "s3:ListAllMyBuckets", "*"), Verdict::ExplicitlyDenied);
    changed.move_account(PROD, "ou-work").unwrap();
    let moved = world.with_organization(changed.clone());
    assert_eq!(decide(&moved, &mina, "s3:ListAllMyBuckets", "*"), Verdict::Allowed);
    assert_eq!(moved.account(PROD).unwrap().name_path, "Root/Work");
    changed.detach("p-FullAWSAccess", "r-1").unwrap();
    let closed = world.with_organization(changed.clone());
    assert_eq!(decide(&closed, &mina, "s3:ListAllMyBuckets", "*"), Verdict::ImplicitlyDenied);
    for (error, words) in [
        (changed.detach("p-FullAWSAccess", "r-1"), "`p-FullAWSAccess` is not attached to `r-1`"),
        (changed.move_account("r-1", "ou-work"), "`r-1` is no account"),
        (changed.move_account(PROD, DEV), "`333333333333` is an account: accounts stand under roots and units"),
        (changed.attach("p-new", "ou-none"), "there is no root, unit or account `ou-none`"),
        (changed.replace_policy("p-none", "{}"), "there is no policy `p-none`"),
    ] {
        assert_eq!(error.unwrap_err().to_string(), words);
    }
}

#[test]
fn odd_items_are_survived() {
    let mut items = Items::organization();
    // Lists that are none, texts that are numbers, a policy of 10,000 statements, a name of wildcards.
    items.user(PROD, "odd", &[], &[], &[]);
    items.last()["configuration"]["userPolicyList"] = json!("none");
    items.last()["configuration"]["attachedManagedPolicies"] =
        json!([7, {"policyArn": null}, {"policyArn": "nonsense"}]);
    items.last()["configuration"]["groupList"] = json!({"a": 1});
    let many: Vec<_> = (0..10_000)
        .map(|at| json!({"Effect": "Allow", "Action": format!("s3:Get{at}*a*a*a*b"), "Resource": "*"}))
        .collect();
    items.user(PROD, "many", &[json!({"Version": "2012-10-17", "Statement": many})], &[], &[]);
    items.role(PROD, "untrusted", &json!({"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]}), &[], &[]);
    items.item(PROD, "AWS::IAM::User", "AIDAx", "arn:aws:iam::222222222222:group/x", json!({}));
    items.item(PROD, "AWS::SQS::Queue", "q", "no arn at all", json!({"Policy": 5}));
    items.bucket(PROD, "odd", None);
    items.last()["supplementaryConfiguration"]["AccessControlList"] = json!("{broken");
    let world = items.world();
    assert_eq!(allowed(&world, &user(PROD, "odd"), "s3:ListAllMyBuckets", "*"), Tri::Maybe);
    let long = format!("s3:Get9999{}", "a".repeat(2000));
    assert_eq!(decide(&world, &user(PROD, "many"), &long, "*"), Verdict::ImplicitlyDenied);
    assert_eq!(decide(&world, &user(PROD, "many"), "s3:Get7aaab", "*"), Verdict::Allowed);
    assert_eq!(decide(&world, PROD, "sts:AssumeRole", &role(PROD, "untrusted")), Verdict::ImplicitlyDenied);
    let mut circle = Items::organization();
    circle.unit("ou-self", "Self", "ou-self");
    assert_eq!(
        circle.try_world().unwrap_err().to_string(),
        "the organization goes in a circle: ou-self (Self) is under ou-self (Self)"
    );
}

#[test]
fn accounts_that_were_listed_may_be_empty() {
    let mut builder = World::builder();
    for value in &Items::organization().0 {
        builder.add(&haechi_model::ConfigurationItem::from_value(value).unwrap());
    }
    builder.listed(PROD);
    builder.not_listed(DEV, "AWS::IAM::Role", "AccessDenied");
    let world = builder.build().unwrap();
    let gaps: Vec<_> = world.gaps().iter().map(|gap| (gap.kind, &*gap.subject)).collect();
    assert_eq!(gaps, [(GapKind::Account, MANAGEMENT), (GapKind::Listing, "333333333333 AWS::IAM::Role")]);
}

#[test]
fn root_users_are_of_the_recorded_partition() {
    let mut items = Items::default();
    let user = "arn:aws-cn:iam::222222222222:user/mina";
    items.item(PROD, "AWS::IAM::User", "AIDAmina", user, json!({"userName": "mina", "userPolicyList": []}));
    let world = items.world();
    assert_eq!(world.subject(PROD).unwrap().caller.name_in_policies(), "arn:aws-cn:iam::222222222222:root");
    assert_eq!(
        Items::organization().world().subject(PROD).unwrap().caller.name_in_policies(),
        "arn:aws:iam::222222222222:root"
    );
}

#[test]
fn a_statement_that_is_lost_is_a_gap() {
    let mut items = Items::default();
    let lost = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"StringEqual": {"aws:username": "mina"}}}]});
    let repeated = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "A", "Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Sid": "A", "Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]});
    items.user(PROD, "mina", &[lost], &[], &[]).user(PROD, "juno", &[repeated], &[], &[]);
    let world = items.world();
    let faulty: Vec<_> = world.gaps().iter().filter(|gap| gap.kind == GapKind::FaultyStatement).collect();
    assert_eq!(faulty.len(), 1, "{faulty:?}");
    assert!(
        faulty[0].subject.starts_with(&user(PROD, "mina")) && faulty[0].subject.ends_with(":1 (Deny)"),
        "{faulty:?}"
    );
    assert!(faulty[0].reason.contains("StringEqual"), "{faulty:?}");
}
