//! Writes the table of the embedded playbooks, sorted by path: the folder is the registry.
//! Paths are relative to the crate, so that checkouts may share a target directory.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new("../../content/playbooks");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") {
            names.push(name);
        }
    }
    names.sort();
    let mut text = String::from("pub(crate) const FILES: &[(&str, &str)] = &[\n");
    for name in names {
        let path = folder.join(&name);
        let path = path.display();
        writeln!(
            text,
            "    (\"playbooks/{name}\", include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{path}\"))),"
        )?;
    }
    text.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("playbooks.rs"), text)?;
    Ok(())
}
