//! The playbooks that there are: what Haechi ships with, and a folder of the user's own over it.

use std::collections::BTreeMap;
use std::path::Path;

use haechi_content::{Diagnostic, content::read_text, yaml};

use crate::playbook::Playbook;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/playbooks.rs"));
}

/// Files of a user's folder at most.
const MOST_FILES: usize = 1_000;

/// Playbooks by id.
#[derive(Debug, Clone, Default)]
pub struct Library {
    playbooks: BTreeMap<String, Playbook>,
    problems: Vec<Diagnostic>,
}

impl Library {
    /// What Haechi ships with.
    pub fn embedded() -> Self {
        let mut library = Self::default();
        for (name, text) in embedded::FILES {
            library.add(name, text);
        }
        library
    }

    /// What Haechi ships with, and over it `playbooks/` of a folder of the user's own, where there is one.
    pub fn with_folder(folder: &Path) -> Self {
        let mut library = Self::embedded();
        let folder = folder.join("playbooks");
        let Ok(entries) = std::fs::read_dir(&folder) else { return library };
        let yaml =
            |path: &std::path::PathBuf| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(yaml).collect();
        paths.sort();
        if paths.len() > MOST_FILES {
            let message = format!("there are more than {MOST_FILES} files");
            library.problems.push(Diagnostic::of_file(folder.display().to_string(), message));
            return library;
        }
        for path in paths {
            match read_text(&path, yaml::Limits::CONTENT.bytes) {
                Ok(text) => library.add(&path.display().to_string(), &text),
                Err(problem) => library.problems.push(problem),
            }
        }
        library
    }

    fn add(&mut self, name: &str, text: &str) {
        let playbook = match Playbook::read(name, text) {
            Ok(playbook) => playbook,
            Err(problems) => return self.problems.extend(problems),
        };
        let wrong = |message: String| Diagnostic::of_file(name, message);
        match (self.playbooks.contains_key(&playbook.id), playbook.overrides) {
            (true, false) => {
                let said = wrong(format!("there is a playbook `{}` already", playbook.id));
                self.problems.push(said.help("write `overrides: true` to put this one in its place"));
            }
            (false, true) => self.problems.push(wrong(format!("there is no playbook `{}` to override", playbook.id))),
            _ => {
                self.playbooks.insert(playbook.id.clone(), playbook);
            }
        }
    }

    pub fn get(&self, id: &str) -> Option<&Playbook> {
        self.playbooks.get(id)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Playbook> {
        self.playbooks.values()
    }

    /// What was refused and why.
    pub fn problems(&self) -> &[Diagnostic] {
        &self.problems
    }
}
