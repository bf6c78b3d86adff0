//! Everything that can be wrong with a file: what is told, and that all else is read.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::body::{Body, Halt, Listener, Part, Unfit};
use super::window::Place;
use super::*;

#[derive(Default)]
struct Kept {
    ids: Vec<String>,
    coverage: Vec<Coverage>,
    /// Batches after which the sink is full.
    room: Option<usize>,
}

impl Sink for Kept {
    fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        if let Some(room) = &mut self.room {
            *room = room.checked_sub(1).ok_or("the disk is full")?;
        }
        self.ids.extend(batch.iter().map(|item| item.key().resource_id.to_string()));
        Ok(())
    }
    fn coverage(&mut self, line: Coverage) -> Result<(), SinkError> {
        self.coverage.push(line);
        Ok(())
    }
}

const SMALL: Limits = Limits { item: 4000, inflated: 50 << 20, ratio: 100, ratio_from: 1 << 20 };

fn read_with(name: &str, bytes: &[u8], limits: Limits) -> (ImportSummary, Kept) {
    let (mut kept, extended) = (Kept::default(), Extended::default());
    let mut progress = |_: &ImportProgress| {};
    let mut run = Run::new(&extended, &mut kept, &mut progress, &Stop::default());
    run.limits = limits;
    let summary = run.all(&[(Source::Bytes { name, bytes }, bytes.len() as u64)]).unwrap();
    assert_eq!(summary.items, kept.ids.len() as u64);
    (summary, kept)
}

fn item(id: &str) -> Value {
    json!({"configurationItemVersion": "1.3", "awsAccountId": "123456789012", "awsRegion": "us-east-1",
        "resourceType": "AWS::SQS::Queue", "resourceId": id, "configurationItemStatus": "OK",
        "configurationItemCaptureTime": "2026-01-01T00:00:00.000Z", "configuration": {"name": id}})
}

fn snapshot(items: &[&str]) -> String {
    format!("{{\"fileVersion\":\"1.0\",\"configSnapshotId\":\"x\",\"configurationItems\":[{}]}}", items.join(","))
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// Line, column, item and words of a fault.
type Fault = (Option<u64>, Option<u64>, Option<u64>, &'static str);

/// These items come out, and these faults are told.
#[track_caller]
fn check(bytes: impl AsRef<[u8]>, ids: &[&str], faults: &[Fault]) {
    let (summary, kept) = read_with("file.json", bytes.as_ref(), SMALL);
    assert_eq!(kept.ids, ids, "{:?}", summary.unreadable);
    let told: Vec<_> = summary.unreadable.iter().map(|it| (it.line, it.column, it.item, it.reason.as_str())).collect();
    assert_eq!(told.len(), faults.len(), "{told:?}");
    for ((line, column, item, words), told) in faults.iter().zip(&told) {
        assert_eq!((line, column, item), (&told.0, &told.1, &told.2), "{told:?}");
        assert!(told.3.contains(words), "`{}` lacks `{words}`", told.3);
    }
    assert!(faults.is_empty() || !kept.coverage.iter().any(Coverage::is_complete), "{:?}", kept.coverage);
}

#[test]
fn every_form_of_file() {
    let (a, b) = (item("a").to_string(), item("b").to_string());
    let pretty = serde_json::to_string_pretty(&json!({"configurationItems": [item("a"), item("b")]})).unwrap();
    let api = json!({"configurationItems": [{"version": "1.3", "accountId": "123456789012", "awsRegion": "us-east-1",
        "resourceType": "AWS::SQS::Queue", "resourceId": "a", "configurationItemStatus": "OK",
        "configurationItemCaptureTime": 1767225600.5, "configuration": "{\"name\":\"a\"}"}], "nextToken": "t"});
    let api = api.to_string().replace("1767225600.5", "\"2026-01-01T00:00:00+00:00\"");
    let notification = format!(
        "{{\"configurationItemDiff\":null,\"configurationItem\":{a},\"messageType\":\"ConfigurationItemChangeNotification\"}}"
    );
    for (text, ids) in [
        (snapshot(&[&a, &b]), vec!["a", "b"]),
        (snapshot(&[]), vec![]),
        (format!("\u{feff}{}", snapshot(&[&a])), vec!["a"]),
        (pretty.clone(), vec!["a", "b"]),
        (pretty.replace('\n', "\r\n"), vec!["a", "b"]),
        (api, vec!["a"]),
        (notification.clone(), vec!["a"]),
        (format!("{{\"source\":\"aws.config\",\"detail\":{notification}}}"), vec!["a"]),
        (format!("[{a},{b}]"), vec!["a", "b"]),
        (a.clone(), vec!["a"]),
        (format!("{a}\n{b}\n"), vec!["a", "b"]),
        (format!("{notification}\n{b}\n{}", snapshot(&[&a])), vec!["a", "b", "a"]),
        (snapshot(&[&a]) + " \r\n\t\n", vec!["a"]),
    ] {
        check(&text, &ids, &[]);
        check(zipped(text.as_bytes()), &ids, &[]);
        let halves = text.split_at(text.floor_char_boundary(text.len() / 2));
        check([zipped(halves.0.as_bytes()), zipped(halves.1.as_bytes())].concat(), &ids, &[]);
    }
}

#[test]
fn one_bad_item_costs_one_item() {
    let (a, b) = (item("a").to_string(), item("b").to_string());
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
    let large = item(&"x".repeat(5000)).to_string();
    for (bad, column, words) in [
        (r#"{"a": }"#, 7, "expected value"),
        (r#"{"resourceType": 1, "resourceType": 2}"#, 34, "stands twice"),
        (r#"{"awsAccountId": "1"}"#, 1, "no `resourceType`"),
        (r#"{"a": [1, 2}"#, 12, "expected"),
        (r#"{"a": 1]}"#, 8, "expected"),
        (deep.as_str(), 133, "nested deeper than 128"),
        (large.as_str(), 1, "larger than"),
        ("17", 1, "a configuration item (a JSON object)"),
        ("\"\\\"}]\"", 5, "a configuration item"),
        ("nul", 3, "cut off"),
    ] {
        let text = snapshot(&[&a, bad, &b]);
        let place = snapshot(&[&a]).len() as u64 - 2 + 1;
        let (summary, kept) = read_with("x.json", text.as_bytes(), SMALL);
        let told: Vec<_> = summary.unreadable.iter().map(|it| (it.line, it.item, it.reason.as_str())).collect();
        assert_eq!(kept.ids, ["a", "b"], "{bad:.40} {told:?}");
        assert_eq!(told.len(), 1, "{bad:.40} {told:?}");
        assert_eq!((told[0].0, told[0].1), (Some(1), Some(1)));
        assert!(told[0].2.contains(words), "{bad:.40}: `{}` lacks `{words}`", told[0].2);
        let at = summary.unreadable[0].column.unwrap() - place;
        assert!(at.abs_diff(column) <= 6, "{bad:.40}: column {at}, not {column}");
    }
}

#[test]
fn quotes_and_brackets_that_are_missing_do_not_swallow_the_neighbours() {
    let (a, b, c) = (item("a").to_string(), item("b").to_string(), item("c").to_string());
    // A quote is missing: from there on text and structure are swapped.
    let quote = b.replacen("\"awsRegion\":\"us-east-1\"", "\"awsRegion\":\"us-east-1", 1);
    let brace = b.strip_suffix('}').unwrap().to_owned();
    for bad in [quote, brace, b.replacen("\"name\":", "\"name\":[", 1)] {
        let text = snapshot(&[&a, &bad, &c]);
        let (summary, kept) = read_with("x.json", text.as_bytes(), SMALL);
        assert_eq!(kept.ids, ["a", "c"], "{bad} {:?}", summary.unreadable);
        assert!(!summary.unreadable.is_empty() && summary.unreadable.len() <= 2, "{:?}", summary.unreadable);
        let lines = format!("{a}\n{bad}\n{c}\n");
        let (summary, kept) = read_with("x.json", lines.as_bytes(), SMALL);
        assert_eq!(kept.ids, ["a", "c"], "{bad} {:?}", summary.unreadable);
        assert_eq!(summary.unreadable[0].line, Some(2));
    }
    let cut = format!("{a}\n{}\n{c}\n", &b[..b.len() / 2]);
    check(cut, &["a", "c"], &[(Some(2), Some(b.len() as u64 / 2), Some(1), "cut off")]);
}

#[test]
fn places_count_lines_and_bytes() {
    let text = "{\n \"configurationItems\": [\n  {\"resourceType\": \"é\"},\n  {\"a\": 1,\n   \"b\": x}\n ]\n}";
    check(
        text,
        &[],
        &[(Some(3), Some(3), Some(0), "is not a resource type"), (Some(5), Some(9), Some(1), "expected value")],
    );
}

#[test]
fn files_that_are_cut_off_or_longer_than_they_should_be() {
    let (a, b) = (item("a").to_string(), item("b").to_string());
    let whole = snapshot(&[&a, &b]);
    let end = |text: &str| Some(text.len() as u64 + 1);
    let one = Some(1);
    check(&whole[..whole.len() - 30], &["a"], &[(one, end(&whole[..whole.len() - 30]).map(|c| c - 1), one, "cut off")]);
    check(&whole[..whole.len() - 2], &["a", "b"], &[(one, end(&whole[..whole.len() - 2]), None, "inside a list")]);
    check(&whole[..whole.len() - 1], &["a", "b"], &[(one, end(&whole[..whole.len() - 1]), None, "inside an object")]);
    check(format!("{whole}xyz"), &["a", "b"], &[(one, end(&whole), None, "after the end")]);
    check(format!("{whole}\0\0"), &["a", "b"], &[(one, end(&whole), None, "after the end")]);
    check(format!("{whole}{{\"x\": 1}}"), &["a", "b"], &[(one, end(&whole), None, "not a configuration item")]);
    let zip = zipped(whole.as_bytes());
    let (summary, _) = read_with("x.json.gz", &zip[..zip.len() - 12], SMALL);
    assert!(summary.unreadable.iter().any(|it| it.reason.contains("gzip data is cut off")), "{summary:?}");
    let (summary, kept) = read_with("x.json.gz", &[&zip[..], b"trailing rubbish"].concat(), SMALL);
    assert_eq!(kept.ids, ["a", "b"]);
    assert!(summary.unreadable[0].reason.contains("gzip data is damaged"), "{summary:?}");
}

#[test]
fn faults_beside_the_items_are_told_too() {
    let a = item("a").to_string();
    let twice = snapshot(&[&a]).replace("]}", "],\"configurationItems\":[1]}");
    let (summary, kept) = read_with("x.json", twice.as_bytes(), SMALL);
    assert_eq!(kept.ids, ["a"]);
    assert!(summary.unreadable[0].reason.contains("`configurationItems` stands twice"));
    let wrong = |text: Vec<u8>, words: &str| {
        let (summary, kept) = read_with("x.json", &text, SMALL);
        assert_eq!(kept.ids, ["a"], "{summary:?}");
        assert!(summary.unreadable[0].reason.contains(words), "{summary:?}");
    };
    let behind = |tail: &[u8]| [format!("{{\"configurationItems\":[{a}],").as_bytes(), tail].concat();
    wrong(behind(b"\"\xff\":1}"), "a key is not UTF-8");
    wrong(behind(b"\"x\":\"\xff\"}"), "not JSON");
    wrong(behind(b"\"x\":tru}"), "not JSON");
    wrong(behind(b"x}"), "expected a key");
    wrong(behind(b"\"haechi\":{\"coverage\":[{\"state\":\"complete\"}]}}"), "`haechi.coverage`");
    wrong(behind(b"\"haechi\":{\"coverage\":["), "cut off");
    wrong(format!("{{\"configurationItems\":[{a},]}}").into_bytes(), "expected a value after `,`");
    wrong(format!("{{\"configurationItems\":[}}:{a}]}}").into_bytes(), "expected a value");
    let bytes = [b"{\"configurationItems\":[{\"resourceType\":\"\xff\xfe\"},", a.as_bytes(), b"]}"].concat();
    wrong(bytes, "unicode");
}

#[test]
fn what_is_no_file_of_config_is_skipped_and_said() {
    for (bytes, reason) in [
        (&b""[..], "the file is empty"),
        (b" \n", "the file is empty"),
        (b"\xEF\xBB\xBF", "the file is empty"),
        (b"hello", "not JSON"),
        (b"\xFF\xFE{\0", "UTF-16"),
        (b"17", "not JSON"),
        (b"{}", "JSON without configuration items"),
        (b"[]", "JSON without configuration items"),
        (b"[1, \"x\", {}]", "JSON without configuration items"),
        (b"{\"a\": {\"configurationItems\": []}}", "JSON without configuration items"),
        (b"{\"configurationItems\": null}", "JSON without configuration items"),
        (b"{\"Records\": [{\"eventVersion\": \"1.08\"}]}", "a log"),
        (b"{\"messageType\": \"ComplianceChangeNotification\"}", "a message `ComplianceChangeNotification`"),
    ] {
        let (summary, _) = read_with("x.json", bytes, SMALL);
        assert_eq!((summary.files, &summary.unreadable), (0, &Vec::new()), "{bytes:?}");
        assert!(summary.skipped[0].reason.contains(reason), "{:?} lacks {reason}", summary.skipped);
    }
}

#[test]
fn a_gzip_bomb_is_put_down() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(format!("{{\"configurationItems\":[{},\"", item("a")).as_bytes()).unwrap();
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..200 {
        bomb.write_all(&zeros).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    for (limits, words) in [
        (SMALL, "more than 100 times its size"),
        (Limits { ratio: u64::MAX, inflated: 10 << 20, ..SMALL }, "more than 10485760 bytes"),
    ] {
        let began = Instant::now();
        let (summary, kept) = read_with("bomb.json.gz", &bomb, limits);
        assert_eq!(kept.ids, ["a"], "what was read before is kept");
        assert!(summary.unreadable.iter().any(|it| it.reason.contains(words)), "{:?}", summary.unreadable);
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn many_small_items_and_many_faults_are_quick() {
    let began = Instant::now();
    let small = item("a").to_string();
    let text = snapshot(&vec![small.as_str(); 100_000]);
    assert_eq!(read_with("x.json", text.as_bytes(), Limits::default()).0.items, 100_000);
    for hostile in
        ["}".repeat(3 << 20), "{\"a\":\"x,".repeat(200_000), "{\"a\":1}".repeat(200_000), "[{".repeat(1 << 20)]
    {
        let text = format!("{{\"configurationItems\":[{hostile}");
        let (summary, _) = read_with("x.json", text.as_bytes(), Limits::default());
        assert!(!summary.unreadable.is_empty() && summary.unreadable.len() <= 101);
    }
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[test]
fn a_fault_makes_the_coverage_of_its_file_incomplete() {
    let (a, b) = (item("a").to_string(), item("b").to_string());
    let line = |bytes: &str| read_with("x.json", bytes.as_bytes(), SMALL).1.coverage;
    assert_eq!(line(&format!("{{\"configurationItems\":[{a}]}}")), [], "a history file says nothing");
    let good = line(&snapshot(&[&a, &b]));
    assert_eq!((good.len(), good[0].resources, good[0].is_complete()), (1, 2, true));
    let bad = line(&snapshot(&[&a, "{}"]));
    assert!(
        matches!(&bad[0].state, haechi_model::CoverageState::Failed { gap } if gap.code == "Unreadable"),
        "{bad:?}"
    );
    // The same line in two files: the worse counts.
    let (mut kept, extended) = (Kept::default(), Extended::default());
    let files = [("1.json", snapshot(&[&a])), ("2.json", snapshot(&[&a, "{}"])), ("3.json", snapshot(&[&a, &b]))];
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    import_embedded(&files, &extended, &mut kept, &mut |_| {}, &Stop::default()).unwrap();
    assert_eq!((kept.coverage.len(), kept.coverage[0].resources, kept.coverage[0].is_complete()), (1, 2, false));
}

#[test]
fn folders_are_walked_in_order_and_links_do_not_loop() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("b/c")).unwrap();
    fs::write(at("b/c/2.json"), snapshot(&[&item("2").to_string()])).unwrap();
    fs::write(at("b/1.json.gz"), zipped(snapshot(&[&item("1").to_string()]).as_bytes())).unwrap();
    fs::write(at("d.JSON"), item("3").to_string()).unwrap();
    fs::write(at("a.txt"), item("4").to_string()).unwrap();
    fs::write(at(".hidden.json"), item("5").to_string()).unwrap();
    fs::write(at("ConfigWritabilityCheckFile"), "").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path(), at("b/loop")).unwrap();
        std::os::unix::fs::symlink(at("d.JSON"), at("e.json")).unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at("f.json")).unwrap();
    }
    let mut kept = Kept::default();
    let mut last = ImportProgress::default();
    let paths = [folder.path().to_owned(), at("absent.json"), at("a.txt")];
    let summary =
        import(&paths, &Extended::default(), &mut kept, &mut |now| last = now.clone(), &Stop::default()).unwrap();
    assert_eq!(kept.ids, ["1", "2", "3", "4"]);
    assert_eq!((last.files, last.items, last.bytes), (4, 4, last.bytes_total));
    assert_eq!((last.files_total, summary.files, summary.hidden), (4, 4, 1));
    let names = |list: &[Unreadable]| -> Vec<PathBuf> {
        list.iter().map(|it| it.path.strip_prefix(folder.path()).unwrap().to_owned()).collect()
    };
    let links = cfg!(unix);
    assert_eq!(names(&summary.unreadable).contains(&"f.json".into()), links);
    assert!(names(&summary.unreadable).contains(&"absent.json".into()), "{:?}", summary.unreadable);
    assert!(names(&summary.skipped).contains(&"ConfigWritabilityCheckFile".into()), "{:?}", summary.skipped);
    assert_eq!(names(&summary.skipped).contains(&"e.json".into()), links);
}

#[test]
fn a_full_sink_and_the_user_end_an_import() {
    let text = snapshot(&vec![item("a").to_string().as_str(); 1000]);
    let extended = Extended::default();
    let mut full = Kept { room: Some(2), ..Kept::default() };
    let error = import_bytes("x", text.as_bytes(), &extended, &mut full, &mut |_| {}, &Stop::default()).unwrap_err();
    assert_eq!((error.to_string().as_str(), full.ids.len()), ("the disk is full", 2 * IMPORT_BATCH));
    let (mut kept, stop) = (Kept::default(), Stop::default());
    let mut progress = |now: &ImportProgress| {
        if now.items > 0 {
            stop.stop()
        }
    };
    let summary = import_bytes("x", text.as_bytes(), &extended, &mut kept, &mut progress, &stop).unwrap();
    assert!(summary.interrupted && summary.unreadable.is_empty());
    assert_eq!(kept.ids.len() as u64, summary.items);
    assert!((256..1000).contains(&summary.items) && !kept.coverage[0].is_complete());
}

/// Gives bytes in pieces of chosen lengths, again and again.
struct Pieces<'b> {
    rest: &'b [u8],
    lengths: Vec<usize>,
    turn: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.lengths[self.turn % self.lengths.len()].clamp(1, buffer.len()).min(self.rest.len());
        self.turn += 1;
        buffer[..length].copy_from_slice(&self.rest[..length]);
        self.rest = &self.rest[length..];
        Ok(length)
    }
}

/// Writes down all it hears.
#[derive(Default, PartialEq, Debug)]
struct Heard(Vec<(Option<Part>, Vec<u8>, Place)>);

impl Listener for Heard {
    fn value(&mut self, part: Part, text: &[u8], start: Place) -> Result<Result<(), Unfit>, Halt> {
        self.0.push((Some(part), text.to_owned(), start));
        Ok(serde_json::from_slice::<Value>(text).map(|_| ()).map_err(|_| Unfit(0)))
    }
    fn wrong(&mut self, part: Option<Part>, what: &str, at: Place) -> Result<(), Halt> {
        self.0.push((part, what.as_bytes().to_owned(), at));
        Ok(())
    }
    fn list(&mut self, part: Part) -> Result<(), Halt> {
        self.0.push((Some(part), Vec::new(), Place { line: 0, column: 0 }));
        Ok(())
    }
    fn foreign(&mut self, what: &'static str) {
        self.0.push((None, what.as_bytes().to_owned(), Place { line: 0, column: 0 }));
    }
}

fn heard(bytes: &[u8], lengths: Vec<usize>) -> Heard {
    let mut heard = Heard::default();
    let _ = Body::new(Pieces { rest: bytes, lengths, turn: 0 }, 300, &mut heard).walk();
    heard
}

/// Files good and bad: pieces of JSON in any order, now and then a well-formed snapshot around them.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\n",
        " ",
        "1",
        "true",
        "\"a\"",
        "\"configurationItems\":[",
        "\u{feff}",
        "\"configurationItem\":{",
        "{\"resourceType\":\"x\",\"b\":[1]}",
        "\"haechi\":{\"coverage\":[",
        "\"detail\":{",
        "\"configSnapshotId\":\"x\",",
        "{\"resourceType\":\"y}",
        "é",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ]);
    (prop::collection::vec(word, 0..40), any::<bool>()).prop_map(|words| {
        let inner = words.0.concat();
        if words.1 { format!("{{\"configurationItems\":[{{\"a\":1}},{inner}]}}") } else { inner }.into_bytes()
    })
}

proptest! {
    #[test]
    fn how_a_file_arrives_changes_nothing(bytes in file(), lengths in prop::collection::vec(1usize..50, 1..4)) {
        prop_assert_eq!(heard(&bytes, lengths), heard(&bytes, vec![usize::MAX]));
    }

    #[test]
    fn well_formed_lists_are_split_as_serde_json_splits_them(
        texts in prop::collection::vec("\\PC{0,20}", 0..10), pretty in any::<bool>(), length in 1usize..40,
    ) {
        let items: Vec<_> = texts.iter().map(|text| json!({text.as_str(): [text, {"x": text}]})).collect();
        let body = json!({"configurationItems": items});
        let text = if pretty { serde_json::to_string_pretty(&body).unwrap() } else { body.to_string() };
        let found: Vec<Value> = heard(text.as_bytes(), vec![length]).0.iter()
            .filter(|(part, text, _)| *part == Some(Part::Item) && !text.is_empty())
            .map(|(_, text, _)| serde_json::from_slice(text).unwrap()).collect();
        prop_assert_eq!(found, items);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..2000, at in 0usize..2000, by: u8) {
        read_with("x.json", &bytes, SMALL);
        let mut text = snapshot(&[&item("a").to_string(), &item("b").to_string(), &item("c").to_string()]).into_bytes();
        text.truncate(cut.max(10));
        if let Some(byte) = text.get_mut(at) {
            *byte = by;
        }
        read_with("x.json", &text, SMALL);
        let mut zip = zipped(&text);
        if let Some(byte) = zip.get_mut(at) {
            *byte = by;
        }
        read_with("x.json.gz", &zip, SMALL);
    }
}
