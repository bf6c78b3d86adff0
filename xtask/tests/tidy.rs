//! The invariants of ARCHITECTURE.md, checked against `cargo metadata` and the sources.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

/// Files of a folder and below, with an ending, sorted.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, ending, found);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), ending, &mut found);
    found.sort();
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// Crate, layer, and the crates of the same layer that it may use.
const LAYERS: [(&str, u32); 18] = [
    ("haechi-model", 0),
    ("haechi-content", 10),
    ("haechi-i18n", 11),
    ("haechi-iam", 20),
    ("haechi-query", 21),
    ("haechi-access", 22),
    ("haechi-rules", 25),
    ("haechi-detect", 26),
    ("haechi-aws", 30),
    ("haechi-inventory", 31),
    ("haechi-store", 32),
    ("haechi-report", 33),
    ("haechi-logs", 34),
    ("haechi-iac", 35),
    ("haechi-respond", 36),
    ("haechi-app", 40),
    ("haechi", 50),
    ("xtask", 60),
];

fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|package| {
            let used = package["dependencies"].as_array().into_iter().flatten();
            let used = used.filter(|used| used["kind"].as_str() != Some("dev"));
            (text(&package["name"]), used.map(|used| text(&used["name"])).collect())
        })
        .collect()
}

#[test]
fn crates_depend_on_lower_layers_only() {
    let layer = |name: &str| LAYERS.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer);
    for (name, used) in dependencies() {
        if name.starts_with("haechi-benches") {
            continue;
        }
        let own = layer(&name)
            .unwrap_or_else(|| panic!("`{name}` has no layer: add it to the tidy test and to ARCHITECTURE.md"));
        for other in used {
            if let Some(other_layer) = layer(&other) {
                assert!(other_layer < own, "`{name}` must not depend on `{other}`: it is not in a lower layer");
            }
        }
    }
}

#[test]
fn only_one_crate_knows_each_outside_thing() {
    let owners: [(&str, &[&str]); 10] = [
        ("rusqlite", &["haechi-store"]),
        ("tokio-postgres", &["haechi-store"]),
        ("aws-config", &["haechi-aws"]),
        ("aws-sigv4", &["haechi-aws"]),
        ("aws-lc-rs", &["haechi-logs"]),
        ("hyper", &["haechi-aws"]),
        ("clap", &["haechi"]),
        ("indicatif", &["haechi"]),
        ("comfy-table", &["haechi-report"]),
        ("cel", &["haechi-rules"]),
    ];
    for (name, used) in dependencies() {
        for (library, allowed) in owners {
            let fits = !used.iter().any(|other| other == library)
                || allowed.contains(&name.as_str())
                || name.starts_with("haechi-benches");
            assert!(fits, "`{name}` uses `{library}`, which belongs to {allowed:?}");
        }
    }
}

/// Licences under which a dependency may be used and passed on, by its SPDX expression's alternatives.
const LICENCES: [&str; 13] = [
    "Apache-2.0",
    "MIT",
    "MIT-0",
    "ISC",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "Zlib",
    "Unlicense",
    "CC0-1.0",
    "Unicode-3.0",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "OpenSSL",
];

#[test]
fn dependencies_may_be_passed_on() {
    // Only what is built here: crates of other systems need not have been fetched.
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let text = String::from_utf8_lossy(&rustc.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", host])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 100, "all dependencies are looked at");
    for package in packages {
        let (name, licence) = (&package["name"], package["license"].as_str().unwrap_or_default());
        // `A OR B` asks for one, `A AND B` for both.
        let fits = licence.replace('/', " OR ").split(" OR ").any(|choice| {
            choice.split(" AND ").all(|part| {
                LICENCES.contains(&part.trim_matches(['(', ')', ' ']).split(" WITH ").next().unwrap_or_default())
            })
        });
        assert!(fits, "{name}: the licence `{licence}` is not one that Haechi may pass on");
        let source = package["source"].as_str().unwrap_or("registry+");
        assert!(source.starts_with("registry+"), "{name}: comes from {source}, not from the crates registry");
    }
}

#[test]
fn engines_are_pure() {
    let forbidden = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "SystemTime::now",
        "Instant::now",
        "tokio",
        "async fn",
        "rusqlite",
    ];
    for name in ["model", "iam", "access", "query", "rules", "detect"] {
        for path in files(&format!("crates/{name}/src"), ".rs") {
            let text = read(&path);
            // Tests at the end of a module may read the public corpus.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for word in forbidden {
                let line = code.lines().position(|line| line.contains(word) && !line.trim_start().starts_with("//"));
                assert!(line.is_none(), "{}:{}: an engine must not use `{word}`", shown(&path), line.unwrap_or(0) + 1);
            }
        }
    }
}

#[test]
fn modules_say_what_they_are_for() {
    for folder in ["crates", "xtask", "benches"] {
        for path in files(folder, ".rs") {
            let text = read(&path);
            assert!(
                text.starts_with("//!"),
                "{}: the first line must say what the module is for (`//! ...`)",
                shown(&path)
            );
            let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            assert!(
                !["utils", "util", "common", "helpers", "helper", "manager", "misc"].contains(&name),
                "{}: a module is named after what it does",
                shown(&path)
            );
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("FIX", "ME"),
        concat!("TO", "DO"),
        concat!("allow(dead", "_code)"),
        concat!("#[ig", "nore"),
    ];
    for folder in ["crates", "xtask", "benches", "fuzz"] {
        for path in files(folder, ".rs") {
            for (at, line) in read(&path).lines().enumerate() {
                let found = marks.iter().find(|mark| line.contains(**mark));
                assert!(found.is_none(), "{}:{}: `{}`", shown(&path), at + 1, found.unwrap_or(&""));
            }
        }
    }
}

#[test]
fn nothing_names_one_machine() {
    let ignored = ["Cargo.lock"];
    let output = Command::new("git").args(["ls-files"]).current_dir(root()).output();
    let Ok(output) = output else { return println!("skipped: git is not installed") };
    for name in String::from_utf8_lossy(&output.stdout).lines().filter(|name| !ignored.contains(name)) {
        let Ok(text) = std::fs::read_to_string(root().join(name)) else { continue };
        for path in [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")] {
            let line = text.lines().position(|line| {
                // `/x/*` is a pattern of paths on other machines.
                line.match_indices(path).any(|(at, _)| {
                    let starts = at == 0 || !line.as_bytes()[at - 1].is_ascii_alphanumeric();
                    starts && line.as_bytes().get(at + path.len()) != Some(&b'*')
                })
            });
            assert!(line.is_none(), "{name}:{}: a path of one machine (`{path}`)", line.unwrap_or(0) + 1);
        }
    }
}

#[test]
fn the_architecture_names_every_crate() {
    let text = read(&root().join("ARCHITECTURE.md"));
    for entry in std::fs::read_dir(root().join("crates")).expect("crates/").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(text.contains(&format!("`{name}`")), "ARCHITECTURE.md does not speak of crates/{name}");
    }
}

#[test]
fn readme_commands_exist() {
    let readme = read(&root().join("README.md"));
    for needed in ["cargo run --release -- demo", "./test"] {
        assert!(readme.contains(needed), "README.md does not show `{needed}`");
    }
}
