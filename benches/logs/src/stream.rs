//! Memory and state after many events of many principals: made in memory and read at once, a month in hours.

use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context as _, Result};

use super::cloudtrail::{Generator, START};
use super::cost::memory;
use super::organization::Organization;
use super::work::{Looking, Watch};

const ACCOUNTS: u64 = 200;
const HOURS: u64 = 30 * 24;
const STEPS: u64 = 10;

pub fn all(events: u64, principals: u64, rules: Option<&Path>) -> Result<()> {
    let generator = Generator::new(Organization { accounts: ACCOUNTS, principals, seed: 1 })?;
    let watch = Watch::new(rules)?;
    let engine = Mutex::new(watch.engine());
    let mut reader = watch.reader();
    let mut looking = Looking { scanner: watch.scanner(), engine: &engine };
    let each = (events / (ACCOUNTS * HOURS)).max(1);
    println!("{principals} principals in {ACCOUNTS} accounts, {each} events an hour and account; {}", watch.told());
    println!("| events | memory now | peak | state | open hours |\n|---|---|---|---|---|");
    let mut text = Vec::new();
    let megabytes = |bytes: f64| bytes / f64::from(1 << 20);
    for hour in 0..HOURS {
        for account in 0..ACCOUNTS {
            text.clear();
            generator.file(account, hour, each, &mut text);
            let name = format!("{}-{account}.json", START + hour * 3600);
            let _ = reader.read_bytes(Path::new(&name), &text, &mut looking);
        }
        if (hour + 1) % (HOURS / STEPS) == 0 {
            looking.hand_over();
            let engine = looking.engine.lock().ok().context("one thread")?;
            println!(
                "| {} | {:.0} MiB | {:.0} MiB | {:.1} MiB | {:.1} MiB |",
                reader.summary().events,
                megabytes(memory("VmRSS")? as f64),
                megabytes(memory("VmHWM")? as f64),
                megabytes(engine.state_bytes() as f64),
                megabytes(engine.open_bytes() as f64),
            );
        }
    }
    let mut engine = engine.into_inner().ok().context("one thread")?;
    let threats = engine.finish().len();
    println!("{threats} threats; {:?}; peak {:.0} MiB", engine.counters(), megabytes(memory("VmHWM")? as f64));
    Ok(())
}
