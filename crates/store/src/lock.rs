//! One writing run at a time: a lock file beside the store, which the system lets go when its holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::StoreError;

/// Held for as long as a run lasts.
#[derive(Debug)]
pub(crate) struct RunLock {
    _file: File,
}

const PAUSE: Duration = Duration::from_millis(50);

pub(crate) fn beside(store: &Path, ending: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl RunLock {
    /// Waits for another writer, but not for ever.
    pub(crate) fn take(store: &Path, patience: Duration) -> Result<Self, StoreError> {
        let path = beside(store, "-lock");
        let told = |source| StoreError::Io { path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(told)?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if waited < patience => {
                    std::thread::sleep(PAUSE);
                    waited += PAUSE;
                }
                Err(TryLockError::WouldBlock) => return Err(StoreError::Busy(store.into())),
                Err(TryLockError::Error(source)) => return Err(told(source)),
            }
        }
    }
}
