//! `haechi logs`: chains of digests that are made here, in folders and in a bucket, changed in every way.

#[path = "../../../logs/tests/digests/world.rs"]
mod world;

use std::collections::BTreeSet;

use haechi_model::Timestamp;
use serde_json::{Value, json};
use world::{BUCKET, HOUR, Key, Trail, World, public_keys};

use crate::support::{Fault, Haechi, Moto, Proxy};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

const FIRST: &str = "2026-11-20T10:01:31Z";

/// Six hours of one trail; two logs an hour.
struct Day {
    world: World,
    key: Key,
    trail: Trail,
    digests: Vec<String>,
    logs: Vec<String>,
}

/// A change, and what is said of it: of these digests and logs.
type Change<'c> = &'c dyn Fn(&mut Day);
type Expected<'c> = &'c dyn Fn(&[String], &[String]) -> Vec<String>;

impl Day {
    fn new() -> Self {
        let (key, trail, mut world) = (Key::new("k1"), Trail::new("111122223333", "eu-west-1"), World::default());
        let (digests, logs) = world.hours(&trail, &key, at(FIRST), 6, 2);
        Self { world, key, trail, digests, logs }
    }

    /// Copies of all in a folder, with the signature of the newest digest beside it.
    fn copy(&self, haechi: &Haechi) {
        let folder = haechi.folder().join("copy");
        copy_to(&self.world, &folder);
        std::fs::write(haechi.folder().join("keys.json"), public_keys(&[&self.key]).to_string()).expect("keys");
        let newest = &self.digests[5];
        let beside = folder.join(format!("{newest}.metadata.json"));
        let answer = json!({"ContentLength": 1, "Metadata": self.world.objects.get(newest).map(|it| &it.metadata)});
        std::fs::write(beside, answer.to_string()).expect("a file");
    }
}

/// Status and file name of what is not valid, and the counts.
fn told(report: &Value) -> BTreeSet<String> {
    let files = report["files"].as_array().expect("files");
    let name = |file: &Value| file["file"].as_str().expect("a file").rsplit('/').next().unwrap_or_default().to_owned();
    files.iter().map(|file| format!("{} {}", file["status"].as_str().expect("a status"), name(file))).collect()
}

fn last(key: &str) -> &str {
    key.rsplit('/').next().expect("a name")
}

#[test]
fn copies_of_a_trail_are_verified() {
    let check = |change: Change<'_>, code: i32, expected: Expected<'_>| {
        let (haechi, mut day) = (Haechi::new(), Day::new());
        change(&mut day);
        day.copy(&haechi);
        let report = haechi.json(&["logs", "verify", "copy", "--public-keys", "keys.json", "--format", "json"], code);
        assert_eq!(told(&report), expected(&day.digests, &day.logs).into_iter().collect::<BTreeSet<_>>(), "{report:#}");
        report
    };
    let report = check(&|_| (), 0, &|_, _| vec![]);
    assert_eq!((&report["digests"]["valid"], &report["logs"]["valid"]), (&json!(6), &json!(12)));
    assert_eq!(report["result"], "valid");
    // Logs.
    check(&|day| drop(day.world.objects.remove(&day.logs[3])), 1, &|_, logs| {
        vec![format!("MISSING {}", last(&logs[3]))]
    });
    let other = |text: String| text.replace("192.0.2.7", "192.0.2.8");
    check(&|day| day.world.change(&day.logs[3].clone(), other), 1, &|_, logs| {
        vec![format!("CHANGED {}", last(&logs[3]))]
    });
    let more = |day: &mut Day| {
        let key = day.logs[3].clone();
        let bytes = &mut day.world.objects.get_mut(&key).expect("a log").bytes;
        bytes.extend(world::packed(b"{\"Records\":[]}"));
    };
    check(&more, 1, &|_, logs| vec![format!("CHANGED {}", last(&logs[3]))]);
    let cut = |day: &mut Day| day.world.objects.get_mut(&day.logs[3]).expect("a log").bytes.truncate(40);
    check(&cut, 1, &|_, logs| vec![format!("CHANGED {}", last(&logs[3]))]);
    let added = |day: &mut Day| drop(day.world.log(&day.trail.clone(), at("2026-11-20T12:31:00Z")));
    check(&added, 1, &|_, _| {
        vec![format!("UNNAMED {}", last(&Day::new().trail.log_key(at("2026-11-20T12:31:00Z"), 13)))]
    });
    // Digests.
    let two = |day: &mut Day| day.digests[2..4].iter().for_each(|key| drop(day.world.objects.remove(key)));
    check(&two, 1, &|digests, _| {
        let missing = digests[2..4].iter().map(|key| format!("MISSING {}", last(key)));
        // The one before them has nobody that speaks for it in a folder of copies.
        missing.chain([format!("UNCHECKED {}", last(&digests[1]))]).collect()
    });
    let forged =
        |day: &mut Day| day.world.change(&day.digests[5].clone(), |text| text.replace("awsAccountId", "accountId"));
    check(&forged, 1, &|digests, _| vec![format!("CHANGED {}", last(&digests[5]))]);
    // Validation was off for an hour: a chain begins anew, and nothing is wrong.
    let off = |day: &mut Day| {
        day.world.restart(&day.trail);
        day.world.hours(&day.trail, &day.key, at("2026-11-20T17:01:31Z"), 1, 1);
    };
    let report = check(&off, 2, &|_, _| {
        let new = Day::new().trail.digest_key(at("2026-11-20T17:01:31Z"), false);
        vec![format!("UNCHECKED {}", last(&new))]
    });
    assert_eq!(report["gaps"][0]["cause"], "validationOff");
}

#[test]
fn what_cannot_be_proved_is_not_called_valid() {
    let (haechi, day) = (Haechi::new(), Day::new());
    day.copy(&haechi);
    let keys = ["--public-keys", "keys.json"];
    let verify =
        |more: &[&str], code: i32| haechi.json(&[&["logs", "verify", "copy", "--format", "json"], more].concat(), code);
    // The newest digest's signature is in metadata that a copy has lost.
    let beside = haechi.folder().join("copy").join(format!("{}.metadata.json", day.digests[5]));
    std::fs::remove_file(&beside).expect("it was there");
    let report = verify(&keys, 2);
    assert_eq!(told(&report), BTreeSet::from([format!("UNCHECKED {}", last(&day.digests[5]))]));
    assert_eq!((&report["digests"]["valid"], &report["logs"]["unchecked"]), (&json!(5), &json!(2)));
    // It still speaks for the one before it.
    verify(&[&keys[..], &["--until", "2026-11-20T14:01:31Z"]].concat(), 0);
    // Keys that are of another region.
    std::fs::write(haechi.folder().join("keys.json"), r#"{"PublicKeyList": []}"#).expect("keys");
    let report = verify(&keys, 2);
    assert_eq!((&report["digests"]["unchecked"], &report["logs"]["unchecked"]), (&json!(6), &json!(12)));
    assert_eq!(report["keysMissing"], json!([{"fingerprint": "k1", "region": "eu-west-1", "digests": 5}]));
    for (wrong, words) in [("{", "not JSON"), ("{}", "PublicKeyList")] {
        std::fs::write(haechi.folder().join("keys.json"), wrong).expect("keys");
        let error = String::from_utf8(haechi.run(&["logs", "verify", "copy", "--public-keys", "keys.json"], 2).stderr);
        assert!(error.as_ref().is_ok_and(|error| error.contains(words)), "{error:?}");
    }
    // Places without digests.
    for place in ["nowhere", "."] {
        let _ = std::fs::remove_dir_all(haechi.folder().join("copy"));
        haechi.run(&["logs", "verify", place], 2);
    }
}

#[test]
fn an_organization_in_a_folder_in_every_language() {
    let haechi = Haechi::new();
    let (key, old) = (Key::new("k1"), Key::new("k0"));
    let mut world = World::default();
    for account in ["111122223333", "444455556666"] {
        for region in ["eu-west-1", "us-east-1"] {
            let folder = format!("security/AWSLogs/o-a1b2c3d4e5/{account}");
            let trail = Trail { folder, ..Trail::new(account, region) };
            world.hours(&trail, &old, at(FIRST), 2, 1);
            world.hours(&trail, &key, at(FIRST).plus_micros(2 * HOUR), 2, 0);
            let (_, late) = world.log(&trail, at("2026-11-20T10:31:00Z"));
            world.digest(&trail, &key, at(FIRST), &[late], true);
        }
    }
    copy_to(&world, &haechi.folder().join("copy"));
    std::fs::write(haechi.folder().join("keys.json"), public_keys(&[&key, &old]).to_string()).expect("keys");
    let verify = |more: &[&str], code: i32| {
        haechi
            .json(&[&["logs", "verify", "copy", "--public-keys", "keys.json", "--format", "json"], more].concat(), code)
    };
    let report = verify(&[], 2);
    assert_eq!((&report["digests"]["valid"], &report["backfillDigests"]["unchecked"]), (&json!(12), &json!(4)));
    let one = verify(&["--account", "444455556666", "--region", "us-east-1", "--until", "2026-11-20T12:30:00Z"], 2);
    assert_eq!((&one["digests"]["valid"], &one["chains"].as_array().map(Vec::len)), (&json!(3), &Some(2)));
    for language in ["en", "ko", "ja"] {
        let arguments = ["--lang", language, "logs", "verify", "copy", "--public-keys", "keys.json"];
        let text = haechi.text(&arguments, 2);
        assert!(!text.contains("verify-") && text.contains("UNCHECKED"), "{text}");
    }
    let lines = haechi.text(&["logs", "verify", "copy", "--public-keys", "keys.json", "--format", "jsonl", "--all"], 2);
    assert_eq!(lines.lines().count(), 16 + 4 + 12, "digests, backfill digests, logs");
}

/// Puts the world into a bucket of the mock.
fn put(moto: &Moto, haechi: &Haechi, world: &World) {
    let folder = haechi.folder().join("objects");
    copy_to(world, &folder);
    let metadata: serde_json::Map<String, Value> =
        world.objects.iter().map(|(key, it)| (key.clone(), json!(it.metadata))).collect();
    let list = haechi.folder().join("metadata.json");
    std::fs::write(&list, Value::from(metadata).to_string()).expect("metadata");
    moto.statements(&format!(
        "import json, pathlib\n\
         root, s3 = pathlib.Path({:?}), client('s3')\n\
         metadata = json.load(open({:?}))\n\
         try:\n    s3.create_bucket(Bucket={BUCKET:?})\nexcept s3.exceptions.BucketAlreadyOwnedByYou:\n    pass\n\
         for page in s3.get_paginator('list_objects_v2').paginate(Bucket={BUCKET:?}):\n    \
             [s3.delete_object(Bucket={BUCKET:?}, Key=one['Key']) for one in page.get('Contents', [])]\n\
         for key, given in metadata.items():\n    \
             s3.put_object(Bucket={BUCKET:?}, Key=key, Body=(root / key).read_bytes(), Metadata=given)\n",
        folder.display().to_string(),
        list.display().to_string(),
    ));
    std::fs::remove_dir_all(folder).expect("the copy goes");
}

#[test]
fn a_bucket_is_verified_with_keys_from_cloudtrail() {
    let Some(moto) = Moto::start() else { return };
    let proxy = Proxy::start(&moto.endpoint);
    let haechi = Haechi::at(&proxy.endpoint);
    let mut day = Day::new();
    let other = Trail::new("444455556666", "us-east-1");
    day.world.hours(&other, &day.key, at(FIRST), 3, 1);
    put(&moto, &haechi, &day.world);
    let answer: &'static str = Box::leak(public_keys(&[&day.key]).to_string().into_boxed_str());
    let keys = Fault { marker: "ListPublicKeys", status: "200 OK", body: answer };
    proxy.set(std::slice::from_ref(&keys));
    let place = format!("s3://{BUCKET}");
    let verify =
        |more: &[&str], code: i32| haechi.json(&[&["logs", "verify", &place, "--format", "json"], more].concat(), code);
    let report = verify(&[], 0);
    assert_eq!((&report["digests"]["valid"], &report["logs"]["valid"]), (&json!(9), &json!(15)));
    assert_eq!(report["ends"].as_array().map(Vec::len), Some(2), "the clock says that more should have come");
    let some =
        verify(&["--account", "111122223333", "--since", "2026-11-20T12:30:00Z", "--until", "2026-11-20T14:30:00Z"], 0);
    assert_eq!(some["digests"]["valid"], 3, "those that end at 13:01, 14:01 and 15:01");
    // A time of which nothing is there.
    haechi.run(&["logs", "verify", &place, "--since", "2026-11-21"], 2);
    // Changes.
    let mut changed = day;
    changed.digests[1..3].iter().for_each(|key| drop(changed.world.objects.remove(key)));
    changed.world.objects.remove(&changed.logs[10]);
    put(&moto, &haechi, &changed.world);
    let report = verify(&[], 1);
    let expected = [
        format!("MISSING {}", last(&changed.digests[1])),
        format!("MISSING {}", last(&changed.digests[2])),
        format!("MISSING {}", last(&changed.logs[10])),
    ];
    assert_eq!(told(&report), expected.into_iter().collect());
    // CloudTrail gives no keys, S3 no objects.
    let denied =
        r#"{"__type": "AccessDeniedException", "message": "not authorized to perform: cloudtrail:ListPublicKeys"}"#;
    proxy.set(&[Fault { status: "400 Bad Request", body: denied, ..keys }]);
    let text = haechi.text(&["logs", "verify", &place, "--account", "444455556666"], 2);
    assert!(text.contains("cloudtrail:ListPublicKeys"), "{text}");
    haechi.run(&["logs", "verify", "s3://no-such-bucket"], 2);
    haechi.run(&["logs", "verify", "s3://X"], 2);
}

/// The bytes of an account add up, and are those of the files.
pub(crate) fn adds_up(report: &Value) {
    let bytes = |name: &str| report["bytes"][name].as_u64().expect("a count");
    let parts = bytes("events") + bytes("others") + bytes("between") + bytes("damaged");
    assert_eq!((parts, bytes("unaccounted")), (bytes("text"), 0), "{:#}", report["bytes"]);
}

#[test]
fn coverage_accounts_for_a_folder() {
    let (haechi, mut day) = (Haechi::new(), Day::new());
    day.world.objects.remove(&day.logs[4]);
    day.world.objects.remove(&day.logs[5]);
    copy_to(&day.world, &haechi.folder().join("copy"));
    let write = |name: &str, text: &str| std::fs::write(haechi.folder().join("copy").join(name), text).expect("a file");
    write("notes.md", "not a log");
    write("rubbish.json", "{\"Records\": [{\"eventID\": 1}, 7]}");
    let again = day.world.objects[&day.logs[0]].bytes.clone();
    std::fs::write(haechi.folder().join("copy/again.json.gz"), again).expect("a copy");
    let flow = "2 111122223333 eni-1235b8ca123456789 192.0.2.9 198.51.100.7 443 49152 6 10 840 1795339800 1795339860 ACCEPT OK\n";
    write("111122223333_vpcflowlogs_eu-west-1_fl-1_20261122T0930Z_a.log", flow);
    let report = haechi.json(&["logs", "coverage", "copy", "--format", "json"], 1);
    adds_up(&report);
    assert_eq!(
        (&report["files"]["log"], &report["files"]["digest"], &report["files"]["rubbish"]),
        (&json!(12), &json!(6), &json!(1))
    );
    assert_eq!((&report["events"]["read"], &report["events"]["duplicates"]), (&json!(11), &json!(1)));
    assert_eq!(report["skipped"].as_array().map(Vec::len), Some(1), "{:#}", report["skipped"]);
    let missing: Vec<_> =
        report["missingLogs"].as_array().expect("a list").iter().map(|one| one["file"].clone()).collect();
    assert_eq!(missing, [4, 5].map(|at: usize| json!(last(&day.logs[at]).trim_end_matches(".gz"))));
    let of = |log: &str| report["coverage"].as_array().expect("a list").iter().find(|one| one["log"] == log).cloned();
    let trail = of("cloudtrail").expect("a trail");
    assert_eq!(
        (&trail["accountId"], &trail["region"], &trail["events"]),
        (&json!("111122223333"), &json!("eu-west-1"), &json!(10))
    );
    assert_eq!(trail["gaps"], json!([{"from": "2026-11-20T11:00:00Z", "hours": 1, "cause": "logsMissing"}]));
    assert_eq!(of("vpc-flow").expect("flows")["events"], 1);
    haechi.run(&["logs", "coverage", "copy", "--strict"], 2);
    for language in ["en", "ko", "ja"] {
        let text = haechi.text(&["--lang", language, "logs", "coverage", "copy"], 1);
        assert!(!text.contains("coverage-") && text.contains("cloudtrail"), "{text}");
    }
    // Files may be late: those of a day later are opened, and their events left out.
    let some = |until: &str| {
        ["logs", "coverage", "copy", "--format", "json", "--account", "111122223333", "--until", until]
            .map(str::to_owned)
    };
    let report = |until: &str, code: i32| haechi.json(&some(until).each_ref().map(String::as_str), code);
    let late = report("2026-11-20", 1);
    assert_eq!((&late["events"]["read"], &late["events"]["outsideFilters"]), (&json!(10), &json!(10)));
    let early = report("2026-11-19", 0);
    assert_eq!((&early["files"]["log"], &early["missingLogs"]), (&json!(1), &json!([])), "the copy under another name");
    assert_eq!(early["filesNotOpened"]["after"], 17);
}

#[test]
fn coverage_of_standard_input() {
    let haechi = Haechi::new();
    let mut world = World::default();
    let (key, _) = world.log(&Trail::new("111122223333", "eu-west-1"), at("2026-11-20T10:00:00Z"));
    let mut command = haechi.command(&["logs", "coverage", "-", "--format", "json"]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut process = command.spawn().expect("the program runs");
    let text = [world.objects[&key].bytes.clone(), world::packed(b"\n")].concat();
    std::io::Write::write_all(&mut process.stdin.take().expect("stdin"), &text).expect("it reads");
    let output = process.wait_with_output().expect("it ends");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    adds_up(&report);
    assert_eq!((output.status.code(), &report["events"]["read"]), (Some(0), &json!(1)));
}

#[test]
fn buckets_and_queues_give_what_is_wanted() {
    let Some(moto) = Moto::start() else { return };
    let haechi = Haechi::at(&moto.endpoint);
    let (key, mut world) = (Key::new("k1"), World::default());
    for (account, region) in
        [("111122223333", "eu-west-1"), ("111122223333", "us-east-1"), ("444455556666", "us-east-1")]
    {
        let folder = format!("org/AWSLogs/o-a1b2c3d4e5/{account}");
        let trail = Trail { folder, ..Trail::new(account, region) };
        for day in 0..3 {
            world.hours(&trail, &key, at("2026-11-18T10:01:31Z").plus_micros(day * 24 * HOUR), 1, 2);
        }
    }
    put(&moto, &haechi, &world);
    let place = format!("s3://{BUCKET}/org/");
    let coverage = |more: &[&str]| haechi.json(&[&["logs", "coverage", &place, "--format", "json"], more].concat(), 0);
    let all = coverage(&[]);
    adds_up(&all);
    assert_eq!(
        (&all["events"]["read"], &all["files"]["log"], &all["files"]["digest"]),
        (&json!(18), &json!(18), &json!(9))
    );
    let some = coverage(&[
        "--account",
        "111122223333",
        "--region",
        "us-east-1",
        "--since",
        "2026-11-19T02:00Z",
        "--until",
        "2026-11-19T12:00Z",
    ]);
    assert_eq!(some["events"]["read"], 4, "the events of a day later are in files that may be late: {some:#}");
    assert_eq!(some["events"]["outsideFilters"], 2);
    assert_eq!(some["foldersNotListed"], json!({"account": 1, "region": 2}), "of logs and of digests");
    assert_eq!(some["filesNotOpened"], json!({}), "days are listed from the first that is wanted");
    // Notices of two of the objects, and one of rubbish.
    let logs: Vec<_> = world.objects.keys().filter(|key| key.contains("/CloudTrail/")).take(2).collect();
    moto.statements(&format!(
        "import json\n\
         sqs = client('sqs')\n\
         url = sqs.create_queue(QueueName='notices')['QueueUrl']\n\
         record = lambda key: dict(eventSource='aws:s3', eventName='ObjectCreated:Put', s3=dict(bucket=dict(name={BUCKET:?}), object=dict(key=key)))\n\
         for key in {logs:?}:\n    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(dict(Records=[record(key)])))\n\
         sqs.send_message(QueueUrl=url, MessageBody='rubbish')\n"
    ));
    let queue = "arn:aws:sqs:us-east-1:123456789012:notices";
    let report = haechi.json(&["logs", "coverage", queue, "--format", "json"], 0);
    adds_up(&report);
    assert_eq!(report["events"]["read"], 2, "{report:#}");
    assert_eq!(report["unreadable"].as_array().map(Vec::len), Some(1));
    haechi.run(&["logs", "coverage", "arn:aws:sqs:us-east-1:123456789012:no-such-queue"], 2);
    haechi.run(&["logs", "coverage", "s3://no-such-bucket/x"], 2);
    haechi.run(&["logs", "coverage", "nowhere"], 2);
    haechi.run(&["logs", "coverage", &place, "--since", "2026-11-20", "--until", "2026-11-19"], 2);
}

/// What aws-cli's own validator says is not valid, by file names.
fn invalid_for_aws(aws: &std::ffi::OsStr, haechi: &Haechi, endpoint: &str) -> (BTreeSet<String>, String) {
    let output = std::process::Command::new(aws)
        .args([
            "cloudtrail",
            "validate-logs",
            "--trail-arn",
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit_trail",
        ])
        .args(["--start-time", "2026-11-20T09:30:00Z", "--end-time", "2026-11-20T15:30:00Z", "--s3-bucket", BUCKET])
        .args(["--region", "eu-west-1", "--verbose"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", haechi.folder())
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "testing")
        .env("AWS_SECRET_ACCESS_KEY", "testing")
        .output()
        .expect("aws-cli runs");
    let text = [output.stdout, output.stderr].map(|part| String::from_utf8_lossy(&part).into_owned()).concat();
    let name = |line: &str| line.split('\t').nth(1).map(|file| last(file).to_owned());
    (text.lines().filter(|line| line.contains("INVALID:")).filter_map(name).collect(), text)
}

#[test]
fn the_validator_of_aws_cli_agrees() {
    let Some(aws) = std::env::var_os("HAECHI_AWS_CLI") else {
        return println!("skipped: HAECHI_AWS_CLI is not set (./test sets it)");
    };
    let Some(moto) = Moto::start() else { return };
    let proxy = Proxy::start(&moto.endpoint);
    let haechi = Haechi::at(&proxy.endpoint);
    let check = |change: &dyn Fn(&mut Day), more: &[usize]| {
        let mut day = Day::new();
        let digests = day.digests.clone();
        let body: &'static str = Box::leak(public_keys(&[&day.key]).to_string().into_boxed_str());
        proxy.set(&[Fault { marker: "ListPublicKeys", status: "200 OK", body }]);
        change(&mut day);
        put(&moto, &haechi, &day.world);
        let (mut theirs, text) = invalid_for_aws(&aws, &haechi, &proxy.endpoint);
        assert!(text.contains("digest files valid"), "{text}");
        // What only we see.
        theirs.extend(more.iter().map(|at| last(&digests[*at]).to_owned()));
        let code = i32::from(!theirs.is_empty());
        let place = format!("s3://{BUCKET}");
        let report =
            haechi.json(&["logs", "verify", &place, "--until", "2026-11-20T15:30:00Z", "--format", "json"], code);
        let ours: BTreeSet<_> =
            told(&report).iter().filter_map(|line| Some(line.split_once(' ')?.1.to_owned())).collect();
        assert_eq!(ours, theirs, "{text}\n{report:#}");
        let counts = |what: &str, counts: &Value| {
            let valid = counts["valid"].as_u64().expect("a count");
            assert!(text.contains(&format!("{valid}/{valid} {what} files valid")), "{what} {valid}: {text}");
        };
        if theirs.is_empty() {
            counts("digest", &report["digests"]);
            counts("log", &report["logs"]);
        }
    };
    check(&|_| (), &[]);
    check(&|day| drop(day.world.objects.remove(&day.logs[3])), &[]);
    check(&|day| day.world.change(&day.logs[3].clone(), |text| format!("{text} ")), &[]);
    check(&|day| day.world.objects.get_mut(&day.logs[3]).expect("a log").bytes.push(0), &[]);
    check(&|day| day.world.change(&day.digests[2].clone(), |text| text.replace("SHA-256", "SHA-256 ")), &[]);
    check(&|day| day.world.change(&day.digests[2].clone(), |text| text.replace("awsAccountId", "accountId")), &[]);
    check(&|day| drop(day.world.objects.remove(&day.digests[2])), &[]);
    let moved = |day: &mut Day| {
        let older = day.world.objects[&day.digests[1]].clone();
        day.world.objects.insert(day.digests[3].clone(), older);
    };
    check(&moved, &[]);
    let signature = |day: &mut Day| {
        let metadata = &mut day.world.objects.get_mut(&day.digests[2]).expect("a digest").metadata;
        metadata.insert("signature".to_owned(), "00".repeat(256));
    };
    check(&signature, &[]);
    let backfill = |day: &mut Day| {
        let (_, late) = day.world.log(&day.trail.clone(), at("2026-11-20T10:31:00Z"));
        day.world.digest(&day.trail.clone(), &day.key, at("2026-11-20T11:01:31Z"), &[late], true);
    };
    check(&backfill, &[]);
    // Of two digests in a row, it names one.
    check(&|day| day.digests[2..4].iter().for_each(|key| drop(day.world.objects.remove(key))), &[2]);
}

/// Writes copies of the objects, as `aws s3 sync` does: without their metadata.
fn copy_to(world: &World, folder: &std::path::Path) {
    for (key, object) in &world.objects {
        let path = folder.join(key);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders are made");
        std::fs::write(path, &object.bytes).expect("a copy is written");
    }
}
