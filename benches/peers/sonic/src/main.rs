//! `bench-sonic inflate|parse`: inflates the files that standard input names, one a line, and parses them whole; says as
//! JSON what it took.

use std::io::Read as _;
use std::time::Instant;

use sonic_rs::{JsonContainerTrait as _, JsonValueTrait as _, Value};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Processor time of this process so far in seconds, as Linux keeps it, and its peak memory in bytes.
fn used() -> (f64, u64) {
    let read = |name: &str| std::fs::read_to_string(name).expect("proc");
    let ticks: u64 = read("/proc/self/stat")
        .rsplit(')')
        .next()
        .into_iter()
        .flat_map(|rest| rest.split_whitespace().skip(11).take(2))
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    let status = read("/proc/self/status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap_or_default();
    (ticks as f64 / 100.0, kib * 1024)
}

fn main() {
    let parse = match std::env::args().nth(1).as_deref() {
        Some("inflate") => false,
        Some("parse") => true,
        other => panic!("inflate or parse, not {other:?}"),
    };
    let mut names = String::new();
    std::io::stdin().read_to_string(&mut names).expect("names of files");
    let (begun, (before, _)) = (Instant::now(), used());
    let (mut bytes, mut events) = (0, 0);
    let (mut packed, mut text, mut inflater) = (Vec::new(), Vec::new(), libdeflater::Decompressor::new());
    for name in names.lines() {
        packed.clear();
        std::fs::File::open(name).and_then(|mut file| file.read_to_end(&mut packed)).expect("a file");
        let length = packed.last_chunk::<4>().map_or(0, |length| u32::from_le_bytes(*length)) as usize;
        text.resize(length, 0);
        bytes += inflater.gzip_decompress(&packed, &mut text).expect("gzip");
        if parse {
            let value: Value = sonic_rs::from_slice(&text).expect("JSON");
            events += value.get("Records").and_then(|records| records.as_array().map(|records| records.len())).unwrap_or(0);
        }
    }
    let (after, peak) = used();
    println!(
        r#"{{"wall":{},"cpu":{},"peak":{peak},"bytes":{bytes},"events":{events}}}"#,
        begun.elapsed().as_secs_f64(),
        after - before
    );
}
