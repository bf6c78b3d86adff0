//! Embeds locales/: the folder is the registry, read sorted, so that adding a file is enough.
//! Paths are relative to the crate, so that checkouts may share a target directory.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let locales = PathBuf::from("../../locales");
    let mut code = String::new();
    for language in ["en", "ko", "ja"] {
        let folder = locales.join(language);
        println!("cargo::rerun-if-changed={}", folder.display());
        let _ = writeln!(code, "pub(crate) const {}: &[(&str, &str)] = &[", language.to_uppercase());
        for file in messages(&folder) {
            println!("cargo::rerun-if-changed={}", file.display());
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            let path = file.display();
            let _ = writeln!(code, "    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{path}\"))),");
        }
        code.push_str("];\n");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("locales.rs"), code).expect("OUT_DIR can be written");
}

fn messages(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "ftl"))
        .collect();
    files.sort();
    files
}
