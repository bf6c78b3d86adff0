//! Lists the files of content/ for the program to embed: path below content/ and text, sorted.
//! The folder is the registry, so there is no list to keep by hand and none to forget.
//! Paths are relative to the crate, so that checkouts may share a target directory.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders of content/ that this crate knows; others belong to other crates.
const FOLDERS: [&str; 7] = ["collectors", "controls", "detections", "iam", "packs", "rules", "tables"];

fn main() -> io::Result<()> {
    let root = PathBuf::from("../../content");
    let mut files = Vec::new();
    for folder in FOLDERS {
        let path = root.join(folder);
        if path.is_dir() {
            collect(&path, &mut files)?;
        }
        // A folder that does not exist yet is watched through its parent.
        println!("cargo::rerun-if-changed={}", if path.is_dir() { &path } else { &root }.display());
    }
    files.sort();
    let mut code = String::from("pub(crate) static FILES: &[(&str, &str)] = &[\n");
    for file in &files {
        let name = file.strip_prefix(&root).map_err(io::Error::other)?.to_string_lossy().replace('\\', "/");
        let path = file.display();
        let _ = writeln!(code, "    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{path}\"))),");
    }
    code.push_str("];\n");
    let target = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(target.join("content_files.rs"), code)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if matches!(path.extension().and_then(|ending| ending.to_str()), Some("yaml" | "txt")) {
            files.push(path);
        }
    }
    Ok(())
}
