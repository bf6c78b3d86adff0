//! Who has what where, as which caller, and how much that is.

use haechi_access::center::{
    Attribute, Directory, Drift, Level, Levels, Reach, Session, Unfound, minutes, set_of_role,
};
use haechi_access::{Explanation, Guardrails};
use haechi_iam::Action;
use serde_json::{Value, json};

use super::{ADMINISTRATOR, CATALOGUE, INSTANCE, Made, POWER_USER, Staff, office};
use crate::made::{DEV, Items, PROD, allow, allow_to, deny};

/// The answer to one action of somebody in an account, and the keys that it depends on.
fn may(items: &Items, user: &str, account: &str, action: &str, resource: &str) -> String {
    let made = Made::of(items);
    let center = made.center();
    let user = made.directory.find_user(user).expect("somebody");
    let seat = center.seats(user).into_iter().find(|seat| seat.account == account).expect("a seat");
    let session = center.session(user, &seat).expect("a session");
    let action = Action::parse(action).expect("an action");
    let target = made.world.target(resource, Some(account));
    let question = made.world.question(&session.subject, &action, &target, &session.context, Guardrails::Counted);
    match Explanation::of(&question, session.subject.principal) {
        None => "no".to_owned(),
        Some(explanation) if explanation.keys.is_empty() => explanation.answer.name().to_owned(),
        Some(explanation) => format!("{} {}", explanation.answer.name(), explanation.keys.join(" ")),
    }
}

fn with_session<T>(items: &Items, user: &str, account: &str, read: impl FnOnce(&Session<'_>) -> T) -> T {
    let made = Made::of(items);
    let center = made.center();
    let user = made.directory.find_user(user).expect("somebody");
    let seat = center.seats(user).into_iter().find(|seat| seat.account == account).expect("a seat");
    read(&center.session(user, &seat).expect("a session"))
}

fn reach(items: &Items, user: &str, account: &str) -> Reach {
    let made = Made::of(items);
    let center = made.center();
    let mut levels = Levels::new(&made.world, &CATALOGUE);
    let user = made.directory.find_user(user).expect("somebody");
    let seat = center.seats(user).into_iter().find(|seat| seat.account == account).expect("a seat");
    levels.of(&center.session(user, &seat).expect("a session"))
}

/// Somebody with a permission set of these policies in DEV, which is provisioned nowhere yet.
fn with_set(members: Value) -> Items {
    let mut items = office();
    items.set("Own", members).assigned(DEV, "Own", "USER", "u-juno");
    items
}

#[test]
fn seats_tell_by_which_way_somebody_came_to_them() {
    let mut items = office();
    items.team("g-more", "More", &["u-mina"]).assigned(PROD, "Admin", "GROUP", "g-more");
    items.assigned(PROD, "Admin", "USER", "u-mina").assigned(PROD, "Gone", "GROUP", "g-ops");
    let made = Made::of(&items);
    let center = made.center();
    let mina = made.directory.find_user("mina").expect("mina");
    let seats: Vec<String> = center
        .seats(mina)
        .iter()
        .map(|seat| {
            let groups: Vec<&str> = seat.groups.iter().map(|group| &*group.name).collect();
            let direct = if seat.is_direct { "directly" } else { "" };
            format!("{} {} {direct} {}", seat.account, seat.set_name(), groups.join("+"))
        })
        .collect();
    let gone = super::set_arn("Gone");
    assert_eq!(
        seats,
        [
            format!("{PROD} Admin directly More+Operators"),
            format!("{PROD} {gone}  Operators"),
            format!("{DEV} Read directly "),
        ]
    );
    assert!(center.seats(made.directory.find_user("juno").expect("juno")).is_empty());
    // A set that nobody recorded may allow whatever.
    assert_eq!(center.provisioned(&gone, PROD).drift, [Drift::SetNotRecorded]);
    assert!(!center.provisioned(&gone, PROD).is_known());
}

#[test]
fn somebody_is_found_by_every_name_of_theirs() {
    let mut items = office();
    items.person("u-twin1", "kim1", json!({"DisplayName": "김하늘"}));
    items.person("u-twin2", "kim2", json!({"DisplayName": "김하늘"}));
    items.person(
        "u-mail",
        "someone",
        json!({"Emails": [{"Value": "z@example.com"}, {"Value": "a@example.com", "Primary": true}]}),
    );
    items.person("u-shadow", "shadow", json!({"DisplayName": "mina"}));
    let directory = Made::of(&items).directory;
    for (word, id) in [
        ("u-mina", "u-mina"),
        // The user name counts before a display name.
        ("mina", "u-mina"),
        ("MINA", "u-mina"),
        (" mina@example.com ", "u-mina"),
        ("JUNO", "u-juno"),
        ("z@example.com", "u-mail"),
        ("kim2", "u-twin2"),
    ] {
        assert_eq!(directory.find_user(word).map(|user| &*user.id), Ok(id), "{word}");
    }
    let twins = directory.find_user("김하늘");
    let words = ["kim1 (김하늘, kim1@example.com, u-twin1)", "kim2 (김하늘, kim2@example.com, u-twin2)"];
    assert_eq!(twins.err(), Some(Unfound::Several(words.map(str::to_owned).to_vec())));
    assert_eq!(directory.find_user("mena").err(), Some(Unfound::Nobody(Some("mina".to_owned()))));
    assert_eq!(directory.find_user("entirely else").err(), Some(Unfound::Nobody(None)));
    assert_eq!(directory.find_group("operators").map(|group| &*group.id), Ok("g-ops"));
    assert_eq!(directory.find_permission_set("Amin", None).err(), Some(Unfound::Nobody(Some("Admin".to_owned()))));
    assert_eq!(directory.find_user("a@example.com").map(|user| &*user.emails[0]), Ok("a@example.com"));
}

#[test]
fn a_recorded_role_is_the_caller_and_its_session_bears_the_user_name() {
    with_session(&office(), "mina", PROD, |session| {
        let caller = &session.subject.caller;
        let role = format!(
            "arn:aws:iam::{PROD}:role/aws-reserved/sso.amazonaws.com/ap-northeast-2/AWSReservedSSO_Admin_0123456789abcdef"
        );
        assert_eq!(caller.principal_arn(), role);
        let name = format!("arn:aws:sts::{PROD}:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/mina");
        assert_eq!(caller.name_in_policies(), name);
        assert!(session.provisioned.drift.is_empty(), "{:?}", session.provisioned.drift);
        assert!(session.provisioned.is_known());
    });
}

#[test]
fn a_set_that_is_not_provisioned_stands_for_its_role() {
    let items = with_set(json!({"ManagedPolicies": ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"],
        "InlinePolicy": allow("sqs:SendMessage", "*").to_string()}));
    let ask = |action: &str| may(&items, "juno", DEV, action, "*");
    assert_eq!(
        (ask("s3:GetObject"), ask("sqs:SendMessage"), ask("sqs:DeleteQueue")),
        ("yes".into(), "yes".into(), "no".into())
    );
    with_session(&items, "juno", DEV, |session| {
        assert_eq!(session.provisioned.drift, [Drift::NotProvisioned]);
        let role = session.subject.caller.principal_arn();
        assert!(role.contains("/sso.amazonaws.com/ap-northeast-2/AWSReservedSSO_Own_"), "{role}");
    });
}

#[test]
fn customer_managed_policies_are_those_of_the_account() {
    let references = json!({"CustomerManagedPolicyReferences": [{"Name": "own", "Path": "/team/"}]});
    let mut items = with_set(references.clone());
    assert_eq!(may(&items, "juno", DEV, "sns:Publish", "*"), "no");
    with_session(&items, "juno", DEV, |session| {
        assert_eq!(session.provisioned.drift, [Drift::NotProvisioned, Drift::PolicyMissing("/team/own".into())]);
    });
    // One of that name elsewhere, or of another path, is not meant.
    items.managed(PROD, "team/own", &allow("sns:Publish", "*")).managed(DEV, "own", &allow("sns:Publish", "*"));
    assert_eq!(may(&items, "juno", DEV, "sns:Publish", "*"), "no");
    items.managed(DEV, "team/own", &allow("sns:Publish", "*"));
    assert_eq!(may(&items, "juno", DEV, "sns:Publish", "*"), "yes");
    // Of an account without a record nothing is known.
    let mut elsewhere = office();
    elsewhere.account("444444444444", "dark", "ou-work").scp("p-all", &allow("*", "*"), &["444444444444"]);
    elsewhere.set("Own", references);
    elsewhere.assigned("444444444444", "Own", "USER", "u-juno");
    assert_eq!(may(&elsewhere, "juno", "444444444444", "sns:Publish", "*"), "undecidable");
}

#[test]
fn boundaries_and_guardrails_count() {
    let mut items =
        with_set(json!({"ManagedPolicies": [ADMINISTRATOR], "PermissionsBoundary": {"ManagedPolicyArn": POWER_USER}}));
    assert_eq!(may(&items, "juno", DEV, "iam:CreateUser", "*"), "no");
    assert_eq!(may(&items, "juno", DEV, "s3:DeleteBucket", "*"), "yes");
    items.scp("p-no-s3", &deny("s3:DeleteBucket"), &["ou-work"]);
    assert_eq!(may(&items, "juno", DEV, "s3:DeleteBucket", "*"), "no");
    let mut own = with_set(json!({"ManagedPolicies": [ADMINISTRATOR],
        "PermissionsBoundary": {"CustomerManagedPolicyReference": {"Name": "limit", "Path": "/"}}}));
    assert_eq!(may(&own, "juno", DEV, "s3:DeleteBucket", "*"), "undecidable");
    own.managed(DEV, "limit", &allow("sqs:*", "*"));
    assert_eq!(may(&own, "juno", DEV, "s3:DeleteBucket", "*"), "no");
    assert_eq!(may(&own, "juno", DEV, "sqs:DeleteQueue", "*"), "yes");
}

/// An inline policy that asks for a tag of the caller.
fn by_tag(key: &str, value: &str) -> Value {
    let text = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:StopInstances", "Resource": "*",
        "Condition": {"StringEquals": {format!("aws:PrincipalTag/{key}"): value}}}]});
    json!({"InlinePolicy": text.to_string()})
}

fn with_attributes(attributes: Value, person: Value, asked: (&str, &str)) -> Items {
    let mut items = Items::organization();
    items.instance();
    if !attributes.is_null() {
        items.last()["configuration"]["AccessControlAttributes"] = attributes;
    }
    items.person("u-juno", "juno", person).set("Own", by_tag(asked.0, asked.1)).assigned(DEV, "Own", "USER", "u-juno");
    items
}

#[test]
fn attributes_for_access_control_are_session_tags() {
    let department = json!([{"Key": "team", "Value": {"Source": ["${path:enterprise.department}"]}}]);
    let of = |value: &str| json!({"Extensions": {"aws:identitystore:enterprise": {"department": value}}});
    let ask = |items: &Items| may(items, "juno", DEV, "ec2:StopInstances", "*");
    assert_eq!(ask(&with_attributes(department.clone(), of("red"), ("team", "red"))), "yes");
    assert_eq!(ask(&with_attributes(department.clone(), of("blue"), ("team", "red"))), "no");
    // Tag keys are compared without regard to case.
    assert_eq!(ask(&with_attributes(department.clone(), of("red"), ("Team", "red"))), "yes");
    assert_eq!(ask(&with_attributes(department.clone(), json!({}), ("team", "red"))), "no");
    // The feature is off.
    assert_eq!(ask(&with_attributes(json!(null), of("red"), ("team", "red"))), "no");
    // An identity provider may send more, but never other values for these.
    let external = |mut person: Value| {
        person["ExternalIds"] = json!([{"Issuer": "https://idp.example.com", "Id": "1"}]);
        person
    };
    assert_eq!(ask(&with_attributes(department.clone(), external(of("blue")), ("team", "red"))), "no");
    let other = with_attributes(department.clone(), external(of("red")), ("shift", "night"));
    assert_eq!(ask(&other), "conditional aws:PrincipalTag/shift");
    // What no record tells is open.
    let street = json!([{"Key": "city", "Value": {"Source": ["${path:addresses[type eq \"work\"].locality}"]}}]);
    let unknown = with_attributes(street, json!({}), ("city", "Seoul"));
    assert_eq!(ask(&unknown), "conditional aws:PrincipalTag/city");
    let mut unread = with_attributes(department, of("red"), ("team", "red"));
    let instance = unread.0.iter().position(|item| item["resourceId"] == INSTANCE).expect("the instance");
    let removed = unread.0.remove(instance);
    assert_eq!(removed["resourceId"], INSTANCE);
    assert_eq!(ask(&unread), "conditional aws:PrincipalTag/team");
}

#[test]
fn expressions_of_attributes() {
    let mut items = Items::default();
    items.person(
        "u-1",
        "mina",
        json!({"DisplayName": "Mina K", "Name": {"GivenName": "Mina", "FamilyName": "Kim"}, "Title": "Lead",
            "Extensions": {"aws:identitystore:enterprise": {"costCenter": "42", "manager": {"value": "u-9"}}}}),
    );
    let mut builder = Directory::builder();
    builder.add(&haechi_model::ConfigurationItem::from_value(&items.0[0]).expect("an item"));
    let directory = builder.build();
    let mina = directory.user("u-1").expect("mina");
    let known = |text: &str| Attribute::Known(text.to_owned());
    for (expression, expected) in [
        ("${path:userName}", known("mina")),
        ("${path:name.familyName}", known("Kim")),
        ("${path:name.givenName} ${path:name.familyName}", known("Mina Kim")),
        ("${path:emails[primary eq true].value}", known("mina@example.com")),
        ("${user:email}", known("mina@example.com")),
        ("${user:givenName}", known("Mina")),
        ("${user:subject}", known("mina")),
        ("${path:title}", known("Lead")),
        ("${path:enterprise.costCenter}", known("42")),
        ("${path:enterprise.manager.value}", known("u-9")),
        ("${path:enterprise.department}", Attribute::Absent),
        ("${path:nickName}", Attribute::Absent),
        ("constant", known("constant")),
        ("${path:phoneNumbers[type eq \"work\"].value}", Attribute::Unknown),
        ("${dir:guid}", Attribute::Unknown),
        ("${user:AD_GUID}", Attribute::Unknown),
        ("${path:userName", Attribute::Unknown),
        ("", known("")),
    ] {
        assert_eq!(mina.attribute(expression), expected, "{expression}");
    }
}

#[test]
fn the_user_id_is_a_key_of_the_session() {
    let text = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
        "Condition": {"StringEquals": {"identitystore:UserId": "u-juno"}}}]});
    let items = with_set(json!({"InlinePolicy": text.to_string()}));
    assert_eq!(may(&items, "juno", DEV, "s3:GetObject", "*"), "yes");
    let mut other = items;
    other.assigned(DEV, "Own", "USER", "u-mina");
    let made = Made::of(&other);
    let center = made.center();
    let mina = made.directory.find_user("mina").expect("mina");
    let seat = center.seats(mina).into_iter().find(|seat| seat.set_name() == "Own").expect("a seat");
    let session = center.session(mina, &seat).expect("a session");
    let action = Action::parse("s3:GetObject").expect("an action");
    let target = made.world.target("*", Some(DEV));
    let question = made.world.question(&session.subject, &action, &target, &session.context, Guardrails::Counted);
    assert_eq!(question.decide().allowed, haechi_iam::Tri::No);
}

#[test]
fn levels_are_reckoned_by_the_evaluator() {
    let level = |members: Value| {
        let reach = reach(&with_set(members), "juno", DEV);
        (reach.level, reach.conditional)
    };
    let inline = |policy: &Value| json!({"InlinePolicy": policy.to_string()});
    assert_eq!(level(json!({"ManagedPolicies": [ADMINISTRATOR]})), (Level::Administrator, false));
    assert_eq!(level(inline(&allow("*:*", "*"))), (Level::Administrator, false));
    assert_eq!(level(json!({"ManagedPolicies": [POWER_USER]})), (Level::Power, false));
    assert_eq!(level(json!({"ManagedPolicies": [super::READ_ONLY]})), (Level::Reads, false));
    assert_eq!(level(inline(&allow("s3:PutObject", "*"))), (Level::Writes, false));
    assert_eq!(level(inline(&allow("s3:PutObject", "arn:aws:s3:::one/*"))), (Level::Writes, true));
    assert_eq!(level(json!({})), (Level::Nothing, false));
    let mfa = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]});
    assert_eq!(level(inline(&mfa)), (Level::Administrator, true));
}

#[test]
fn what_guardrails_and_boundaries_take_away_is_told() {
    let mut items =
        with_set(json!({"ManagedPolicies": [ADMINISTRATOR], "PermissionsBoundary": {"ManagedPolicyArn": POWER_USER}}));
    items.scp("p-1", &deny("sqs:DeleteQueue"), &["ou-work"]);
    let regions = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "sns:*", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}]});
    items.scp("p-2", &regions, &[DEV]);
    let reach = reach(&items, "juno", DEV);
    assert_eq!((reach.level, reach.granted), (Level::Power, Level::Administrator));
    assert_eq!(
        reach.by_scps.denied.iter().map(|(service, count)| (&**service, *count)).collect::<Vec<_>>(),
        [("sqs", 1)]
    );
    let topics = CATALOGUE.service("sns").expect("sns").actions().len();
    assert_eq!(reach.by_scps.conditional, topics);
    assert!(reach.by_boundary.denied["iam"] > 100, "{:?}", reach.by_boundary);
    assert_eq!(reach.by_rcps.count(), 0);
}

#[test]
fn drift_of_roles() {
    let drift = |items: &Items, set: &str, account: &str| {
        let made = Made::of(items);
        let center = made.center();
        let names: Vec<String> = center
            .provisioned(&super::set_arn(set), account)
            .drift
            .iter()
            .map(|drift| format!("{} {}", drift.name(), drift.what()).trim().to_owned())
            .collect();
        names
    };
    assert_eq!(drift(&office(), "Admin", PROD), [""; 0]);
    let mut items = office();
    items.set(
        "Admin",
        json!({"ManagedPolicies": [POWER_USER], "OutdatedAccountIds": [PROD],
        "InlinePolicy": allow("s3:*", "*").to_string(), "PermissionsBoundary": {"ManagedPolicyArn": POWER_USER}}),
    );
    assert_eq!(
        drift(&items, "Admin", PROD),
        [
            "outdated".to_owned(),
            format!("role-lacks {POWER_USER}"),
            format!("role-has-more {ADMINISTRATOR}"),
            "inline-differs".to_owned(),
            "boundary-differs".to_owned(),
        ]
    );
    // White space and the order of members say nothing.
    let mut spaced = office();
    let text = "{ \"Statement\": [ {\"Resource\": \"*\", \"Action\": \"s3:PutObject\", \"Effect\": \"Allow\", \"Sid\": \"Allows\"} ],\n \"Version\": \"2012-10-17\" }";
    spaced.set("Build", json!({"InlinePolicy": text})).reserved(DEV, "Build", &[allow("s3:PutObject", "*")], &[]);
    assert_eq!(drift(&spaced, "Build", DEV), [""; 0]);
    spaced.bounded(POWER_USER);
    assert_eq!(drift(&spaced, "Build", DEV), ["boundary-differs"]);
    assert_eq!(drift(&office(), "Build", DEV), ["not-provisioned"]);
}

#[test]
fn names_of_roles_and_durations() {
    for (name, set) in [
        ("AWSReservedSSO_Admin_0123456789abcdef", Some("Admin")),
        ("AWSReservedSSO_a_b_c_0123456789abcdef", Some("a_b_c")),
        ("AWSReservedSSO_Admin_0123", None),
        ("AWSReservedSSO_Admin_0123456789abcdeg", None),
        ("Admin_0123456789abcdef", None),
        ("AWSReservedSSO_", None),
    ] {
        assert_eq!(set_of_role(name), set, "{name}");
    }
    for (text, expected) in [
        ("PT1H", Some(60)),
        ("PT12H", Some(720)),
        ("PT1H30M", Some(90)),
        ("PT90M", Some(90)),
        ("PT3600S", Some(60)),
        ("PT", None),
        ("1H", None),
        ("PTH", None),
        ("PT1D", None),
        ("PT99999999999H", None),
    ] {
        assert_eq!(minutes(text), expected, "{text}");
    }
}

#[test]
fn odd_records_are_taken_as_they_are() {
    // No instance, no sets: assignments to nothing.
    let mut bare = Items::organization();
    bare.person("u-1", "일레븐", json!({})).assigned(DEV, "Gone", "USER", "u-1");
    assert_eq!(may(&bare, "일레븐", DEV, "s3:GetObject", "*"), "undecidable");
    // Two instances: each set knows its own.
    let mut two = office();
    two.set("Other", json!({"InstanceArn": "arn:aws:sso:::instance/ssoins-2", "ManagedPolicies": [ADMINISTRATOR]}));
    two.assigned(DEV, "Other", "USER", "u-juno");
    assert_eq!(may(&two, "juno", DEV, "s3:GetObject", "*"), "yes");
    // Somebody in 500 groups, each of which has a set in each account.
    let mut many = office();
    for number in 0..500 {
        let (group, set) = (format!("g-{number}"), format!("S{number}"));
        many.team(&group, &group, &["u-juno"]).set(&set, json!({}));
        many.assigned(PROD, &set, "GROUP", &group)
            .assigned(DEV, &set, "GROUP", &group)
            .assigned(DEV, "Read", "GROUP", &group);
    }
    let made = Made::of(&many);
    let seats = made.center().seats(made.directory.find_user("juno").expect("juno"));
    assert_eq!(seats.len(), 1001);
    assert_eq!(seats.iter().find(|seat| seat.set_name() == "Read").expect("Read").groups.len(), 500);
}

#[test]
fn an_administrator_of_hundreds_of_accounts_is_reckoned_in_time() {
    let mut items = office();
    let spare = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*",
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/break-glass"}}}]});
    items.scp("p-spare", &spare, &["r-1"]);
    for number in 0..300 {
        let account = format!("7{number:011}");
        items.account(&account, &format!("a{number}"), "ou-work").assigned(&account, "Admin", "GROUP", "g-ops");
        items.reserved(&account, "Admin", &[], &[ADMINISTRATOR]);
    }
    let accounts: Vec<String> = (0..300).map(|number| format!("7{number:011}")).collect();
    let accounts: Vec<&str> = accounts.iter().map(String::as_str).collect();
    items.scp("p-all", &allow("*", "*"), &accounts);
    let anybody = allow_to(json!("*"), "*", "*");
    items.org_policy("p-rcp", "RESOURCE_CONTROL_POLICY", &anybody, &accounts);
    let made = Made::of(&items);
    let center = made.center();
    let mut levels = Levels::new(&made.world, &CATALOGUE);
    let mina = made.directory.find_user("mina").expect("mina");
    let begun = std::time::Instant::now();
    let seats = center.seats(mina);
    let mut administrators = 0;
    for seat in &seats {
        let reach = levels.of(&center.session(mina, seat).expect("a session"));
        administrators += usize::from(reach.level == Level::Administrator);
    }
    assert_eq!((seats.len(), administrators), (302, 301));
    let took = begun.elapsed();
    println!("{took:?}");
    // Ten times what it takes: a test is no measurement.
    assert!(took < std::time::Duration::from_secs(120), "{took:?}");
}
