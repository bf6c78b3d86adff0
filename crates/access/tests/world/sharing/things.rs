//! Snapshots and keys by themselves, the list of what is shared, and words that name nothing.

use haechi_access::external::{Certainty, OutsiderKind};
use haechi_access::sharing::{LegState, Purpose, SharingError, may, shared_with_others};
use haechi_iam::{Catalogue, Tri};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::scenario::{BUILDER, KEY, KEY_USE, REGION, SNAPSHOT, Scenario, in_state, policy, statement, to_account};
use crate::made::{DEV, OUTSIDE, PROD, deny};

fn database(kind: &str, encrypted: bool, shared: Value) -> Value {
    let (name, flag, attributes) = match kind {
        "DBSnapshot" => ("snapshot", "encrypted", "DBSnapshotAttributes"),
        _ => ("cluster-snapshot", "storageEncrypted", "DBClusterSnapshotAttributes"),
    };
    json!({"version": "1.3", "accountId": PROD, "awsRegion": REGION, "resourceType": format!("AWS::RDS::{kind}"),
        "resourceId": "nightly", "resourceName": "nightly", "arn": format!("arn:aws:rds:{REGION}:{PROD}:{name}:nightly"),
        "configurationItemCaptureTime": "2026-11-20T03:00:00Z", "configurationItemStatus": "OK",
        "configuration": {flag: encrypted, "kmsKeyId": KEY},
        "supplementaryConfiguration": {attributes: [{"attributeName": "restore", "attributeValues": shared}]}})
}

#[test]
fn a_snapshot_by_itself() {
    let scenario = Scenario::default();
    for (purpose, missing) in [
        (Purpose::Decrypt, "ec2-create-volume-identity"),
        (Purpose::Copy, "ec2-copy-snapshot-identity"),
        (Purpose::ReadBlocks, "ebs-get-snapshot-block-identity"),
    ] {
        let sharing = scenario.ask("snap-1", DEV, purpose);
        assert_eq!((sharing.answer, sharing.resource.as_str()), (LegState::There, SNAPSHOT), "{purpose:?}");
        let mut less = scenario.clone();
        less.identity.truncate(1);
        assert!(in_state(&less.ask(SNAPSHOT, DEV, purpose), LegState::Missing).contains(&missing.to_owned()));
    }
}

#[test]
fn snapshots_of_databases() {
    for (kind, copy, restore) in [
        ("DBSnapshot", "rds:CopyDBSnapshot", "rds:RestoreDBInstanceFromDBSnapshot"),
        ("DBClusterSnapshot", "rds:CopyDBClusterSnapshot", "rds:RestoreDBClusterFromSnapshot"),
    ] {
        let mut scenario = Scenario::default();
        scenario.identity.push(statement("Databases", &[copy, restore], "*"));
        scenario.identity[0] = statement("Keys", &["kms:*"], "*");
        scenario.key_policy[1]["Action"].as_array_mut().unwrap().push(json!("kms:Encrypt"));
        scenario.more.push(database(kind, true, json!([DEV])));
        let sharing = scenario.ask("nightly", DEV, Purpose::Copy);
        assert_eq!(sharing.answer, LegState::There, "{kind}: {:#?}", sharing.legs);
        let decrypt = sharing.legs.iter().find(|leg| leg.id == "kms-decrypt-key-policy").unwrap();
        assert_eq!(decrypt.context["kms:ViaService"], "rds.ap-northeast-2.amazonaws.com");
        // What is shared and encrypted has to be copied first.
        assert_eq!(
            in_state(&scenario.ask("nightly", DEV, Purpose::Restore), LegState::Missing),
            ["snapshot-unencrypted"]
        );
        *scenario.more.last_mut().unwrap() = database(kind, false, json!([DEV]));
        assert_eq!(scenario.ask("nightly", DEV, Purpose::Restore).answer, LegState::There);
        *scenario.more.last_mut().unwrap() = database(kind, false, json!([OUTSIDE]));
        assert_eq!(in_state(&scenario.ask("nightly", DEV, Purpose::Restore), LegState::Missing), ["restore-attribute"]);
        *scenario.more.last_mut().unwrap() = database(kind, false, json!(["all"]));
        assert_eq!(scenario.ask("nightly", DEV, Purpose::Restore).answer, LegState::There);
    }
}

#[test]
fn a_key_by_itself() {
    let mut scenario = Scenario::default();
    for word in [KEY, "k-1", "alias/images", "arn:aws:kms:ap-northeast-2:222222222222:alias/images"] {
        assert_eq!(scenario.ask(word, DEV, Purpose::Decrypt).answer, LegState::There, "{word}");
    }
    let encrypt = scenario.ask("k-1", DEV, Purpose::Encrypt);
    assert_eq!(in_state(&encrypt, LegState::Missing), ["kms-encrypt-identity", "kms-encrypt-key-policy"]);
    // Only for grants that a service makes.
    let grant = scenario.ask("k-1", DEV, Purpose::Grant);
    assert_eq!(grant.answer, LegState::Conditional);
    assert_eq!(grant.legs.iter().find(|leg| !leg.keys.is_empty()).unwrap().keys, ["kms:GrantIsForAWSResource"]);
    scenario.key["keyManager"] = json!("AWS");
    assert_eq!(in_state(&scenario.ask("k-1", DEV, Purpose::Decrypt), LegState::Missing), ["key-customer-managed"]);
}

#[test]
fn words_that_name_nobody() {
    let (world, goods) = Scenario::default().made();
    let image = goods.find("ami-1")[0];
    let error = |with: &str, purpose| may(&world, &goods, image, with, purpose).unwrap_err();
    assert_eq!(error("lab", Purpose::Launch), SharingError::NotPrincipal("lab".to_owned()));
    assert_eq!(error("arn:aws:s3:::x", Purpose::Launch), SharingError::NotPrincipal("arn:aws:s3:::x".to_owned()));
    let nobody = format!("arn:aws:iam::{DEV}:role/nobody");
    assert_eq!(error(&nobody, Purpose::Launch), SharingError::NoPrincipal(nobody.clone()));
    assert!(matches!(error(DEV, Purpose::Encrypt), SharingError::WrongPurpose { .. }));
    assert!(goods.find("ami-9").is_empty());
    let root = may(&world, &goods, image, &format!("arn:aws:iam::{DEV}:root"), Purpose::Launch).unwrap();
    assert_eq!(root.answer, LegState::There, "the root user has no need of policies: {:#?}", root.legs);
}

#[test]
fn what_is_shared() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../content/iam/actions.txt")).unwrap();
    let catalogue = Catalogue::read(text).unwrap();
    let mut scenario = Scenario::default();
    let unit = "arn:aws:organizations::111111111111:ou/o-1/ou-work";
    scenario.launch_permissions = json!([{"organizationalUnitArn": unit}, {"userId": PROD}]);
    scenario.volume_permissions = json!([{"group": "all"}]);
    scenario.grants = Some(vec![json!({"grantId": "g-1", "granteePrincipal": BUILDER, "operations": ["Decrypt"]})]);
    let (world, goods) = scenario.made();
    let (openings, looked) = shared_with_others(&world, &goods, &catalogue, &[], None);
    let rows: Vec<(&str, OutsiderKind, &str)> =
        openings.iter().map(|row| (row.resource_type, row.kind, row.outsider.as_str())).collect();
    assert_eq!(
        rows,
        [
            ("AWS::EC2::Snapshot", OutsiderKind::EveryAccount, "*"),
            ("AWS::EC2::Image", OutsiderKind::Organization, unit),
            ("AWS::KMS::Key", OutsiderKind::Account, DEV),
            ("AWS::KMS::Key", OutsiderKind::Account, DEV),
            ("AWS::KMS::Key", OutsiderKind::Principal, BUILDER),
        ]
    );
    assert_eq!(looked, 3);
    assert!(openings.iter().all(|row| row.certainty == Certainty::Open && row.account == PROD));
    assert!(shared_with_others(&world, &goods, &catalogue, &[DEV.to_owned()], None).0.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is taken away, nothing gets better.
    #[test]
    fn less_is_never_better(more in proptest::collection::vec(any::<bool>(), 8), take in 0_usize..8) {
        let made = |with: &[bool]| {
            let mut scenario = Scenario::default();
            scenario.key_policy[1]["Action"].as_array_mut().unwrap().retain(|action| with[0] || action != "kms:Decrypt");
            scenario.key_policy.truncate(if with[1] { 3 } else { 2 });
            if !with[2] { scenario.launch_permissions = json!([]); }
            if !with[3] { scenario.volume_permissions = json!([]); }
            if !with[4] { scenario.identity[0] = statement("Keys", &["kms:DescribeKey"], KEY); }
            if !with[5] { scenario.scps.push((deny("kms:ReEncryptTo"), DEV)); }
            if !with[6] { scenario.key["keyState"] = json!("Disabled"); }
            if !with[7] { scenario.grants = None; }
            scenario
        };
        let mut less = more.clone();
        less[take] = false;
        for purpose in [Purpose::Launch, Purpose::Copy, Purpose::Decrypt, Purpose::AutoScaling] {
            let (fewer, all) = (made(&less).ask("ami-1", DEV, purpose), made(&more).ask("ami-1", DEV, purpose));
            // Grants that nobody asked for may be there, so not knowing them is no worse than knowing that there are none.
            prop_assert!(take == 7 || fewer.answer <= all.answer, "{:?} {:?}", purpose, take);
            let count = |sharing: &haechi_access::sharing::Sharing| in_state(sharing, LegState::Missing).len();
            prop_assert!(take == 7 || count(&fewer) >= count(&all), "{:?} {:?}", purpose, take);
        }
    }

    /// The legs of a key's use say what the evaluator says, whatever of both sides is taken away.
    #[test]
    fn legs_agree_with_the_evaluator(
        in_policy in proptest::collection::vec(any::<bool>(), 5),
        in_identity in proptest::collection::vec(any::<bool>(), 5),
        bounded: bool, scp: bool, rcp: bool, granted: bool,
    ) {
        let some = |chosen: &[bool]| KEY_USE.iter().zip(chosen).filter(|(_, is)| **is).map(|(action, _)| *action).collect::<Vec<_>>();
        let owner = to_account(statement("Owner", &["kms:*"], "*"), PROD);
        let mut scenario = Scenario { key_policy: vec![owner], ..Scenario::default() };
        let (use_of_key, own) = (some(&in_policy), some(&in_identity));
        if !use_of_key.is_empty() {
            scenario.key_policy.push(to_account(statement("Use", &use_of_key, "*"), DEV));
        }
        if own.is_empty() { scenario.identity.remove(0); } else { scenario.identity[0] = statement("Keys", &own, KEY); }
        if bounded { scenario.boundary = Some(policy(&[statement("Limit", &["kms:D*", "ec2:*"], "*")])); }
        if scp { scenario.scps.push((deny("kms:Decrypt"), DEV)); }
        if rcp {
            let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",
                "Action": "kms:DescribeKey", "Resource": "*"}]});
            scenario.rcps.push((document, PROD));
        }
        if granted {
            scenario.grants = Some(vec![json!({"grantId": "g", "granteePrincipal": BUILDER, "operations": ["Decrypt", "CreateGrant"]})]);
        }
        let sharing = scenario.ask("snap-1", BUILDER, Purpose::Decrypt);
        let (world, _) = scenario.made();
        let subject = world.subject(BUILDER).unwrap();
        let target = world.target(KEY, None);
        for action in ["DescribeKey", "Decrypt", "CreateGrant", "GenerateDataKey", "ReEncryptTo"] {
            let name = format!("kms:{action}");
            let action = haechi_iam::Action::parse(&name).unwrap();
            let allowed = world.decide(&subject, &action, &target, &haechi_iam::Context::new()).allowed;
            let legs = sharing.legs.iter().filter(|leg| leg.action == name);
            let all_there = legs.clone().all(|leg| leg.state == LegState::There);
            prop_assert!(legs.count() > 0);
            prop_assert_eq!(all_there, allowed == Tri::Yes, "{}", name);
        }
    }
}
