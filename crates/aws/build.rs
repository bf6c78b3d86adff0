//! Writes the table of the embedded API shapes, sorted by name, from the files of content/shapes.
//! Paths are relative to the crate, so that checkouts may share a target directory.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new("../../content/shapes");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?
            .file_name()
            .into_string()
            .map_err(|name| format!("{} is not a name in UTF-8", Path::new(&name).display()))?;
        if let Some(service) = name.strip_suffix(".json")
            && service != "partitions"
        {
            names.push(service.to_owned());
        }
    }
    names.sort();
    let mut text = String::from("pub(crate) const SHAPES: &[(&str, &str)] = &[\n");
    for name in names {
        let path = folder.join(format!("{name}.json"));
        writeln!(
            text,
            "    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{}\"))),",
            path.display()
        )?;
    }
    text.push_str("];\n");
    for (constant, file) in [("PARTITIONS", "partitions.json"), ("OPERATIONS", "operations.txt")] {
        let path = folder.join(file);
        let path = path.display();
        writeln!(
            text,
            "pub(crate) const {constant}: &str = include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{path}\"));"
        )?;
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("shapes.rs"), text)?;
    Ok(())
}
