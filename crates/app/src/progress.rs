//! How far a command is: the app says it, the rim shows it (or nothing does).

/// What the app is doing now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Listings of a live account: done, all, and resources so far.
    Collecting { done: usize, total: usize, items: u64, throttled: u64, now: String },
    /// Files read so far and resources in them.
    Reading { files: u64, items: u64, now: String },
    /// Resources judged.
    Judging { items: u64, of: u64 },
    /// The long part is over: the bar goes away.
    Done,
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
