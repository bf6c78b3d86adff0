//! Writes a file whole or not at all: beside it first, then renamed over it.

use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Writes what `fill` writes to `path`. A reader never sees half a file, and an interrupted write leaves the old one.
///
/// A path that is no regular file (a pipe, a terminal, `/dev/stdout`) is written as it is.
pub fn write_whole(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let filled = |file: std::fs::File| {
        let mut out = BufWriter::new(file);
        fill(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)
    };
    if path.symlink_metadata().is_ok_and(|there| !there.is_file()) {
        return filled(std::fs::File::create(path)?).map(|_| ());
    }
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a file name"))?;
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.part", std::process::id()));
    let beside = path.with_file_name(beside);
    let written = std::fs::File::create(&beside).and_then(filled).and_then(|file| file.sync_all());
    written.and_then(|()| std::fs::rename(&beside, path)).inspect_err(|_| {
        // What is left of the attempt helps nobody; that it can't be removed changes nothing.
        let _ = std::fs::remove_file(&beside);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        write_whole(&path, |out| out.write_all(b"one")).unwrap();
        write_whole(&path, |out| out.write_all(b"two")).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_whole(&folder.path().join("none/report.html"), |_| Ok(())).is_err());
        assert!(write_whole(&path, |_| Err(io::Error::other("no"))).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"two", "a write that fails leaves what was there");
    }
}
