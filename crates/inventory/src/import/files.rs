//! Finds the files to import: sorted, each once, whatever links there are.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What lies under the paths that the user named.
#[derive(Default)]
pub(crate) struct Found {
    /// Files with their sizes, in the order in which they are read.
    pub(crate) files: Vec<(PathBuf, u64)>,
    pub(crate) hidden: u64,
    pub(crate) skipped: Vec<(PathBuf, &'static str)>,
    pub(crate) unreadable: Vec<(PathBuf, String)>,
}

const ENDINGS: [&str; 6] = [".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz"];

/// Walks the paths. A named file is taken whatever it is called; in folders the ending decides.
pub(crate) fn find(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    let mut seen = HashSet::new();
    for path in paths {
        let mut waiting = vec![(path.clone(), true)];
        while let Some((path, named)) = waiting.pop() {
            match fs::metadata(&path) {
                Err(error) => found.unreadable.push((path, format!("cannot be read: {error}"))),
                Ok(about) if about.is_dir() => folder(&path, &mut found, &mut seen, &mut waiting),
                Ok(about) if !about.is_file() => found.skipped.push((path, "neither a file nor a folder")),
                Ok(_) if !named && unlike(&path).is_some() => {
                    let reason = unlike(&path).unwrap_or_default();
                    found.skipped.push((path, reason));
                }
                Ok(_) if !first_time(&path, &mut seen) => {
                    found.skipped.push((path, "the same file was read under another name"));
                }
                Ok(about) => found.files.push((path, about.len())),
            }
        }
    }
    found
}

/// Puts a folder's entries on the stack, the first by name on top. A folder is entered once.
fn folder(path: &Path, found: &mut Found, seen: &mut HashSet<PathBuf>, waiting: &mut Vec<(PathBuf, bool)>) {
    if !first_time(path, seen) {
        return;
    }
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => return found.unreadable.push((path.to_owned(), format!("cannot be read: {error}"))),
    };
    let mut inside = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) if entry.file_name().as_encoded_bytes().starts_with(b".") => found.hidden += 1,
            Ok(entry) => inside.push(entry.path()),
            Err(error) => found.unreadable.push((path.to_owned(), format!("cannot be listed to its end: {error}"))),
        }
    }
    inside.sort_unstable_by(|a, b| b.cmp(a));
    waiting.extend(inside.into_iter().map(|path| (path, false)));
}

/// True unless the same file or folder was met before, under any name.
fn first_time(path: &Path, seen: &mut HashSet<PathBuf>) -> bool {
    fs::canonicalize(path).map_or(true, |real| seen.insert(real))
}

/// Why a file in a folder is not opened, by its name.
pub(crate) fn unlike(path: &Path) -> Option<&'static str> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        None
    } else if name == "configwritabilitycheckfile" {
        Some("AWS Config's test whether it can write, no data")
    } else {
        Some("its name does not end in .json or .json.gz")
    }
}
