//! What a piece of work took of the processor, as Linux keeps it for a thread.

use anyhow::{Context as _, Result};

/// Processor time of this thread so far, in seconds.
fn so_far() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").context("this needs Linux")?;
    let nanoseconds: u64 = text.split(' ').next().context("no time")?.parse()?;
    Ok(nanoseconds as f64 / 1e9)
}

/// Does the work, and says how many seconds of the processor it took.
pub fn seconds<T>(work: impl FnOnce() -> T) -> Result<(T, f64)> {
    let before = so_far()?;
    let done = work();
    Ok((done, so_far()? - before))
}
