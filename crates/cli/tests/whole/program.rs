//! The program without AWS: the demo, its languages and formats, files as a source, packs, decisions, errors.

use crate::support::{Haechi, workspace};
use serde_json::Value;

#[test]
fn the_demo_says_the_same_in_three_languages() {
    let haechi = Haechi::new();
    for (language, word) in [("en", "Top findings"), ("ko", "점수"), ("ja", "スコア")] {
        let text = haechi.text(&["demo", "--lang", language], 0);
        assert!(text.contains(word) && text.contains("shop-prod"), "{language}: {text}");
    }
    let report = haechi.json(&["demo", "--format", "json"], 0);
    let again = haechi.json(&["demo", "--format", "json", "--lang", "ja"], 0);
    let strip = |mut report: Value| {
        report["meta"]["tookMicroseconds"] = Value::Null;
        report
    };
    assert_eq!(strip(report.clone()), strip(again), "machine output is in no language and the same on every run");
    assert_eq!(report["accounts"].as_array().map(Vec::len), Some(4));
    assert_eq!(report["evaluations"]["insufficientData"], 0, "the example organization leaves nothing unknown");
    assert_eq!(report["unreadable"], serde_json::json!([]));
    assert!(!haechi.folder().join("haechi.db").exists(), "the demo leaves nothing behind");
}

/// `HAECHI_UPDATE=1 cargo test -p haechi readme` writes the page anew.
#[test]
fn the_readme_shows_what_the_demo_prints() {
    let path = workspace().join("README.md");
    let readme = std::fs::read_to_string(&path).expect("README.md");
    let output =
        Haechi::new().command(&["demo", "--lang", "en"]).env("COLUMNS", "100").output().expect("the program runs");
    let page: String =
        String::from_utf8(output.stdout).expect("UTF-8").lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let (before, rest) = readme.split_once("<!-- demo -->\n").expect("the mark before the page");
    let (_, after) = rest.split_once("<!-- /demo -->").expect("the mark after the page");
    let wanted = format!("{before}<!-- demo -->\n```\n{page}```\n<!-- /demo -->{after}");
    if std::env::var_os("HAECHI_UPDATE").is_some() {
        std::fs::write(&path, wanted).expect("README.md can be written");
    } else {
        assert_eq!(readme, wanted, "README.md shows another page: HAECHI_UPDATE=1 writes it anew");
    }
}

#[test]
fn every_format_is_written() {
    let haechi = Haechi::new();
    haechi.run(
        &[
            "demo",
            "--export",
            "r.html",
            "--export",
            "r.csv",
            "--export",
            "r.ocsf.json",
            "--export",
            "r.jsonl",
            "--export",
            "r.json",
            "--export",
            "r.txt",
        ],
        0,
    );
    let read = |name: &str| std::fs::read_to_string(haechi.folder().join(name)).expect("the file was written");
    assert!(read("r.html").starts_with("<!doctype html>") || read("r.html").starts_with("<!DOCTYPE html>"));
    let ocsf: Value = serde_json::from_str(&read("r.ocsf.json")).expect("JSON");
    assert_eq!(ocsf[0]["class_uid"], 2003);
    let report: Value = serde_json::from_str(&read("r.json")).expect("JSON");
    let findings = report["findings"].as_array().expect("findings").len();
    let threats = report["threats"]["threats"].as_array().expect("threats").len();
    assert!(threats > 20, "the example organization was attacked: {threats}");
    let all = findings + threats;
    assert_eq!(read("r.jsonl").lines().count(), all);
    assert_eq!(ocsf.as_array().map(Vec::len), Some(all));
    assert_eq!(ocsf[findings]["class_uid"], 2004);
    assert!(read("r.csv").lines().count() > all);
    let error = String::from_utf8(haechi.run(&["demo", "--export", "report.pdf"], 2).stderr).expect("UTF-8");
    assert!(error.contains("the ending of `report.pdf` names no format"), "{error}");
}

#[test]
fn files_are_judged_like_the_demo_and_decisions_stick() {
    let haechi = Haechi::new();
    let folder = workspace().join("examples/organization");
    let folder = folder.to_str().expect("a path");
    let demo = haechi.json(&["demo", "--format", "json"], 0);
    let files = haechi.json(&["assess", folder, "--format", "json"], 1);
    let ids = |report: &Value| -> Vec<String> {
        let all = report["findings"].as_array().expect("findings");
        let mut ids: Vec<_> = all.iter().map(|finding| finding["id"].as_str().unwrap_or_default().to_owned()).collect();
        ids.sort();
        ids
    };
    assert!(!ids(&demo).is_empty());
    // Ages differ with the day; everything else is the same finding under the same id.
    let common = ids(&demo).iter().filter(|id| ids(&files).contains(id)).count();
    assert_eq!(common, ids(&demo).len(), "the same findings from the same files");
    let id = ids(&files)[0].clone();
    assert!(haechi.text(&["findings", "show", &id[..10]], 0).contains(&id));
    haechi.run(&["findings", "assign", &id, "platform"], 0);
    haechi.run(&["findings", "suppress", "account = '777788889999'", "--reason", "sandbox", "--owner", "platform"], 0);
    let report = haechi.json(&["report", "--format", "json"], 0);
    let accounts: Vec<_> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| finding["subject"]["accountId"].clone())
        .collect();
    assert!(report["suppressed"].as_u64() > Some(0) && !accounts.contains(&Value::from("777788889999")));
    let second = haechi.json(&["assess", folder, "--format", "json"], 1);
    assert_eq!(
        (&second["comparison"]["new"], &second["comparison"]["fixed"], &second["comparison"]["deleted"]),
        (&0.into(), &0.into(), &0.into())
    );
    let list: Value =
        haechi.json(&["findings", "list", "--format", "json", "--severity", "critical", "--limit", "0"], 0);
    assert!(
        list.as_array().is_some_and(|rows| !rows.is_empty())
            || list["rows"].as_array().is_some_and(|rows| !rows.is_empty()),
        "{list}"
    );
}

#[test]
fn packs_are_checked_by_exit_code() {
    let haechi = Haechi::new();
    let baseline = workspace().join("content/packs/haechi-baseline.yaml");
    haechi.run(&["packs", "check", baseline.to_str().expect("a path")], 0);
    let write = |name: &str, text: &str| std::fs::write(haechi.folder().join(name), text).expect("a file");
    write(
        "missing.yaml",
        "Resources:\n  A:\n    Type: AWS::Config::ConfigRule\n    Properties:\n      ConfigRuleName: a\n      Source: {Owner: AWS, SourceIdentifier: DMS_REPLICATION_NOT_PUBLIC}\n",
    );
    write(
        "broken.yaml",
        "Resources:\n  A:\n    Type: AWS::Config::ConfigRule\n    Properties: {ConfigRuleName: a, Source: {Owner: AWS, SourceIdentifier: !Ref Nobody}}\n",
    );
    assert!(haechi.text(&["packs", "check", "missing.yaml"], 1).contains("DMS_REPLICATION_NOT_PUBLIC"));
    let error =
        String::from_utf8(haechi.run(&["packs", "check", "broken.yaml", "missing.yaml"], 2).stderr).expect("UTF-8");
    assert!(error.contains("broken.yaml:4"), "{error}");
    let folder = workspace().join("examples/organization");
    let report =
        haechi.json(&["assess", folder.to_str().expect("a path"), "--pack", "missing.yaml", "--format", "json"], 0);
    assert_eq!(report["notImplemented"][0]["rule"], "DMS_REPLICATION_NOT_PUBLIC");
    assert_eq!(report["packs"][0]["rules"][0]["compliance"], "INSUFFICIENT_DATA");
}

#[test]
fn every_public_pack_is_assessed() {
    let Some(corpus) = std::env::var_os("HAECHI_CORPUS") else { return println!("skipped: HAECHI_CORPUS is not set") };
    let haechi = Haechi::new();
    let packs = std::path::Path::new(&corpus).join("conformance-packs");
    let mut files: Vec<_> = std::fs::read_dir(packs)
        .expect("packs")
        .flatten()
        .map(|entry| entry.path().display().to_string())
        .filter(|path| path.ends_with(".yaml") || path.ends_with(".yml"))
        .collect();
    files.sort();
    assert_eq!(files.len(), 122);
    let mut arguments = vec!["packs", "check", "--format", "json"];
    arguments.extend(files.iter().map(String::as_str));
    haechi.run(&arguments, 1);
    let kisms = files.iter().find(|path| path.contains("KISMS")).expect("the K-ISMS pack");
    let folder = workspace().join("examples/organization");
    let report = haechi.json(
        &[
            "assess",
            folder.to_str().expect("a path"),
            "--pack",
            kisms,
            "--param",
            "AccessKeysRotatedParamMaxAccessKeyAge=60",
            "--format",
            "json",
        ],
        1,
    );
    assert_eq!(report["packs"][0]["rules"].as_array().map(Vec::len), Some(116));
    let keys = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .find(|finding| finding["rule"] == "ACCESS_KEYS_ROTATED")
        .expect("old keys");
    assert_eq!(keys["parameters"]["maxAccessKeyAge"], 60);
}

#[test]
fn attestations_fulfil_process_checks() {
    let haechi = Haechi::new();
    let pack = "Resources:\n  A:\n    Type: AWS::Config::ConfigRule\n    Properties:\n      ConfigRuleName: annual-training\n      Source: {Owner: AWS, SourceIdentifier: AWS_CONFIG_PROCESS_CHECK}\n";
    std::fs::write(haechi.folder().join("pack.yaml"), pack).expect("a file");
    let folder = workspace().join("examples/organization");
    let assess = ["assess", folder.to_str().expect("a path"), "--pack", "pack.yaml", "--format", "json"];
    let verdict = |haechi: &Haechi| haechi.json(&assess, 0)["packs"][0]["rules"][0]["compliance"].clone();
    assert_eq!(verdict(&haechi), "INSUFFICIENT_DATA");
    haechi.run(
        &["attest", "annual-training", "--who", "CISO office", "--evidence", "LMS report", "--account", "111122223333"],
        0,
    );
    assert_eq!(verdict(&haechi), "INSUFFICIENT_DATA", "one account of three is spoken for");
    haechi.run(&["attest", "annual-training", "--who", "CISO office", "--evidence", "LMS report"], 0);
    assert_eq!(verdict(&haechi), "COMPLIANT");
    assert!(haechi.text(&["attest", "--list"], 0).contains("annual-training"));
}

#[test]
fn errors_say_what_why_and_what_next() {
    let haechi = Haechi::new();
    for (arguments, parts) in [
        (&["assess", "no-such-folder"][..], &["error: no-such-folder is not there", "help: "][..]),
        (&["findings", "list"], &["error: the store", "help: "]),
        (
            &["rules", "show", "s3-bucket-loging-enabled"],
            &["there is no rule S3_BUCKET_LOGING_ENABLED", "did you mean S3_BUCKET_LOGGING_ENABLED"],
        ),
        (&["assess", ".", "--severity", "loud"], &["--severity `loud`", "cause: "]),
        (&["assess", ".", "--param", "x"], &["--param `x` is not NAME=VALUE"]),
        (&["demo", "--lang", "tlh"], &["`tlh` is not a language"]),
        (&["demo", "--nonsense"], &["unexpected argument '--nonsense'"]),
    ] {
        let output = haechi.run(arguments, 2);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(parts.iter().all(|part| text.contains(part)), "{arguments:?}: {text}");
        assert!(output.stdout.is_empty(), "errors go to stderr");
    }
}

/// What is said and what is advised; causes are in the words of those who refused.
#[test]
fn errors_are_in_the_language_of_the_user() {
    let haechi = Haechi::new();
    let check = |language: &str, arguments: &[&str], wanted: &[&str]| {
        let arguments = [arguments, &["--lang", language]].concat();
        let error = String::from_utf8(haechi.run(&arguments, 2).stderr).expect("UTF-8");
        assert!(wanted.iter().all(|part| error.contains(part)), "{arguments:?}: {error}");
    };
    let missing = ["assess", "no-such-folder"];
    check("ko", &missing, &["오류: 파일이나 폴더가 없습니다: no-such-folder\n도움말: AWS Config 스냅샷"]);
    check("ja", &missing, &["エラー: ファイルまたはフォルダがありません: no-such-folder\nヘルプ: AWS Config の"]);
    let no_store = ["findings", "list"];
    check(
        "ko",
        &no_store,
        &["오류: 저장소를 사용할 수 없습니다: ", "원인: there is no store", "도움말: 먼저 `haechi assess`"],
    );
    check(
        "ja",
        &no_store,
        &["エラー: ストアを使用できません: ", "原因: there is no store", "ヘルプ: 先に `haechi assess`"],
    );
    let folder = workspace().join("examples/organization");
    haechi.run(&["assess", folder.to_str().expect("a path")], 1);
    let unknown = ["findings", "show", "00000000"];
    check("ko", &unknown, &["오류: 결과가 없습니다: `00000000`"]);
    check("ja", &unknown, &["エラー: 検出結果がありません: `00000000`"]);
    // Without the flag the settings file says which.
    std::fs::write(haechi.folder().join("haechi.toml"), "lang = \"ko\"\n").expect("a file");
    let error = String::from_utf8(haechi.run(&["findings", "show", "zzzz"], 2).stderr).expect("UTF-8");
    assert!(error.starts_with("오류: `zzzz`: ID 또는"), "{error}");
}

#[test]
fn a_damaged_folder_loses_only_what_is_damaged() {
    let haechi = Haechi::new();
    let folder = haechi.folder().join("snapshots");
    std::fs::create_dir(&folder).expect("a folder");
    let item = |id: &str| {
        format!(
            r#"{{"configurationItemVersion":"1.3","awsAccountId":"123456789012","resourceType":"AWS::EC2::Volume","resourceId":"{id}","awsRegion":"us-east-1","configurationItemCaptureTime":"2026-11-20T03:00:00Z","configurationItemStatus":"OK","ARN":"arn:aws:ec2:us-east-1:123456789012:volume/{id}","configuration":{{"volumeId":"{id}","encrypted":false,"attachments":[{{"instanceId":"i-1"}}]}}}}"#
        )
    };
    let body =
        |items: &str| format!(r#"{{"fileVersion":"1.0","configSnapshotId":"x","configurationItems":[{items}]}}"#);
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("a file");
    write("good_ConfigSnapshot_1.json", body(&item("vol-good")).as_bytes());
    let truncated = body(&format!("{},{}", item("vol-before-the-end"), item("vol-cut")));
    write("truncated.json", &truncated.as_bytes()[..truncated.len() - 40]);
    write("no-type.json", body(&format!("{{\"awsAccountId\":\"123456789012\"}},{}", item("vol-after"))).as_bytes());
    let mut invalid = body(&item("vol-X")).into_bytes();
    let at = invalid.windows(5).position(|window| window == b"vol-X").expect("the id");
    invalid[at] = 0xff;
    write("not-utf8.json", &invalid);
    write(
        "deep.json",
        format!("{{\"configurationItems\":[{}1{}]}}", "[".repeat(100_000), "]".repeat(100_000)).as_bytes(),
    );
    write(
        "twice.json",
        body(&item("vol-twice").replacen("\"resourceId\"", "\"resourceId\":\"a\",\"resourceId\"", 1)).as_bytes(),
    );
    write("empty.json", b"");
    write("other.json", b"{\"hello\": \"world\"}");
    let report = haechi.json(&["assess", "snapshots", "--format", "json"], 0);
    let text = serde_json::to_string(&report["unreadable"]).expect("JSON");
    for name in ["truncated.json", "no-type.json", "not-utf8.json", "deep.json", "twice.json"] {
        assert!(text.contains(name), "{name} is not named: {text}");
    }
    let found: Vec<_> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| finding["subject"]["resourceId"].clone())
        .collect();
    for id in ["vol-good", "vol-before-the-end", "vol-after"] {
        assert!(found.contains(&Value::from(id)), "{id} was lost: {found:?}");
    }
    haechi.run(&["assess", "snapshots", "--strict"], 2);
}

#[test]
fn content_of_ones_own_is_checked_and_judged() {
    let haechi = Haechi::new();
    assert!(haechi.text(&["content", "test"], 0).contains("0 problems"));
    let folder = haechi.folder().join("mine/rules/ec2");
    std::fs::create_dir_all(&folder).expect("a folder");
    let rule = r#"
schema: 1
id: VOLUMES_ARE_SMALL
title: {en: EBS volume is small}
why: {en: Large volumes are expensive.}
severity: low
trigger: change
resources: [AWS::EC2::Volume]
check: configuration.size <= 20
says: {en: "The volume has { $size } GiB."}
args: {size: configuration.size}
fix: {text: {en: Make a smaller volume.}}
examples:
  - {name: small, item: {configuration: {size: 8}}, expect: COMPLIANT}
  - {name: large, item: {configuration: {size: 80}}, expect: NON_COMPLIANT}
"#;
    std::fs::write(folder.join("volumes-are-small.yaml"), rule).expect("a file");
    let checked = haechi.text(&["content", "test", "mine"], 0);
    assert!(checked.contains("1 rule, 0 detections, 0 playbooks, 2 examples"), "{checked}");
    let organization = workspace().join("examples/organization");
    let report = haechi.json(
        &[
            "assess",
            organization.to_str().expect("a path"),
            "--content",
            "mine",
            "--rule",
            "volumes-are-small",
            "--format",
            "json",
        ],
        0,
    );
    assert!(report["findings"].as_array().is_some_and(|findings| !findings.is_empty()));
    std::fs::write(
        folder.join("volumes-are-small.yaml"),
        rule.replace("configuration.size <= 20", "configuration.sise <= 20"),
    )
    .expect("a file");
    let text = haechi.text(&["content", "test", "mine"], 1);
    assert!(text.contains("sise") && text.contains("size"), "{text}");
}

/// What is wrong is named itself, not the store or the terminal that was asked; and nothing half-right passes.
#[test]
fn wrong_words_are_answered_by_what_is_wrong_with_them() {
    let haechi = Haechi::new();
    let folder = workspace().join("examples/organization");
    haechi.run(&["assess", folder.to_str().expect("a path")], 1);
    let check = |arguments: &[&str], wanted: &str| {
        let error = String::from_utf8(haechi.run(arguments, 2).stderr).expect("UTF-8");
        assert!(error.starts_with(wanted), "{arguments:?}: {error}");
        assert!(!error.contains("the store could not be"), "{arguments:?}: {error}");
    };
    check(&["findings", "show", "zzzz"], "error: `zzzz` is not an id");
    check(&["findings", "show", "00000000"], "error: no finding `00000000`");
    check(&["findings", "suppress", "--lift", "9", "--owner", "me"], "error: no suppression `9`");
    check(
        &["findings", "list", "--format", "html"],
        "error: --format: this command has no `html`\nhelp: it has table, json",
    );
    check(&["rules", "show", "ACCESS_KEYS_ROTATED", "--format", "csv"], "error: --format: this command has no `csv`");
    let list = haechi.json(&["findings", "list", "--format", "json", "--limit", "1"], 0);
    let row = &list["rows"][0];
    let id = row["id"].as_str().expect("an id");
    check(&["findings", "comment", id, "  "], "error: a comment needs words");
    assert_eq!(row["accountId"].as_str().map(str::len), Some(12), "{row}");
    let missing = Haechi::new();
    let error = String::from_utf8(missing.run(&["findings", "list"], 2).stderr).expect("UTF-8");
    assert!(error.contains("run `haechi assess` first") && !error.contains("haechi record"), "{error}");
}

/// A rule that is cut to `S3_B…TED` names nothing: the list keeps its titles readable and gives up dates first.
#[test]
fn the_list_of_findings_is_readable_on_every_width() {
    let haechi = Haechi::new();
    let folder = workspace().join("examples/organization");
    haechi.run(&["assess", folder.to_str().expect("a path")], 1);
    for (columns, wanted) in
        [("100", "IAM user with a console passwo…"), ("160", "EBS snapshot cannot be restored by the public")]
    {
        let output = haechi.command(&["findings", "list"]).env("COLUMNS", columns).output().expect("the program runs");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(text.contains(wanted), "{text}");
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        assert!(widest <= columns.parse().expect("a number"), "{text}");
        assert_eq!(text.contains("First seen"), columns == "160", "dates need room: {text}");
    }
}

/// In a folder there may be anything; a file that was named and is no file of Config is missed.
#[test]
fn a_named_file_that_is_not_of_config_makes_the_run_incomplete() {
    let haechi = Haechi::new();
    let folder = workspace().join("examples/organization");
    let readme = workspace().join("README.md");
    let (folder, readme) = (folder.to_str().expect("a path"), readme.to_str().expect("a path"));
    let report = haechi.json(&["assess", folder, readme, "--format", "json", "--strict"], 2);
    assert_eq!(report["unreadable"][0]["path"], readme);
    assert_eq!(report["unreadable"].as_array().map(Vec::len), Some(1));
    assert_eq!(haechi.json(&["assess", folder, "--format", "json"], 1)["unreadable"], serde_json::json!([]));
}

#[test]
fn a_reader_that_goes_away_ends_every_format_quietly() {
    use std::io::Read as _;
    let haechi = Haechi::new();
    for format in ["table", "json", "jsonl", "csv", "ocsf", "html"] {
        let mut child = haechi
            .command(&["demo", "--format", format])
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut first = [0; 10];
        child.stdout.take().expect("a pipe").read_exact(&mut first).expect("a beginning");
        let output = child.wait_with_output().expect("the program ends");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{format}");
        assert_eq!(output.status.code(), Some(0), "{format}");
    }
}
