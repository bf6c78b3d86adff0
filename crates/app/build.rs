//! Embeds the example organization's snapshot files and logs, sorted by name.
//! Paths are relative to the crate, so that checkouts may share a target directory.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let folder = Path::new("../../examples/organization");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    walk(folder, &mut files);
    files.sort();
    // Every file is named after the moment it was taken at.
    let mut code = String::from("pub const TAKEN: &str = \"2026-11-20T03:00:00Z\";\n");
    let (config, logs): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|path| path.components().any(|part| part.as_os_str() == "Config"));
    for (list, files) in [("FILES", config), ("LOGS", logs)] {
        writeln!(code, "pub const {list}: &[(&str, &[u8])] = &[").expect("a string takes text");
        for path in &files {
            let name = path.strip_prefix(folder).unwrap_or(path).display().to_string();
            let path = path.display();
            writeln!(code, "    ({name:?}, include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{path}\"))),")
                .expect("a string takes text");
        }
        code.push_str("];\n");
    }
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    std::fs::write(Path::new(&out).join("example.rs"), code).expect("OUT_DIR can be written");
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("examples/organization is part of the project").flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}
