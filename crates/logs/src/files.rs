//! Finds the files to read: sorted, each once, whatever links there are.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What lies under the paths that the user named.
#[derive(Debug, Default)]
pub struct LogFiles {
    /// In the order in which they are read.
    pub files: Vec<PathBuf>,
    /// Files that are passed over by their names, and why.
    pub skipped: Vec<(PathBuf, String)>,
    pub unreadable: Vec<(PathBuf, String)>,
}

const ENDINGS: [&str; 5] = [".json", ".jsonl", ".ndjson", ".log", ".txt"];
const PACKED: [&str; 3] = [".gz", ".zst", ".zstd"];

impl LogFiles {
    /// Walks the paths. A named file is taken whatever it is called; in folders the ending decides.
    pub fn find(paths: &[PathBuf]) -> Self {
        let mut found = Self::default();
        let mut seen = HashSet::new();
        for path in paths {
            let mut waiting = vec![(path.clone(), true)];
            while let Some((path, named)) = waiting.pop() {
                match fs::metadata(&path) {
                    Err(error) => found.unreadable.push((path, format!("cannot be read: {error}"))),
                    Ok(about) if about.is_dir() => found.folder(&path, &mut seen, &mut waiting),
                    Ok(about) if !about.is_file() => found.skip(path, "neither a file nor a folder"),
                    Ok(_) if !named && !is_log(&path) => found.skip(path, "its name does not end like a log's"),
                    Ok(_) if !first_time(&path, &mut seen) => {
                        found.skip(path, "the same file was read under another name");
                    }
                    Ok(_) => found.files.push(path),
                }
            }
        }
        found
    }

    fn skip(&mut self, path: PathBuf, why: &str) {
        self.skipped.push((path, why.to_owned()));
    }

    /// Puts a folder's entries on the stack, the first by name on top. A folder is entered once.
    fn folder(&mut self, path: &Path, seen: &mut HashSet<PathBuf>, waiting: &mut Vec<(PathBuf, bool)>) {
        if !first_time(path, seen) {
            return;
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable.push((path.to_owned(), format!("cannot be read: {error}"))),
        };
        let mut inside = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) if entry.file_name().as_encoded_bytes().starts_with(b".") => {
                    self.skip(entry.path(), "hidden");
                }
                Ok(entry) => inside.push(entry.path()),
                Err(error) => {
                    self.unreadable.push((path.to_owned(), format!("cannot be listed to its end: {error}")));
                }
            }
        }
        inside.sort_unstable_by(|a, b| b.cmp(a));
        waiting.extend(inside.into_iter().map(|path| (path, false)));
    }
}

/// True unless the same file or folder was met before, under any name.
fn first_time(path: &Path, seen: &mut HashSet<PathBuf>) -> bool {
    fs::canonicalize(path).map_or(true, |real| seen.insert(real))
}

/// By its name, a file may hold a log.
pub fn is_log(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = PACKED.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}
