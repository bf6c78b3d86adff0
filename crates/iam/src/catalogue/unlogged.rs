//! Which actions CloudTrail's management events do not show: where no call of one is in a log, that says nothing. The
//! rules are the text of content/iam/unlogged.txt, whose head tells its form.

use super::{ActionInfo, CatalogueError};
use crate::pattern::{Case, matches};

/// Why a log may not show an action that was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unlogged {
    /// Only data events show it.
    DataEvents,
    /// No event of its own shows it.
    Never,
}

/// The rules, read.
#[derive(Debug)]
pub struct UnloggedRules {
    /// By service prefix, sorted.
    rules: Vec<(Box<str>, Unlogged, Vec<Box<str>>)>,
}

impl UnloggedRules {
    /// Reads the rules.
    ///
    /// # Errors
    /// A line that is neither `data` nor `never`, or names nothing.
    pub fn read(text: &str) -> Result<UnloggedRules, CatalogueError> {
        let mut rules = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_ascii_whitespace().collect();
            let wrong = |what| CatalogueError { line: number + 1, what };
            let (why, prefix, names) = match words[..] {
                [] => continue,
                ["data", prefix, ref names @ ..] if !names.is_empty() => (Unlogged::DataEvents, prefix, names),
                ["never", prefix, ref names @ ..] if !names.is_empty() => (Unlogged::Never, prefix, names),
                _ => return Err(wrong("expected: data|never PREFIX NAME...")),
            };
            let names = names.iter().map(|name| Box::from(*name)).collect();
            rules.push((prefix.to_ascii_lowercase().into(), why, names));
        }
        rules.sort();
        Ok(UnloggedRules { rules })
    }

    /// Whether, and why, management events do not show an action.
    pub fn of(&self, action: ActionInfo<'_>) -> Option<Unlogged> {
        let prefix = action.service().prefix();
        let start = self.rules.partition_point(|(known, ..)| &**known < prefix);
        let mut rules = self.rules[start..].iter().take_while(|(known, ..)| &**known == prefix);
        let (_, why, _) =
            rules.find(|(_, _, names)| names.iter().any(|name| matches(name, action.name(), Case::Insensitive)))?;
        Some(*why)
    }

    /// The patterns of actions, for checking them against a table.
    pub fn patterns(&self) -> impl Iterator<Item = String> {
        self.rules.iter().flat_map(|(prefix, _, names)| names.iter().map(move |name| format!("{prefix}:{name}")))
    }
}
