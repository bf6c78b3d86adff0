//! A clock that jumped back: what is recorded then comes after what is known all the same.

use haechi_model::{Message, Timestamp};
use haechi_store::Store;

use crate::error::Result;
use crate::progress::{Progress, Step};
use crate::{App, in_store};

/// Clocks are set right by so much all the time, in microseconds: no word about it.
const TRIFLE: i64 = 1_000_000;

fn to_the_second(moment: Timestamp) -> String {
    Timestamp::from_micros(moment.as_micros().div_euclid(1_000_000) * 1_000_000).to_string()
}

impl App {
    /// The moment of a run over live accounts: now, but never before the newest run of the store.
    ///
    /// What AWS answers now is newer than all that was recorded before. With the time of a clock that is behind, a
    /// change would be written into the past, and what is current would stay the old.
    pub(crate) fn moment_after(&self, store: &Store, progress: &dyn Progress) -> Result<Timestamp> {
        let now = self.now();
        let Some(newest) = store.newest_moment().map_err(in_store)?.filter(|newest| *newest > now) else {
            return Ok(now);
        };
        if newest.as_micros() - now.as_micros() > TRIFLE {
            let said = Message::new("warning-clock-behind");
            let said = said.with("now", to_the_second(now)).with("newest", to_the_second(newest));
            progress.step(Step::Warning(said));
        }
        Ok(newest.plus_micros(1))
    }
}
