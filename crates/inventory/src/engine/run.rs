//! The receiving end of a collection: hands items and coverage to the sink, counts, and ends what did not end itself.

use std::collections::{BTreeMap, HashMap};

use haechi_model::{AccountId, ConfigurationItem, Coverage, CoverageState, Gap, Region, ResourceType};

use super::{CollectSummary, MOST_LINES, Missing, Progress, Sink, SinkError};

/// A listing of an account.
pub(super) type Line = (Region, ResourceType);

/// What the workers and the listings tell.
pub(crate) enum Event {
    /// An account was reached: its listings, those that an earlier run has completed, and its disabled regions.
    Begun {
        account: AccountId,
        due: Vec<Line>,
        resumed: Vec<Line>,
        disabled: Vec<Region>,
    },
    /// All listings of an account have ended.
    Ended(AccountId),
    Refused {
        account: AccountId,
        gap: Gap,
    },
    Closed {
        account: AccountId,
        reason: String,
    },
    Items(Vec<ConfigurationItem>),
    Coverage(Coverage),
    Missing {
        resource_type: ResourceType,
        path: String,
        reason: String,
    },
    Elsewhere,
}

pub(super) struct Run<'r> {
    sink: &'r mut dyn Sink,
    progress: &'r mut (dyn FnMut(&Progress) + Send),
    state: Progress,
    /// Coverage lines that are still due, of the accounts in work, with the resources seen so far.
    due: HashMap<AccountId, BTreeMap<Line, u64>>,
    missing: BTreeMap<(ResourceType, String, String), u64>,
    summary: CollectSummary,
}

impl<'r> Run<'r> {
    pub fn new(sink: &'r mut dyn Sink, progress: &'r mut (dyn FnMut(&Progress) + Send), accounts: usize) -> Self {
        let state = Progress { accounts_done: 0, accounts, done: 0, total: 0, items: 0, last: None };
        progress(&state);
        let (missing, summary) = (BTreeMap::new(), CollectSummary::default());
        Self { sink, progress, state, due: HashMap::new(), missing, summary }
    }

    pub fn interrupt(&mut self) {
        self.summary.interrupted = true;
    }

    pub fn event(&mut self, event: Event) -> Result<(), SinkError> {
        match event {
            Event::Begun { account, due, resumed, disabled } => self.begun(account, due, &resumed, disabled)?,
            Event::Ended(account) => {
                self.unfinished(account)?;
                self.summary.ended += 1;
                self.account_done();
            }
            Event::Refused { account, gap } => {
                self.summary.refused.push((account, gap.clone()));
                self.coverage(of_account(account, Region::global(), CoverageState::Failed { gap }))?;
                self.account_done();
            }
            Event::Closed { account, reason } => {
                self.summary.closed.push((account, reason.clone()));
                self.coverage(of_account(account, Region::global(), CoverageState::Skipped { reason }))?;
                self.account_done();
            }
            Event::Items(batch) => self.items(batch)?,
            Event::Coverage(line) => self.coverage(line)?,
            Event::Missing { resource_type, path, reason } => {
                *self.missing.entry((resource_type, path, reason)).or_default() += 1;
            }
            Event::Elsewhere => self.summary.elsewhere += 1,
        }
        Ok(())
    }

    fn begun(
        &mut self,
        account: AccountId,
        due: Vec<Line>,
        resumed: &[Line],
        disabled: Vec<Region>,
    ) -> Result<(), SinkError> {
        self.summary.resumed += resumed.len() as u64;
        self.state.total += due.len();
        self.due.insert(account, due.into_iter().map(|line| (line, 0)).collect());
        for (region, resource_type) in resumed {
            self.sink.resumed(account, region, resource_type)?;
        }
        // One line says it of all types: a region that is off has nothing of any.
        for region in disabled {
            let state = CoverageState::Skipped { reason: "the region is not enabled".to_owned() };
            self.coverage(of_account(account, region, state))?;
        }
        (self.progress)(&self.state);
        Ok(())
    }

    fn account_done(&mut self) {
        self.state.accounts_done += 1;
        (self.progress)(&self.state);
    }

    fn items(&mut self, batch: Vec<ConfigurationItem>) -> Result<(), SinkError> {
        for item in &batch {
            let key = item.key();
            let due = self.due.get_mut(&key.account_id);
            if let Some(seen) = due.and_then(|due| due.get_mut(&(key.region.clone(), key.resource_type.clone()))) {
                *seen += 1;
            }
        }
        self.state.items += batch.len() as u64;
        self.summary.items += batch.len() as u64;
        self.sink.items(batch)?;
        (self.progress)(&self.state);
        Ok(())
    }

    fn coverage(&mut self, line: Coverage) -> Result<(), SinkError> {
        let due = self.due.get_mut(&line.account_id);
        if due.and_then(|due| due.remove(&(line.region.clone(), line.resource_type.clone()))).is_some() {
            self.state.done += 1;
        }
        match line.state {
            CoverageState::Complete => self.summary.complete += 1,
            CoverageState::Failed { .. } => self.summary.failed += 1,
            CoverageState::Skipped { .. } => self.summary.skipped += 1,
        }
        if !line.is_complete() && self.summary.incomplete.len() < MOST_LINES {
            self.summary.incomplete.push(line.clone());
        }
        self.state.last = Some(line.clone());
        self.sink.coverage(line)?;
        (self.progress)(&self.state);
        Ok(())
    }

    /// Listings of an account without a coverage line: the user stopped the run, or a task ended before its time.
    fn unfinished(&mut self, account: AccountId) -> Result<(), SinkError> {
        let (code, message) = if self.summary.interrupted {
            ("Interrupted", "the collection was stopped before this listing ended")
        } else {
            ("Internal", "the listing ended without a result: this is a bug in Haechi, please report it")
        };
        for ((region, resource_type), resources) in self.due.remove(&account).unwrap_or_default() {
            let (code, message) = (code.to_owned(), message.to_owned());
            let gap = Gap { code, message, operation: String::new(), missing_action: None };
            let state = CoverageState::Failed { gap };
            self.state.done += 1;
            self.coverage(Coverage { account_id: account, region, resource_type, state, resources })?;
        }
        Ok(())
    }

    /// Ends the accounts in work; those whose turn did not come have no coverage.
    pub fn end(mut self) -> Result<CollectSummary, SinkError> {
        let mut left: Vec<_> = self.due.keys().copied().collect();
        left.sort_unstable();
        for account in left {
            self.unfinished(account)?;
        }
        let missing = std::mem::take(&mut self.missing).into_iter();
        self.summary.missing = missing
            .map(|((resource_type, path, reason), resources)| Missing { resource_type, path, reason, resources })
            .collect();
        Ok(self.summary)
    }
}

/// A line that speaks of an account, or of one of its regions, as a whole.
fn of_account(account_id: AccountId, region: Region, state: CoverageState) -> Coverage {
    Coverage { account_id, region, resource_type: ResourceType::account(), state, resources: 0 }
}
