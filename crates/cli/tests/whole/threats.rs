//! Threats as a user looks for them: the public attack in every format, kept and kept again, decided about, told as a
//! story; rules of Sigma beside the built-in detections; samples and the list of detections.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Haechi, workspace};

const ATTACKER: &str = "arn:aws:iam::123837392027:user/bert-jan";
const AROUND: &str = "2023-07-10T12:00:00Z";

/// A folder of the public corpus, where it is.
fn corpus(folder: &str) -> Option<PathBuf> {
    let Some(corpus) = std::env::var_os("HAECHI_CORPUS") else {
        println!("skipped: HAECHI_CORPUS is not set");
        return None;
    };
    Some(Path::new(&corpus).join(folder))
}

fn list<'v>(value: &'v Value, member: &str) -> &'v [Value] {
    value[member].as_array().unwrap_or_else(|| panic!("{member} is a list: {value}"))
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_else(|| panic!("{member} is a text: {value}"))
}

/// The records of all files, by event id.
fn records(folder: &Path) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for file in std::fs::read_dir(folder).expect("the folder").flatten() {
        let bytes = std::fs::read(file.path()).expect("a file");
        let Ok(value) = serde_json::from_slice::<Value>(&bytes) else { continue };
        for record in value["Records"].as_array().into_iter().flatten() {
            all.insert(text(record, "eventID").to_owned(), record.clone());
        }
    }
    all
}

fn counts(report: &Value) -> BTreeMap<String, u64> {
    let one = |threat: &Value| (text(threat, "id").to_owned(), threat["count"].as_u64().expect("a count"));
    list(report, "threats").iter().map(one).collect()
}

#[test]
fn the_public_attack_is_found_and_written_in_every_format() {
    let Some(logs) = corpus("cloudtrail") else { return };
    let (haechi, folder) = (Haechi::new(), logs.to_str().expect("a path"));
    let report = haechi.json(&["detect", folder, "--format", "json"], 1);
    let read = &report["read"];
    assert_eq!((&read["files"], &read["events"]), (&json!(55), &json!({"cloudtrail": 2900})));
    assert_eq!((&read["unreadable"], &report["refused"]), (&json!([]), &json!([])));
    let events = records(&logs);
    assert_eq!(events.len(), 2_900);
    let threats = list(&report, "threats");
    let types: BTreeSet<&str> = threats.iter().map(|threat| text(threat, "type")).collect();
    for kind in [
        "AttackSequence:IAM/CompromisedCredentials",
        "AttackSequence:S3/CompromisedData",
        "Stealth:IAMUser/CloudTrailLoggingDisabled",
        "CredentialAccess:SecretsManager/SecretsReadInBulk",
        "DefenseEvasion:Organizations/AccountLeaves",
        "Exfiltration:EC2/SnapshotShared",
        "Exfiltration:RDS/SnapshotShared",
        "Persistence:IAM/AccessKeyCreatedForOther",
        "Persistence:Lambda/InvokePermissionGranted",
        "Persistence:RolesAnywhere/TrustChanged",
    ] {
        assert!(types.contains(kind), "{kind} is not among {types:?}");
    }
    for threat in threats {
        let seen = list(threat, "evidence");
        let counted = threat["count"].as_u64().expect("a count");
        // A sequence counts the threats that it is made of.
        let is_sequence = text(threat, "type").starts_with("AttackSequence:");
        assert!(!seen.is_empty() && (is_sequence || seen.len() as u64 <= counted), "{threat}");
        let ids: BTreeSet<&str> = seen.iter().map(|event| text(event, "eventId")).collect();
        assert_eq!(ids.len(), seen.len(), "an event is evidence once: {threat}");
        for event in seen {
            let record = &events[text(event, "eventId")];
            assert_eq!((&event["name"], &event["time"]), (&record["eventName"], &record["eventTime"]));
            assert!(logs.join(Path::new(text(event, "file")).file_name().expect("a name")).is_file());
        }
    }
    let number = threats.len();
    let never = ["detect", folder, "--fail-on", "never", "--format"];
    let of = |format: &str| haechi.text(&[&never[..], &[format]].concat(), 0);
    assert_eq!(of("jsonl").lines().count(), number);
    let ocsf: Value = serde_json::from_str(&of("ocsf")).expect("JSON");
    assert_eq!(ocsf.as_array().map(Vec::len), Some(number));
    assert_eq!(of("csv").matches("\r\n").count(), number + 1);
    for (language, word) in [("en", "Threats"), ("ko", "위협"), ("ja", "脅威")] {
        let page = haechi.text(&["--lang", language, "detect", folder, "--top", "0"], 1);
        assert!(page.contains(word) && page.contains("Exfiltration:RDS/SnapshotShared"), "{page}");
        assert!(!page.contains("threats-") && !page.contains("detection:"), "{page}");
    }
    // Files by their endings, and filters.
    haechi.run(&["detect", folder, "--export", "t.ocsf.json", "--export", "t.csv", "--severity", "critical"], 1);
    let exported = std::fs::read(haechi.folder().join("t.ocsf.json")).expect("it was written");
    assert_eq!(serde_json::from_slice::<Value>(&exported).expect("JSON").as_array().map(Vec::len), Some(2));
    let some = haechi.json(&["detect", folder, "--type", "Exfiltration:*", "--format", "json"], 1);
    assert!(list(&some, "threats").iter().all(|threat| text(threat, "type").starts_with("Exfiltration:")));
    let early = ["detect", folder, "--until", "2023-07-10T11:50:00Z", "--fail-on", "low", "--format", "json"];
    let early = haechi.json(&early, 1);
    assert!(list(&early, "threats").iter().all(|threat| text(threat, "lastSeen") <= "2023-07-10T11:50:00Z"));
    haechi.run(&["detect", "no/such/folder"], 2);
    haechi.run(&["detect", folder, "--fail-on", "quite"], 2);
}

#[test]
fn what_is_kept_is_counted_once() {
    let Some(logs) = corpus("cloudtrail") else { return };
    let (haechi, folder) = (Haechi::new(), logs.to_str().expect("a path"));
    let keep = ["detect", folder, "--keep", "--format", "json"];
    let first = haechi.json(&keep, 1);
    let kept = ["findings", "list", "--limit", "0", "--format", "json"];
    let listed = |haechi: &Haechi| haechi.json(&kept, 0);
    let before = listed(&haechi);
    assert!(list(&before, "rows").len() > 20, "{before}");
    let second = haechi.json(&keep, 1);
    assert_eq!((&second["read"]["files"], &second["read"]["events"]), (&json!(0), &json!({})));
    assert_eq!(second["read"]["knownFiles"], 55);
    let all = counts(&first);
    for (id, count) in counts(&second) {
        assert_eq!(all[&id], count, "nothing is counted twice");
    }
    assert_eq!(listed(&haechi), before, "nothing changes where nothing is new");
    // In two parts, and the second part again with the first: as all at once.
    let parts = Haechi::new();
    let files: Vec<_> = std::fs::read_dir(&logs).expect("the folder").flatten().map(|file| file.path()).collect();
    for (at, file) in files.iter().enumerate() {
        let part = parts.folder().join(if at % 2 == 0 { "logs/a" } else { "logs/b" });
        std::fs::create_dir_all(&part).expect("a folder");
        std::fs::copy(file, part.join(file.file_name().expect("a name"))).expect("a copy");
    }
    parts.run(&["detect", "logs/a", "--keep"], 1);
    let together = parts.json(&["detect", "logs", "--keep", "--format", "json"], 1);
    assert!(together["read"]["knownFiles"].as_u64() > Some(20), "{}", together["read"]);
    let one = |row: &Value| (text(row, "id").to_owned(), text(row, "rule").to_owned());
    let ids = |rows: &Value| list(rows, "rows").iter().map(one).collect::<BTreeSet<_>>();
    assert_eq!(ids(&listed(&parts)), ids(&before));
    for (id, _) in ids(&before) {
        let of = |haechi: &Haechi| haechi.json(&["findings", "show", &id, "--format", "json"], 0);
        let (whole, pieces) = (of(&haechi), of(&parts));
        for member in ["count", "firstSeen", "lastSeen", "type", "entity", "factors"] {
            assert_eq!(whole[member], pieces[member], "{member} of {}", whole["type"]);
        }
    }
}

#[test]
fn decisions_about_threats_stick() {
    let Some(logs) = corpus("cloudtrail") else { return };
    let (haechi, folder) = (Haechi::new(), logs.to_str().expect("a path"));
    haechi.run(&["detect", folder, "--keep"], 1);
    let rows = |more: &[&str]| {
        let value = haechi.json(&[&["findings", "list", "--limit", "0", "--format", "json"], more].concat(), 0);
        list(&value, "rows").to_vec()
    };
    let all = rows(&[]);
    let shared = all.iter().find(|row| row["rule"] == "Exfiltration:RDS/SnapshotShared").expect("its row");
    let id = text(shared, "shortId");
    let one = haechi.json(&["findings", "show", id, "--format", "json"], 0);
    assert_eq!((&one["type"], &one["severity"]), (&shared["rule"], &json!("high")));
    assert!(one["why"]["ja"].is_string() && one["response"].is_object(), "{one}");
    for language in ["en", "ko", "ja"] {
        let lines = haechi.text(&["--lang", language, "findings", "show", id], 0);
        assert!(lines.contains(text(&list(&one, "evidence")[0], "eventId")), "{lines}");
    }
    haechi.run(&["findings", "assign", id, "kim"], 0);
    haechi.run(&["findings", "comment", id, "asked the team", "--who", "lee"], 0);
    let one = haechi.json(&["findings", "show", id, "--format", "json"], 0);
    assert_eq!((&one["assignee"], &list(&one, "comments")[0]["text"]), (&json!("kim"), &json!("asked the team")));
    // The terms of a suppression know what threats have.
    let suppress = |expression: &str, code: i32| {
        haechi.run(&["findings", "suppress", expression, "--reason", "a drill", "--owner", "red team"], code);
    };
    suppress("rule = 'Exfiltration:RDS/SnapshotShared' AND address = '192.168.10.20'", 0);
    assert_eq!(rows(&[]).len(), all.len() - 1);
    let hidden = rows(&["--status", "suppressed"]);
    assert_eq!((hidden.len(), &hidden[0]["id"]), (1, &shared["id"]));
    suppress(&format!("principal = '{ATTACKER}' AND rule ~ 'Audit:*'"), 0);
    assert!(rows(&[]).iter().all(|row| !text(row, "rule").starts_with("Audit:") || row["resourceId"] != ATTACKER));
    suppress("origin = 'sigma' AND nonsense = 'x'", 2);
    // A suppressed threat stays suppressed when it is found again, and is counted.
    let again = haechi.json(&["detect", folder, "--type", "Exfiltration:RDS/*", "--format", "json"], 0);
    assert_eq!((&again["suppressed"], &list(&again, "threats")[0]["listedAs"]), (&json!(1), &json!("suppressed")));
    assert_eq!(list(&again, "threats")[0]["assignee"], "kim");
    haechi.run(&["findings", "suppress", "--lift", "1", "--owner", "red team"], 0);
    assert!(rows(&[]).iter().any(|row| row["id"] == shared["id"]));
    // A report is of a run: it shows what is kept beside it.
    let organization = workspace().join("examples/organization");
    haechi.command(&["assess", organization.to_str().expect("a path")]).output().expect("it runs");
    let output = haechi.command(&["report"]).output().expect("it runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains("Threats"), "{output:?}");
}

#[test]
fn rules_of_sigma_run_beside_the_detections() {
    let (Some(logs), Some(rules)) = (corpus("cloudtrail"), corpus("sigma-aws")) else { return };
    let haechi = Haechi::new();
    let (folder, rules) = (logs.to_str().expect("a path"), rules.to_str().expect("a path"));
    let bare = haechi.json(&["detect", folder, "--format", "json"], 1);
    let with = |more: &[&str], code: i32| {
        haechi.json(&[&["detect", folder, "--rules", rules, "--format", "json"], more].concat(), code)
    };
    let report = with(&[], 1);
    assert_eq!(report["active"].as_u64(), bare["active"].as_u64().map(|active| active + 57), "all of them load");
    assert_eq!(report["refused"], json!([]));
    let sigma: Vec<_> = list(&report, "threats").iter().filter(|threat| threat["origin"] == "sigma").collect();
    let titles: BTreeSet<&str> = sigma.iter().map(|threat| text(&threat["title"], "en")).collect();
    for title in ["AWS VPC Flow Logs Deleted", "AWS IAM Backdoor Users Keys", "AWS Snapshot Backup Exfiltration"] {
        assert!(titles.contains(title), "{titles:?}");
    }
    let events = records(&logs);
    for threat in sigma {
        assert!(list(threat, "evidence").iter().all(|seen| events.contains_key(text(seen, "eventId"))), "{threat}");
    }
    // What cannot be run says why, and where; the others go on.
    let own = haechi.folder().join("own");
    std::fs::create_dir(&own).expect("a folder");
    let rule = |selection: &str| {
        format!(
            "title: Own\nlogsource:\n  product: aws\n  service: cloudtrail\ndetection:\n  s:\n    {selection}\n  condition: s\n"
        )
    };
    for (name, body) in [
        ("good.yml", rule("eventName: DeleteFlowLogs")),
        ("monster.yml", rule("eventName|re: '((a{1000}){1000}){1000}'")),
        ("look.yml", rule("eventName|re: '(?=a)b'")),
        ("escape.yml", rule("'\u{1b}[2Jeve|nt|contain': x")),
        ("broken.yml", "title: [".to_owned()),
    ] {
        std::fs::write(own.join(name), body).expect("a rule");
    }
    std::fs::write(own.join("bytes.yml"), b"title: \xFF\n").expect("a rule");
    let large = own.join("large.yml");
    std::fs::write(&large, format!("title: {}\n", "x".repeat(2 << 20))).expect("a rule");
    let report = haechi.json(&["detect", folder, "--rules", "own", "--format", "json"], 1);
    assert_eq!(report["active"].as_u64(), bare["active"].as_u64().map(|active| active + 1));
    let refused: BTreeMap<&str, &Value> = list(&report, "refused")
        .iter()
        .map(|one| (text(one, "path").rsplit('/').next().expect("a name"), &one["reason"]["text"]["en"]))
        .collect();
    let names: Vec<_> = refused.keys().copied().collect();
    assert_eq!(names, ["broken.yml", "bytes.yml", "escape.yml", "large.yml", "look.yml", "monster.yml"]);
    let says = |name: &str, words: &str| {
        assert!(refused[name].as_str().is_some_and(|said| said.contains(words)), "{}", refused[name])
    };
    says("monster.yml", "too large");
    says("look.yml", "look-around");
    says("large.yml", "1048576");
    assert!(list(&report, "threats").iter().any(|threat| threat["title"]["en"] == "Own" && threat["count"] == 1));
    let page = haechi.text(&["detect", folder, "--rules", "own", "--top", "1"], 1);
    assert!(
        page.contains("own/bytes.yml") && page.contains("2 more rules cannot be run") && !page.contains('\u{1b}'),
        "{page}"
    );
    haechi.run(&["detect", folder, "--rules", "no/such.yml"], 2);
}

#[test]
fn the_detections_are_listed_shown_and_sampled() {
    let haechi = Haechi::new();
    let all = haechi.json(&["detect", "list", "--limit", "0", "--format", "json"], 0);
    let rows = list(&all, "rows");
    assert!(rows.len() > 300, "{}", rows.len());
    let inactive = haechi.json(&["detect", "list", "--inactive", "--limit", "0", "--format", "json"], 0);
    assert!(list(&inactive, "rows").iter().all(|row| row["needs"].as_array().is_some_and(|needs| !needs.is_empty())));
    // A list that is given puts detections to work.
    std::fs::write(haechi.folder().join("tor.txt"), "198.51.100.7\n# remark\n").expect("a list");
    let given = ["detect", "list", "--inactive", "--intel", "tor-exits=tor.txt", "--limit", "0", "--format", "json"];
    assert!(list(&haechi.json(&given, 0), "rows").len() < list(&inactive, "rows").len());
    let some = haechi.json(&["detect", "list", "Stealth:*", "--format", "json"], 0);
    assert!(list(&some, "rows").iter().all(|row| text(row, "id").starts_with("Stealth:")), "{some}");
    let one = haechi.json(&["detect", "show", "Stealth:IAMUser/CloudTrailLoggingDisabled", "--format", "json"], 0);
    assert_eq!(one["id"], "Stealth:IAMUser/CloudTrailLoggingDisabled");
    for language in ["en", "ko", "ja"] {
        let lines =
            haechi.text(&["--lang", language, "detect", "show", "Stealth:IAMUser/CloudTrailLoggingDisabled"], 0);
        assert!(lines.contains("T1562"), "{lines}");
    }
    let unknown = haechi.run(&["detect", "show", "Stealth:IAMUser/CloudTrailLogingDisabled"], 2);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("CloudTrailLoggingDisabled"), "it says what was meant");
    // One sample of every type, marked; kept and taken out again.
    let samples = haechi.json(&["detect", "samples", "--format", "json"], 0);
    assert!(list(&samples, "threats").len() > 190 && list(&samples, "threats").iter().all(|one| one["sample"] == true));
    assert!(!haechi.folder().join("haechi.db").exists(), "shown only");
    haechi.run(&["detect", "samples", "Backdoor:*", "--keep"], 0);
    let kept = || list(&haechi.json(&["findings", "list", "--limit", "0", "--format", "json"], 0), "rows").len();
    let number = kept();
    assert!(number > 5, "{number}");
    haechi.run(&["detect", "samples", "Backdoor:*", "--keep"], 0);
    assert_eq!(kept(), number);
    haechi.run(&["detect", "samples", "--remove"], 0);
    assert_eq!(kept(), 0);
}

/// The example organization's own logs: trail, flow logs and Resolver queries.
#[test]
fn the_example_organizations_month_is_found_and_told() {
    let haechi = Haechi::new();
    let logs = workspace().join("examples/organization/AWSLogs");
    let folder = logs.to_str().expect("a path");
    let report = haechi.json(&["detect", folder, "--format", "json"], 1);
    let read = &report["read"]["events"];
    for log in ["cloudtrail", "vpc-flow", "resolver-query"] {
        assert!(read[log].as_u64() > Some(0), "{read}");
    }
    assert_eq!(report["read"]["unreadable"], json!([]));
    let types: BTreeSet<&str> = list(&report, "threats").iter().map(|threat| text(threat, "type")).collect();
    for kind in [
        "AttackSequence:IAM/CompromisedCredentials",
        "Trojan:EC2/DNSDataExfiltration",
        "UnauthorizedAccess:EC2/SSHBruteForce",
    ] {
        assert!(types.contains(kind), "{types:?}");
    }
    for threat in list(&report, "threats") {
        let ids: BTreeSet<&str> = list(threat, "evidence").iter().map(|seen| text(seen, "eventId")).collect();
        assert_eq!(ids.len(), list(threat, "evidence").len(), "{threat}");
    }
    for format in ["table", "jsonl", "csv", "ocsf"] {
        assert!(!haechi.text(&["detect", folder, "--format", format], 1).is_empty());
    }
}

/// Ids of events that a story names, with the place where it names them.
fn named<'v>(value: &'v Value, at: String, ids: &mut Vec<(String, &'v str)>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let at = format!("{at}.{name}");
                match name.as_str() {
                    "eventIds" => {
                        let many = member.as_array().expect("a list");
                        ids.extend(many.iter().map(|id| (at.clone(), id.as_str().expect("an id"))));
                    }
                    "eventId" => ids.push((at, member.as_str().expect("an id"))),
                    _ => named(member, at, ids),
                }
            }
        }
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(number, element)| named(element, format!("{at}[{number}]"), ids));
        }
        _ => {}
    }
}

/// What an object claims: it has a count, or a time, of something that happened.
fn claims_without_events(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let is_claim = ["count", "first", "eventId", "eventIds"].iter().any(|name| members.contains_key(*name));
            let happened = members.get("events").is_none_or(|events| *events != json!(0));
            let ids = |name: &str| members.get(name).and_then(Value::as_array).is_some_and(|ids| !ids.is_empty());
            if is_claim && happened && !ids("eventIds") && !ids("evidence") && !members.contains_key("eventId") {
                found.push(at.to_owned());
            }
            // Arguments of a sentence are no claims of their own.
            for (name, member) in members.iter().filter(|(name, _)| *name != "args") {
                claims_without_events(member, &format!("{at}.{name}"), found);
            }
        }
        Value::Array(elements) => {
            elements
                .iter()
                .enumerate()
                .for_each(|(n, element)| claims_without_events(element, &format!("{at}[{n}]"), found));
        }
        _ => {}
    }
}

/// The main steps of the public attack, each by a call that makes it: read from the events of the corpus whose user
/// agent is the attack tool's.
const STEPS: [&str; 26] = [
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "cloudtrail:PutEventSelectors",
    "s3:PutBucketLifecycle",
    "cloudtrail:StopLogging",
    "cloudtrail:DeleteTrail",
    "ec2:DeleteFlowLogs",
    "sts:AssumeRole",
    "ec2:RunInstances",
    "ssm:SendCommand",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:ModifySnapshotAttribute",
    "ec2:ModifyImageAttribute",
    "rds:ModifyDBSnapshotAttribute",
    "s3:PutBucketPolicy",
    "iam:CreateUser",
    "iam:CreateLoginProfile",
    "iam:CreateAccessKey",
    "iam:AttachUserPolicy",
    "iam:UpdateAssumeRolePolicy",
    "signin:ConsoleLogin",
    "lambda:UpdateFunctionCode20150331v2",
    "lambda:AddPermission20150331v2",
    "rolesanywhere:CreateTrustAnchor",
    "rolesanywhere:CreateProfile",
    "iam:CreateRole",
];

/// Steps that the attack made through roles, which it assumed with the user's key.
const STEPS_OF_ROLES: [&str; 3] =
    ["ec2:GetPasswordData", "organizations:LeaveOrganization", "ec2:DescribeInstanceAttribute"];

#[test]
fn the_public_attack_is_told_and_every_claim_names_its_events() {
    let Some(logs) = corpus("cloudtrail") else { return };
    let (haechi, folder) = (Haechi::new(), logs.to_str().expect("a path"));
    let events = records(&logs);
    let story = |entity: &str| {
        let all = haechi.json(&["investigate", entity, folder, "--around", AROUND, "--format", "json"], 0);
        assert_eq!(all["kind"], "haechi.story");
        all["story"].clone()
    };
    let check = |story: &Value, steps: &[&str]| {
        let mut ids = Vec::new();
        named(story, String::new(), &mut ids);
        assert!(ids.len() > 500, "{} ids", ids.len());
        for (at, id) in ids {
            assert!(events.contains_key(id), "{at}: {id} is in none of the files");
        }
        let mut bare = Vec::new();
        claims_without_events(story, "", &mut bare);
        assert_eq!(bare, Vec::<String>::new(), "claims that name no event");
        for step in steps {
            let line = list(story, "lines").iter().find(|line| line["calls"][step].as_u64() > Some(0));
            let line = line.unwrap_or_else(|| panic!("{step} is not told"));
            // The events of a line are of its calls and of its caller.
            for id in list(line, "eventIds") {
                let record = &events[id.as_str().expect("an id")];
                let service = text(record, "eventSource").split('.').next().expect("a service");
                let call = format!("{service}:{}", text(record, "eventName"));
                assert!(line["calls"][&call].as_u64() > Some(0), "{call} is not of {line}");
                assert_eq!(line["address"], record["sourceIPAddress"]);
            }
        }
    };
    let user = story(ATTACKER);
    check(&user, &STEPS);
    assert_eq!(user["untold"], 0);
    // The roles that it went through, with their sessions' keys.
    let made: BTreeSet<&str> = list(&user, "made").iter().map(|issue| text(issue, "of")).collect();
    for role in ["ec2-get-password-data-role", "leave-org-role", "get-usr-data-role", "ec2lui-role"] {
        assert!(made.iter().any(|of| of.contains(role)), "{role}: {made:?}");
    }
    let kinds: BTreeSet<&str> = list(&user, "threats").iter().map(|threat| text(threat, "type")).collect();
    assert!(kinds.contains("AttackSequence:IAM/CompromisedCredentials"), "{kinds:?}");
    // From where it came: there the roles' calls are told too.
    let address = story("192.168.10.20");
    check(&address, &[&STEPS[..], &STEPS_OF_ROLES].concat());
    // A session is followed back to the key that made it.
    let session = made.iter().find(|of| of.contains("leave-org-role")).expect("the session").to_owned();
    let of_session = story(session);
    assert_eq!(list(&of_session, "chain")[0]["by"], ATTACKER);
    assert!(list(&of_session, "lines").iter().any(|line| line["calls"]["organizations:LeaveOrganization"] == 1));
    for language in ["en", "ko", "ja"] {
        let page = haechi.text(&["--lang", language, "investigate", ATTACKER, folder, "--around", AROUND], 0);
        assert!(!page.contains("story-") && page.contains("iam:CreateAccessKey"), "{page}");
    }
    let unknown = haechi.run(&["investigate", "arn:aws:iam::123837392027:user/nobody", folder], 2);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("user/nobody"), "{unknown:?}");
}
