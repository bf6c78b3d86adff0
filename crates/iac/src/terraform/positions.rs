//! Where each resource of a plan stands in the `.tf` files of a folder.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::hcl::{Block, blocks};
use super::links::Address;
use crate::resource::Resource;

/// Files of a folder, and bytes of one.
const FILES: usize = 20_000;
const BYTES: u64 = 4 << 20;
/// Modules in all.
const MODULES: usize = 2_000;

/// The blocks of a configuration: module, kind and name to file and place.
#[derive(Clone, Debug, Default)]
pub struct Positions {
    found: HashMap<(String, String, String), (String, u32, u32)>,
    /// Files and folders that could not be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
}

impl Positions {
    /// Reads the `.tf` and `.tofu` files of a folder and of the local modules that they call; of modules from
    /// elsewhere, those that `terraform init` has put into `.terraform`.
    pub fn of_dir(root: &Path) -> Self {
        let mut positions = Self::default();
        let installed = installed(root);
        let mut waiting = vec![(String::new(), root.to_owned())];
        let (mut files, mut modules) = (0, 0);
        while let Some((module, folder)) = waiting.pop() {
            modules += 1;
            if modules > MODULES {
                positions.unreadable.push((folder, format!("more than {MODULES} modules: the rest has no positions")));
                break;
            }
            for path in positions.sources(&folder, &mut files) {
                let shown = path.display().to_string();
                for block in positions.blocks(&path) {
                    positions.note(&module, &folder, &shown, block, &installed, &mut waiting);
                }
            }
        }
        positions
    }

    fn sources(&mut self, folder: &Path, files: &mut usize) -> Vec<PathBuf> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.unreadable.push((folder.to_owned(), error.to_string()));
                return Vec::new();
            }
        };
        let ours = |path: &PathBuf| {
            path.is_file()
                && path.extension().and_then(|ending| ending.to_str()).is_some_and(|e| e == "tf" || e == "tofu")
        };
        let mut found: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(ours).collect();
        found.sort();
        found.truncate(FILES.saturating_sub(*files));
        *files += found.len();
        found
    }

    fn blocks(&mut self, path: &Path) -> Vec<Block> {
        let read = match fs::metadata(path) {
            Ok(known) if known.len() > BYTES => Err(format!("larger than {BYTES} bytes")),
            _ => fs::read(path).map_err(|error| error.to_string()),
        };
        let text = read.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned()));
        match text {
            Ok(text) => blocks(&text),
            Err(reason) => {
                self.unreadable.push((path.to_owned(), reason));
                Vec::new()
            }
        }
    }

    fn note(
        &mut self,
        module: &str,
        folder: &Path,
        file: &str,
        block: Block,
        installed: &HashMap<String, PathBuf>,
        waiting: &mut Vec<(String, PathBuf)>,
    ) {
        match (block.keyword.as_str(), &block.labels[..]) {
            ("resource", [kind, name]) => {
                let place = (file.to_owned(), block.line, block.column);
                self.found.insert((module.to_owned(), kind.clone(), name.clone()), place);
            }
            ("module", [name]) => {
                let dot = if module.is_empty() { "" } else { "." };
                let child = format!("{module}{dot}{name}");
                // A module that calls itself would never end.
                if child.split('.').count() > super::MODULES {
                    return;
                }
                let local = block.source.filter(|source| source.starts_with("./") || source.starts_with("../"));
                let place = local.map(|source| folder.join(source)).or_else(|| installed.get(&child).cloned());
                waiting.extend(place.filter(|place| place.is_dir()).map(|place| (child, place)));
            }
            _ => {}
        }
    }

    /// Gives each resource its file and line, where its block was found.
    pub fn place(&self, resources: &mut [Resource]) {
        for resource in resources {
            let address = Address::parse(&resource.address);
            if let Some((file, line, column)) = self.found.get(&(address.module, address.kind, address.name)) {
                resource.location.file.clone_from(file);
                (resource.location.line, resource.location.column) = (Some(*line), Some(*column));
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

/// What `terraform init` wrote about the modules that it fetched.
fn installed(root: &Path) -> HashMap<String, PathBuf> {
    let file = root.join(".terraform/modules/modules.json");
    let known = fs::metadata(&file).is_ok_and(|known| known.len() <= BYTES);
    let bytes = if known { fs::read(&file).unwrap_or_default() } else { Vec::new() };
    let list: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let entries = list["Modules"].as_array().into_iter().flatten();
    let dirs = entries.filter_map(|entry| Some((entry["Key"].as_str()?.to_owned(), root.join(entry["Dir"].as_str()?))));
    dirs.collect()
}
