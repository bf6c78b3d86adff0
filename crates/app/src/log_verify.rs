//! `haechi logs verify`: are a trail's digests and logs as CloudTrail delivered them. Digests are read chain by chain,
//! oldest first; each is judged, and the logs that it names are compared with its hashes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use haechi_aws::{Api as _, Client};
use haechi_inventory::Stop;
use haechi_logs::LogFilter;
use haechi_logs::digest::{
    Chain, ChainEvent, Covered, DigestName, Gap, GapCause, NamedLog, Place, PublicKeys, Reason, Unnamed, Verdict,
};
use haechi_model::Timestamp;
use haechi_report::Table;
use serde_json::{Value, json};

use crate::App;
use crate::error::{Result, UserError};
use crate::exit::Exit;
use crate::log_sources::{LogRequest, log_filter, s3_place};
use crate::log_verify_report::Tally;
use crate::log_verify_source::{Inventory, Listed, Opened, VerifySource, in_order};

/// What is to be verified, and by which keys.
#[derive(Debug, Clone, Default)]
pub struct VerifyRequest {
    pub logs: LogRequest,
    /// Answers of `aws cloudtrail list-public-keys`; none: CloudTrail is asked.
    pub public_keys: Vec<PathBuf>,
    /// Also list what is valid.
    pub list_valid: bool,
}

/// What came of verifying.
#[derive(Debug)]
pub struct Verification {
    pub table: Table,
    pub json: Value,
    pub exit: Exit,
}

/// A digest or a log, and what is said of it.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub(crate) what: What,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) at: Option<Timestamp>,
    pub(crate) reason: Option<Reason>,
    pub(crate) file: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum What {
    Digest,
    Backfill,
    Log,
}

/// Digests that are read before their logs are compared, and files at the same time.
const BATCH: usize = 64;
const AT_ONCE: usize = 16;
const HOUR: i64 = 3_600_000_000;
/// A key file is some kilobytes a key.
const KEY_BYTES: u64 = 16 << 20;

impl App {
    /// Verifies what a command names: folders, or places in S3.
    pub async fn verify_logs(&self, request: &VerifyRequest, stop: &Stop) -> Result<Verification> {
        let now = self.now();
        let filter = log_filter(&request.logs, now)?;
        let mut keys = Keys::given(&request.public_keys)?;
        let mut tally = Tally::new(filter.clone(), request.list_valid);
        for word in &request.logs.sources {
            let (source, inventory) = if word.starts_with("s3:") {
                let place = s3_place(word)?;
                let client = self.log_client(&request.logs).await;
                keys.ask(&client);
                VerifySource::bucket(client, place, &filter).await?
            } else if Path::new(word).exists() {
                if request.public_keys.is_empty() {
                    keys.ask(&self.log_client(&request.logs).await);
                }
                VerifySource::folder(Path::new(word), &filter)
            } else {
                return Err(UserError::said("error-source-missing").arg("path", word).help("advice-verify-source"));
            };
            if inventory.chains.is_empty() {
                return Err(UserError::said("verify-no-digests").arg("source", word).help("advice-verify-source"));
            }
            let is_bucket = matches!(source, VerifySource::Bucket { .. });
            let run = Run { source, filter: &filter, keys: &mut keys, tally: &mut tally, unnamed: Unnamed::default() };
            run.all(inventory, is_bucket.then_some(now), stop).await?;
        }
        tally.keys_problem = keys.problem.take();
        Ok(tally.finish())
    }
}

/// The keys that are given, and where more come from.
struct Keys {
    known: PublicKeys,
    client: Option<Client>,
    given: bool,
    /// Regions and fingerprints that CloudTrail was asked for in vain.
    asked: BTreeSet<(String, String)>,
    /// Why CloudTrail gave none.
    problem: Option<String>,
}

impl Keys {
    fn given(files: &[PathBuf]) -> Result<Self> {
        let mut known = PublicKeys::default();
        for path in files {
            let failed = |error: &dyn std::fmt::Display| {
                UserError::said("verify-keys").arg("path", path.display()).because(error).help("advice-verify-keys")
            };
            let about = std::fs::metadata(path).map_err(|error| failed(&error))?;
            if about.len() > KEY_BYTES {
                return Err(failed(&format!("it has more than {KEY_BYTES} bytes")));
            }
            let text = std::fs::read(path).map_err(|error| failed(&error))?;
            known.add(PublicKeys::parse(&text).map_err(|error| failed(&error))?);
        }
        Ok(Self { known, client: None, given: !files.is_empty(), asked: BTreeSet::new(), problem: None })
    }

    fn ask(&mut self, client: &Client) {
        self.client = Some(client.clone());
    }

    /// Asks CloudTrail, in each digest's region, for the keys of the time in which it was signed. Keys that are given are
    /// all there are: a bucket of another account has keys that the caller's CloudTrail would give too, but whoever
    /// names keys means to trust those.
    async fn fetch(&mut self, opened: &[Opened]) {
        let Some(client) = self.client.clone().filter(|_| !self.given) else { return };
        let mut wanted: BTreeMap<String, (Timestamp, Timestamp, BTreeSet<String>)> = BTreeMap::new();
        for Opened { digest, signed } in opened {
            let Ok(read) = &digest.read else { continue };
            let pair = (digest.name.region.clone(), read.fingerprint.clone());
            if self.known.has(&read.fingerprint) || self.asked.contains(&pair) {
                continue;
            }
            let (from, to) = signed.map_or((read.start, read.end), |signed| (signed, signed));
            let entry = wanted.entry(pair.0).or_insert_with(|| (from, to, BTreeSet::new()));
            (entry.0, entry.1) = (entry.0.min(from), entry.1.max(to));
            entry.2.insert(pair.1);
        }
        for (region, (from, to, fingerprints)) in wanted {
            // A digest is signed after its hour; where keys change at that moment, the next one is needed.
            let input = json!({
                "StartTime": from.plus_micros(-HOUR).to_string(),
                "EndTime": to.plus_micros(2 * HOUR).to_string(),
            });
            match client.call("cloudtrail", &region, "ListPublicKeys", input).await {
                Ok(answer) => match PublicKeys::of_answer(&answer) {
                    Ok(keys) => self.known.add(keys),
                    Err(error) => self.problem = Some(error.to_string()),
                },
                Err(error) => self.problem = Some(error.to_string()),
            }
            self.asked.extend(fingerprints.into_iter().map(|fingerprint| (region.clone(), fingerprint)));
        }
    }
}

/// The verification of one source.
struct Run<'r> {
    source: VerifySource,
    filter: &'r LogFilter,
    keys: &'r mut Keys,
    tally: &'r mut Tally,
    unnamed: Unnamed,
}

impl Run<'_> {
    async fn all(mut self, inventory: Inventory, now: Option<Timestamp>, stop: &Stop) -> Result<()> {
        for (file, why) in inventory.unread {
            self.tally.unlisted(file, why);
        }
        for ((_, name), listed) in inventory.chains {
            self.chain(&name, listed, now, stop).await?;
        }
        self.unnamed.settle();
        for path in &inventory.logs {
            if let Some((place, covered)) = self.unnamed.standing(path)
                && covered != Covered::Named
            {
                let shown = match &self.source {
                    VerifySource::Bucket { place, .. } => format!("s3://{}/{path}", place.bucket),
                    VerifySource::Folder(_) => path.clone(),
                };
                self.tally.unnamed(place, covered, shown);
            }
        }
        Ok(())
    }

    async fn chain(
        &mut self,
        name: &DigestName,
        listed: Vec<Listed>,
        now: Option<Timestamp>,
        stop: &Stop,
    ) -> Result<()> {
        let mut chain = Chain::default();
        let mut events = Vec::new();
        let mut listed = listed.into_iter();
        let mut last = None;
        loop {
            let batch: Vec<_> = listed.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            if stop.is_stopped() {
                return Err(UserError::said("interrupted"));
            }
            last = batch.last().map(|digest| digest.name.end);
            let source = self.source.clone();
            let opened = in_order(batch, AT_ONCE, |digest| source.clone().digest(digest)).await;
            self.keys.fetch(&opened).await;
            for Opened { digest, .. } in opened {
                chain.push(digest, &self.keys.known, &mut events);
            }
            self.take(name, &mut events).await;
        }
        chain.finish(&self.keys.known, &mut events);
        self.take(name, &mut events).await;
        let until = [self.filter.until, now].into_iter().flatten().min();
        if let (Some(last), Some(until), false) = (last, until, name.backfill)
            && until.since(last) > 2 * HOUR
        {
            self.tally.ends(name, last);
        }
        Ok(())
    }

    fn is_wanted(&self, from: Timestamp, to: Timestamp) -> bool {
        self.filter.since.is_none_or(|since| to > since) && self.filter.until.is_none_or(|until| from < until)
    }

    /// Takes what a chain has said, and compares the logs that it names.
    async fn take(&mut self, chain: &DigestName, events: &mut Vec<ChainEvent>) {
        let mut logs: Vec<(NamedLog, String, bool)> = Vec::new();
        for event in events.drain(..) {
            match event {
                ChainEvent::Judged { found, name, span, reason, logs: named } => {
                    let verdict = reason.as_ref().map_or(Verdict::Valid, Reason::verdict);
                    let (from, to) = span.unwrap_or((name.end.plus_micros(-HOUR), name.end));
                    named.iter().for_each(|log| self.unnamed.name(&log.key));
                    if verdict != Verdict::Changed && !name.backfill && span.is_some() {
                        let place = Place { account: name.account.clone(), region: name.region.clone() };
                        self.unnamed.cover(place, from, to);
                    }
                    if !self.is_wanted(from, to) {
                        continue;
                    }
                    let shown = found.shown();
                    if verdict == Verdict::Changed {
                        // What it says of logs may be a lie.
                        self.tally.unproved(named.len());
                    } else {
                        let proved = verdict == Verdict::Valid;
                        logs.extend(named.into_iter().map(|log| (log, shown.clone(), proved)));
                    }
                    self.tally.digest(&name, (from, to), reason, shown);
                }
                ChainEvent::Missing { bucket, key, end, reason } => {
                    if self.is_wanted(end.plus_micros(-HOUR), end) {
                        self.tally.missing(chain, end, reason, format!("s3://{bucket}/{key}"));
                    }
                }
                ChainEvent::MissingMore { count, from, to } => self.tally.missing_more(chain, count, from, to),
                ChainEvent::Begins { at, bucket, key, by } => {
                    let file = format!("s3://{bucket}/{key}");
                    match self.filter.since {
                        // From then on all must be there; what was before was not looked for.
                        Some(since) if at > since => self.tally.missing(chain, at, Reason::Named { by }, file),
                        Some(_) => {}
                        // A copy or a bucket begins somewhere.
                        None => self.tally.begins(chain, at, file),
                    }
                }
                ChainEvent::Gap(gap) => self.gap(chain, gap),
            }
        }
        let source = self.source.clone();
        let checked = in_order(logs, AT_ONCE, |(log, by, proved)| {
            let source = source.clone();
            async move { (source.log(log, by).await, proved) }
        });
        for ((file, reason), proved) in checked.await {
            self.tally.log(chain, reason, proved, file);
        }
    }

    fn gap(&mut self, chain: &DigestName, gap: Gap) {
        // Missing digests are named one by one; digests that touch but for minutes are no gap.
        if gap.cause != GapCause::Missing && self.is_wanted(gap.from, gap.to) && gap.to > gap.from {
            self.tally.gap(chain, gap);
        }
    }
}
