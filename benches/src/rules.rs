//! All rules over many items against a bare `serde_json::from_slice::<Value>` of the same bytes, in one run.
//!
//! `cargo run --release -p haechi-benches --bin bench-rules [ITEMS] [ROUNDS]`: items default to 100,000, rounds to 5.
//! Items are those of the example organization, repeated for other accounts. Rounds alternate; medians are printed.

mod organization;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use haechi_model::{ConfigurationItem, Coverage, CoverageState, Timestamp};
use haechi_rules::{Judge, Recording, World};
use rayon::prelude::*;
use serde_json::Value;

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let items: usize = words.next().map_or(Ok(100_000), |word| word.parse()).context("ITEMS is a number")?;
    let rounds: usize = words.next().map_or(Ok(5), |word| word.parse()).context("ROUNDS is a number")?;
    let texts = organization::texts(items)?;
    let bytes: usize = texts.iter().map(Vec::len).sum();
    let (judge, now) = (organization::judge()?, Timestamp::parse("2026-11-20T03:00:00Z")?);
    let world = world(&judge, &texts)?;
    println!("{} items, {:.1} MB, {} rule instances", texts.len(), bytes as f64 / 1e6, judge.instances().len());
    // As the store keeps them: an assessment does not hash an item to judge it.
    let hash = |text: &Vec<u8>| ConfigurationItem::parse(text).map(|item| item.content_hash());
    let hashes = texts.iter().map(hash).collect::<Result<Vec<_>, _>>()?;
    let mut times: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    let mut evaluations = 0;
    for _ in 0..rounds {
        let mut time = |name: &'static str, work: &mut dyn FnMut()| {
            let begun = Instant::now();
            work();
            times.entry(name).or_default().push(begun.elapsed());
        };
        time("1 parse to Value", &mut || {
            for text in &texts {
                black_box(serde_json::from_slice::<Value>(text).expect("the items are JSON"));
            }
        });
        time("2 read items", &mut || {
            for text in &texts {
                black_box(ConfigurationItem::parse(text).expect("the items are items"));
            }
        });
        time("3 read and judge", &mut || {
            evaluations = texts.iter().map(|text| judged(&judge, &world, now, text, Recording::Off)).sum();
        });
        time("4 the same, reads recorded", &mut || {
            let known = texts.iter().zip(&hashes);
            black_box(
                known.map(|(text, hash)| judged(&judge, &world, now, text, Recording::Known(*hash))).sum::<usize>(),
            );
        });
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
            let name = if threads == 1 { "5 read and judge, pool of 1" } else { "6 read and judge, pool of 2" };
            time(name, &mut || {
                pool.install(|| {
                    black_box(
                        texts.par_iter().map(|text| judged(&judge, &world, now, text, Recording::Off)).sum::<usize>(),
                    )
                });
            });
        }
    }
    println!("{evaluations} evaluations a round");
    let median = |name: &str| {
        let mut all = times[name].clone();
        all.sort();
        all[all.len() / 2]
    };
    let base = median("1 parse to Value").as_secs_f64();
    for name in times.keys() {
        let median = median(name).as_secs_f64();
        println!(
            "{name:<30} {:8.1} ms  {:7.1} MB/s  x{:.2} of the bare parse",
            median * 1e3,
            bytes as f64 / 1e6 / median,
            median / base
        );
    }
    Ok(())
}

fn judged(judge: &Judge, world: &World, now: Timestamp, text: &[u8], recording: Recording) -> usize {
    let item = ConfigurationItem::parse(text).expect("the items are items");
    black_box(judge.evaluate(world, now, &item, recording)).len()
}

/// The neighbours among the items, completely listed.
fn world(judge: &Judge, texts: &[Vec<u8>]) -> Result<World> {
    let needed = judge.needed_types();
    let mut builder = World::builder();
    for text in texts {
        let item = ConfigurationItem::parse(text)?;
        let key = item.key().clone();
        if needed.contains(&key.resource_type) {
            builder.coverage(&Coverage {
                account_id: key.account_id,
                region: key.region.clone(),
                resource_type: key.resource_type.clone(),
                state: CoverageState::Complete,
                resources: 0,
            });
            builder.add(Arc::new(item));
        }
    }
    Ok(builder.build())
}
