//! What a review finds, and what it says it has not looked at.

use std::collections::BTreeSet;

use haechi_access::center::{
    Check, Directory, Levels, MfaStatement, NotLooked, Review, ReviewOptions, SetUsage, review as look,
};
use haechi_model::{Severity, Timestamp};
use serde_json::json;

use super::{ADMINISTRATOR, CATALOGUE, Made, POWER_USER, Staff, office, set_arn};
use crate::made::{DEV, Items, MANAGEMENT, PROD, allow};

fn review(items: &Items, options: &ReviewOptions<'_>) -> Review {
    let made = Made::of(items);
    look(&made.center(), &mut Levels::new(&made.world, &CATALOGUE), options)
}

fn usual() -> ReviewOptions<'static> {
    ReviewOptions { administrator_minutes: 60, today: "2026-11-22", ..ReviewOptions::default() }
}

/// The concerns of a check: `subject name account what`.
fn told(items: &Items, options: &ReviewOptions<'_>, check: Check) -> Vec<String> {
    let concerns = review(items, options).concerns;
    let of_check = concerns.iter().filter(|one| one.check == check);
    of_check.map(|one| format!("{} {} {}", one.name, one.account, one.what).trim().to_owned()).collect()
}

fn ids(items: &Items, options: &ReviewOptions<'_>) -> Vec<&'static str> {
    let mut ids: Vec<&str> = review(items, options).concerns.iter().map(|one| one.check.id()).collect();
    ids.dedup();
    ids
}

#[test]
fn the_office_as_it_is() {
    assert_eq!(
        ids(&office(), &usual()),
        [
            "full-administrator-policy",
            "direct-user-assignment",
            "no-permissions-boundary",
            "unassigned-permission-set",
            "mfa-not-told",
        ]
    );
    let review = review(&office(), &usual());
    assert_eq!(review.looked, [3, 2, 2, 2]);
    assert_eq!(review.not_looked, BTreeSet::from([NotLooked::Staff, NotLooked::Use]));
    assert!(review.concerns.is_sorted_by_key(|one| std::cmp::Reverse(one.check.severity())));
    assert_eq!(told(&office(), &usual(), Check::UnusedSet), ["Build"]);
    assert_eq!(told(&office(), &usual(), Check::DirectUser), [format!("mina {DEV} Read")]);
}

#[test]
fn names_of_checks_are_told_once() {
    let ids: BTreeSet<&str> = Check::ALL.iter().map(|check| check.id()).collect();
    assert_eq!(ids.len(), Check::ALL.len());
}

#[test]
fn administrators_are_found_by_what_they_may_do() {
    let mut items = office();
    items.set("Sneaky", json!({"InlinePolicy": allow("*:*", "*").to_string(), "SessionDuration": "PT8H"}));
    items.set(
        "Bound",
        json!({"ManagedPolicies": [ADMINISTRATOR], "SessionDuration": "PT12H",
        "PermissionsBoundary": {"ManagedPolicyArn": POWER_USER}}),
    );
    items.set("Long", json!({"ManagedPolicies": [super::READ_ONLY], "SessionDuration": "PT12H"}));
    for set in ["Sneaky", "Bound", "Long"] {
        items.assigned(DEV, set, "GROUP", "g-ops");
    }
    assert_eq!(told(&items, &usual(), Check::LongAdminSession), ["Sneaky  PT8H"]);
    assert_eq!(told(&items, &usual(), Check::NoBoundary), ["Admin", "Sneaky"]);
    assert_eq!(
        told(&items, &usual(), Check::FullAdmin),
        [format!("Admin  {ADMINISTRATOR}"), format!("Bound  {ADMINISTRATOR}"), "Sneaky  inline: Allows".to_owned()]
    );
    let longer = ReviewOptions { administrator_minutes: 480, ..usual() };
    assert!(told(&items, &longer, Check::LongAdminSession).is_empty());
}

#[test]
fn assignments_to_nobody_are_told() {
    let mut items = office();
    items.assigned(PROD, "Read", "GROUP", "g-none").assigned(PROD, "Read", "GROUP", "g-gone");
    items.assigned(PROD, "Read", "USER", "u-gone").assigned(MANAGEMENT, "Read", "GROUP", "g-ops");
    assert_eq!(told(&items, &usual(), Check::EmptyGroup), [format!("Nobody {PROD} Read")]);
    assert_eq!(
        told(&items, &usual(), Check::OrphanAssignment),
        [format!("g-gone {PROD} Read"), format!("u-gone {PROD} Read")]
    );
    assert_eq!(told(&items, &usual(), Check::ManagementAccount), [format!("Read {MANAGEMENT} Operators")]);
    // A group whose members could not be read is not empty.
    let mut unread = office();
    unread.team("g-dark", "Dark", &[]).not_collected("configuration.GroupMemberships");
    unread.assigned(PROD, "Read", "GROUP", "g-dark");
    assert!(told(&unread, &usual(), Check::EmptyGroup).is_empty());
}

#[test]
fn who_is_not_listed_may_exist_where_the_list_broke_off() {
    let mut items = office();
    items.assigned(PROD, "Read", "USER", "u-gone");
    let mut builder = Directory::builder();
    builder.not_listed("AWS::IdentityStore::User", "AccessDeniedException");
    for value in &items.0 {
        builder.add(&haechi_model::ConfigurationItem::from_value(value).expect("an item"));
    }
    let made = Made { world: Made::of(&items).world, directory: builder.build() };
    let review = look(&made.center(), &mut Levels::new(&made.world, &CATALOGUE), &usual());
    assert!(review.concerns.iter().all(|one| one.check != Check::OrphanAssignment));
    assert!(review.not_looked.contains(&NotLooked::Orphans));
}

#[test]
fn leavers() {
    let mut items = office();
    items.person("u-off", "off", json!({"UserStatus": "DISABLED"})).assigned(DEV, "Read", "USER", "u-off");
    items
        .person("u-left", "left", json!({}))
        .assigned(DEV, "Read", "USER", "u-left")
        .assigned(PROD, "Read", "USER", "u-left");
    assert_eq!(told(&items, &usual(), Check::LeaverDisabled), ["off  1"]);
    assert!(told(&items, &usual(), Check::LeaverNotListed).is_empty());
    let staff = BTreeSet::from(["mina@example.com".to_owned(), "juno".to_owned()]);
    let listed = ReviewOptions { staff: Some(&staff), ..usual() };
    assert_eq!(told(&items, &listed, Check::LeaverNotListed), ["left  2"]);
    assert!(!review(&items, &listed).not_looked.contains(&NotLooked::Staff));
    assert_eq!(Check::LeaverNotListed.severity(), Severity::High);
}

#[test]
fn roles_that_are_not_as_their_set_says() {
    let mut items = office();
    items.set("Admin", json!({"ManagedPolicies": [ADMINISTRATOR], "OutdatedAccountIds": [PROD]}));
    items.assigned(DEV, "Build", "GROUP", "g-ops");
    assert_eq!(
        told(&items, &usual(), Check::OutdatedRole),
        [format!("Admin {PROD} outdated"), format!("Build {DEV} not-provisioned")]
    );
    let mut old = office();
    old.set("Bare", json!({}));
    old.last()["configuration"].as_object_mut().expect("members").remove("OutdatedAccountIds");
    assert!(review(&old, &usual()).not_looked.contains(&NotLooked::Provisioning));
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a moment")
}

#[test]
fn sets_that_logs_do_not_show() {
    let mut items = office();
    items.assigned(PROD, "Read", "GROUP", "g-ops").assigned(PROD, "Admin", "USER", "u-juno");
    let session = |account: &str, set: &str, who: &str| {
        format!("arn:aws:sts::{account}:assumed-role/AWSReservedSSO_{set}_0123456789abcdef/{who}")
    };
    let moment = at("2026-11-01T00:00:00Z");
    let mut one = SetUsage::default();
    one.event(PROD, moment);
    one.session(&session(PROD, "Admin", "Mina"), moment);
    one.session("arn:aws:sts::222222222222:assumed-role/other/mina", moment);
    one.session("arn:aws:iam::222222222222:user/mina", moment);
    let options = ReviewOptions { usage: Some(&one), ..usual() };
    // DEV has no event in the logs: of what is assigned there alone nothing is said.
    assert_eq!(told(&items, &options, Check::UnseenSet), ["Read  1"]);
    assert_eq!(told(&items, &options, Check::UnseenAssignment), [format!("juno {PROD} Admin")]);
    let mut other = SetUsage::default();
    other.event(DEV, at("2026-10-01T00:00:00Z"));
    other.session(&session(DEV, "Read", "mina"), moment);
    other.merge(one);
    assert_eq!((other.first(), other.accounts()), (Some(at("2026-10-01T00:00:00Z")), 2));
    let options = ReviewOptions { usage: Some(&other), ..usual() };
    assert!(told(&items, &options, Check::UnseenSet).is_empty());
    assert_eq!(
        told(&items, &options, Check::UnseenAssignment),
        [format!("Operators {PROD} Read"), format!("juno {PROD} Admin")]
    );
    assert_eq!(set_arn("Read"), "arn:aws:sso:::permissionSet/ssoins-1/ps-Read");
}

fn sign_in(file: &str, external: bool) -> Vec<String> {
    let mut items = office();
    if external {
        items.person("u-idp", "idp", json!({"ExternalIds": [{"Issuer": "https://idp.example.com", "Id": "1"}]}));
    }
    let statement = (!file.is_empty()).then(|| MfaStatement::read("mfa.yaml", file).expect("a statement"));
    let options = ReviewOptions { mfa: statement.as_ref(), ..usual() };
    let concerns = review(&items, &options).concerns;
    let of_mfa = concerns.iter().filter(|one| one.check.id().starts_with("mfa-"));
    of_mfa.map(|one| format!("{} {}", one.check.id(), one.what).trim().to_owned()).collect()
}

#[test]
fn how_people_sign_in_is_judged_as_it_is_stated() {
    let head = "schema: 1\nstatedOn: 2026-11-01\nstatedBy: security\n";
    let whole = "identitySource: identity-center-directory\nprompt: every-sign-in\nwithoutDevice: require-registration\ntypes: [security-keys, authenticator-apps]\n";
    let with = |from: &str, to: &str| format!("{head}{}", whole.replace(from, to));
    for (file, expected) in [
        (String::new(), &["mfa-not-told"][..]),
        (format!("{head}{whole}"), &[]),
        (with("every-sign-in", "never"), &["mfa-never"]),
        (with("every-sign-in", "context-aware"), &["mfa-context-aware"]),
        (with("require-registration", "allow"), &["mfa-without-device-allowed"]),
        (with("require-registration", "block"), &[]),
        (with("require-registration", "email-code"), &["mfa-email-code"]),
        (with("security-keys, ", ""), &["mfa-no-security-keys"]),
        (with("prompt: every-sign-in\n", ""), &["mfa-not-told prompt"]),
        (head.to_owned(), &["mfa-not-told prompt, withoutDevice, types, identitySource"]),
        (format!("{head}{whole}").replace("2026-11-01", "2025-11-21"), &["mfa-statement-old 2025-11-21"]),
        (format!("{head}{whole}").replace("2026-11-01", "2025-11-22"), &[]),
        (format!("{head}{whole}").replace("2026-11-01", "2026-11-23"), &["mfa-statement-old 2026-11-23"]),
        (format!("{head}identitySource: external-identity-provider\n"), &["mfa-at-identity-provider"]),
    ] {
        assert_eq!(sign_in(&file, false), expected, "{file}");
    }
    assert_eq!(sign_in("", true), ["mfa-at-identity-provider https://idp.example.com"]);
    let told = sign_in(&format!("{head}{whole}"), true);
    assert_eq!(told, ["mfa-identity-source-differs https://idp.example.com"]);
}

#[test]
fn statements_that_are_none() {
    let head = "schema: 1\nstatedOn: 2026-11-01\nstatedBy: security\n";
    for (file, says) in [
        (head.replace("schema: 1", "schema: 2"), "schema 1"),
        (head.replace("2026-11-01", "2026-02-30"), "2026-11-22"),
        (head.replace("2026-11-01", "yesterday"), "2026-11-22"),
        (head.replace("security", "' '"), "named"),
        (head.replace("statedBy: security", ""), "statedBy"),
        (format!("{head}prompt: nevre\n"), "did you mean `never`?"),
        (format!("{head}promt: never\n"), "did you mean `prompt`?"),
        (format!("{head}types: never\n"), "types"),
        ("[".to_owned(), "mfa.yaml"),
    ] {
        let problem = MfaStatement::read("mfa.yaml", &file).expect_err(&file).to_string();
        assert!(problem.contains(says) || says == "types", "{file}: {problem}");
    }
}
