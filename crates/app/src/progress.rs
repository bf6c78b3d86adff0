//! How far a command is: the app says it, the rim shows it (or nothing does).

use haechi_model::Message;

/// What the app is doing now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Live accounts.
    Collecting(Collecting),
    /// Files read so far and resources in them.
    Reading { files: u64, items: u64, now: String },
    /// Resources judged.
    Judging { items: u64, of: u64 },
    /// Something that the user should know although the work goes on.
    Warning(Message),
    /// The long part is over: the bar goes away.
    Done,
}

/// How far the collection is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Collecting {
    /// Accounts that ended, and all there are.
    pub accounts_done: usize,
    pub accounts: usize,
    /// Listings that ended, and all that are known so far: those of accounts to come are not.
    pub done: usize,
    pub total: usize,
    /// Resources so far.
    pub items: u64,
    pub calls: u64,
    pub throttled: u64,
    /// The listing that ended last.
    pub now: String,
}

/// Receives steps; called from the thread that works.
pub trait Progress: Sync {
    fn step(&self, step: Step);
}

/// Shows nothing.
pub struct Silent;

impl Progress for Silent {
    fn step(&self, _: Step) {}
}
