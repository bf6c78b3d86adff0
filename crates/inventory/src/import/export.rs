//! Writes a snapshot file of our own: AWS Config's form, with `haechi` saying what is complete.

use std::borrow::Borrow;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use haechi_model::{ConfigurationItem, Coverage, Node};
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::json;

use super::NamedAccount;

/// What stands beside the items.
#[derive(Debug, Clone, Copy, Default)]
pub struct SnapshotHead<'a> {
    /// The snapshot's id, any text.
    pub id: &'a str,
    /// With this an absent member means that AWS has none, and an import takes these lines as they are.
    pub coverage: &'a [Coverage],
    pub accounts: &'a [NamedAccount],
    pub organization: Option<&'a str>,
}

/// Writes a snapshot to a file, gzip when its name ends in `.gz`: the count of items written.
///
/// Only the user may read the file. Under its name it is either whole or not there at all.
pub fn export_snapshot<I>(path: &Path, head: &SnapshotHead<'_>, items: I) -> io::Result<u64>
where
    I: IntoIterator<Item: Borrow<ConfigurationItem>>,
{
    let unfinished = Unfinished::create(path)?;
    let out = BufWriter::new(&unfinished.file);
    let count = if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz")) {
        // No time in the header: the same items give the same bytes.
        let mut zipped = GzBuilder::new().mtime(0).write(out, Compression::default());
        let count = write_snapshot(&mut zipped, head, items)?;
        zipped.finish()?.flush()?;
        count
    } else {
        let mut out = out;
        let count = write_snapshot(&mut out, head, items)?;
        out.flush()?;
        count
    };
    unfinished.finish(path)?;
    Ok(count)
}

/// Writes a snapshot as text, one item a line, items taken one at a time: their count.
pub fn write_snapshot<I>(out: &mut dyn Write, head: &SnapshotHead<'_>, items: I) -> io::Result<u64>
where
    I: IntoIterator<Item: Borrow<ConfigurationItem>>,
{
    let accounts: Vec<_> = head
        .accounts
        .iter()
        .map(|account| json!({"id": account.id, "name": account.name, "ouPath": account.ou_path}))
        .collect();
    write!(out, "{{\"fileVersion\":\"1.0\",\"configSnapshotId\":")?;
    serde_json::to_writer(&mut *out, head.id)?;
    // Before the items: who reads the first one must know whose file it is.
    write!(out, ",\n\"haechi\":")?;
    let ours = Ours { coverage: head.coverage, accounts, organization: head.organization };
    serde_json::to_writer(&mut *out, &ours)?;
    write!(out, ",\n\"configurationItems\":[")?;
    let mut count = 0;
    for item in items {
        out.write_all(if count == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &FileForm(item.borrow()))?;
        count += 1;
    }
    out.write_all(b"\n]}\n")?;
    Ok(count)
}

#[derive(Serialize)]
struct Ours<'a> {
    coverage: &'a [Coverage],
    accounts: Vec<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<&'a str>,
}

/// An item in the spelling of AWS Config's files.
struct FileForm<'a>(&'a ConfigurationItem);

impl Serialize for FileForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, node) in self.0.root().members() {
            match name {
                "accountId" => map.serialize_entry("awsAccountId", &node)?,
                "arn" => map.serialize_entry("ARN", &node)?,
                "version" => map.serialize_entry("configurationItemVersion", &node)?,
                "relationships" => map.serialize_entry(name, &Relationships(node))?,
                _ => map.serialize_entry(name, &node)?,
            }
        }
        map.end()
    }
}

struct Relationships<'a>(Node<'a>);

impl Serialize for Relationships<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.elements().map(Relationship))
    }
}

struct Relationship<'a>(Node<'a>);

impl Serialize for Relationship<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let spelled = |name| if name == "relationshipName" { "name" } else { name };
        serializer.collect_map(self.0.members().map(|(name, node)| (spelled(name), node)))
    }
}

/// A file beside the one to be: it takes the name when it is whole, and goes when it is not.
struct Unfinished {
    file: File,
    path: PathBuf,
}

impl Unfinished {
    fn create(path: &Path) -> io::Result<Self> {
        let mut name = path.file_name().ok_or_else(|| io::Error::other("the path names no file"))?.to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let path = path.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { file: options.open(&path)?, path })
    }

    fn finish(self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.path, path)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After the rename there is nothing to remove.
        let _ = std::fs::remove_file(&self.path);
    }
}
