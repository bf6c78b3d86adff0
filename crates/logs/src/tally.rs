//! Counts events that follow each other and are of one account and region: a file's mostly are.

use haechi_model::{Log, Timestamp};

use crate::summary::{Stretch, Summary};

/// What is counted and not yet in the summary.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    log: Option<Log>,
    /// None: the events name none.
    account: Option<String>,
    region: Option<String>,
    events: Option<Stretch>,
}

impl Tally {
    pub(crate) fn event(
        &mut self,
        log: Log,
        account: Option<&str>,
        region: Option<&str>,
        time: Timestamp,
        summary: &mut Summary,
    ) {
        let same = self.log == Some(log) && self.account.as_deref() == account && self.region.as_deref() == region;
        match &mut self.events {
            Some(events) if same => {
                events.events += 1;
                events.first = events.first.min(time);
                events.last = events.last.max(time);
            }
            _ => {
                self.settle(summary);
                let text = |text: Option<&str>| text.map(str::to_owned);
                let events = Some(Stretch { events: 1, first: time, last: time });
                *self = Self { log: Some(log), account: text(account), region: text(region), events };
            }
        }
    }

    /// Puts what was counted into the summary.
    pub(crate) fn settle(&mut self, summary: &mut Summary) {
        if let (Some(log), Some(Stretch { events, first, last })) = (self.log, self.events.take()) {
            summary.events(log, self.account.as_deref(), self.region.as_deref(), events, first, last);
        }
    }
}
