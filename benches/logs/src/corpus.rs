//! Writes the corpora: CloudTrail as it is delivered, the same events as JSON lines, and flow logs.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};
use libdeflater::{CompressionLvl, Compressor};

use super::cloudtrail::{Generator, START, civil};
use super::flow;
use super::organization::Organization;
use super::random::{Random, hash};

/// Events of a file, and lines of a file of flows.
const EVENTS: u64 = 1300;
const LINES: u64 = 200_000;
const ACCOUNTS: u64 = 8;
const PRINCIPALS: u64 = 2000;
const SEED: u64 = 1;

pub fn organization() -> Organization {
    Organization { accounts: ACCOUNTS, principals: PRINCIPALS, seed: SEED }
}

struct Packer(Compressor, Vec<u8>);

impl Packer {
    fn write(&mut self, path: &Path, text: &[u8]) -> Result<()> {
        fs::create_dir_all(path.parent().context("a folder")?)?;
        self.1.resize(self.0.gzip_compress_bound(text.len()), 0);
        let length = self.0.gzip_compress(text, &mut self.1)?;
        Ok(fs::write(path, &self.1[..length])?)
    }
}

/// Where AWS would put a file of this account, region and time.
fn place(account: u64, region: &str, service: &str, seconds: u64, unique: u64, ending: &str) -> PathBuf {
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute) = (seconds / 3600 % 24, seconds / 60 % 60);
    let mut tail = Vec::new();
    Random::new(unique).base62(16, &mut tail);
    let tail = String::from_utf8_lossy(&tail).into_owned();
    PathBuf::from(format!(
        "AWSLogs/{account:012}/{service}/{region}/{year:04}/{month:02}/{day:02}/{account:012}_{service}_{region}_{year:04}{month:02}{day:02}T{hour:02}{minute:02}Z_{tail}{ending}",
    ))
}

/// Writes about so many megabytes of each, unless they are there.
pub fn make(folder: &Path, megabytes: u64) -> Result<()> {
    let mark = folder.join(format!("made-{megabytes}"));
    if mark.exists() {
        return Ok(());
    }
    let begun = Instant::now();
    let generator = Generator::new(organization())?;
    let mut packer =
        Packer(Compressor::new(CompressionLvl::new(6).map_err(|error| anyhow::anyhow!("{error:?}"))?), Vec::new());
    let (mut text, mut bytes, mut files) = (Vec::new(), 0, 0);
    while bytes < megabytes * 1_000_000 {
        let (account, hour) = (files % ACCOUNTS, files / ACCOUNTS);
        let (region, unique) = (generator.organization.region(account, hour), hash(SEED ^ account, hour));
        text.clear();
        generator.file(account, hour, EVENTS, &mut text);
        bytes += text.len() as u64;
        let name = generator.organization.account(account);
        let seconds = START + (hour + 1) * 3600;
        packer.write(
            &folder.join("cloudtrail").join(place(name, region, "CloudTrail", seconds, unique, ".json.gz")),
            &text,
        )?;
        text.clear();
        generator.events(account, hour, EVENTS, "\n", &mut text);
        text.push(b'\n');
        packer.write(&folder.join(format!("lines/{files:06}.jsonl.gz")), &text)?;
        files += 1;
    }
    println!(
        "CloudTrail: {files} files, {} events of {} shapes, {bytes} bytes of text, {} an event, in {:.1?}",
        files * EVENTS,
        generator.shapes(),
        bytes / (files * EVENTS),
        begun.elapsed()
    );
    for (name, custom, most) in [("flow", false, megabytes), ("flow-custom", true, megabytes / 20)] {
        let (mut bytes, mut files) = (0, 0);
        while bytes < most * 1_000_000 {
            text.clear();
            flow::file(&generator.organization, files, LINES, custom, &mut text);
            bytes += text.len() as u64;
            let account = generator.organization.account(files % ACCOUNTS);
            let region = generator.organization.region(files % ACCOUNTS, 0);
            let seconds = START + files / ACCOUNTS * 600;
            packer.write(
                &folder.join(name).join(place(account, region, "vpcflowlogs", seconds, hash(SEED, files), ".log.gz")),
                &text,
            )?;
            files += 1;
        }
        println!("{name}: {files} files, {} lines, {bytes} bytes of text", files * LINES);
    }
    Ok(fs::File::create(mark)?.write_all(b"")?)
}

/// Files of a folder in the order of their times, as a stream of deliveries has them.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    walk(folder, &mut found)?;
    // The time is in the name; of files without one, the name itself.
    let time = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name.rsplit('_').nth(1).map(str::to_owned), name)
    };
    found.sort_by_key(time);
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() { walk(&path, found)? } else { found.push(path) }
    }
    Ok(())
}
