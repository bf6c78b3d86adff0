//! What a piece of work took, as Linux keeps it.

use std::time::Instant;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Seconds by the clock and of the processor, and the peak of the process's memory in bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cost {
    pub wall: f64,
    pub cpu: f64,
    pub peak: u64,
    /// What the work has to say: counts, and the answer to the question that was asked.
    #[serde(flatten)]
    pub told: serde_json::Map<String, Value>,
}

impl Cost {
    pub fn number(&self, name: &str) -> f64 {
        self.told.get(name).and_then(Value::as_f64).unwrap_or_default()
    }
}

/// Processor time of this process so far: user and system, in hundredths of a second.
fn processor() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = behind_name.split_whitespace().skip(11).take(2).map(|field| field.parse().unwrap_or(0)).sum();
    Ok(ticks as f64 / 100.0)
}

/// Memory of this process in bytes: `VmHWM` is its peak, `VmRSS` what it has now.
pub fn memory(name: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).context("memory")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

/// Does the work, and says what it took.
pub fn of(work: impl FnOnce() -> Result<Value>) -> Result<Cost> {
    let (begun, before) = (Instant::now(), processor()?);
    let told = work()?;
    let (wall, cpu) = (begun.elapsed().as_secs_f64(), processor()? - before);
    let told = told.as_object().cloned().unwrap_or_default();
    Ok(Cost { wall, cpu, peak: memory("VmHWM")?, told })
}
