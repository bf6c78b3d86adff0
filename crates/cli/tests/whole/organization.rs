//! The whole program against a mock organization of three units and six member accounts: recorded with one command,
//! changed, recorded again; what its history says then.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Fault, Haechi, Moto, Proxy};

const RECORD: [&str; 8] =
    ["record", "--org", "--region", "us-east-1,eu-west-1", "--format", "json", "--fail-on", "never"];

/// A role that may not be taken on.
const REFUSED: Fault = Fault {
    marker: "Action=AssumeRole",
    status: "403 Forbidden",
    body: "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error><RequestId>r</RequestId></ErrorResponse>",
};

/// The organization as it was made, and the program that looks at it.
struct Scene {
    moto: Moto,
    proxy: Proxy,
    haechi: Haechi,
    manifest: Value,
    path: String,
}

impl Scene {
    fn start() -> Option<Self> {
        let moto = Moto::start()?;
        let proxy = Proxy::start(&moto.endpoint);
        let haechi = Haechi::at(&proxy.endpoint);
        let path = haechi.folder().join("manifest.json").to_str().expect("a path").to_owned();
        moto.python("xtask/python/seed_organization.py", &["--step", "first", "--manifest", &path]);
        let manifest = serde_json::from_slice(&std::fs::read(&path).expect("a manifest")).expect("JSON");
        Some(Self { moto, proxy, haechi, manifest, path })
    }

    fn account(&self, name: &str) -> &str {
        self.manifest["accounts"][name]["id"].as_str().expect("an account")
    }

    fn thing(&self, account: &str, what: &str) -> &str {
        self.manifest["accounts"][account]["resources"][what].as_str().expect("a resource")
    }

    fn change(&self) {
        self.moto.python("xtask/python/seed_organization.py", &["--step", "second", "--manifest", &self.path]);
    }

    fn rows(&self, sql: &str) -> Vec<Value> {
        let list = self.haechi.json(&["query", sql, "--format", "json"], 0);
        rows(&list)
    }

    fn ids(&self, arguments: &[&str]) -> BTreeSet<String> {
        let list =
            self.haechi.json(&[&["resources", "list", "--format", "json", "--limit", "0"], arguments].concat(), 0);
        rows(&list).iter().filter_map(|row| row["resourceId"].as_str().map(str::to_owned)).collect()
    }

    fn timeline(&self, resource: &str, more: &[&str]) -> Vec<Value> {
        let arguments = [&["resources", "timeline", resource, "--format", "json"], more].concat();
        let list = self.haechi.json(&arguments, 0);
        list.as_array().unwrap_or_else(|| panic!("{list}")).clone()
    }
}

/// The rows of a list.
#[track_caller]
fn rows(list: &Value) -> Vec<Value> {
    list["rows"].as_array().unwrap_or_else(|| panic!("{list}")).clone()
}

/// Now, as the program takes it.
fn moment() -> String {
    let output = Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]).output().expect("date runs");
    String::from_utf8(output.stdout).expect("a date").trim().to_owned()
}

#[test]
fn an_organization_is_recorded_changed_and_recorded_again() {
    let Some(scene) = Scene::start() else { return };
    let haechi = &scene.haechi;
    let first = haechi.json(&RECORD, 0);
    assert_eq!(first["accounts"], 7, "the management account and six members: {first}");

    // Everybody is there, and the closed account is known as such.
    let accounts = scene.rows("SELECT accountId, accountName, ouPath, state FROM accounts ORDER BY accountId");
    assert_eq!(accounts.len(), 8, "{accounts:?}");
    let of = |name: &str| {
        let id = scene.account(name);
        accounts.iter().find(|row| row["accountId"] == id).unwrap_or_else(|| panic!("{name}: {accounts:?}"))
    };
    assert_eq!(
        (&of("shop-prod")["accountName"], &of("shop-prod")["ouPath"]),
        (&"shop-prod".into(), &"Root/Workloads".into())
    );
    assert_eq!(of("playground")["ouPath"], "Root/Sandbox");
    assert_ne!(of("retired")["state"], "ACTIVE");

    // Who may do what under the unit's SCP.
    let arguments = ["iam", "simulate", "--action", "cloudtrail:StopLogging", "--format", "json", "--principal"];
    let bound = haechi.json(&[&arguments[..], &[scene.account("shop-prod")]].concat(), 1);
    assert_eq!((&bound["decision"], &bound["because"][0]["sid"]), (&"ExplicitlyDenied".into(), &"KeepTrails".into()));
    let free = haechi.json(&[&arguments[..], &[scene.account("playground")]].concat(), 0);
    assert_eq!(free["decision"], "Allowed");

    // The organization itself.
    for (resource_type, least) in [
        ("AWS::Organizations::OrganizationalUnit", 3),
        ("AWS::Organizations::Account", 8),
        ("AWS::Organizations::Policy", 2),
        ("AWS::Organizations::Root", 1),
    ] {
        let found = scene.ids(&["--type", resource_type]).len();
        assert!(found >= least, "{found} of {resource_type}");
    }
    let guard = haechi.text(&["resources", "show", scene.manifest["policy"].as_str().expect("a policy")], 0);
    assert!(
        guard.contains("cloudtrail:StopLogging")
            && guard.contains(scene.manifest["units"]["Workloads"].as_str().expect("a unit")),
        "{guard}"
    );

    // Each account's own resources, in both regions.
    for name in ["log-archive", "audit", "shop-prod", "shop-test", "data", "playground"] {
        let ids = scene.ids(&["--account", scene.account(name)]);
        for what in ["vpc", "subnet", "group", "instance", "volume", "far", "bucket", "key", "table"] {
            let thing = scene.thing(name, what);
            assert!(ids.iter().any(|id| id.contains(thing)), "{name}: {what} {thing} in {ids:?}");
        }
    }

    std::thread::sleep(Duration::from_millis(1100));
    let between = moment();
    std::thread::sleep(Duration::from_millis(1100));
    scene.change();
    let second = haechi.json(&RECORD, 0);
    assert_eq!(second["items"]["deleted"], 2, "{second}");

    // The open port: a version with its difference.
    let group = scene.thing("shop-prod", "group");
    let versions = scene.timeline(group, &[]);
    assert_eq!(versions.len(), 2, "{versions:?}");
    let text = serde_json::to_string(&versions).expect("JSON");
    assert!(text.contains("configurationItemDiff") && text.contains("Configuration.IpPermissions"), "{text}");
    let diff = haechi.json(&["resources", "diff", group, "--format", "json"], 0);
    assert_eq!(diff["changeType"], "UPDATE", "{diff}");

    // The tag, as of then and now.
    let instance = scene.thing("shop-test", "instance");
    let then = haechi.json(&["resources", "show", instance, "--as-of", &between], 0);
    let now = haechi.json(&["resources", "show", instance], 0);
    assert!(then.to_string().contains(r#""env":"prod""#) && !then.to_string().contains(r#""env":"test""#), "{then}");
    assert!(now.to_string().contains(r#""env":"test""#), "{now}");
    let prod = "SELECT resourceId WHERE resourceType = 'AWS::EC2::Instance' AND tags.tag = 'env:prod'";
    assert_eq!(scene.rows(prod).len(), 5);
    let before = haechi.json(&["query", prod, "--as-of", &between, "--format", "json"], 0);
    assert_eq!(rows(&before).len(), 6, "{before}");

    // What was deleted is gone now, was there then, and its history says so.
    let bucket = scene.thing("data", "bucket");
    assert!(!scene.ids(&["--type", "AWS::S3::Bucket"]).contains(bucket));
    assert!(scene.ids(&["--type", "AWS::S3::Bucket", "--as-of", &between]).contains(bucket));
    let versions = scene.timeline(bucket, &["--type", "AWS::S3::Bucket"]);
    assert!(serde_json::to_string(&versions).expect("JSON").contains("ResourceDeleted"), "{versions:?}");
    assert!(scene.ids(&["--type", "AWS::EC2::Volume", "--deleted"]).contains(scene.thing("audit", "far")));

    // The move to another unit: now and then.
    let ou = |more: &[&str]| {
        let arguments = [
            &[
                "query",
                "SELECT ouPath FROM resources WHERE resourceId = 'newcomer' OR resourceName = 'newcomer'",
                "--format",
                "json",
            ],
            more,
        ]
        .concat();
        haechi.json(&arguments, 0)
    };
    assert_eq!(rows(&ou(&[]))[0]["ouPath"], "Root/Workloads");
    assert_eq!(rows(&ou(&["--as-of", &between])).len(), 0);

    // The open port is a finding of the account it is in; as of before, it was none.
    let rule = ["--rule", "INCOMING_SSH_DISABLED", "--format", "json"];
    let open = haechi.json(&[&["findings", "list"], &rule[..]].concat(), 0);
    let text = open.to_string();
    assert!(text.contains(group) && text.contains(scene.account("shop-prod")), "{text}");
    let past = haechi.json(
        &["assess", "--as-of", &between, "--format", "json", "--fail-on", "never", "--rule", "INCOMING_SSH_DISABLED"],
        0,
    );
    assert!(!past["findings"].to_string().contains(group), "{}", past["findings"]);

    // A third time without a change: nothing is written, but for the work groups, whose creation the mock dates anew
    // at each call.
    let third = haechi.json(&RECORD, 0);
    assert_eq!((&third["items"]["new"], &third["items"]["deleted"]), (&0.into(), &0.into()), "{third}");
    let changed = scene.rows("SELECT DISTINCT resourceType FROM versions WHERE run = (SELECT max(run) FROM versions)");
    assert_eq!(changed, [serde_json::json!({"resourceType": "AWS::Athena::WorkGroup"})]);
}

#[test]
fn an_account_that_refuses_is_named_and_loses_nothing() {
    let Some(scene) = Scene::start() else { return };
    let haechi = &scene.haechi;
    haechi.run(&RECORD, 0);
    let volumes = scene.ids(&["--type", "AWS::EC2::Volume"]);
    let refusing: &'static str = Box::leak(format!("iam%3A%3A{}%3Arole", scene.account("data")).into_boxed_str());
    scene.proxy.set(&[Fault { marker: refusing, ..REFUSED }]);
    let output = haechi.run(&RECORD, 0);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(
        report.to_string().contains("AccessDenied") && report.to_string().contains(scene.account("data")),
        "{report}"
    );
    assert_eq!(report["items"]["deleted"], 0, "{report}");
    assert_eq!(scene.ids(&["--type", "AWS::EC2::Volume"]), volumes);
    haechi.run(&[&RECORD[..], &["--strict"]].concat(), 2);
}

#[test]
fn an_organization_is_assessed_and_what_refuses_makes_strict_exit_2() {
    let Some(scene) = Scene::start() else { return };
    let haechi = &scene.haechi;
    let assess = |more: &[&str], code| {
        let base =
            ["assess", "--org", "--region", "us-east-1", "--type", "AWS::EC2::SecurityGroup", "--format", "json"];
        haechi.json(&[&base[..], &["--fail-on", "never"], more].concat(), code)
    };
    let whole = assess(&["--strict"], 0);
    assert_eq!(whole["meta"]["sources"][0]["name"], scene.manifest["organization"], "{}", whole["meta"]);
    assert_eq!(whole["accounts"].as_array().map(Vec::len), Some(7), "{}", whole["accounts"]);
    // One unit of it, and one account of it.
    let unit = assess(&["--ou", "Root/Security"], 0);
    let of_unit = unit["accounts"].as_array().expect("accounts");
    let names: BTreeSet<_> = of_unit.iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, BTreeSet::from(["audit", "log-archive"]), "{of_unit:?}");
    let one = assess(&["--account", scene.account("data")], 0);
    assert_eq!(one["accounts"].as_array().map(Vec::len), Some(1), "{}", one["accounts"]);
    // The command again under a role that nobody has.
    scene.proxy.set(&[REFUSED]);
    let refused = assess(&["--strict"], 2);
    assert!(refused.to_string().contains("sts:AssumeRole"), "{}", refused["coverage"]);
}

#[test]
fn accounts_of_the_settings_file_are_entered_by_profile_and_by_role() {
    let Some(scene) = Scene::start() else { return };
    let haechi = &scene.haechi;
    let [prod, test, data] = ["shop-prod", "shop-test", "data"].map(|name| scene.account(name));
    std::fs::create_dir(haechi.folder().join(".aws")).expect("a folder");
    let keys = "[security]\naws_access_key_id = testing\naws_secret_access_key = testing\n";
    std::fs::write(haechi.folder().join(".aws/credentials"), keys).expect("the credentials are written");
    let profiles = format!(
        "[profile shop-prod]\nregion = us-east-1\nrole_arn = arn:aws:iam::{prod}:role/HaechiAudit\nsource_profile = security\n"
    );
    std::fs::write(haechi.folder().join(".aws/config"), profiles).expect("the profiles are written");
    let settings = format!(
        "profile = 'security'\nregions = ['us-east-1', 'eu-west-1']\n\
         [[accounts]]\nprofile = 'shop-prod'\n\
         [[accounts]]\nid = '{test}'\nname = 'the shop'\nrole = 'HaechiAudit'\nregions = ['eu-west-1']\n\
         [[accounts]]\nid = '{data}'\nprofile = 'nobody'\n"
    );
    std::fs::write(haechi.folder().join("haechi.toml"), settings).expect("the settings are written");
    let record = ["record", "--type", "AWS::EC2::VPC,AWS::EC2::Volume", "--no-judge", "--format", "json"];
    let output = haechi.command(&record).env_remove("AWS_ACCESS_KEY_ID").output().expect("the program runs");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    // The profile that is not there is named, and costs the others nothing.
    assert_eq!((&report["accounts"], &report["refused"][0]["accountId"]), (&2.into(), &data.into()), "{report}");
    let volumes = |account: &str| scene.ids(&["--type", "AWS::EC2::Volume", "--account", account]);
    let far = |name: &str| BTreeSet::from([scene.thing(name, "far").to_owned()]);
    assert!(volumes(prod).is_superset(&far("shop-prod")) && volumes(prod).contains(scene.thing("shop-prod", "volume")));
    assert_eq!(volumes(test), far("shop-test"));
    let names = scene.rows("SELECT DISTINCT accountName FROM resources WHERE accountName IS NOT NULL");
    assert!(names.contains(&serde_json::json!({"accountName": "the shop"})), "{names:?}");
}
