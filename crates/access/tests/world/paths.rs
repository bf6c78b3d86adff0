//! Escalation paths: every file of the catalogue in its own worlds, and searches through made-up organizations.

use haechi_access::World;
use haechi_access::paths::{Certainty, Path, Paths, Search, Things, paths};
use haechi_content::escalation::{CallerOf, Escalation, EscalationExample, escalations};
use haechi_model::ConfigurationItem;
use serde_json::{Value, json};

use crate::made::{DEV, Items, MANAGEMENT, OUTSIDE, PROD, allow, deny, encoded, role, trust, user};

const ACCOUNT: &str = "111122223333";

fn search_in(items: &Items, catalogue: &[Escalation], search: &Search) -> Paths {
    let mut things = Things::of(catalogue);
    let mut builder = World::builder();
    for value in &items.0 {
        let item = ConfigurationItem::from_value(value).expect("an item");
        builder.add(&item);
        things.add(&item);
    }
    paths(&builder.build().expect("a world"), &things, catalogue, search)
}

fn catalogue() -> Vec<Escalation> {
    let (known, problems) = escalations();
    assert!(problems.is_empty(), "{problems:?}");
    known
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// The world that a file's example describes.
fn described(example: &EscalationExample) -> (Items, String) {
    let mut items =
        if example.member.is_some() || !example.scp.is_empty() { Items::organization() } else { Items::default() };
    let account = if example.member.is_some() { MANAGEMENT } else { ACCOUNT };
    let is_role = example.caller == Some(CallerOf::Role);
    let caller = if is_role { role(account, "example") } else { user(account, "example") };
    if !example.scp.is_empty() {
        items.account(account, "example", "ou-work").scp("p-full", &allow("*", "*"), &[account]);
        let anybody = crate::made::allow_to(json!("*"), "*", "*");
        items.org_policy("p-rcpfull", "RESOURCE_CONTROL_POLICY", &anybody, &[account]);
        items.scp("p-wall", &document(&example.scp), &[account]);
    }
    let mut trusted =
        vec![json!({"Effect": "Allow", "Principal": {"Service": "config.amazonaws.com"}, "Action": "sts:AssumeRole"})];
    let mut trusts = |principal: Value, action: &str| {
        trusted.push(json!({"Effect": "Allow", "Principal": principal, "Action": action}));
    };
    for service in &example.trusts {
        trusts(json!({"Service": service}), "sts:AssumeRole");
    }
    if example.trusts_caller {
        trusts(json!({"AWS": caller}), "sts:AssumeRole");
    }
    if example.trusts_account {
        trusts(json!({"AWS": format!("arn:aws:iam::{account}:root")}), "sts:AssumeRole");
    }
    if example.trusts_provider.is_some() {
        trusts(json!({"Federated": format!("arn:aws:iam::{account}:saml-provider/corp")}), "sts:AssumeRoleWithSAML");
    }
    let trusted = document(&trusted);
    items.role(account, "admin", &trusted, &[allow("*", "*")], &[]);
    let managed_role = format!("arn:aws:iam::{account}:policy/plain");
    items.managed(account, "plain", &allow("s3:ListAllMyBuckets", "*"));
    let attached: &[&str] = if example.managed_role { &[&managed_role] } else { &[] };
    items.role(account, "plain", &trusted, &[allow("s3:ListAllMyBuckets", "*")], attached);
    items.user(account, "admin", &[allow("*", "*")], &[], &[]);
    if let Some(keys) = example.keys {
        items.last()["configuration"]["accessKeys"] =
            (0..keys).map(|key| json!({"accessKeyId": format!("AKIA{key}")})).collect();
    }
    if let Some(login) = example.login {
        items.last()["configuration"]["loginProfile"] =
            if login { json!({"createDate": "2025-01-01T00:00:00Z"}) } else { json!({}) };
    }
    if example.identity_center {
        let name = "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef";
        let saml =
            json!({"Federated": format!("arn:aws:iam::{account}:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE")});
        items.role(
            account,
            name,
            &document(&[json!({"Effect": "Allow", "Principal": saml, "Action": "sts:AssumeRoleWithSAML"})]),
            &[allow("*", "*")],
            &[],
        );
    }
    if example.member.as_deref() == Some("access-role") {
        items.role(
            PROD,
            "OrganizationAccountAccessRole",
            &trust(json!({"AWS": format!("arn:aws:iam::{account}:root")})),
            &[allow("*", "*")],
            &[],
        );
    }
    for group in &example.groups {
        items.group(account, group, &[allow("iam:GetGroup", "*")], &[]);
    }
    if example.strong_group {
        items.group(account, "admins", &[allow("*", "*")], &[]);
    }
    add_caller(&mut items, example, account);
    for thing in &example.items {
        let text = |name: &str| thing[name].as_str().expect("a text").to_owned();
        items.item(account, &text("type"), &text("arn"), &text("arn"), thing["configuration"].clone());
        items.last()["awsRegion"] = json!("ap-northeast-2");
    }
    (items, caller)
}

fn add_caller(items: &mut Items, example: &EscalationExample, account: &str) {
    let mut statements = example.statements.clone();
    if !example.allow.is_empty() {
        statements.push(json!({"Sid": "Given", "Effect": "Allow", "Action": example.allow, "Resource": "*"}));
    }
    let own = document(&statements);
    let managed = format!("arn:aws:iam::{account}:policy/own");
    let mut inline = Vec::new();
    if example.attached {
        let mut versions = vec![json!({"document": encoded(&own), "versionId": "v2", "isDefaultVersion": true})];
        if !example.old_version.is_empty() {
            let old = encoded(&document(&example.old_version));
            versions.push(json!({"document": old, "versionId": "v1", "isDefaultVersion": false}));
        }
        let configuration = json!({"policyName": "own", "defaultVersionId": "v2", "policyVersionList": versions});
        items.item(account, "AWS::IAM::Policy", "ANPAOWN", &managed, configuration);
    } else {
        inline.push(own);
    }
    if !example.inline_deny.is_empty() {
        inline.push(document(&example.inline_deny));
    }
    let boundary = format!("arn:aws:iam::{account}:policy/wall");
    if !example.boundary.is_empty() {
        items.managed(account, "wall", &document(&example.boundary));
    }
    let attached: &[&str] = if example.attached { &[&managed] } else { &[] };
    let groups: Vec<&str> = example.groups.iter().map(String::as_str).collect();
    match example.caller {
        Some(CallerOf::Role) => {
            items.role(account, "example", &trust(json!({"Service": "config.amazonaws.com"})), &inline, attached)
        }
        _ => items.user(account, "example", &inline, attached, &groups),
    };
    if !example.boundary.is_empty() {
        items.bounded(&boundary);
    }
}

#[test]
fn every_file_has_its_path_where_its_examples_say() {
    let mut wrong = Vec::new();
    for escalation in catalogue() {
        for example in &escalation.examples {
            let (items, caller) = described(example);
            let search = Search { from: Some(caller), to: example.to.clone(), ..Search::default() };
            let found = search_in(&items, std::slice::from_ref(&escalation), &search);
            if found.paths.is_empty() == example.expect {
                wrong.push(format!("{}: {}: {:?}", escalation.id, example.name, found));
            }
            for step in found.paths.iter().flat_map(|path| &path.steps) {
                if step.id != escalation.id || step.evidence.is_empty() || step.cut.action.is_empty() {
                    wrong.push(format!("{}: {}: a step without evidence: {step:?}", escalation.id, example.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn find(items: &Items) -> Paths {
    search_in(items, &catalogue(), &Search::default())
}

/// `from: id>to id>to (certainty)`, names only.
fn short(path: &Path) -> String {
    let name = |arn: &str| arn.rsplit([':', '/']).next().unwrap_or(arn).to_owned();
    let steps: Vec<String> = path.steps.iter().map(|step| format!("{}>{}", step.id, name(&step.to))).collect();
    let certainty = if path.certainty == Certainty::Maybe { " (maybe)" } else { "" };
    format!("{}: {}{certainty}", name(&path.from), steps.join(" "))
}

fn check(items: &Items, expected: &[&str]) {
    let found: Vec<String> = find(items).paths.iter().map(short).collect();
    assert_eq!(found, expected);
}

/// A developer of PROD who may pass roles to functions, and an administrator's role for functions.
fn passer() -> Items {
    let mut items = Items::organization();
    let may = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Functions", "Effect": "Allow", "Action": "lambda:*", "Resource": "*"},
        {"Sid": "Pass", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}]});
    items.role(PROD, "worker", &trust(json!({"Service": "lambda.amazonaws.com"})), &[allow("*", "*")], &[]);
    items.user(PROD, "dev", &[may], &[], &[]);
    items
}

#[test]
fn a_path_tells_its_evidence() {
    let found = find(&passer());
    assert_eq!((found.admins, found.searched), (1, 2));
    let [path] = &found.paths[..] else { panic!("{found:?}") };
    assert_eq!(short(path), "dev: lambda-001>worker");
    let step = &path.steps[0];
    assert_eq!(step.service.as_deref(), Some("lambda.amazonaws.com"));
    assert_eq!(step.also, ["lambda-002", "lambda-006"]);
    let sids: Vec<&str> =
        step.evidence.iter().flat_map(|one| &one.because).filter_map(|one| one.sid.as_deref()).collect();
    assert!(sids.contains(&"Pass") && sids.contains(&"Functions"), "{sids:?}");
    assert_eq!(step.trust.len(), 1);
    assert_eq!(
        (step.cut.action.as_str(), step.cut.sid.as_deref(), step.cut.line),
        ("iam:PassRole", Some("Pass"), Some(1))
    );
}

#[test]
fn what_cuts_a_path() {
    check(&passer(), &["dev: lambda-001>worker"]);
    // A Deny of the user's own.
    let mut items = passer();
    items.user(PROD, "dev", &[allow("*:*", "*"), deny("iam:*")], &[], &[]);
    items.0.remove(items.0.len() - 2);
    assert!(find(&items).paths.iter().all(|path| !path.from.ends_with("/dev") || path.steps[0].id != "lambda-001"));
    // A boundary.
    let mut items = passer();
    items.bounded(&format!("arn:aws:iam::{PROD}:policy/wall"));
    let dev = items.0.pop().expect("dev");
    items.managed(PROD, "wall", &allow("lambda:*", "*"));
    items.0.push(dev);
    check(&items, &[]);
    // An SCP above the account.
    let mut items = passer();
    items.scp("p-nopass", &deny("iam:PassRole"), &["ou-work"]);
    check(&items, &[]);
    // An SCP elsewhere does not.
    let mut items = passer();
    items.scp("p-nopass", &deny("iam:PassRole"), &[DEV]);
    check(&items, &["dev: lambda-001>worker"]);
    // An SCP that spares one service.
    let spare = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*",
        "Condition": {"StringNotEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}]});
    let mut items = passer();
    items.scp("p-ec2only", &spare, &["r-1"]);
    check(&items, &[]);
}

#[test]
fn the_cut_names_every_statement_that_has_to_go() {
    let pass = |sid: &str, action: &str| json!({"Sid": sid, "Effect": "Allow", "Action": action, "Resource": "*"});
    let with = |kept: &[&str]| {
        let mut items = Items::organization();
        items.role(PROD, "worker", &trust(json!({"Service": "lambda.amazonaws.com"})), &[allow("*", "*")], &[]);
        let all = [pass("One", "iam:PassRole"), pass("Two", "iam:Pass*"), pass("Functions", "lambda:*")];
        let own: Vec<Value> = all.into_iter().filter(|one| kept.iter().any(|sid| one["Sid"] == *sid)).collect();
        items.user(PROD, "dev", &[document(&own)], &[], &[]);
        items
    };
    let named = |items: &Items| {
        let cut = find(items).paths.first().map(|path| path.steps[0].cut.clone()).unwrap_or_default();
        cut.sid.into_iter().chain(cut.besides.into_iter().filter_map(|one| one.sid)).collect::<Vec<_>>()
    };
    assert_eq!(named(&with(&["One", "Two", "Functions"])), ["One", "Two"]);
    assert_eq!(named(&with(&["Two", "Functions"])), ["Two"]);
    assert!(named(&with(&["Functions"])).is_empty());
    // A trust policy that names the caller needs no permission of the caller's: it is what has to change.
    let mut items = Items::organization();
    let trusted = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Trust", "Effect": "Allow",
        "Principal": {"AWS": [PROD, user(PROD, "dev")]}, "Action": "sts:AssumeRole"}]});
    items.role(PROD, "ops", &trusted, &[allow("*", "*")], &[]);
    items.user(PROD, "dev", &[document(&[pass("Own", "sts:AssumeRole")])], &[], &[]);
    assert_eq!(named(&items), ["Trust"]);
}

#[test]
fn conditions_make_it_possible_and_not_certain() {
    let mut items = Items::organization();
    let mfa = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:PutUserPolicy", "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]});
    items.user(PROD, "dev", &[mfa], &[], &[]);
    check(&items, &["dev: iam-007>dev (maybe)"]);
    assert_eq!(find(&items).paths[0].steps[0].keys, ["aws:MultiFactorAuthPresent"]);
    // What only an unrecorded policy would grant is no path, and counted.
    let mut items = Items::organization();
    items.user(PROD, "dev", &[], &["arn:aws:iam::aws:policy/Unheard"], &[]);
    let found = find(&items);
    assert_eq!((found.paths.len(), found.unknown), (0, 1));
}

#[test]
fn paths_cross_accounts_and_go_round_circles() {
    let mut items = Items::organization();
    let to = |arn: String| allow("sts:AssumeRole", &arn);
    let by = |arn: String| trust(json!({"AWS": arn}));
    items.user(DEV, "ann", &[to(role(DEV, "build"))], &[], &[]);
    items.role(
        DEV,
        "build",
        &trust(json!({"AWS": [user(DEV, "ann"), role(PROD, "deploy")]})),
        &[to(role(PROD, "deploy"))],
        &[],
    );
    items.role(PROD, "deploy", &by(role(DEV, "build")), &[to(role(PROD, "ops")), to(role(DEV, "build"))], &[]);
    items.role(PROD, "ops", &by(role(PROD, "deploy")), &[allow("*", "*")], &[]);
    check(
        &items,
        &["deploy: sts-001>ops", "build: sts-001>deploy sts-001>ops", "ann: sts-001>build sts-001>deploy sts-001>ops"],
    );
    // Both sides are needed between accounts.
    let mut one_side = items.clone();
    one_side.role(DEV, "build", &by(user(DEV, "ann")), &[allow("s3:*", "*")], &[]);
    let place = one_side.0.iter().position(|item| item["arn"] == json!(role(DEV, "build"))).expect("build");
    one_side.0.remove(place);
    check(&one_side, &["deploy: sts-001>ops"]);
    // Fewer steps allowed.
    let search = Search { max_steps: 2, ..Search::default() };
    let found = search_in(&items, &catalogue(), &search);
    assert_eq!(found.paths.len(), 2);
    // An administrator of another account is one who has to get there.
    let mut other = items.clone();
    other.user(DEV, "boss", &[allow("*", "*")], &[], &[]);
    let search = Search { to: Some(role(PROD, "deploy")), ..Search::default() };
    let found = search_in(&other, &catalogue(), &search);
    assert!(found.paths.iter().any(|path| path.from == user(DEV, "boss") && path.steps.len() == 2), "{found:?}");
    assert!(found.paths.iter().all(|path| path.from != role(PROD, "ops")), "{found:?}");
    // To somebody who is no administrator; and of one account only.
    let search = Search { to: Some(role(PROD, "deploy")), accounts: vec![DEV.into()], ..Search::default() };
    let found: Vec<String> = search_in(&items, &catalogue(), &search).paths.iter().map(short).collect();
    assert_eq!(found, ["build: sts-001>deploy", "ann: sts-001>build sts-001>deploy"]);
}

#[test]
fn rights_are_raised_step_by_step() {
    // The boundary keeps the user from the policy that it may write, until it has removed the boundary.
    let mut items = Items::organization();
    items.managed(PROD, "wall", &allow("iam:*", &user(PROD, "dev")));
    items.user(PROD, "dev", &[allow("iam:*", "*")], &[], &[]).bounded(&format!("arn:aws:iam::{PROD}:policy/wall"));
    let found = find(&items);
    assert_eq!(short(&found.paths[0]).split(' ').count(), 3, "{found:?}");
    assert!(found.paths[0].steps.iter().any(|step| step.id == "x-08"), "{found:?}");
    let search = Search { from: Some(user(PROD, "dev")), ..Search::default() };
    let by_first_step = search_in(&items, &catalogue(), &search);
    assert!(
        by_first_step.paths.iter().any(|path| path.steps.len() == 2 && path.steps.iter().any(|step| step.id == "x-08")),
        "{by_first_step:?}"
    );
}

#[test]
fn outsiders_have_paths_too() {
    let mut items = Items::organization();
    items.role(PROD, "vendor", &trust(json!({"AWS": OUTSIDE})), &[allow("*", "*")], &[]);
    let loose = |condition: Value| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": format!("arn:aws:iam::{PROD}:oidc-provider/token.actions.githubusercontent.com")},
            "Condition": condition}]})
    };
    let audience = json!({"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}});
    let subject = json!({"StringLike": {"token.actions.githubusercontent.com:sub": "repo:example/shop:*"}});
    items.role(PROD, "loose", &loose(audience), &[allow("*", "*")], &[]);
    items.role(PROD, "bound", &loose(subject), &[allow("*", "*")], &[]);
    let found = find(&items);
    let shown: Vec<String> = found.paths.iter().map(short).collect();
    assert_eq!(
        shown,
        [format!("{OUTSIDE}: sts-001>vendor"), "token.actions.githubusercontent.com: sts-001>loose (maybe)".to_owned()]
    );
    assert!(found.paths.iter().all(|path| path.outside));
}

#[test]
fn what_a_way_does_with_a_new_thing_it_does_with_one() {
    let mut items = Items::organization();
    let function = |name: &str| format!("arn:aws:lambda:*:{PROD}:function:{name}-*");
    let may = |invoked: &str| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"},
            {"Effect": "Allow", "Action": "lambda:CreateFunction", "Resource": function("dev")},
            {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function(invoked)}]})
    };
    items.role(PROD, "worker", &trust(json!({"Service": "lambda.amazonaws.com"})), &[allow("*", "*")], &[]);
    items.user(PROD, "other", &[may("prod")], &[], &[]);
    items.user(PROD, "same", &[may("dev")], &[], &[]);
    check(&items, &["same: lambda-001>worker"]);
}

#[test]
fn new_things_may_be_made_in_any_region_that_guardrails_leave() {
    let mut items = passer();
    items.scp(
        "p-region",
        &json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["sa-east-1"]}}}]}),
        &[PROD],
    );
    check(&items, &["dev: lambda-001>worker"]);
}

#[test]
fn a_session_that_a_trust_policy_names_depends_on_its_name() {
    let mut items = Items::organization();
    items.role(DEV, "build", &trust(json!({"Service": "ec2.amazonaws.com"})), &[allow("sts:AssumeRole", "*")], &[]);
    let session = format!("arn:aws:sts::{DEV}:assumed-role/build/release");
    items.role(PROD, "ops", &trust(json!({"AWS": session})), &[allow("*", "*")], &[]);
    check(&items, &["build: sts-001>ops (maybe)"]);
    let step = &find(&items).paths[0].steps[0];
    assert_eq!((step.target.as_deref(), &*step.keys), (Some(&*session), &["sts:RoleSessionName".to_owned()][..]));
    assert!(step.evidence.iter().any(|one| one.because.iter().any(|reason| reason.layer == "resource")), "{step:?}");
}

/// Paths from outside by a role whose trust policy names everybody under a condition.
#[test]
fn everybody_is_whom_the_conditions_leave() {
    let own = format!("arn:aws:iam::{PROD}:role/build");
    for (condition, open) in [
        (json!({"ArnEquals": {"aws:PrincipalArn": own}}), false),
        (json!({"ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::{PROD}:role/*")}}), false),
        (json!({"StringEquals": {"aws:PrincipalAccount": [PROD, DEV]}}), false),
        (json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), false),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/build"}}), true),
        (json!({"StringEquals": {"aws:PrincipalAccount": OUTSIDE}}), true),
        (json!({"StringEquals": {"aws:PrincipalOrgID": "o-partner"}}), true),
        (json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-partner/r-ab12/*"}}), true),
        (json!({"StringEquals": {"sts:ExternalId": "secret"}}), true),
        (json!({"StringEquals": {"aws:PrincipalAccount": OUTSIDE, "aws:PrincipalOrgID": "o-partner"}}), true),
        (json!({"StringEquals": {"aws:PrincipalAccount": PROD, "sts:ExternalId": "secret"}}), false),
    ] {
        let mut items = Items::organization();
        let everybody = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"},
            "Action": "sts:AssumeRole", "Condition": condition}]});
        items.role(PROD, "ops", &everybody, &[allow("*", "*")], &[]);
        let found: Vec<String> = find(&items).paths.iter().map(short).collect();
        let expected = if open { vec!["*: sts-001>ops (maybe)".to_owned()] } else { Vec::new() };
        assert_eq!(found, expected, "{condition}");
    }
}

#[test]
fn subjects_that_leave_the_owner_open_let_strangers_in() {
    for (host, subject, open) in [
        ("token.actions.githubusercontent.com", "repo:example/shop:*", false),
        ("token.actions.githubusercontent.com", "repo:example/*", false),
        ("token.actions.githubusercontent.com", "repo:*", true),
        ("token.actions.githubusercontent.com", "*", true),
        ("token.actions.githubusercontent.com", "repo:*/shop:ref:refs/heads/main", true),
        ("token.actions.githubusercontent.com", "repo:*:environment:prod", true),
        // Whoever registers example-2 has it.
        ("token.actions.githubusercontent.com", "repo:example*", true),
        ("gitlab.com", "project_path:*:ref_type:branch:ref:main", true),
        ("gitlab.com", "project_path:example/*:ref_type:branch:ref:main", false),
        ("app.terraform.io", "organization:*:project:*:workspace:*:run_phase:*", true),
        ("app.terraform.io", "organization:example:project:*:workspace:*:run_phase:*", false),
        // A cluster's own provider has no strangers.
        ("oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE", "system:serviceaccount:*:*", false),
    ] {
        let mut items = Items::organization();
        let provider = format!("arn:aws:iam::{PROD}:oidc-provider/{host}");
        let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringLike": {format!("{host}:sub"): subject}}}]});
        items.role(PROD, "ci", &document, &[allow("*", "*")], &[]);
        assert_eq!(find(&items).paths.len(), usize::from(open), "{subject}");
    }
}

#[test]
fn permissions_are_actions_of_aws_on_resources_that_they_have() {
    let table = haechi_iam::catalogue::Catalogue::read(haechi_content::iam::actions()).expect("the table");
    let mut wrong = Vec::new();
    for escalation in catalogue() {
        for permission in escalation.ways.iter().flat_map(|way| &way.permissions) {
            let Some(action) = table.action(&permission.action) else {
                wrong.push(format!("{}: {} is no action", escalation.id, permission.action));
                continue;
            };
            let on_everything = permission.on.iter().any(|on| on == "*");
            if on_everything != (action.resources().len() == 0) {
                wrong.push(format!(
                    "{}: {} has {} resource types",
                    escalation.id,
                    permission.action,
                    action.resources().len()
                ));
            }
            for on in permission.on.iter().filter(|on| on.starts_with("arn:")) {
                let service = on.split(':').nth(2).unwrap_or_default();
                let fits =
                    action.resources().any(|one| one.resource_type().arn().as_str().split(':').nth(2) == Some(service));
                if !fits {
                    wrong.push(format!("{}: {} is not asked of {on}", escalation.id, permission.action));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
/// A large organization; docs/iam.md tells the time of one five times as large.
#[test]
fn two_thousand_principals() {
    let mut items = Items::organization();
    for number in 0..1000 {
        let account = [PROD, DEV, MANAGEMENT][number / 10 % 3];
        let service = ["lambda", "ec2", "ecs-tasks", "codebuild", "glue"][number % 5];
        let policy = match number % 10 {
            0 => allow("*", "*"),
            1 => allow("iam:PassRole", &format!("arn:aws:iam::{account}:role/role{}", number - 1)),
            2 => allow("sts:AssumeRole", &format!("arn:aws:iam::{account}:role/role{}", number - 1)),
            _ => allow("s3:*", &format!("arn:aws:s3:::bucket{number}/*")),
        };
        let of_user = allow("dynamodb:*", &format!("arn:aws:dynamodb:*:*:table/user{number}"));
        let trusted =
            json!({"Service": format!("{service}.amazonaws.com"), "AWS": format!("arn:aws:iam::{account}:root")});
        items.role(
            account,
            &format!("role{number}"),
            &trust(trusted),
            &[policy.clone(), allow("sqs:*", &format!("arn:aws:sqs:*:*:role{number}"))],
            &[],
        );
        let own = match number % 7 {
            0 => allow("lambda:*", "*"),
            1 => allow("iam:PassRole", "*"),
            2 => allow("ec2:*", "*"),
            _ => allow("logs:*", &format!("arn:aws:logs:*:*:log-group:{number}")),
        };
        items.user(account, &format!("user{number}"), &[policy, own, of_user], &[], &[]);
    }
    let found = find(&items);
    assert_eq!((found.searched, found.admins), (2000, 200));
    assert!(found.paths.len() > 10, "{}", found.paths.len());
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    const ACTIONS: [&str; 12] = [
        "iam:PassRole",
        "lambda:*",
        "ec2:*",
        "sts:AssumeRole",
        "iam:PutUserPolicy",
        "iam:PutRolePolicy",
        "iam:CreateAccessKey",
        "iam:UpdateAssumeRolePolicy",
        "iam:AttachRolePolicy",
        "iam:AddUserToGroup",
        "codebuild:*",
        "*",
    ];

    fn statements() -> impl Strategy<Value = Vec<Value>> {
        let resource =
            prop::sample::select(vec!["*".to_owned(), role(PROD, "role0"), user(PROD, "user0"), role(PROD, "role*")]);
        let one = (prop::sample::select(ACTIONS.to_vec()), resource, prop::bool::weighted(0.9));
        let write = |(action, resource, allows): (&str, String, bool)| json!({"Effect": if allows { "Allow" } else { "Deny" }, "Action": action, "Resource": resource});
        prop::collection::vec(one.prop_map(write), 0..4)
    }

    fn world_of(people: &[Vec<Value>], trusts: &[u8]) -> Items {
        let mut items = Items::organization();
        for (number, own) in people.iter().enumerate() {
            let own = document(own);
            if number % 2 == 0 {
                items.user(PROD, &format!("user{}", number / 2), &[own], &[], &[]);
                continue;
            }
            let principal = match trusts[number % trusts.len()] {
                0 => json!({"Service": "lambda.amazonaws.com"}),
                1 => json!({"AWS": PROD}),
                2 => json!({"AWS": user(PROD, "user0")}),
                _ => json!({"Service": "ec2.amazonaws.com", "AWS": role(PROD, "role0")}),
            };
            items.role(PROD, &format!("role{}", number / 2), &trust(principal), &[own], &[]);
        }
        items.group(PROD, "admins", &[allow("*", "*")], &[]);
        items.item(PROD, "AWS::EC2::Instance", "i-1", &format!("arn:aws:ec2:us-east-1:{PROD}:instance/i-1"), json!({}));
        items
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        /// Every step is open as its evidence says, and closed once what is told to cut it is denied.
        #[test]
        fn what_is_told_to_cut_a_step_cuts_it(
            people in prop::collection::vec(statements(), 6),
            trusts in prop::collection::vec(0_u8..4, 3),
        ) {
            let all = catalogue();
            let items = world_of(&people, &trusts);
            let found = search_in(&items, &all, &Search::default());
            for path in &found.paths {
                let first = &path.steps[0];
                prop_assert!(path.steps.windows(2).all(|two| two[0].to == two[1].from));
                prop_assert!(!first.evidence.is_empty() && first.evidence.iter().all(|one| !one.because.is_empty()), "{first:?}");
                let number = items.0.iter().position(|item| item["arn"] == json!(path.from)).expect("who it is of");
                let mut cut = items.clone();
                let denies = json!({"policyName": "cut", "policyDocument": encoded(&deny(&first.cut.action))});
                let configuration = &mut cut.0[number]["configuration"];
                let list = if path.from.contains(":user/") { "userPolicyList" } else { "rolePolicyList" };
                configuration[list].as_array_mut().expect("policies").push(denies);
                let search = Search { from: Some(path.from.clone()), ..Search::default() };
                let left = search_in(&cut, &all, &search);
                let same = |other: &&Path| other.steps[0].id == first.id && other.steps[0].to == first.to;
                // Ways of one id that take other permissions are not cut by this one.
                if !matches!(first.id.as_str(), "x-08" | "x-09" | "x-13") {
                    prop_assert!(left.paths.iter().find(same).is_none(), "{first:?}\n{:?}", left.paths);
                }
            }
        }

        /// An SCP that denies access management leaves no path by it, and no administrator.
        #[test]
        fn guardrails_hold(
            people in prop::collection::vec(statements(), 6),
            trusts in prop::collection::vec(0_u8..4, 3),
        ) {
            let mut items = world_of(&people, &trusts);
            items.scp("p-noiam", &deny("iam:*"), &["r-1"]);
            let found = search_in(&items, &catalogue(), &Search::default());
            prop_assert_eq!(found.admins, 0);
            // Only lifting the SCP itself, which nobody here is known to be able to do.
            prop_assert!(found.paths.iter().all(|path| path.steps.iter().any(|step| step.id == "x-13")), "{:?}", found.paths);
        }
    }
}
