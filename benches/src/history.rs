//! Bytes of a history: 100,000 items recorded once a day for 30 days with 1 % daily change, against the same
//! as gzipped AWS Config files (one snapshot, then history files: per account, region and type every six hours).
//!
//! `cargo run --release -p haechi-benches --bin bench-history [ITEMS] [DAYS] [STORE]`: items default to 100,000, days to 30;
//! the store is kept when it is named.
//! Items are those of the example organization, repeated with ids, names, addresses and times of their own.

use std::collections::{BTreeMap, HashSet};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use haechi_model::{AccountId, ConfigurationItem, Coverage, CoverageState, Region, ResourceType, Timestamp};
use haechi_store::{RunInfo, RunKind, Store};
use serde_json::{Value, json};

/// A listing: what AWS Config writes one history file for, and the recorder one coverage.
type Place = (AccountId, Region, ResourceType);

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let items: usize = words.next().map_or(Ok(100_000), |word| word.parse()).context("ITEMS is a number")?;
    let days: usize = words.next().map_or(Ok(30), |word| word.parse()).context("DAYS is a number")?;
    let begun = Timestamp::parse("2026-10-01T00:00:00Z")?;
    let mut state = Organization::new(items, begun)?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("haechi.db");
    let path = words.next().map_or(path, Into::into);
    let mut store = Store::open(&path)?;
    let bytes: usize = state.texts.iter().map(String::len).sum();
    println!("{} items, {:.1} MB of JSON", state.texts.len(), bytes as f64 / 1e6);

    let all: Vec<usize> = (0..state.texts.len()).collect();
    let mut archive = Archive::default();
    archive.snapshot(&state, &all)?;
    let snapshot = archive.bytes;
    let (first, took) = record(&mut store, &state, begun)?;
    println!("first pass: {:.1} MB written in {took:.1?}; file {:.1} MB", first as f64 / 1e6, size(&path)?);
    let (again, took) = record(&mut store, &state, begun.plus_micros(HOUR))?;
    println!("the same again: {:.3} MB written in {took:.1?}", again as f64 / 1e6);

    let mut written = Vec::new();
    for day in 1..=days {
        // As AWS Config writes: the changes of six hours in one file a type.
        for quarter in 0..4 {
            let at = begun.plus_days(day as i64).plus_micros(quarter * 6 * HOUR);
            let changed = state.change(items / 400, at);
            archive.history(&state, &changed)?;
        }
        let (bytes, _) = record(&mut store, &state, begun.plus_days(day as i64 + 1).plus_micros(-HOUR))?;
        written.push(bytes);
    }
    written.sort_unstable();
    let median = written.get(written.len() / 2).copied().unwrap_or_default();
    println!(
        "a pass with 1 % changed: {:.2} MB written (median of {days}); {:.1} % of the first",
        median as f64 / 1e6,
        median as f64 / first as f64 * 100.0
    );
    let wrong = store.check()?;
    anyhow::ensure!(wrong.is_empty(), "the store is not sound: {wrong:?}");
    drop(store);
    let (ours, theirs) = (size(&path)?, archive.bytes as f64 / 1e6);
    println!(
        "gzipped Config files: {:.1} MB snapshot + {:.1} MB history ({} files)",
        snapshot as f64 / 1e6,
        theirs - snapshot as f64 / 1e6,
        archive.files
    );
    println!(
        "on disk after {days} days: store {ours:.1} MB, gzipped Config files {theirs:.1} MB: x{:.2}",
        ours / theirs
    );
    Ok(())
}

const HOUR: i64 = 3_600_000_000;

/// The file and its write-ahead log, in megabytes.
fn size(path: &Path) -> Result<f64> {
    let mut bytes = 0;
    for ending in ["", "-wal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        bytes += std::fs::metadata(&name).map_or(0, |found| found.len());
    }
    Ok(bytes as f64 / 1e6)
}

/// Bytes that this process has handed to the system to write.
fn handed_over() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/io")?;
    let line = text.lines().find_map(|line| line.strip_prefix("wchar: "));
    Ok(line.context("/proc/self/io has no wchar")?.parse()?)
}

/// One pass of the recorder: every item, then the end of every listing.
fn record(store: &mut Store, state: &Organization, at: Timestamp) -> Result<(u64, Duration)> {
    let (begun, before) = (Instant::now(), handed_over()?);
    let mut run = store.begin_run(RunInfo {
        started: at,
        kind: RunKind::Record,
        organization: Some("o-example".into()),
        sources: vec!["live".into()],
        filters: BTreeMap::new(),
        program_version: "0".into(),
    })?;
    for (place, numbers) in &state.places {
        let mut seen = HashSet::new();
        for numbers in numbers.chunks(500) {
            let items = numbers
                .iter()
                .map(|number| {
                    let text = stamped(&state.texts[*number], at);
                    ConfigurationItem::parse(text.as_bytes())
                })
                .collect::<Result<Vec<_>, _>>()?;
            run.put_items(&items, at)?;
        }
        seen.extend(numbers.iter().map(|number| &*state.ids[*number]));
        let (account_id, region, resource_type) = place.clone();
        let resources = numbers.len() as u64;
        let coverage = Coverage { account_id, region, resource_type, state: CoverageState::Complete, resources };
        run.finish_listing(&coverage, &seen, at)?;
    }
    run.commit(at)?;
    Ok((handed_over()? - before, begun.elapsed()))
}

/// Stands in an item's text for the time at which it is captured.
const CAPTURED: &str = "CAPTURE-TIME";
/// And this for AWS Config's number of that state: the same in milliseconds.
const STATE: &str = "STATE-ID";

fn stamped(text: &str, at: Timestamp) -> String {
    text.replace(CAPTURED, &at.to_string()).replace("\"STATE-ID\"", &(at.as_micros() / 1000).to_string())
}

struct Organization {
    texts: Vec<String>,
    ids: Vec<String>,
    values: Vec<Value>,
    places: BTreeMap<Place, Vec<usize>>,
    captured: Vec<Timestamp>,
    random: Random,
}

impl Organization {
    fn new(wanted: usize, begun: Timestamp) -> Result<Self> {
        let mut originals = Vec::new();
        read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/organization"), &mut originals)?;
        // One of a kind in an account: these cannot be repeated.
        let single = ["AWS::::Account", "AWS::S3::AccountPublicAccessBlock", "AWS::Config::ConfigurationRecorder"];
        originals.retain(|item| !single.iter().any(|kind| item["resourceType"] == *kind));
        anyhow::ensure!(!originals.is_empty(), "examples/organization is empty");
        let (mut texts, mut ids, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let mut places: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
        for number in 0..wanted {
            let (round, original) = (number / originals.len(), &originals[number % originals.len()]);
            let copy = renamed(&original.to_string(), round as u64);
            let mut value: Value = serde_json::from_str(&copy).with_context(|| copy.clone())?;
            if value["resourceId"] == original["resourceId"] {
                // A name that people gave: each copy has its own.
                let old = value["resourceId"].as_str().context("an id is text")?.to_owned();
                let copy = value.to_string().replace(&old, &format!("{old}-{round}"));
                value = serde_json::from_str(&copy).with_context(|| copy.clone())?;
            }
            value["configurationItemCaptureTime"] = CAPTURED.into();
            value["configurationStateId"] = STATE.into();
            let item = ConfigurationItem::parse(stamped(&value.to_string(), begun).as_bytes())?;
            let key = item.key().clone();
            places.entry((key.account_id, key.region, key.resource_type)).or_default().push(number);
            ids.push(key.resource_id.to_string());
            texts.push(value.to_string());
            values.push(value);
        }
        Ok(Self { captured: vec![begun; texts.len()], texts, ids, values, places, random: Random(7) })
    }

    /// Changes some items: a tag that people set, or any leaf of the configuration.
    fn change(&mut self, number: usize, at: Timestamp) -> Vec<usize> {
        let mut changed = HashSet::new();
        while changed.len() < number {
            let which = self.random.below(self.texts.len());
            if !changed.insert(which) {
                continue;
            }
            let word = format!("{:08x}", self.random.next() as u32);
            if self.random.below(2) == 0 {
                self.values[which]["tags"]["deployment"] = word.into();
            } else {
                let mut leaves = Vec::new();
                leaves_of(&self.values[which]["configuration"], String::new(), &mut leaves);
                let leaf = leaves.get(self.random.below(leaves.len().max(1))).cloned().unwrap_or_default();
                if let Some(value) = self.values[which]["configuration"].pointer_mut(&leaf) {
                    *value = match value {
                        Value::Bool(old) => json!(!*old),
                        Value::Number(_) => json!(self.random.below(65536)),
                        _ => json!(word),
                    };
                }
            }
            self.texts[which] = self.values[which].to_string();
            self.captured[which] = at;
        }
        let mut changed: Vec<usize> = changed.into_iter().collect();
        changed.sort_unstable();
        changed
    }
}

fn leaves_of(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                leaves_of(member, format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(elements) => {
            for (number, element) in elements.iter().enumerate() {
                leaves_of(element, format!("{path}/{number}"), found);
            }
        }
        _ => found.push(path),
    }
}

/// A copy with ids, addresses and account numbers of its own; the same word becomes the same other word.
fn renamed(text: &str, round: u64) -> String {
    let mut copy = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_alphanumeric()) {
        copy.push_str(&rest[..start]);
        before = rest[..start].chars().next_back().unwrap_or(before);
        rest = &rest[start..];
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let after = rest[end..].chars().next().unwrap_or(' ');
        copy.push_str(&match (&rest[..end], before, after) {
            // The day and hour, the minutes and the seconds of a time; an address's last two parts.
            (found, '-' | ':', ':' | '.' | 'Z') if is_time(found) => time(found, round),
            (found, '.', '.' | '"' | '-') if is_small(found) => format!("{}", mixed(found, round).below(250)),
            (found, ..) => word(found, round),
        });
        rest = &rest[end..];
    }
    copy.push_str(rest);
    copy
}

fn is_small(word: &str) -> bool {
    (1..=3).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_time(word: &str) -> bool {
    let day_and_hour = word.len() == 5 && word.as_bytes()[2] == b'T';
    (word.len() == 2 || day_and_hour) && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'T')
}

fn time(word: &str, round: u64) -> String {
    let mut random = mixed(word, round);
    match word.len() {
        2 => format!("{:02}", random.below(60)),
        _ => format!("{:02}T{:02}", random.below(28) + 1, random.below(24)),
    }
}

fn mixed(word: &str, round: u64) -> Random {
    Random(word.bytes().fold(round.wrapping_mul(0x9E37_79B9_7F4A_7C15), |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    }))
}

/// Twelve digits are an account (21 of them in all); long words with digits in them are ids.
fn word(word: &str, round: u64) -> String {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let hex = word.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let shouted = word.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let account = word.len() == 12 && digits == 12;
    if account {
        let number: u64 = word.parse().unwrap_or_default();
        return format!("{:012}", number.wrapping_add(1_000_003 * (round % 7)) % 1_000_000_000_000);
    }
    let id = (hex && word.len() >= 8 && digits > 2 && digits < word.len())
        || (hex && word.len() == 4 && digits > 0 && digits < 4)
        || (shouted && word.len() >= 16 && digits > 0 && digits < word.len());
    if !id {
        return word.to_owned();
    }
    let mut random = mixed(word, round);
    let kept = if shouted { 4 } else { 1 };
    word.char_indices()
        .map(|(at, letter)| match letter {
            _ if at < kept => letter,
            _ if shouted => char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[random.below(32)]),
            _ => char::from(b"0123456789abcdef"[random.below(16)]),
        })
        .collect()
}

/// SplitMix64: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// What AWS Config would have delivered.
#[derive(Default)]
struct Archive {
    bytes: u64,
    files: u64,
}

impl Archive {
    /// One file for each account and region.
    fn snapshot(&mut self, state: &Organization, numbers: &[usize]) -> Result<()> {
        let mut files: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let wanted: HashSet<&usize> = numbers.iter().collect();
        for ((account, region, _), here) in &state.places {
            // Global resources stand in the file of the home region.
            let region = if region.as_str() == "global" { "us-east-1" } else { region.as_str() };
            files
                .entry(format!("{account}/{region}"))
                .or_default()
                .extend(here.iter().filter(|one| wanted.contains(one)));
        }
        files.values().try_for_each(|numbers| self.file(state, numbers))
    }

    /// One file for each account, region and type.
    fn history(&mut self, state: &Organization, changed: &[usize]) -> Result<()> {
        let wanted: HashSet<&usize> = changed.iter().collect();
        for here in state.places.values() {
            let numbers: Vec<usize> = here.iter().filter(|one| wanted.contains(one)).copied().collect();
            if !numbers.is_empty() {
                self.file(state, &numbers)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, state: &Organization, numbers: &[usize]) -> Result<()> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(
            br#"{"fileVersion":"1.0","requestId":"6ddd5e4f-1d2c-4c8e-9c9e-0123456789ab","configurationItems":["#,
        )?;
        for (at, number) in numbers.iter().enumerate() {
            if at > 0 {
                packer.write_all(b",")?;
            }
            packer.write_all(stamped(&state.texts[*number], state.captured[*number]).as_bytes())?;
        }
        packer.write_all(b"]}")?;
        self.bytes += packer.finish()?.len() as u64;
        self.files += 1;
        Ok(())
    }
}

fn read_folder(folder: &Path, items: &mut Vec<Value>) -> Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            read_folder(&path, items)?;
            continue;
        }
        // Its logs lie beside them.
        if !path.to_string_lossy().contains("_ConfigSnapshot_") {
            continue;
        }
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(std::fs::File::open(&path)?).read_to_end(&mut text)?;
        let mut body: Value = serde_json::from_slice(&text)?;
        if let Value::Array(found) = body["configurationItems"].take() {
            items.extend(found);
        }
    }
    Ok(())
}
