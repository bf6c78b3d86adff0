//! Assignments by units of the tree: what a file comes to, what has to be done for it, and what is wrong with it.

use std::collections::BTreeSet;

use haechi_access::center::{Assignment, DesiredState, Directory, Expansion, Plan, Unwanted};
use haechi_model::ConfigurationItem;
use proptest::prelude::*;
use serde_json::json;

use super::{INSTANCE, Made, Staff, office, set_arn};
use crate::made::{DEV, Items, MANAGEMENT, PROD};

const OLD: &str = "444444444444";
const NEW: &str = "555555555555";

/// The office with a suspended account, and one more of which nothing but its place is known.
fn company() -> Items {
    let mut items = office();
    items.account(OLD, "old", "ou-work");
    items.last()["configuration"]["State"] = json!("SUSPENDED");
    items.unit("ou-other", "Other", "r-1").unit("ou-prod2", "Prod", "ou-other").account(NEW, "fresh", "ou-prod2");
    items.tagged("env", "prod").tagged("team", "red");
    items
}

fn expand(items: &Items, file: &str) -> Result<Expansion, String> {
    let made = Made::of(items);
    let said = |problems: Vec<haechi_content::Diagnostic>| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    DesiredState::read("a.yaml", file).and_then(|state| state.expand(&made.world, &made.directory)).map_err(said)
}

/// The assignments in short words.
fn comes_to(file: &str) -> Vec<String> {
    let expansion = expand(&company(), file).expect("an expansion");
    expansion.wanted.keys().map(short).collect()
}

fn short(assignment: &Assignment) -> String {
    let set = assignment.set.rsplit("ps-").next().unwrap_or_default();
    format!("{} {set} {}", assignment.account, assignment.id)
}

fn entry(place: &str) -> String {
    format!("assignments: [{{permissionSet: Read, group: Operators, {place}}}]")
}

fn accounts(place: &str) -> Vec<String> {
    comes_to(&entry(place)).iter().map(|words| words[..12].to_owned()).collect()
}

#[test]
fn units_come_to_their_accounts() {
    for (place, expected) in [
        ("ou: ou-prod", &[PROD][..]),
        // The suspended account is left out.
        ("ou: Work", &[PROD, DEV]),
        ("ou: Root/Work", &[PROD, DEV]),
        ("ou: arn:aws:organizations::111111111111:ou/o-1/ou-work", &[PROD, DEV]),
        ("ou: Work, nested: false", &[DEV]),
        ("ou: Work/Prod", &[PROD]),
        ("ou: Other/Prod", &[NEW]),
        ("ou: [Work/Prod, Other]", &[PROD, NEW]),
        ("ou: Root", &[MANAGEMENT, PROD, DEV, NEW]),
        ("ou: Root, except: [management, Work/Prod]", &[DEV, NEW]),
        ("ou: Root, tag: {env: prod}", &[NEW]),
        ("tag: {env: prod, team: red}", &[NEW]),
        ("tag: {env: prod, team: blue}", &[]),
        ("account: shop", &[PROD]),
        ("account: [222222222222, fresh]", &[PROD, NEW]),
        ("account: \"333333333333\", ou: Work/Prod", &[PROD, DEV]),
        ("account: old", &[]),
    ] {
        assert_eq!(accounts(place), expected, "{place}");
    }
    let expansion = expand(&company(), &entry("ou: Work")).expect("an expansion");
    assert_eq!(expansion.left_out.into_iter().collect::<Vec<_>>(), [(OLD.into(), "SUSPENDED".into())]);
    assert_eq!(expand(&company(), &entry("account: old")).expect("an expansion").empty, [1]);
}

#[test]
fn entries_that_overlap_count_once() {
    let file = "assignments:
  - {permissionSet: Read, group: Operators, ou: Work}
  - {permissionSet: Read, group: [Operators, g-ops], user: mina, account: shop}
  - {permissionSet: Admin, group: Operators, account: shop}
";
    assert_eq!(
        comes_to(file),
        [
            format!("{PROD} Admin g-ops"),
            format!("{PROD} Read g-ops"),
            format!("{PROD} Read u-mina"),
            format!("{DEV} Read g-ops"),
        ]
    );
    let expansion = expand(&company(), file).expect("an expansion");
    assert_eq!(expansion.overlaps(), 1);
    let both: Vec<_> = expansion.wanted.values().filter(|entries| entries.len() > 1).collect();
    assert_eq!(both, [&vec![1, 2]]);
}

fn plan(items: &Items, file: &str, unwanted: Unwanted) -> Plan {
    let made = Made::of(items);
    let expansion = expand(items, file).expect("an expansion");
    expansion.plan(&made.world, &made.directory, unwanted)
}

#[test]
fn a_plan_is_the_difference_to_the_record() {
    let file = "assignments: [{permissionSet: Admin, group: Operators, ou: [Work/Prod, Root], except: Other}]";
    let words = |list: &[haechi_access::center::Planned]| {
        list.iter().map(|one| format!("{} {}", short(&one.assignment), one.by_management_account)).collect::<Vec<_>>()
    };
    let without = plan(&company(), file, Unwanted::Stay);
    assert_eq!(words(&without.create), [format!("{MANAGEMENT} Admin g-ops true"), format!("{DEV} Admin g-ops false")]);
    assert_eq!(words(&without.keep), [format!("{PROD} Admin g-ops false")]);
    assert_eq!(words(&without.extra), [format!("{DEV} Read u-mina false")]);
    assert!(without.delete.is_empty() && !without.is_done());
    let with = plan(&company(), file, Unwanted::Go);
    assert_eq!((with.delete, with.extra), (without.extra, vec![]));
    let call = serde_json::to_value(with.create[0].assignment.call()).expect("JSON");
    assert_eq!(
        call,
        json!({"InstanceArn": INSTANCE, "TargetId": MANAGEMENT, "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": set_arn("Admin"), "PrincipalType": "GROUP", "PrincipalId": "g-ops"})
    );
}

#[test]
fn what_is_asked_for_in_a_suspended_account_stays() {
    let file = "assignments: [{permissionSet: Read, group: Operators, ou: Work}]";
    let mut items = company();
    items.assigned(OLD, "Read", "GROUP", "g-ops").assigned(OLD, "Admin", "GROUP", "g-ops");
    let plan = plan(&items, file, Unwanted::Go);
    let of_old = |list: &[haechi_access::center::Planned]| {
        let old = list.iter().filter(|one| &*one.assignment.account == OLD);
        old.map(|one| short(&one.assignment)).collect::<Vec<_>>()
    };
    assert_eq!(of_old(&plan.keep), [format!("{OLD} Read g-ops")]);
    assert_eq!(of_old(&plan.delete), [format!("{OLD} Admin g-ops")]);
    assert!(of_old(&plan.create).is_empty());
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (file, says) in [
        (entry("ou: Wrok"), "a.yaml:1:59"),
        (entry("ou: Work/Pord"), "did you mean `Work/Prod`?"),
        (entry("ou: Prod"), "write the id of one: ou-prod (Root/Work/Prod); ou-prod2 (Root/Other/Prod)"),
        (entry("ou: shop"), "there is no organizational unit `shop`"),
        (entry("account: Work"), "there is no account `Work`"),
        (entry("account: shpo"), "did you mean `shop`?"),
        (entry("account: shop, except: nowhere"), "there is no account or organizational unit `nowhere`"),
        (entry("account: shop").replace("Operators", "Operatrs"), "did you mean `Operators`?"),
        (entry("account: shop").replace("Read", "Raed"), "there is no permission set `Raed` in the record"),
        (entry("account: shop").replace("group: Operators", "user: nobody"), "there is no user `nobody`"),
        (entry("accuont: shop"), "did you mean `account`?"),
        (entry("nested: true"), "an entry names where it holds"),
        ("assignments: [{permissionSet: Read, account: shop}]".into(), "an entry names whom it is for"),
        ("assignments: [{group: Operators, account: shop}]".into(), "the field `permissionSet` is missing"),
        (entry("account: shop, nested: perhaps"), "`nested` is true or false"),
        (entry("account: []"), "an entry names where it holds"),
        (entry("account: {}"), "a name or id is wanted here"),
        (entry("account: shop, tag: prod"), "`tag` has keys with values"),
        ("schema: 2\nassignments: []".into(), "this program reads schema 1"),
        ("assignments: {}".into(), "`assignments` is a list of entries"),
        ("- a".into(), "members are wanted here"),
        ("instance: arn:aws:sso:::instance/ssoins-9\nassignments: []".into(), "no permission set of the instance"),
        ("assignments: [{permissionSet: Read, group: Operators, group: More, account: shop}]".into(), "a second time"),
        ("assignments: [".into(), "a.yaml"),
    ] {
        let problem = expand(&company(), &file).expect_err(&file);
        assert!(problem.contains(says), "{file}\n{problem}\nshould say {says}");
    }
    // All of them, not only the first.
    let two = "assignments:\n- {permissionSet: Raed, group: Operatrs, account: shpo}\n";
    assert_eq!(expand(&company(), two).expect_err("problems").matches("error: ").count(), 3);
}

#[test]
fn of_two_instances_the_file_names_one() {
    let mut items = company();
    items.set("Other", json!({"InstanceArn": "arn:aws:sso:::instance/ssoins-2"}));
    let problem = expand(&items, &entry("account: shop")).expect_err("two instances");
    assert!(problem.contains("several instances"), "{problem}");
    let named = format!("instance: {INSTANCE}\n{}", entry("account: shop"));
    assert_eq!(expand(&items, &named).expect("an expansion").wanted.len(), 1);
    // A group of that name in the other's identity store is not meant.
    items.team("g-twin", "Operators", &[]);
    items.last()["configuration"]["IdentityStoreId"] = json!("d-2");
    let wanted = expand(&items, &named).expect("an expansion").wanted;
    assert_eq!(wanted.keys().map(|assignment| &*assignment.id).collect::<Vec<_>>(), ["g-ops"]);
    // A set of the other instance is not there.
    let other = named.replace("Read", "Other");
    assert!(expand(&items, &other).expect_err("another's set").contains("no permission set `Other`"));
    let by_arn = named.replace("Read", &set_arn("Other"));
    assert!(expand(&items, &by_arn).expect_err("another's set").contains("no permission set"));
}

/// The same record with other assignments.
fn with_assignments(assignments: &BTreeSet<&Assignment>) -> Directory {
    let mut items = company();
    items.0.retain(|item| item["resourceType"] != "AWS::SSO::Assignment");
    for one in assignments {
        let set = one.set.rsplit("ps-").next().unwrap_or_default();
        items.assigned(&one.account, set, one.assignee.name(), &one.id);
    }
    let mut builder = Directory::builder();
    for value in &items.0 {
        builder.add(&ConfigurationItem::from_value(value).expect("an item"));
    }
    builder.build()
}

fn entries() -> impl Strategy<Value = Vec<String>> {
    let set = prop::sample::select(vec!["Admin", "Read", "Build"]);
    let whom = prop::sample::select(vec![
        "group: Operators",
        "group: [Nobody, Operators]",
        "user: mina",
        "user: [juno, mina]",
    ]);
    let place = prop::sample::select(vec![
        "ou: Work",
        "ou: Root",
        "ou: Work, nested: false",
        "account: shop",
        "account: [lab, fresh]",
        "tag: {env: prod}",
        "ou: Root, except: management",
        "ou: [Work/Prod, Other]",
        "account: old",
    ]);
    let one =
        (set, whom, place).prop_map(|(set, whom, place)| format!("  - {{permissionSet: {set}, {whom}, {place}}}\n"));
    prop::collection::vec(one, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_plan_leads_to_what_is_wanted(entries in entries(), prune in any::<bool>()) {
        let file = if entries.is_empty() { "assignments: []".to_owned() } else { format!("assignments:\n{}", entries.concat()) };
        let made = Made::of(&company());
        let state = DesiredState::read("a.yaml", &file).expect("a file");
        let expansion = state.expand(&made.world, &made.directory).expect("an expansion");
        let unwanted = if prune { Unwanted::Go } else { Unwanted::Stay };
        let plan = expansion.plan(&made.world, &made.directory, unwanted);
        let wanted: BTreeSet<&Assignment> = expansion.wanted.keys().collect();
        let recorded: BTreeSet<&Assignment> = made.directory.assignments().iter().collect();
        let expected = if prune { wanted } else { wanted.union(&recorded).copied().collect() };
        prop_assert_eq!(&plan.after(), &expected);
        // Nothing is created that is there, nothing deleted that is not.
        prop_assert!(plan.create.iter().all(|one| !recorded.contains(&one.assignment)));
        prop_assert!(plan.delete.iter().all(|one| recorded.contains(&one.assignment)));
        // When it has been carried out nothing is left to do.
        let after = with_assignments(&plan.after());
        let again = state.expand(&made.world, &after).expect("an expansion").plan(&made.world, &after, unwanted);
        prop_assert!(again.is_done(), "{:?}", again);
    }

    #[test]
    fn the_order_of_entries_does_not_matter(entries in entries(), seed in any::<u64>()) {
        let mut shuffled = entries.clone();
        let length = shuffled.len().max(1);
        for at in 0..shuffled.len() {
            shuffled.swap(at, (seed as usize).wrapping_mul(at + 7) % length);
        }
        let wanted = |entries: &[String]| {
            let file = if entries.is_empty() { "assignments: []".to_owned() } else { format!("assignments:\n{}", entries.concat()) };
            let expansion = expand(&company(), &file).expect("an expansion");
            expansion.wanted.into_keys().collect::<Vec<_>>()
        };
        prop_assert_eq!(wanted(&entries), wanted(&shuffled));
    }

    /// Whatever somebody writes: an error, or assignments; never a panic.
    #[test]
    fn whatever_is_written_is_taken_or_refused(text in "[ -~\\n가-힣]{0,120}", at in 0_usize..200, byte in "[\\[\\]{},:\\n&*!|>'\"#%@`-]") {
        let made = Made::of(&office());
        let usual = "assignments:\n  - {permissionSet: Read, group: [Operators], ou: Work, tag: {env: prod}, except: [lab], nested: false}\n";
        let mut broken = usual.to_owned();
        broken.insert_str(at.min(usual.len()), &byte);
        for text in [&text, &broken] {
            if let Ok(state) = DesiredState::read("a.yaml", text) {
                let _ = state.expand(&made.world, &made.directory);
            }
            let _ = haechi_access::center::MfaStatement::read("m.yaml", text);
            let _ = haechi_access::center::minutes(text);
            let _ = haechi_access::center::set_of_role(text);
            let _ = made.directory.find_user(text);
            let _ = made.directory.users().next().map(|user| user.attribute(text));
        }
    }
}
