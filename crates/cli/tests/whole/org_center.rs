//! `haechi org access`, `haechi org access review` and `haechi org assignments` over the example organization.

use serde_json::{Value, json};

use crate::respond::{apply, approve};
use crate::support::{Haechi, Moto, workspace};

const SHOP: &str = "444455556666";
const MANAGEMENT: &str = "222233334444";

/// The example organization, recorded.
fn recorded() -> Haechi {
    let haechi = Haechi::new();
    let folder = workspace().join("examples/organization");
    haechi.run(&["assess", folder.to_str().expect("UTF-8"), "--quiet", "--fail-on", "never"], 0);
    haechi
}

fn rows(haechi: &Haechi, arguments: &[&str], code: i32) -> Vec<Value> {
    let text = haechi.text(&[&["org"], arguments, &["--format", "jsonl"]].concat(), code);
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Some members of rows, as texts.
fn of(rows: &[Value], members: &[&str]) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    rows.iter().map(|row| members.iter().map(|name| text(&row[*name])).collect::<Vec<_>>().join(" ")).collect()
}

/// What an error says.
fn said(haechi: &Haechi, arguments: &[&str]) -> String {
    String::from_utf8_lossy(&haechi.run(&[&["org"], arguments].concat(), 2).stderr).into_owned()
}

fn file(haechi: &Haechi, name: &str, text: &str) -> String {
    let path = haechi.folder().join(name);
    std::fs::write(&path, text).expect("a file");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn access_of_a_person_in_every_account() {
    let haechi = recorded();
    let all = rows(&haechi, &["access", "Ops-Lead"], 0);
    assert_eq!(
        of(&all, &["accountName", "permissionSet", "level", "sessionDuration", "direct"]),
        [
            "security Administrator administrator PT12H false",
            "management Administrator administrator PT12H true",
            "shop-prod Administrator administrator PT12H false",
            "sandbox Administrator administrator PT12H false",
        ]
    );
    assert_eq!(all[2]["groups"][0]["name"], "platform-admins");
    assert_eq!(all[2]["tags"], json!({"team": "platform"}));
    assert_eq!(all[1]["guardrails"]["scp"]["denied"], json!({}));
    assert!(all[0]["guardrails"]["scp"]["conditional"].as_u64().expect("a count") > 1000);
    let session = all[2]["session"].as_str().expect("a session");
    assert!(
        session.contains(":assumed-role/AWSReservedSSO_Administrator_") && session.ends_with("/ops-lead"),
        "{session}"
    );
    // The developers' set has been changed and not provisioned again in one account.
    let developer = rows(&haechi, &["access", "shop-developer-1@example.com", "--account", "shop-prod"], 0);
    assert_eq!(of(&developer, &["account", "level", "provisioned"]), [format!("{SHOP} power outdated")]);
    for (language, words) in [("en", "power user"), ("ko", "파워 유저"), ("ja", "パワーユーザー")] {
        let table = haechi.text(&["org", "access", "shop-developer-1", "--lang", language], 0);
        assert!(table.contains(words) && table.contains("team=shop"), "{table}");
    }
    let warned = haechi.run(&["org", "access", "contractor-2025"], 0);
    assert!(String::from_utf8_lossy(&warned.stderr).contains("is disabled"), "{warned:?}");
}

#[test]
fn one_question_to_a_person_and_to_everybody() {
    let haechi = recorded();
    let asked = rows(&haechi, &["access", "shop-developer-1", "--action", "iam:CreateUser"], 0);
    assert_eq!(of(&asked, &["answer", "account"]), [format!("no {SHOP}"), "no 777788889999".to_owned()]);
    let who = rows(&haechi, &["access", "--action", "iam:CreateUser", "--account", "shop-prod"], 0);
    assert_eq!(of(&who, &["answer", "person", "permissionSet"]), ["yes ops-lead Administrator"]);
    let who = rows(&haechi, &["access", "--action", "s3:GetObject", "--account", SHOP], 0);
    let people = of(&who, &["person"]);
    assert!(
        people.contains(&"finance-reader".to_owned()) && people.contains(&"shop-developer-2".to_owned()),
        "{people:?}"
    );
    // Who is disabled cannot sign in.
    let sandbox = rows(&haechi, &["access", "--action", "s3:GetObject", "--account", "sandbox"], 0);
    assert!(!of(&sandbox, &["person"]).contains(&"contractor-2025".to_owned()));
}

#[test]
fn names_that_mean_nobody_are_errors() {
    let haechi = recorded();
    for (arguments, says) in [
        (&["access", "opslead"][..], "did you mean ops-lead?"),
        (&["access", "someone else entirely"], "nobody is known as"),
        (&["access", "ops-lead", "--account", "nowhere"], "no account nowhere"),
        (&["access", "ops-lead", "--action", "nonsense"], "nonsense"),
        (&["access"], "whose access?"),
        (&["access", "--action", "s3:GetObject"], "whose access?"),
        (&["access", "ops-lead", "--format", "sarif"], "sarif"),
        (&["access", "review", "--users", "/nowhere.csv"], "cannot read /nowhere.csv"),
        (&["access", "review", "--max-admin-session", "1 hour"], "is no duration"),
        (&["assignments", "plan", "/nowhere.yaml"], "cannot read /nowhere.yaml"),
    ] {
        let text = said(&haechi, arguments);
        assert!(text.contains(says), "{arguments:?}: {text}");
    }
    let bare = Haechi::new();
    let arn = "arn:aws:iam::111122223333:user/mina";
    let item = json!({"configurationItemVersion": "1.3", "configurationItemCaptureTime": "2026-11-20T03:00:00.000Z",
        "configurationItemStatus": "OK", "configurationStateId": 1795143600000_i64, "awsAccountId": "111122223333",
        "resourceType": "AWS::IAM::User", "resourceId": "AIDA1", "resourceName": "mina", "ARN": arn,
        "awsRegion": "global", "tags": {}, "relatedEvents": [], "relationships": [], "configuration": {"arn": arn},
        "supplementaryConfiguration": {}});
    let snapshot = json!({"fileVersion": "1.0", "configSnapshotId": "00000000-0000-0000-0000-000000000001",
        "configurationItems": [item]});
    let path = file(&bare, "snapshot.json", &snapshot.to_string());
    bare.run(&["assess", &path, "--quiet", "--fail-on", "never"], 0);
    assert!(said(&bare, &["access", "mina"]).contains("nothing was recorded of IAM Identity Center"));
}

#[test]
fn assignments_by_unit_are_planned_and_compared() {
    let haechi = recorded();
    let path = file(
        &haechi,
        "assignments.yaml",
        "schema: 1
assignments:
  - {permissionSet: ReadOnly, group: analysts, ou: Root, except: sandbox}
  - {permissionSet: Administrator, group: platform-admins, ou: [Security, Workloads]}
  - {permissionSet: Developer, group: shop-developers, ou: Workloads/Prod}
",
    );
    let plan = rows(&haechi, &["assignments", "plan", &path], 1);
    assert_eq!(
        of(&plan, &["change", "accountName", "permissionSet", "principal", "byManagementAccountOnly"]),
        ["create security ReadOnly analysts false", "create management ReadOnly analysts true"]
    );
    let value = haechi.json(&["org", "assignments", "plan", &path, "--prune", "--format", "json"], 1);
    assert_eq!((value["keep"].clone(), value["extra"].clone()), (json!(4), json!([])));
    assert_eq!(value["delete"].as_array().map(Vec::len), Some(5));
    let call = &value["create"][1]["call"];
    assert_eq!(call["operation"], "CreateAccountAssignment");
    assert_eq!(call["parameters"]["TargetId"], MANAGEMENT);
    let script = haechi.text(&["org", "assignments", "plan", &path, "--format", "sh"], 1);
    let lines: Vec<&str> = script.lines().filter(|line| line.starts_with("aws sso-admin ")).collect();
    assert_eq!(lines.len(), 2, "{script}");
    assert!(lines[0].contains("create-account-assignment --region 'ap-northeast-2'"), "{script}");
    let diff = rows(&haechi, &["assignments", "diff", &path], 1);
    let changes = of(&diff, &["change", "provisioned"]);
    assert_eq!(changes.iter().filter(|change| change.starts_with("missing")).count(), 2, "{changes:?}");
    assert_eq!(changes.iter().filter(|change| change.starts_with("extra")).count(), 5, "{changes:?}");
    assert!(changes.contains(&"out-of-date outdated".to_owned()), "{changes:?}");
    let done = file(
        &haechi,
        "done.yaml",
        "assignments: [{permissionSet: Developer, group: shop-developers, account: sandbox}]",
    );
    assert!(rows(&haechi, &["assignments", "plan", &done], 0).is_empty());
    let wrong =
        file(&haechi, "wrong.yaml", "assignments: [{permissionSet: Developr, group: shop-developers, ou: Wrokloads}]");
    let text = said(&haechi, &["assignments", "plan", &wrong]);
    assert!(text.contains("did you mean `Developer`?") && text.contains("did you mean `Workloads`?"), "{text}");
}

#[test]
fn the_review_tells_what_to_look_at_and_what_it_has_not_looked_at() {
    let haechi = recorded();
    let checks =
        |arguments: &[&str], code| of(&rows(&haechi, &[&["access", "review"], arguments].concat(), code), &["check"]);
    let told = checks(&[], 0);
    for check in [
        "leaver-disabled",
        "management-account-assignment",
        "long-administrator-session",
        "role-out-of-date",
        "mfa-not-told",
    ] {
        assert!(told.contains(&check.to_owned()), "{check}: {told:?}");
    }
    assert!(checks(&["--fail-on", "medium"], 1) == told);
    let output = haechi.run(&["org", "access", "review"], 0);
    let warned = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(warned.contains("--users") && warned.contains("--logs"), "{warned}");
    let staff = file(&haechi, "staff.csv", "name;mail\r\n\"x\";\"OPS-LEAD@example.com\"\r\nshop-developer-1;\r\n");
    let leavers = rows(&haechi, &["access", "review", "--users", &staff], 1);
    let leavers: Vec<&Value> = leavers.iter().filter(|row| row["check"] == "leaver-not-listed").collect();
    assert_eq!(leavers.len(), 3, "{leavers:?}");
    assert_eq!(leavers[0]["severity"], "high");
    let mfa = file(
        &haechi,
        "mfa.yaml",
        "schema: 1\nstatedOn: 2026-11-01\nstatedBy: security\nprompt: never\nwithoutDevice: allow\n",
    );
    let told = checks(&["--mfa", &mfa], 1);
    assert!(
        told.contains(&"mfa-never".to_owned()) && told.contains(&"mfa-without-device-allowed".to_owned()),
        "{told:?}"
    );
    let wrong = file(&haechi, "wrong.yaml", "schema: 1\nstatedOn: 2026-11-01\nstatedBy: security\nprompt: nevre\n");
    assert!(said(&haechi, &["access", "review", "--mfa", &wrong]).contains("did you mean `never`?"));
}

#[test]
fn sets_that_the_logs_show_are_used() {
    let haechi = recorded();
    let event = |number: u32, account: &str, caller: Value, more: Value| {
        let mut event = json!({"eventVersion": "1.09", "eventTime": format!("2026-11-19T00:00:{number:02}Z"),
            "eventSource": "s3.amazonaws.com", "eventName": "ListBuckets", "awsRegion": "ap-northeast-2",
            "eventID": format!("00000000-0000-0000-0000-0000000000{number:02}"), "eventType": "AwsApiCall",
            "recipientAccountId": account, "userIdentity": caller, "readOnly": true, "eventCategory": "Management"});
        for (key, value) in more.as_object().expect("members") {
            event[key] = value.clone();
        }
        event
    };
    let arn = format!("arn:aws:sts::{SHOP}:assumed-role/AWSReservedSSO_Developer_0123456789abcdef/shop-developer-1");
    let session = json!({"type": "AssumedRole", "arn": arn, "accountId": SHOP});
    let portal =
        json!({"serviceEventDetails": {"role_name": "AWSReservedSSO_ReadOnly_0123456789abcdef", "account_id": SHOP}});
    let records = json!({"Records": [
        event(1, SHOP, session, json!({})),
        event(2, "111122223333", json!({"type": "Unknown", "userName": "data-analyst"}), portal),
    ]});
    let logs = file(&haechi, "trail.json", &records.to_string());
    let unused = rows(&haechi, &["access", "review", "--logs", &logs], 0);
    let told: Vec<&Value> = unused.iter().filter(|row| row["check"] == "permission-set-not-used").collect();
    assert_eq!(told.iter().map(|row| &row["name"]).collect::<Vec<_>>(), ["Administrator"]);
    let assignments: Vec<&Value> = unused.iter().filter(|row| row["check"] == "assignment-not-used").collect();
    assert!(assignments.iter().all(|row| row["account"] != SHOP), "{assignments:?}");
}

/// A permission set, a group and somebody in it, in the management account of a mock organization.
const SEED: &str = "
client('organizations').create_organization(FeatureSet='ALL')
sso, directory = client('sso-admin'), client('identitystore')
instance = sso.list_instances()['Instances'][0]
arn, store = instance['InstanceArn'], instance['IdentityStoreId']
user = directory.create_user(IdentityStoreId=store, UserName='mina', DisplayName='Mina', Name={'GivenName': 'M', 'FamilyName': 'K'})
group = directory.create_group(IdentityStoreId=store, DisplayName='readers')
directory.create_group_membership(IdentityStoreId=store, GroupId=group['GroupId'], MemberId={'UserId': user['UserId']})
made = sso.create_permission_set(Name='Reader', InstanceArn=arn, SessionDuration='PT1H')['PermissionSet']['PermissionSetArn']
sso.attach_managed_policy_to_permission_set(InstanceArn=arn, PermissionSetArn=made, ManagedPolicyArn='arn:aws:iam::aws:policy/ReadOnlyAccess')
sso.provision_permission_set(InstanceArn=arn, PermissionSetArn=made, TargetType='AWS_ACCOUNT', TargetId='123456789012')
";

#[test]
fn a_plan_is_applied_by_a_response_and_then_nothing_is_left_to_do() {
    let Some(moto) = Moto::start() else { return };
    moto.statements(SEED);
    let haechi = Haechi::at(&moto.endpoint);
    let record = || haechi.run(&["record", "--org", "--region", "us-east-1", "--no-judge", "--quiet"], 0);
    record();
    let wanted = file(&haechi, "a.yaml", "assignments: [{permissionSet: Reader, group: readers, ou: Root}]");
    let planned = rows(&haechi, &["assignments", "plan", &wanted], 1);
    assert_eq!(of(&planned, &["change", "account", "principal"]), ["create 123456789012 readers"]);
    assert!(rows(&haechi, &["access", "mina"], 0).is_empty());
    let hand_over = |more: &[&str]| {
        let arguments = [&["org", "assignments", "respond"], more, &["--format", "json"]].concat();
        let plan = haechi.json(&arguments, 0);
        let id = plan["id"].as_str().unwrap_or_else(|| panic!("{plan}")).to_owned();
        approve(&haechi, &id);
        apply(&haechi, &id);
        record();
        id
    };
    let id = hand_over(&[&wanted]);
    assert!(rows(&haechi, &["assignments", "plan", &wanted], 0).is_empty());
    let access = rows(&haechi, &["access", "mina"], 0);
    assert_eq!(of(&access, &["account", "permissionSet", "level"]), ["123456789012 Reader reads"]);
    haechi.run(&["respond", "undo", &id, "--by", "mina", "--reason", "over"], 0);
    record();
    assert!(rows(&haechi, &["access", "mina"], 0).is_empty());
    hand_over(&[&wanted]);
    let nothing = file(&haechi, "b.yaml", "assignments: []");
    let gone = rows(&haechi, &["assignments", "plan", &nothing, "--prune"], 1);
    assert_eq!(of(&gone, &["change"]), ["delete"]);
    hand_over(&[&nothing, "--prune"]);
    assert!(rows(&haechi, &["assignments", "plan", &nothing, "--prune"], 0).is_empty());
    let done = haechi.run(&["org", "assignments", "respond", &nothing], 0);
    assert!(String::from_utf8_lossy(&done.stderr).contains("nothing to do"), "{done:?}");
}
