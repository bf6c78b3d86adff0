//! The whole program against an AWS that misbehaves: nothing is lost, doubled or deleted by mistake, and the user is told.

use std::process::{Output, Stdio};

use haechi_model::Timestamp;
use serde_json::Value;

use crate::fake_aws::{FakeAws, Mood};
use crate::support::Haechi;

const RECORD: [&str; 10] = [
    "record",
    "--region",
    "us-east-1",
    "--type",
    "AWS::EC2::VPC,AWS::KMS::Key",
    "--no-judge",
    "--format",
    "json",
    "--timeout",
    "1",
];

/// A recorded account of 30 VPCs on three pages and 12 keys on two.
struct Scene {
    aws: FakeAws,
    haechi: Haechi,
}

const RESOURCES: u64 = 42;

impl Scene {
    fn recorded() -> Self {
        let aws = FakeAws::start();
        let haechi = Haechi::at(&aws.endpoint);
        let scene = Self { aws, haechi };
        let first = scene.haechi.json(&RECORD, 0);
        assert_eq!((&first["items"]["new"], &first["listings"]["complete"]), (&RESOURCES.into(), &2.into()), "{first}");
        scene
    }

    /// Records while AWS is in this mood.
    #[track_caller]
    fn while_in(&self, mood: Mood) -> (Value, Output) {
        self.aws.set(mood);
        let output = self.haechi.run(&RECORD, 0);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!words.contains("panicked"), "{words}");
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(report["items"]["deleted"], 0, "{report}");
        assert_eq!((&report["items"]["new"], &report["items"]["changed"]), (&0.into(), &0.into()), "{report}");
        self.stands();
        (report, output)
    }

    /// Every resource is there, in one version.
    #[track_caller]
    fn stands(&self) {
        let sql = "SELECT count(*) AS n, count(DISTINCT resourceId) AS ids FROM versions";
        let rows = self.haechi.json(&["query", sql, "--format", "json"], 0);
        assert_eq!((&rows["rows"][0]["n"], &rows["rows"][0]["ids"]), (&RESOURCES.into(), &RESOURCES.into()), "{rows}");
        let current = self.haechi.json(&["query", "SELECT count(*) AS n FROM resources", "--format", "json"], 0);
        assert_eq!(current["rows"][0]["n"], RESOURCES, "{current}");
    }

    /// With AWS in a good mood again, all is as it was.
    #[track_caller]
    fn recovers(&self) {
        self.aws.set(Mood::Good);
        let report = self.haechi.json(&RECORD, 0);
        assert_eq!((&report["items"]["same"], &report["items"]["deleted"]), (&RESOURCES.into(), &0.into()), "{report}");
        assert_eq!(report["listings"]["complete"], 2, "{report}");
        self.stands();
    }
}

/// The codes of what failed.
fn codes(report: &Value) -> Vec<&str> {
    let reasons = report["listings"]["reasons"].as_array().expect("reasons");
    reasons.iter().filter_map(|reason| reason["code"].as_str()).collect()
}

#[track_caller]
fn fails(mood: Mood, code: &str) {
    let scene = Scene::recorded();
    let (report, _) = scene.while_in(mood);
    assert!(codes(&report).contains(&code), "{report}");
    // The same under --strict is an error.
    let strict = [&RECORD[..], &["--strict"]].concat();
    scene.haechi.run(&strict, 2);
    scene.recovers();
}

#[test]
fn four_calls_of_five_are_throttled() {
    let scene = Scene::recorded();
    scene.aws.set(Mood::Throttles);
    // A type of few calls: what is throttled so is asked twice a second in the end.
    let few = ["record", "--region", "us-east-1", "--type", "AWS::EC2::VPC", "--no-judge", "--format", "json"];
    let report = scene.haechi.json(&few, 0);
    assert!(report["throttles"].as_u64().expect("a number") >= 8, "{report}");
    assert_eq!((&report["items"]["deleted"], &report["items"]["changed"]), (&0.into(), &0.into()), "{report}");
    scene.stands();
    // What got through in the end is complete; what did not is said.
    let complete = report["listings"]["complete"].as_u64().expect("a number");
    assert!(complete == 1 || codes(&report).contains(&"Throttling"), "{report}");
    scene.recovers();
}

#[test]
fn every_listing_answers_500() {
    fails(Mood::Fails, "InternalError");
}

#[test]
fn a_listing_hangs() {
    fails(Mood::Hangs, "Timeout");
}

#[test]
fn a_page_token_is_repeated() {
    fails(Mood::RepeatsPages, "RepeatedPage");
}

#[test]
fn an_answer_is_neither_xml_nor_json() {
    fails(Mood::Rubbish, "Malformed");
}

#[test]
fn an_answer_breaks_off_in_the_middle() {
    fails(Mood::HalfBodies, "Connection");
}

#[test]
fn an_answer_is_cut_and_says_it_is_whole() {
    fails(Mood::CutBodies, "Malformed");
}

#[test]
fn credentials_run_out_in_the_middle() {
    // Those of the environment can't be renewed: what follows fails, and is said.
    let scene = Scene::recorded();
    let (report, _) = scene.while_in(Mood::Expires);
    assert!(codes(&report).iter().any(|code| code.contains("ExpiredToken")), "{report}");
    scene.recovers();
}

#[test]
fn a_role_is_taken_on_again_when_its_session_runs_out() {
    let scene = Scene::recorded();
    let settings = "[[accounts]]\nid = '123456789012'\nrole = 'HaechiAudit'\nexternal-id = 'x'\n";
    std::fs::write(scene.haechi.folder().join("haechi.toml"), settings).expect("the settings are written");
    scene.aws.set(Mood::Expires);
    let report = scene.haechi.json(&RECORD, 0);
    assert_eq!((&report["items"]["same"], &report["listings"]["failed"]), (&RESOURCES.into(), &0.into()), "{report}");
    assert!(scene.aws.sessions() >= 2, "{} sessions", scene.aws.sessions());
    scene.stands();
}

#[test]
fn a_listing_that_denies_is_named_with_the_action() {
    let scene = Scene::recorded();
    let (report, _) = scene.while_in(Mood::Denies);
    assert!(report["listings"]["reasons"].to_string().contains("ec2:DescribeVpcs"), "{report}");
    scene.recovers();
}

#[test]
fn an_empty_complete_listing_does_delete() {
    let scene = Scene::recorded();
    scene.aws.set(Mood::Empty);
    let report = scene.haechi.json(&RECORD, 0);
    assert_eq!(report["items"]["deleted"], RESOURCES, "{report}");
    scene.aws.set(Mood::Good);
    let report = scene.haechi.json(&RECORD, 0);
    assert_eq!(report["items"]["new"], RESOURCES, "{report}");
}

#[test]
fn two_recorders_take_turns_or_say_so() {
    let scene = Scene::recorded();
    scene.aws.set(Mood::Slow);
    let start = || {
        let mut command = scene.haechi.command(&RECORD);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs")
    };
    let both: Vec<_> = [start(), start()].into_iter().map(|child| child.wait_with_output().expect("it ends")).collect();
    for output in &both {
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(!words.contains("panicked"), "{words}");
        match output.status.code() {
            Some(0) => {}
            Some(2) => assert!(words.contains("another"), "{words}"),
            other => panic!("{other:?} {words}"),
        }
    }
    assert!(both.iter().any(|output| output.status.success()));
    scene.stands();
    scene.recovers();
}

#[test]
fn a_killed_recorder_loses_nothing_and_is_gone_on_with() {
    let scene = Scene::recorded();
    scene.aws.set(Mood::Slow);
    let mut child = scene.haechi.command(&RECORD).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
    scene.aws.wait_for_calls(2);
    child.kill().expect("it is killed");
    child.wait().expect("it ends");
    scene.stands();
    scene.aws.set(Mood::Good);
    let report = scene.haechi.json(&[&RECORD[..], &["--resume"]].concat(), 0);
    let listings = &report["listings"];
    let told = listings["complete"].as_u64().unwrap_or_default() + listings["resumed"].as_u64().unwrap_or_default();
    assert_eq!((told, &report["items"]["deleted"]), (2, &0.into()), "{report}");
    scene.stands();
    // A run that came to its end is not gone on with.
    let output = scene.haechi.run(&[&RECORD[..], &["--resume"]].concat(), 2);
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing to resume"));
}

/// A disk that takes no more: the shell's limit on the size of a file stands in for it.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_costs_nothing() {
    let aws = FakeAws::start();
    let haechi = Haechi::at(&aws.endpoint);
    // A store of two keys, so that there is something to lose.
    let keys = ["record", "--region", "us-east-1", "--type", "AWS::KMS::Key", "--no-judge", "--format", "json"];
    haechi.run(&keys, 0);
    let store = haechi.folder().join("haechi.db");
    let size = |path: &std::path::Path| std::fs::metadata(path).map(|data| data.len()).unwrap_or_default();
    // Blocks of 512 bytes; no room for more than a few pages.
    let blocks = size(&store) / 512 + 8;
    let program = env!("CARGO_BIN_EXE_haechi");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec {program} {}", RECORD.join(" "));
    aws.set(Mood::Many);
    let mut command = haechi.command(&[]);
    let environment: Vec<_> =
        command.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
    command = std::process::Command::new("sh");
    command.args(["-c", &script]).current_dir(haechi.folder()).env_clear();
    for (name, value) in environment {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    let output = command.output().expect("the shell runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(!words.contains("panicked") && words.contains("error:"), "{words}");
    let report = haechi.json(&RECORD, 0);
    assert_eq!((&report["items"]["deleted"], &report["listings"]["complete"]), (&0.into(), &2.into()), "{report}");
}

/// The clock of the program alone is set back: the kernel and the mock keep theirs.
#[cfg(target_os = "linux")]
#[test]
fn a_clock_that_jumps_back_writes_nothing_into_the_past() {
    let Some(library) = std::env::var_os("HAECHI_FAKETIME") else {
        println!("skipped: HAECHI_FAKETIME is not set (./test sets it)");
        return;
    };
    let scene = Scene::recorded();
    let moments = "SELECT DISTINCT capturedAt FROM versions";
    // As times: texts of them do not sort, since a fraction may end early.
    let versions = || -> (Timestamp, Timestamp, usize) {
        let answer = scene.haechi.json(&["query", moments, "--format", "json"], 0);
        let rows = answer["rows"].as_array().expect("rows").iter();
        let mut times: Vec<Timestamp> =
            rows.map(|row| Timestamp::parse(row["capturedAt"].as_str().expect("a time")).expect("a time")).collect();
        times.sort_unstable();
        (times[0], times[times.len() - 1], times.len())
    };
    let before = versions();
    let behind = |arguments: &[&str]| {
        let mut command = scene.haechi.command(arguments);
        let output = command.env("LD_PRELOAD", &library).env("FAKETIME", "-2d").output().expect("the program runs");
        let words = String::from_utf8(output.stderr).expect("stderr is UTF-8");
        assert!(output.status.success() && !words.contains("panicked"), "{words}");
        (serde_json::from_slice::<Value>(&output.stdout).expect("JSON"), words)
    };
    // Nothing changed: nothing is written, and the user is told.
    let (report, words) = behind(&RECORD);
    assert_eq!((&report["items"]["same"], &report["items"]["deleted"]), (&RESOURCES.into(), &0.into()), "{report}");
    assert!(words.contains("warning:") && words.contains("clock"), "{words}");
    scene.stands();
    assert_eq!(versions(), before);
    // What is gone now is gone after it was there, not two days before.
    scene.aws.set(Mood::Empty);
    let (report, _) = behind(&RECORD);
    assert_eq!(report["items"]["deleted"], RESOURCES, "{report}");
    let after = versions();
    assert_eq!(after.0, before.0);
    assert!(after.1 > before.1, "{after:?} {before:?}");
    // And what is back is back, whichever clock says so; a clock that is right again is not spoken of.
    scene.aws.set(Mood::Good);
    let (report, _) = behind(&RECORD);
    assert_eq!(report["items"]["new"], RESOURCES, "{report}");
    let output = scene.haechi.run(&RECORD, 0);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("clock"));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["items"]["same"], RESOURCES, "{report}");
}
