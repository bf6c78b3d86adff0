//! The playbooks that there are: what Haechi ships with, and a folder of the user's own over it.

use std::collections::{BTreeMap, BTreeSet};
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
    /// Of the user's folder.
    own: BTreeSet<String>,
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

    /// True for a playbook of the user's own.
    pub fn is_own(&self, id: &str) -> bool {
        self.own.contains(id)
    }

    fn add_own(&mut self, name: &str, text: &str) {
        if let Some(id) = self.add(name, text) {
            self.own.insert(id);
        }
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
                Ok(text) => library.add_own(&path.display().to_string(), &text),
                Err(problem) => library.problems.push(problem),
            }
        }
        library
    }

    fn add(&mut self, name: &str, text: &str) -> Option<String> {
        let playbook = match Playbook::read(name, text) {
            Ok(playbook) => playbook,
            Err(problems) => {
                self.problems.extend(problems);
                return None;
            }
        };
        let wrong = |message: String| Diagnostic::of_file(name, message);
        let problem = match (self.playbooks.contains_key(&playbook.id), playbook.overrides) {
            (true, false) => wrong(format!("there is a playbook `{}` already", playbook.id))
                .help("write `overrides: true` to put this one in its place"),
            (false, true) => wrong(format!("there is no playbook `{}` to override", playbook.id)),
            _ => {
                let id = playbook.id.clone();
                self.playbooks.insert(id.clone(), playbook);
                return Some(id);
            }
        };
        self.problems.push(problem);
        None
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
