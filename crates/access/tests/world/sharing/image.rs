//! The encrypted image: launched, copied, read by another account; and each leg taken away in turn.

use haechi_access::sharing::{Fix, LegState, Purpose, SharingLayer, SharingNote};
use serde_json::{Value, json};

use super::scenario::{BUILDER, IMAGE, KEY, ROOT, SCALER, Scenario, in_state, policy, statement, to_account};
use crate::made::{DEV, MANAGEMENT, OUTSIDE, PROD, deny};

const KEY_ACTIONS: [&str; 7] = [
    "create-grant",
    "decrypt",
    "describe-key",
    "generate-data-key",
    "generate-data-key-without-plaintext",
    "re-encrypt-from",
    "re-encrypt-to",
];

/// The ids of the legs of all key actions on a layer.
fn of_key(layer: &str) -> Vec<String> {
    KEY_ACTIONS.iter().map(|action| format!("kms-{action}-{layer}")).collect()
}

fn one(id: &str) -> Vec<String> {
    vec![id.to_owned()]
}

#[track_caller]
fn check(change: impl Fn(&mut Scenario), purpose: Purpose, missing: &[String]) {
    let mut scenario = Scenario::default();
    change(&mut scenario);
    for with in [DEV, BUILDER] {
        let sharing = scenario.ask("ami-1", with, purpose);
        let mut wanted = missing.to_vec();
        wanted.sort();
        assert_eq!(in_state(&sharing, LegState::Missing), wanted, "{with}");
        let answer = if missing.is_empty() { LegState::There } else { LegState::Missing };
        assert_eq!(sharing.answer, answer, "{with}: {:#?}", sharing.legs);
        assert_eq!(sharing.principal, BUILDER);
        let lacking = sharing.legs.iter().filter(|leg| leg.state == LegState::Missing);
        assert!(lacking.clone().all(|leg| leg.fix.is_some()), "{with}");
        assert_eq!(sharing.able.is_empty(), !missing.is_empty(), "{with}");
    }
}

#[test]
fn everything_is_there() {
    for purpose in [Purpose::Launch, Purpose::Copy, Purpose::Decrypt, Purpose::ReadBlocks] {
        check(|_| (), purpose, &[]);
    }
    let sharing = Scenario::default().ask("golden", DEV, Purpose::Launch);
    assert_eq!((sharing.asked, sharing.able.as_slice()), (2, &[BUILDER.to_owned()][..]));
    assert_eq!((sharing.owner.as_str(), sharing.account.as_str(), sharing.resource.as_str()), (PROD, DEV, IMAGE));
    let leg = |id: &str| sharing.legs.iter().find(|leg| leg.id == id).unwrap_or_else(|| panic!("{id}"));
    assert_eq!(leg("launch-permission").detail, format!("userId {DEV}"));
    assert_eq!(leg("key-customer-managed").detail, "alias/images");
    assert_eq!(leg("key-enabled").detail, "keyState Enabled");
    let decrypt = leg("kms-decrypt-key-policy");
    assert_eq!(
        (decrypt.layer, decrypt.resource.as_str(), decrypt.principal.as_str()),
        (SharingLayer::KeyPolicy, KEY, BUILDER)
    );
    assert_eq!(decrypt.because[0].sid.as_deref(), Some("Use"));
    assert_eq!(decrypt.because[0].line, 1);
    assert_eq!(decrypt.context["kms:ViaService"], "ec2.ap-northeast-2.amazonaws.com");
    assert_eq!(leg("kms-create-grant-key-policy").context["kms:GrantIsForAWSResource"], "true");
    assert_eq!(leg("kms-decrypt-identity").because[0].sid.as_deref(), Some("Keys"));
    assert_eq!(leg("kms-decrypt-scp").detail, "r-1, ou-work, 333333333333");
    assert_eq!(leg("kms-decrypt-rcp").detail, "r-1, ou-work, ou-prod, 222222222222");
    assert_eq!(leg("ec2-run-instances-identity").because[0].sid.as_deref(), Some("Servers"));
}

#[test]
fn the_launch_permission() {
    check(|it| it.launch_permissions = json!([]), Purpose::Launch, &one("launch-permission"));
    check(|it| it.launch_permissions = json!([{"userId": OUTSIDE}]), Purpose::Launch, &one("launch-permission"));
    check(|it| it.launch_permissions = json!([]), Purpose::Copy, &one("launch-permission"));
    // The storage is read by itself.
    check(|it| it.launch_permissions = json!([]), Purpose::Decrypt, &[]);
    for with in [
        json!([{"group": "all"}]),
        json!([{"organizationArn": "arn:aws:organizations::111111111111:organization/o-1"}]),
        json!([{"organizationalUnitArn": "arn:aws:organizations::111111111111:ou/o-1/ou-work"}]),
        json!([{"userId": OUTSIDE}, {"userId": DEV}]),
    ] {
        check(|it| it.launch_permissions = with.clone(), Purpose::Launch, &[]);
    }
    let other = json!([{"organizationalUnitArn": "arn:aws:organizations::111111111111:ou/o-1/ou-prod"}]);
    check(|it| it.launch_permissions = other.clone(), Purpose::Launch, &one("launch-permission"));
}

#[test]
fn the_permission_to_make_volumes() {
    let none = |it: &mut Scenario| it.volume_permissions = json!([]);
    // EC2 itself gives an instance the snapshots of its image.
    check(none, Purpose::Launch, &[]);
    for purpose in [Purpose::Copy, Purpose::Decrypt, Purpose::ReadBlocks] {
        check(none, purpose, &one("create-volume-permission"));
    }
}

#[test]
fn a_public_snapshot_is_shared_until_the_account_blocks_all() {
    let public = |it: &mut Scenario| it.volume_permissions = json!([{"group": "all"}]);
    check(public, Purpose::Decrypt, &[]);
    let block = |state: &'static str| {
        move |it: &mut Scenario| {
            it.volume_permissions = json!([{"group": "all"}]);
            it.account =
                json!({"snapshotBlockPublicAccessState": state, "imageBlockPublicAccessState": "block-new-sharing"});
        }
    };
    check(block("block-all-sharing"), Purpose::Decrypt, &one("create-volume-permission"));
    check(block("block-new-sharing"), Purpose::Decrypt, &[]);
    let mut scenario = Scenario::default();
    block("unblocked")(&mut scenario);
    scenario.launch_permissions = json!([{"group": "all"}]);
    assert!(scenario.ask("ami-1", DEV, Purpose::Launch).notes.contains(&SharingNote::PublicThoughBlocked));
}

#[test]
fn a_disabled_image() {
    check(|it| it.image["state"] = json!("disabled"), Purpose::Launch, &one("image-available"));
}

#[test]
fn the_key_must_be_the_customers_and_enabled() {
    let aws = |it: &mut Scenario| it.key["keyManager"] = json!("AWS");
    check(aws, Purpose::Launch, &one("key-customer-managed"));
    let mut scenario = Scenario::default();
    aws(&mut scenario);
    let sharing = scenario.ask("ami-1", DEV, Purpose::Launch);
    assert!(sharing.legs.iter().all(|leg| !leg.action.starts_with("kms:")), "it is said at once");
    assert_eq!(sharing.legs.iter().find_map(|leg| leg.fix), Some(Fix::ReencryptWithOwnKey));
    check(|it| it.key["keyState"] = json!("PendingDeletion"), Purpose::Launch, &one("key-enabled"));
}

#[test]
fn the_key_policy_action_by_action() {
    for (without, missing) in [
        ("kms:DescribeKey", vec!["kms-describe-key-key-policy"]),
        ("kms:Decrypt", vec!["kms-decrypt-key-policy"]),
        ("kms:ReEncrypt*", vec!["kms-re-encrypt-from-key-policy", "kms-re-encrypt-to-key-policy"]),
        (
            "kms:GenerateDataKey*",
            vec!["kms-generate-data-key-key-policy", "kms-generate-data-key-without-plaintext-key-policy"],
        ),
    ] {
        let missing: Vec<String> = missing.into_iter().map(str::to_owned).collect();
        let change = |it: &mut Scenario| {
            let actions = it.key_policy[1]["Action"].as_array_mut().unwrap();
            actions.retain(|action| action != without);
        };
        check(change, Purpose::Launch, &missing);
        check(change, Purpose::Copy, &missing);
    }
    let change = |it: &mut Scenario| {
        it.key_policy.remove(2);
    };
    check(change, Purpose::Launch, &one("kms-create-grant-key-policy"));
    check(|it| it.key_policy.truncate(1), Purpose::Decrypt, &of_key("key-policy"));
    // What the blocks take less.
    let missing = ["kms-decrypt-key-policy".to_owned(), "kms-describe-key-key-policy".to_owned()];
    check(|it| it.key_policy.truncate(1), Purpose::ReadBlocks, &missing);
}

#[test]
fn a_key_policy_for_one_service_or_one_role() {
    let only = |key: &'static str, value: Value| {
        move |it: &mut Scenario| it.key_policy[1]["Condition"] = json!({"StringEquals": {key: value.clone()}})
    };
    check(only("kms:ViaService", json!("ec2.ap-northeast-2.amazonaws.com")), Purpose::Launch, &[]);
    check(only("kms:CallerAccount", json!(DEV)), Purpose::Launch, &[]);
    check(only("aws:PrincipalOrgID", json!("o-1")), Purpose::Launch, &[]);
    let but_grants: Vec<String> =
        of_key("key-policy").into_iter().filter(|id| id != "kms-create-grant-key-policy").collect();
    check(only("kms:ViaService", json!("rds.ap-northeast-2.amazonaws.com")), Purpose::Launch, &but_grants);
    check(only("aws:PrincipalOrgID", json!("o-2")), Purpose::Launch, &but_grants);
    check(|it| it.key_policy[1]["Principal"] = json!({"AWS": BUILDER}), Purpose::Launch, &[]);
    let idle = format!("arn:aws:iam::{DEV}:role/idle");
    check(|it| it.key_policy[1]["Principal"] = json!({"AWS": idle}), Purpose::Launch, &but_grants);
}

#[test]
fn the_callers_own_policies() {
    check(
        |it| {
            it.identity.remove(0);
        },
        Purpose::Launch,
        &of_key("identity"),
    );
    check(
        |it| {
            it.identity.remove(1);
        },
        Purpose::Launch,
        &one("ec2-run-instances-identity"),
    );
    check(
        |it| {
            it.identity.remove(1);
        },
        Purpose::Copy,
        &one("ec2-copy-image-identity"),
    );
    check(
        |it| {
            it.identity.remove(2);
        },
        Purpose::ReadBlocks,
        &["ebs-get-snapshot-block-identity".to_owned(), "ebs-list-snapshot-blocks-identity".to_owned()],
    );
    // An alias is of the caller's own account: only the ARN names the key.
    check(
        |it| it.identity[0]["Resource"] = json!("arn:aws:kms:ap-northeast-2:333333333333:alias/images"),
        Purpose::Launch,
        &of_key("identity"),
    );
}

#[test]
fn the_boundary() {
    let bounded = |actions: &'static [&'static str]| {
        move |it: &mut Scenario| it.boundary = Some(policy(&[statement("Limit", actions, "*")]))
    };
    check(bounded(&["ec2:*", "kms:*"]), Purpose::Launch, &[]);
    check(bounded(&["ec2:*"]), Purpose::Launch, &of_key("boundary"));
    check(bounded(&["kms:*"]), Purpose::Launch, &one("ec2-run-instances-boundary"));
}

#[test]
fn scps_bind_the_caller_and_rcps_the_key() {
    for target in [ROOT, "ou-work", DEV] {
        let change = |it: &mut Scenario| it.scps.push((deny("kms:CreateGrant"), target));
        check(change, Purpose::Launch, &one("kms-create-grant-scp"));
    }
    check(|it| it.scps.push((deny("ec2:RunInstances"), DEV)), Purpose::Launch, &one("ec2-run-instances-scp"));
    for target in ["ou-prod", PROD, MANAGEMENT] {
        check(|it| it.scps.push((deny("kms:*"), target)), Purpose::Launch, &[]);
    }
    let outsiders = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Own", "Effect": "Deny", "Principal": "*",
        "Action": "kms:Decrypt", "Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalAccount": PROD}}}]});
    for target in [ROOT, "ou-prod", PROD] {
        let change = |it: &mut Scenario| it.rcps.push((outsiders.clone(), target));
        check(change, Purpose::Launch, &one("kms-decrypt-rcp"));
    }
    check(|it| it.rcps.push((outsiders.clone(), DEV)), Purpose::Launch, &[]);
    let mut scenario = Scenario::default();
    scenario.rcps.push((outsiders, "ou-prod"));
    let sharing = scenario.ask("ami-1", BUILDER, Purpose::Launch);
    let leg = sharing.legs.iter().find(|leg| leg.id == "kms-decrypt-rcp").unwrap();
    assert_eq!((leg.fix, leg.detail.as_str()), (Some(Fix::RemoveDeny), "ou-prod"));
    assert_eq!(leg.because[0].sid.as_deref(), Some("Own"));
}

#[test]
fn a_denial_of_the_key_policy_is_named() {
    let mut scenario = Scenario::default();
    let mut denial = to_account(statement("Closed", &["kms:Decrypt"], "*"), DEV);
    denial["Effect"] = json!("Deny");
    scenario.key_policy.push(denial);
    let sharing = scenario.ask("ami-1", BUILDER, Purpose::Launch);
    let leg = sharing.legs.iter().find(|leg| leg.state == LegState::Missing).unwrap();
    assert_eq!((leg.id.as_str(), leg.fix), ("kms-decrypt-key-policy", Some(Fix::RemoveDeny)));
    assert_eq!(leg.because[0].sid.as_deref(), Some("Closed"));
    // What the other layers say is told all the same.
    let identity = sharing.legs.iter().find(|leg| leg.id == "kms-decrypt-identity").unwrap();
    assert_eq!(identity.because[0].sid.as_deref(), Some("Keys"));
}

#[test]
fn unencrypted_needs_no_key() {
    let mut scenario = Scenario { key_policy: Vec::new(), ..Scenario::default() };
    scenario.snapshot = json!({"snapshotId": "snap-1", "encrypted": false});
    scenario.identity.remove(0);
    for purpose in [Purpose::Launch, Purpose::Copy, Purpose::Decrypt, Purpose::AutoScaling] {
        let sharing = scenario.ask("ami-1", DEV, purpose);
        assert_eq!(sharing.answer, LegState::There, "{purpose:?}");
        assert!(!sharing.legs.iter().any(|leg| leg.id.starts_with("k")), "{purpose:?}");
    }
}

#[test]
fn a_grant_stands_for_both_policies() {
    let grant = |operations: &[&str]| json!({"grantId": "g-1", "granteePrincipal": BUILDER, "operations": operations});
    let operations = [
        "Decrypt",
        "DescribeKey",
        "CreateGrant",
        "ReEncryptFrom",
        "ReEncryptTo",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
    ];
    let change = |it: &mut Scenario| {
        it.key_policy.truncate(1);
        it.identity.remove(0);
        it.grants = Some(vec![grant(&operations)]);
    };
    check(change, Purpose::Launch, &[]);
    let mut scenario = Scenario::default();
    change(&mut scenario);
    let sharing = scenario.ask("ami-1", DEV, Purpose::Launch);
    let leg = sharing.legs.iter().find(|leg| leg.id == "kms-decrypt-grant").unwrap();
    assert_eq!(leg.detail, "g-1");
    // Without one operation, both policies lack it again.
    let change = |it: &mut Scenario| {
        change(it);
        it.grants = Some(vec![grant(&operations[1..])]);
    };
    check(change, Purpose::Launch, &["kms-decrypt-identity".to_owned(), "kms-decrypt-key-policy".to_owned()]);
}

#[test]
fn grants_that_nobody_asked_for_may_be_there() {
    let mut scenario = Scenario { grants: None, ..Scenario::default() };
    assert_eq!(scenario.ask("ami-1", DEV, Purpose::Launch).answer, LegState::There);
    scenario.key_policy.truncate(1);
    let sharing = scenario.ask("ami-1", DEV, Purpose::Launch);
    assert_eq!(sharing.answer, LegState::Unknown);
    assert!(sharing.legs.iter().any(|leg| leg.unrecorded == [format!("grants of {KEY}")]));
}

const SCALING: [&str; 8] = [
    "Encrypt",
    "Decrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "DescribeKey",
    "CreateGrant",
];

fn scaling_grant(operations: &[&str]) -> Value {
    json!({"grantId": "g-2", "granteePrincipal": SCALER, "operations": operations})
}

#[test]
fn auto_scaling_takes_a_grant_for_its_role() {
    let with_grant =
        |operations: &[&str]| Scenario { grants: Some(vec![scaling_grant(operations)]), ..Scenario::default() };
    let sharing = with_grant(&SCALING).ask("ami-1", DEV, Purpose::AutoScaling);
    assert_eq!(sharing.answer, LegState::There, "{:#?}", sharing.legs);
    assert!(sharing.legs.iter().all(|leg| !leg.remedy));
    assert_eq!((sharing.principal.as_str(), sharing.able.as_slice()), (SCALER, &[SCALER.to_owned()][..]));
    for (index, operation) in SCALING.iter().enumerate() {
        let mut operations = SCALING.to_vec();
        operations.remove(index);
        let sharing = with_grant(&operations).ask("ami-1", DEV, Purpose::AutoScaling);
        let missing: Vec<&str> = sharing
            .legs
            .iter()
            .filter(|leg| leg.state == LegState::Missing && !leg.remedy)
            .map(|leg| leg.action.as_str())
            .collect();
        assert_eq!(missing, [format!("kms:{operation}")]);
        assert!(sharing.legs.iter().any(|leg| leg.remedy), "who may create the grant");
    }
    // A key policy that names the role of another account does not help: its own policies lack it.
    let mut scenario = Scenario::default();
    scenario.key_policy[1]["Principal"] = json!({"AWS": SCALER});
    scenario.key_policy[2]["Principal"] = json!({"AWS": SCALER});
    assert_eq!(scenario.ask("ami-1", DEV, Purpose::AutoScaling).answer, LegState::Missing);
}

#[test]
fn who_creates_the_grant_for_auto_scaling_calls_kms_itself() {
    let remedy = |scenario: &Scenario| {
        let sharing = scenario.ask("ami-1", BUILDER, Purpose::AutoScaling);
        let legs = sharing.legs.into_iter().filter(|leg| leg.remedy && leg.state == LegState::Missing);
        legs.map(|leg| leg.id).collect::<Vec<_>>()
    };
    // The usual condition is for grants that a service makes.
    let mut scenario = Scenario::default();
    assert_eq!(remedy(&scenario), ["kms-create-grant-key-policy"]);
    scenario.key_policy[2].as_object_mut().unwrap().remove("Condition");
    assert_eq!(remedy(&scenario), Vec::<String>::new());
    scenario.scps.push((deny("kms:CreateGrant"), DEV));
    assert_eq!(remedy(&scenario), ["kms-create-grant-scp"]);
    scenario.key_policy[2]["Condition"] = json!({"StringEquals": {"kms:GranteePrincipal": SCALER}});
    scenario.scps.clear();
    assert_eq!(remedy(&scenario), Vec::<String>::new());
}

#[test]
fn the_role_of_auto_scaling_must_be_there() {
    let scenario = Scenario { scaler: false, grants: Some(vec![scaling_grant(&SCALING)]), ..Scenario::default() };
    let sharing = scenario.ask("ami-1", DEV, Purpose::AutoScaling);
    assert_eq!(in_state(&sharing, LegState::Missing), ["service-linked-role"]);
    let scps =
        Scenario { grants: Some(vec![scaling_grant(&SCALING)]), scps: vec![(deny("*"), DEV)], ..Scenario::default() };
    assert_eq!(scps.ask("ami-1", DEV, Purpose::AutoScaling).answer, LegState::There, "SCPs do not bind it");
}

#[test]
fn of_an_account_that_is_not_recorded_its_own_side_is_theirs_to_say() {
    let mut scenario = Scenario::default();
    let text = |value: &Value| serde_json::from_str(&value.to_string().replace(DEV, OUTSIDE)).unwrap();
    scenario.launch_permissions = text(&scenario.launch_permissions);
    scenario.volume_permissions = text(&scenario.volume_permissions);
    scenario.key_policy = scenario.key_policy.iter().map(text).collect();
    let sharing = scenario.ask("ami-1", OUTSIDE, Purpose::Launch);
    assert_eq!(sharing.answer, LegState::Theirs, "{:#?}", sharing.legs);
    let theirs = in_state(&sharing, LegState::Theirs);
    assert!(
        theirs.contains(&"kms-decrypt-identity".to_owned()) && theirs.contains(&"ec2-run-instances-scp".to_owned())
    );
    assert_eq!(sharing.principal, OUTSIDE);
    // The owner's side is named all the same.
    scenario.key_policy.truncate(1);
    let sharing = scenario.ask("ami-1", OUTSIDE, Purpose::Launch);
    assert_eq!(in_state(&sharing, LegState::Missing), of_key("key-policy"));
}

#[test]
fn a_role_that_the_key_policy_names_stands_for_its_account() {
    let mut scenario = Scenario { launch_permissions: json!([{"userId": OUTSIDE}]), ..Scenario::default() };
    let partner = format!("arn:aws:iam::{OUTSIDE}:role/partner");
    for statement in &mut scenario.key_policy[1..] {
        statement["Principal"] = json!({"AWS": partner});
    }
    let sharing = scenario.ask("ami-1", OUTSIDE, Purpose::Launch);
    assert_eq!((sharing.answer, sharing.principal), (LegState::Theirs, partner.clone()));
    let other = scenario.ask("ami-1", &format!("arn:aws:iam::{OUTSIDE}:role/other"), Purpose::Launch);
    assert_eq!(other.answer, LegState::Missing);
}

#[test]
fn members_whose_principals_were_not_recorded() {
    let scenario = Scenario { builder: false, scaler: false, ..Scenario::default() };
    let sharing = scenario.ask("ami-1", DEV, Purpose::Launch);
    assert_eq!(sharing.answer, LegState::Unknown);
    let denied = Scenario { scps: vec![(deny("kms:Decrypt"), DEV)], ..scenario };
    assert_eq!(in_state(&denied.ask("ami-1", DEV, Purpose::Launch), LegState::Missing), ["kms-decrypt-scp"]);
}

#[test]
fn what_was_not_recorded_is_unknown() {
    let gone = Scenario {
        image: json!({"imageId": "ami-1", "state": "available", "blockDeviceMappings":
        [{"ebs": {"snapshotId": "snap-9"}}]}),
        ..Scenario::default()
    };
    let sharing = gone.ask("ami-1", DEV, Purpose::Launch);
    assert_eq!(in_state(&sharing, LegState::Unknown), ["snapshot-recorded"]);
    let mut elsewhere = Scenario::default();
    elsewhere.snapshot["kmsKeyId"] = json!("arn:aws:kms:ap-northeast-2:222222222222:key/k-9");
    elsewhere.identity[0]["Resource"] = json!("*");
    let sharing = elsewhere.ask("ami-1", DEV, Purpose::Launch);
    assert_eq!(sharing.answer, LegState::Unknown);
    assert!(in_state(&sharing, LegState::Unknown).contains(&"kms-decrypt-key-policy".to_owned()));
    let alone = Scenario {
        organization: false,
        launch_permissions: json!([{"organizationArn": "arn:aws:organizations::111111111111:organization/o-1"}]),
        ..Scenario::default()
    };
    assert_eq!(in_state(&alone.ask("ami-1", DEV, Purpose::Launch), LegState::Unknown), ["launch-permission"]);
}

#[test]
fn an_associated_key_is_a_second_way() {
    let other = "arn:aws:kms:ap-northeast-2:222222222222:key/k-2";
    let mut scenario = Scenario::default();
    scenario.snapshot["associatedKmsKeys"] = json!([{"kmsKeyId": other}]);
    let key = json!({"version": "1.3", "accountId": PROD, "awsRegion": "ap-northeast-2", "resourceType": "AWS::KMS::Key",
        "resourceId": "k-2", "arn": other, "configurationItemCaptureTime": "2026-11-20T03:00:00Z",
        "configurationItemStatus": "OK", "configuration": {"keyId": "k-2", "keyManager": "CUSTOMER", "keyState": "Enabled"},
        "supplementaryConfiguration": {"Policy": policy(&scenario.key_policy).to_string(), "Grants": []}});
    scenario.more.push(key);
    scenario.key_policy.truncate(1);
    scenario.identity[0]["Resource"] = json!("*");
    let sharing = scenario.ask("ami-1", DEV, Purpose::Launch);
    assert_eq!(sharing.answer, LegState::There, "{:#?}", sharing.legs);
    assert!(sharing.notes.contains(&SharingNote::AssociatedKey));
}

#[test]
fn conditions_on_the_callers_side_are_named() {
    let mut scenario = Scenario::default();
    scenario.identity[1]["Condition"] = json!({"StringEquals": {"ec2:InstanceType": "t3.micro"}});
    let sharing = scenario.ask("ami-1", BUILDER, Purpose::Launch);
    assert_eq!(sharing.answer, LegState::Conditional);
    let leg = sharing.legs.iter().find(|leg| leg.state == LegState::Conditional).unwrap();
    assert_eq!(
        (leg.id.as_str(), leg.keys.as_slice()),
        ("ec2-run-instances-identity", &["ec2:InstanceType".to_owned()][..])
    );
    // One subnet: a part of what is asked.
    let mut scenario = Scenario::default();
    scenario.identity[1]["Resource"] = json!([
        "arn:aws:ec2:*::image/*",
        "arn:aws:ec2:*:*:instance/*",
        "arn:aws:ec2:*:*:volume/*",
        "arn:aws:ec2:*:*:network-interface/*",
        "arn:aws:ec2:*:*:security-group/*",
        "arn:aws:ec2:*:*:subnet/subnet-1"
    ]);
    let sharing = scenario.ask("ami-1", BUILDER, Purpose::Launch);
    assert_eq!(sharing.answer, LegState::Conditional);
    let owner = json!({"StringEquals": {"ec2:Owner": PROD}});
    scenario.identity[1]["Resource"] = json!("*");
    scenario.identity[1]["Condition"] = json!({"StringEqualsIfExists": {"ec2:Region": "us-east-1"}});
    assert_eq!(scenario.ask("ami-1", BUILDER, Purpose::Launch).answer, LegState::Missing);
    scenario.identity[1] = statement("Others", &["ec2:RunInstances"], "arn:aws:ec2:*:*:*/*");
    scenario.identity.push(statement("Images", &["ec2:RunInstances"], "arn:aws:ec2:*::image/*"));
    scenario.identity.last_mut().unwrap()["Condition"] = owner;
    assert_eq!(scenario.ask("ami-1", BUILDER, Purpose::Launch).answer, LegState::There);
}

#[test]
fn the_owner_itself_needs_no_share() {
    let scenario = Scenario { launch_permissions: json!([]), volume_permissions: json!([]), ..Scenario::default() };
    let sharing = scenario.ask("ami-1", PROD, Purpose::Launch);
    assert_eq!(sharing.answer, LegState::There, "{:#?}", sharing.legs);
    assert_eq!(sharing.notes, [SharingNote::OwnAccount]);
}

#[test]
fn product_codes_and_notes() {
    let mut scenario = Scenario::default();
    scenario.image["productCodes"] = json!([{"productCodeId": "p", "productCodeType": "marketplace"}]);
    assert_eq!(in_state(&scenario.ask("ami-1", DEV, Purpose::Copy), LegState::Missing), ["image-without-product-code"]);
    let launch = scenario.ask("ami-1", DEV, Purpose::Launch);
    assert_eq!((launch.answer, launch.notes.as_slice()), (LegState::There, &[SharingNote::ProductCode][..]));
    let copy = Scenario::default().ask("ami-1", DEV, Purpose::Copy);
    assert_eq!(copy.notes, [SharingNote::OwnKeyForCopy]);
}
