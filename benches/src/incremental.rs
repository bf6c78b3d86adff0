//! Judging again after one item has changed, among many: the engine alone, and with a store on disk around it.
//!
//! `cargo run --release -p haechi-benches --bin bench-incremental [ITEMS] [CHANGES]`: items default to 100,000,
//! changes of each kind to 300. Items are those of the example organization, repeated for other accounts.

mod organization;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use haechi_model::{ConfigurationItem, Coverage, CoverageState, ResourceKey, Timestamp};
use haechi_rules::{Fact, Recording, Standing, World, finding_of};
use haechi_store::{RunInfo, RunKind, Store};
use rayon::prelude::*;
use serde_json::{Value, json};

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let items: usize = words.next().map_or(Ok(100_000), |word| word.parse()).context("ITEMS is a number")?;
    let changes: usize = words.next().map_or(Ok(300), |word| word.parse()).context("CHANGES is a number")?;
    let now = Timestamp::parse("2026-11-20T03:00:00Z")?;
    let texts = organization::texts(items)?;
    let all: Vec<_> = texts.iter().map(|text| ConfigurationItem::parse(text)).collect::<Result<_, _>>()?;
    let begun = Instant::now();
    let mut standing = standing(&all, now);
    println!("{} items, {} judged, in {:.2} s", all.len(), standing.len(), begun.elapsed().as_secs_f64());
    let folder = tempfile::tempdir()?;
    let mut store = Store::open(&folder.path().join("haechi.db"))?;
    fill(&mut store, &standing, &all, now)?;
    let mut times: BTreeMap<String, Vec<(Duration, usize)>> = BTreeMap::new();
    let step = (all.len() / changes.max(1)).max(1);
    for (turn, item) in all.iter().step_by(step).enumerate() {
        let key = item.key().clone();
        let changed = Arc::new(changed(item, turn)?);
        let original = Arc::new(ConfigurationItem::parse(&texts[turn * step])?);
        let mut time = |what: &str, fact: Fact| {
            let begun = Instant::now();
            let judged = engine(&mut standing, &store, fact, now);
            times.entry(format!("engine: {what}")).or_default().push((begun.elapsed(), judged));
        };
        time("an item changed", Fact::Seen(changed.clone()));
        time("an item deleted", Fact::Gone(key));
        time("an item new", Fact::Seen(original));
        let begun = Instant::now();
        let judged = whole(&mut standing, &mut store, &changed, now.plus_days(1))?;
        times.entry("with the store, one commit".into()).or_default().push((begun.elapsed(), judged));
    }
    for (what, mut all) in times {
        all.sort();
        let at = |share: usize| all[(all.len() - 1) * share / 100].0.as_secs_f64() * 1e3;
        let most = all.iter().map(|(_, judged)| judged).max();
        println!(
            "{what:<28} median {:8.3} ms  99th {:8.3} ms  most {:8.3} ms  ({} changes, at most {} resources judged)",
            at(50),
            at(99),
            at(100),
            all.len(),
            most.unwrap_or(&0)
        );
    }
    Ok(())
}

fn standing(all: &[ConfigurationItem], now: Timestamp) -> Standing {
    let judge = organization::judge().expect("the embedded rules compile");
    let mut builder = World::builder();
    let needed = judge.needed_types();
    for item in all.iter().filter(|item| needed.contains(&item.key().resource_type)) {
        builder.coverage(&complete(item.key()));
        builder.add(Arc::new(item.clone()));
    }
    let mut standing = Standing::new(judge, builder.build());
    let (judge, world) = (standing.judge(), standing.world());
    let evaluations: Vec<_> = all.par_iter().map(|item| judge.evaluate(world, now, item, Recording::On)).collect();
    evaluations.iter().for_each(|one| standing.remember(one));
    standing
}

fn complete(key: &ResourceKey) -> Coverage {
    Coverage {
        account_id: key.account_id,
        region: key.region.clone(),
        resource_type: key.resource_type.clone(),
        state: CoverageState::Complete,
        resources: 0,
    }
}

/// The item with another tag and, where it has one, another flag in its configuration.
fn changed(item: &ConfigurationItem, turn: usize) -> Result<ConfigurationItem> {
    let mut value = item.to_value();
    value["tags"]["changed"] = json!(turn.to_string());
    value["configurationItemCaptureTime"] = json!("2026-11-21T03:00:00Z");
    if let Some(flag) = value["configuration"].as_object_mut().and_then(|all| all.values_mut().find(|v| v.is_boolean()))
    {
        *flag = Value::Bool(flag != &Value::Bool(true));
    }
    Ok(ConfigurationItem::from_value(&value)?)
}

/// What the engine does; items that are not changed come from the store.
fn engine(standing: &mut Standing, store: &Store, fact: Fact, now: Timestamp) -> usize {
    let changed = if let Fact::Seen(item) = &fact { Some(item.clone()) } else { None };
    standing.take(fact);
    let affected = standing.affected(now);
    for key in &affected.again {
        match changed.as_ref().filter(|item| item.key() == key) {
            Some(item) => standing.evaluate(now, item, Recording::On),
            None => {
                let item = store.item(key).expect("the store reads").expect("the item is there");
                standing.evaluate(now, &item, Recording::On)
            }
        };
    }
    affected.again.len()
}

fn info(now: Timestamp) -> RunInfo {
    RunInfo {
        started: now,
        kind: RunKind::Record,
        organization: None,
        sources: Vec::new(),
        filters: BTreeMap::new(),
        program_version: "bench".to_owned(),
    }
}

fn fill(store: &mut Store, standing: &Standing, all: &[ConfigurationItem], now: Timestamp) -> Result<()> {
    let begun = Instant::now();
    let mut run = store.begin_run(info(now))?;
    for batch in all.chunks(1024) {
        run.put_items(batch, now)?;
    }
    let instances: Vec<_> = standing.judge().instances().map(|(_, instance)| instance.clone()).collect();
    run.put_instances(&instances)?;
    for batch in all.chunks(1024) {
        let evaluations: Vec<_> = batch
            .iter()
            .flat_map(|item| standing.judge().evaluate(standing.world(), now, item, Recording::On))
            .collect();
        run.put_evaluations(&evaluations, now)?;
    }
    run.commit(now)?;
    println!("stored in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}

/// A recorder's whole turn: the item is put, what it touches is judged, verdicts and findings are written, all is
/// on disk.
fn whole(standing: &mut Standing, store: &mut Store, item: &Arc<ConfigurationItem>, now: Timestamp) -> Result<usize> {
    let mut run = store.begin_run(info(now))?;
    run.put_items(std::slice::from_ref(&**item), now)?;
    standing.take(Fact::Seen(item.clone()));
    let affected = standing.affected(now);
    let (mut evaluations, mut findings) = (Vec::new(), Vec::new());
    for key in &affected.again {
        let Some(item) = run.store().item(key)? else { continue };
        for evaluation in standing.evaluate(now, &item, Recording::On) {
            let (rule, instance) = standing.judge().instance(&evaluation.instance).expect("it judged");
            findings.extend(finding_of(&evaluation, rule, instance, standing.world(), &item, now));
            evaluations.push(evaluation);
        }
    }
    run.put_evaluations(&evaluations, now)?;
    run.upsert_findings(&findings)?;
    run.commit(now)?;
    Ok(affected.again.len())
}
