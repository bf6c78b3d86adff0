//! `haechi query` against DuckDB, over the same items: Haechi reads its store, DuckDB the items as JSON lines.
//!
//! `HAECHI_DUCKDB_PYTHON=.../python cargo run --release -p haechi-benches --bin bench-query [ITEMS] [ROUNDS] [FOLDER]`
//! Items default to 1,000,000, rounds to 5; the folder keeps store and lines from call to call. Both sides use two
//! threads; rounds alternate; the first round of each is told apart, medians are of the others. The answers are compared.

use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use haechi_app::{App, Options, QueryRequest, SettingsFile, Stop};
use haechi_content::Language;
use haechi_model::{ConfigurationItem, Timestamp};
use haechi_report::Cell;
use haechi_store::{RunInfo, RunKind, Store};
use serde_json::{Value, json};

const THREADS: usize = 2;

/// What is asked: in words, in AWS Config's language, and in DuckDB's SQL.
struct Question {
    name: &'static str,
    ours: &'static str,
    theirs: &'static str,
}

const QUESTIONS: [Question; 5] = [
    Question {
        name: "one type among many",
        ours: "SELECT configuration.instanceType, COUNT(*) WHERE resourceType = 'AWS::EC2::Instance'
               AND configuration.state.name = 'running' GROUP BY configuration.instanceType",
        theirs:
            "SELECT configuration->>'$.instanceType', count(*) FROM {items} WHERE resourceType = 'AWS::EC2::Instance'
               AND configuration->>'$.state.name' = 'running' GROUP BY 1",
    },
    Question {
        name: "every body, a path through a list",
        ours: "SELECT resourceType, COUNT(*) WHERE relationships.resourceType = 'AWS::EC2::VPC' GROUP BY resourceType",
        theirs: "SELECT resourceType, count(*) FROM {items}
               WHERE list_contains(relationships->>'$[*].resourceType', 'AWS::EC2::VPC') GROUP BY 1",
    },
    Question {
        name: "every body, a member of each",
        ours: "SELECT availabilityZone, COUNT(*) WHERE resourceCreationTime LIKE '2024-%' GROUP BY availabilityZone",
        theirs: "SELECT availabilityZone, count(*) FROM {items}
               WHERE resourceCreationTime LIKE '2024-%' GROUP BY 1",
    },
    Question {
        name: "columns only",
        ours: "SELECT resourceType, COUNT(*) WHERE awsRegion != 'global' GROUP BY resourceType",
        theirs: "SELECT resourceType, count(*) FROM {items} WHERE awsRegion != 'global' GROUP BY 1",
    },
    Question {
        name: "one resource by its id",
        ours: "SELECT resourceType, COUNT(*) WHERE resourceId = 'example-org-trail' GROUP BY resourceType",
        theirs: "SELECT resourceType, count(*) FROM {items} WHERE resourceId = 'example-org-trail' GROUP BY 1",
    },
];

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let items: usize = words.next().map_or(Ok(1_000_000), |word| word.parse()).context("ITEMS is a number")?;
    let rounds: usize = words.next().map_or(Ok(5), |word| word.parse()).context("ROUNDS is a number")?;
    let temporary = tempfile::tempdir()?;
    let folder = words.next().map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let (lines, store) = prepared(items, &folder)?;
    let mut duckdb = DuckDb::start(&lines)?;
    let app = App::open(Options {
        store,
        content: None,
        settings: SettingsFile::default(),
        language: Language::En,
        version: "bench",
        clock: || Timestamp::from_micros(0),
    })?;
    println!("\n| question | Haechi, first | Haechi | its CPU | DuckDB, first | DuckDB | its CPU | ratio | of CPU |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for question in &QUESTIONS {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..rounds.max(2) {
            let (took, found) = ask(&app, question.ours)?;
            ours.push(took);
            let (took, wanted) = duckdb.ask(&json!({"sql": question.theirs}))?;
            theirs.push(took);
            ensure!(found == wanted, "{}: Haechi {found:?}, DuckDB {wanted:?}", question.name);
        }
        let (ours, theirs) = (Times::of(ours), Times::of(theirs));
        let ratio = |one: Duration, two: Duration| two.as_secs_f64() / one.as_secs_f64().max(0.005);
        let (wall, cpu) = (ratio(ours.median, theirs.median), ratio(ours.cpu, theirs.cpu));
        let shown = |times: &Times| {
            let [first, median, cpu] = [times.first, times.median, times.cpu].map(|time| time.as_millis());
            format!("{first} ms | {median} ms | {cpu} ms")
        };
        println!("| {} | {} | {} | {wall:.1} | {cpu:.1} |", question.name, shown(&ours), shown(&theirs));
    }
    loaded(&mut duckdb, rounds)
}

/// For comparison: DuckDB over a table of its own in memory, into which it has loaded the lines.
fn loaded(duckdb: &mut DuckDb, rounds: usize) -> Result<()> {
    let (took, _) = duckdb.ask(&json!({"load": true}))?;
    println!(
        "\nDuckDB {} loads the lines into a table in memory in {:.1?}; over that table:",
        duckdb.version, took.wall
    );
    for question in &QUESTIONS {
        let asked = json!({"sql": question.theirs, "table": true});
        let times = (0..rounds.max(2)).map(|_| Ok(duckdb.ask(&asked)?.0)).collect::<Result<Vec<_>>>()?;
        println!("  {}: {:.0?}", question.name, Times::of(times).median);
    }
    Ok(())
}

/// What one answer took: by the clock, and of the processor.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    cpu: Duration,
}

struct Times {
    first: Duration,
    median: Duration,
    cpu: Duration,
}

impl Times {
    fn of(mut costs: Vec<Cost>) -> Self {
        let first = costs.remove(0).wall;
        let median = |of: fn(&Cost) -> Duration| {
            let mut times: Vec<Duration> = costs.iter().map(of).collect();
            times.sort_unstable();
            times[times.len() / 2]
        };
        Self { first, median: median(|cost| cost.wall), cpu: median(|cost| cost.cpu) }
    }
}

/// Processor time of this process so far, as Linux keeps it: user and system, in hundredths of a second.
fn used() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).map(|field| field.parse().unwrap_or(0)).sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// Group and count, sorted.
type Rows = Vec<(Option<String>, i64)>;

fn ask(app: &App, text: &str) -> Result<(Cost, Rows)> {
    let request = QueryRequest {
        text: text.to_owned(),
        language: None,
        rows: None,
        as_of: None,
        timeout: Duration::from_secs(3600),
        threads: Some(THREADS),
    };
    let (begun, before) = (Instant::now(), used()?);
    let outcome = app.query(&request, &Stop::default())?;
    let took = Cost { wall: begun.elapsed(), cpu: used()?.saturating_sub(before) };
    let mut rows = Rows::new();
    for row in outcome.table.rows {
        let (Some(group), Some(Cell::Number(count))) = (row.first(), row.get(1)) else { anyhow::bail!("{row:?}") };
        let group = match group {
            Cell::Empty => None,
            Cell::Text(text) => Some(text.clone()),
            other => Some(format!("{other:?}")),
        };
        rows.push((group, *count));
    }
    rows.sort();
    Ok((took, rows))
}

struct DuckDb {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    child: Child,
    version: String,
}

impl DuckDb {
    fn start(lines: &Path) -> Result<Self> {
        let python = std::env::var("HAECHI_DUCKDB_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/duckdb_lines.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg(lines)
            .arg(THREADS.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("HAECHI_DUCKDB_PYTHON must name a Python that has duckdb")?;
        let (input, output) = (child.stdin.take().context("stdin")?, child.stdout.take().context("stdout")?);
        Ok(Self { input, output: BufReader::new(output), child, version: String::new() })
    }

    fn ask(&mut self, asked: &Value) -> Result<(Cost, Rows)> {
        writeln!(self.input, "{asked}")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line).context("DuckDB has answered")?;
        self.version = answer["version"].as_str().unwrap_or_default().to_owned();
        let rows = answer["rows"].as_array().into_iter().flatten();
        let mut rows: Rows =
            rows.map(|row| (row[0].as_str().map(str::to_owned), row[1].as_i64().unwrap_or_default())).collect();
        rows.sort();
        let seconds =
            |name: &str| Ok::<_, anyhow::Error>(Duration::from_secs_f64(answer[name].as_f64().context("seconds")?));
        Ok((Cost { wall: seconds("seconds")?, cpu: seconds("cpu")? }, rows))
    }
}

impl Drop for DuckDb {
    fn drop(&mut self) {
        // It ends when its input does; whatever it says then is of no interest.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines and the store, made when the folder does not have them yet.
fn prepared(items: usize, folder: &Path) -> Result<(PathBuf, PathBuf)> {
    std::fs::create_dir_all(folder)?;
    let (lines, store) = (folder.join(format!("items-{items}.jsonl")), folder.join(format!("items-{items}.db")));
    if !lines.exists() || !store.exists() {
        let begun = Instant::now();
        let partial = folder.join("partial.jsonl");
        write_lines(items, &partial)?;
        println!("{items} items written as JSON lines in {:.1?}", begun.elapsed());
        load(&partial, &store)?;
        std::fs::rename(partial, &lines)?;
    }
    let size = |path: &Path| Ok::<_, std::io::Error>(std::fs::metadata(path)?.len() as f64 / 1e6);
    println!("{items} items: {:.0} MB as JSON lines, {:.0} MB in the store", size(&lines)?, size(&store)?);
    Ok((lines, store))
}

/// The example organization's items again and again, each time with accounts, ids and addresses of their own.
fn write_lines(items: usize, path: &Path) -> Result<()> {
    let mut originals = Vec::new();
    originals_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/organization"), &mut originals)?;
    ensure!(!originals.is_empty(), "examples/organization is empty");
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    // A resource that is there already (what an account has one of) is left out.
    let (mut known, mut written) = (HashSet::new(), 0);
    for number in 0.. {
        if written == items {
            break;
        }
        let text = varied(&originals[number % originals.len()], number / originals.len());
        let item: Value = serde_json::from_str(&text)?;
        let key = ["accountId", "awsRegion", "resourceType", "resourceId"].map(|name| item[name].to_string()).concat();
        if known.insert(key) {
            out.write_all(text.as_bytes())?;
            out.write_all(b"\n")?;
            written += 1;
        }
    }
    Ok(out.flush()?)
}

fn originals_in(folder: &Path, found: &mut Vec<String>) -> Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            originals_in(&path, found)?;
            continue;
        }
        // Its logs lie beside them.
        if !path.to_string_lossy().contains("_ConfigSnapshot_") {
            continue;
        }
        let bytes = std::fs::read(&path)?;
        let mut text = String::new();
        match path.extension().is_some_and(|ending| ending == "gz") {
            true => std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(bytes.as_slice()), &mut text)?,
            false => std::io::Read::read_to_string(&mut bytes.as_slice(), &mut text)?,
        };
        let file: Value = serde_json::from_str(&text)?;
        for item in file["configurationItems"].as_array().into_iter().flatten() {
            // In the API's spelling, as the store gives it.
            found.push(ConfigurationItem::parse(item.to_string().as_bytes())?.to_value().to_string());
        }
    }
    Ok(())
}

/// Accounts that the items are spread over.
const ACCOUNTS: u64 = 20;
const CLASSES: [&str; 6] = ["t3.micro", "t3.medium", "m5.large", "m5.xlarge", "c6i.large", "r6g.2xlarge"];

/// Another resource of the same kind: its ids (17 hexadecimal digits), accounts (12 digits), name and class are its own.
fn varied(original: &str, copy: usize) -> String {
    if copy == 0 {
        return original.to_owned();
    }
    let own: Value = serde_json::from_str(original).unwrap_or_default();
    let id = own["resourceId"].as_str().unwrap_or_default();
    // What has no number in its id gets one.
    let numbered = id.split('-').any(|part| part.len() == 17) || id.len() == 12;
    let named = match numbered || id.is_empty() {
        true => original.to_owned(),
        false => original.replace(&format!("\"{id}\""), &format!("\"{id}-{copy:06}\"")),
    };
    let mut text = String::with_capacity(named.len() + 16);
    for word in named.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let hash = bare.bytes().fold(copy as u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        match bare.len() {
            17 if bare.bytes().all(|byte| byte.is_ascii_hexdigit()) => text.push_str(&format!("0{hash:016x}")),
            12 if bare.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.push_str(&format!("{:012}", 100_000_000_000 + hash % ACCOUNTS));
            }
            _ => text.push_str(bare),
        }
        text.push_str(&word[bare.len()..]);
    }
    for class in ["t3.micro", "t3.medium", "t3.large"] {
        let wanted = format!("\"instanceType\":\"{}\"", CLASSES[copy % CLASSES.len()]);
        text = text.replace(&format!("\"instanceType\":\"{class}\""), &wanted);
    }
    text
}

fn load(lines: &Path, path: &Path) -> Result<()> {
    let begun = Instant::now();
    let _ = std::fs::remove_file(path);
    let mut store = Store::open(path)?;
    let at = Timestamp::parse("2026-11-22T00:00:00Z")?;
    let info = RunInfo {
        started: at,
        kind: RunKind::Record,
        organization: Some("o-example".into()),
        sources: vec!["bench".into()],
        filters: BTreeMap::new(),
        program_version: "0".into(),
    };
    let mut run = store.begin_run(info)?;
    let mut batch = Vec::new();
    for line in BufReader::new(std::fs::File::open(lines)?).lines() {
        batch.push(ConfigurationItem::parse(line?.as_bytes())?);
        if batch.len() == 5000 {
            run.put_items(&batch, at)?;
            batch.clear();
        }
    }
    run.put_items(&batch, at)?;
    run.commit(at)?;
    println!("loaded into the store in {:.1?}", begun.elapsed());
    Ok(())
}
