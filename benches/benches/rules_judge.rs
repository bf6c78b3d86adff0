//! All rules over many items against a bare `serde_json::from_slice::<Value>` of the same bytes, on one thread.
//!
//! `cargo bench -p haechi-benches --bench rules_judge [-- ITEMS]`. The items are those of the example organization,
//! repeated under other account ids. Aim: parsing and judging take at most twice the bare parse.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use haechi_content::Content;
use haechi_model::{ConfigurationItem, Coverage, CoverageState, RuleInstance, Timestamp};
use haechi_rules::{CompiledRule, Judge, Recording, World, effective_parameters};
use serde_json::Value;

const ROUNDS: usize = 5;

fn main() -> Result<()> {
    let wanted = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(100_000);
    let texts = items(wanted)?;
    let bytes: usize = texts.iter().map(String::len).sum();
    let started = Instant::now();
    let content = Content::embedded();
    let judge = judge(&content)?;
    println!("{} rules loaded and compiled in {:?}", judge.instances().len(), started.elapsed());
    println!("{} items, {} MB", texts.len(), bytes / 1_000_000);
    let now = Timestamp::parse("2026-11-22T00:00:00Z")?;

    let bare = best(|| {
        texts.iter().map(|text| serde_json::from_slice::<Value>(text.as_bytes()).is_ok()).filter(|ok| *ok).count()
    });
    println!("bare parse          {:>9.1} ms", ms(bare));
    let parse = best(|| parsed(&texts).len());
    println!("parse               {:>9.1} ms  {:.2}x", ms(parse), ratio(parse, bare));
    let items = parsed(&texts);
    let build = best(|| world(&judge, &items));
    println!("build the world     {:>9.1} ms  {:.2}x", ms(build), ratio(build, bare));
    let mut total = parse + build;
    for (name, recording) in [("judge", Recording::Off), ("judge, with reads", Recording::On)] {
        let mut counts = BTreeMap::new();
        let judging = best(|| {
            let world = world(&judge, &items);
            let started = Instant::now();
            counts.clear();
            for item in &items {
                for evaluation in judge.evaluate(&world, now, item, recording) {
                    *counts.entry(evaluation.compliance).or_insert(0) += 1;
                }
            }
            started.elapsed()
        });
        let judging = judging.min(best_of(|| {
            let world = world(&judge, &items);
            let started = Instant::now();
            for item in &items {
                black_box(judge.evaluate(&world, now, item, recording));
            }
            started.elapsed()
        }));
        println!("{name:<19} {:>9.1} ms  {:.2}x  {counts:?}", ms(judging), ratio(judging, bare));
        if recording == Recording::Off {
            total += judging;
        }
    }
    let threads = std::thread::available_parallelism()?.get();
    let spread = best(|| on_threads(&judge, &texts, now, threads));
    let alone = best(|| on_threads(&judge, &texts, now, 1));
    println!("{threads} threads against one, parsing and judging: {:.2}x as fast", ratio(alone, spread));
    println!("parse, build, judge {:>9.1} ms  {:.2}x the bare parse (aim: 2)", ms(total), ratio(total, bare));
    Ok(())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn ratio(time: Duration, to: Duration) -> f64 {
    time.as_secs_f64() / to.as_secs_f64()
}

/// The shortest of some rounds: the others were disturbed.
fn best<T>(mut body: impl FnMut() -> T) -> Duration {
    best_of(|| {
        let started = Instant::now();
        black_box(body());
        started.elapsed()
    })
}

fn best_of(body: impl FnMut() -> Duration) -> Duration {
    std::iter::repeat_with(body).take(ROUNDS).min().unwrap_or_default()
}

fn parsed(texts: &[String]) -> Vec<Arc<ConfigurationItem>> {
    texts.iter().filter_map(|text| ConfigurationItem::parse(text.as_bytes()).ok()).map(Arc::new).collect()
}

/// Parses and judges the items, divided among threads; every thread builds the world of its own part.
fn on_threads(judge: &Judge, texts: &[String], now: Timestamp, threads: usize) -> usize {
    std::thread::scope(|scope| {
        let parts: Vec<_> = texts
            .chunks(texts.len().div_ceil(threads))
            .map(|part| {
                scope.spawn(move || {
                    let items = parsed(part);
                    let world = world(judge, &items);
                    items.iter().map(|item| judge.evaluate(&world, now, item, Recording::Off).len()).sum::<usize>()
                })
            })
            .collect();
        parts.into_iter().filter_map(|part| part.join().ok()).sum()
    })
}

/// Every rule with its defaults; what AWS requires without a default gets a value.
fn judge(content: &Content) -> Result<Judge> {
    let mut rules = Vec::new();
    for rule in content.rules() {
        let compiled = CompiledRule::compile(&rule.file, content.types())
            .map_err(|errors| anyhow::anyhow!("{}", errors.iter().map(|error| error.render()).collect::<String>()))?;
        let example = rule.file.examples.first().map(|example| example.params.clone()).unwrap_or_default();
        let parameters = effective_parameters(&rule.file, &BTreeMap::new())
            .or_else(|_| effective_parameters(&rule.file, &example))?;
        rules.push((Arc::new(compiled), RuleInstance::new(&rule.file.id, parameters, None)));
    }
    Ok(Judge::new(rules))
}

fn world(judge: &Judge, items: &[Arc<ConfigurationItem>]) -> World {
    let needed = judge.needed_types();
    let mut builder = World::builder();
    for item in items.iter().filter(|item| needed.contains(&item.key().resource_type)) {
        builder.add(item.clone());
    }
    let places: std::collections::BTreeSet<_> =
        items.iter().map(|item| (item.key().account_id, item.key().region.clone())).collect();
    for (account_id, region) in places {
        for resource_type in &needed {
            let (region, resource_type) = (region.clone(), resource_type.clone());
            builder.coverage(&Coverage {
                account_id,
                region,
                resource_type,
                state: CoverageState::Complete,
                resources: 0,
            });
        }
    }
    builder.build()
}

/// The texts of the example organization's items, again and again under other accounts.
fn items(wanted: usize) -> Result<Vec<String>> {
    let mut values = Vec::new();
    for file in snapshots(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples"))? {
        let packed = std::fs::File::open(&file)?;
        let snapshot: Value = serde_json::from_reader(flate2::read::GzDecoder::new(packed))
            .with_context(|| file.display().to_string())?;
        values.extend(snapshot["configurationItems"].as_array().into_iter().flatten().cloned());
    }
    anyhow::ensure!(!values.is_empty(), "the examples hold no items");
    let mut texts = Vec::with_capacity(wanted);
    for round in 0..=wanted / values.len() {
        for value in &values {
            let mut text = value.to_string();
            let account = value["awsAccountId"].as_str().or(value["accountId"].as_str()).unwrap_or_default();
            if let Ok(number) = account.parse::<u64>() {
                let other = format!("{:012}", (number + round as u64 * 7) % 1_000_000_000_000);
                text = text.replace(account, &other);
            }
            texts.push(text);
        }
    }
    texts.truncate(wanted);
    Ok(texts)
}

fn snapshots(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(snapshots(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "gz") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
