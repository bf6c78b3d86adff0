//! What must hold for the header of every content file, whatever it is about: schema, name, languages, references.

use crate::content::Origin;
use crate::source::{Diagnostic, Source};
use crate::text::{Language, Text};
use crate::yaml::Node;

/// A file that is checked: its text with places, and whose it is.
pub(crate) struct Header<'a> {
    pub root: &'a Node,
    pub source: &'a Source,
    pub origin: Origin,
}

impl Header<'_> {
    pub fn at(&self, path: &[&str], message: impl Into<String>) -> Diagnostic {
        self.source.diagnostic(self.root.at(path).span(), message)
    }

    pub fn schema(&self, schema: u32, found: &mut Vec<Diagnostic>) {
        if schema != 1 {
            found.push(self.at(&["schema"], "only schema 1 is known").help("a newer Haechi may read this file"));
        }
    }

    /// A file is named after its id; `what` is what it holds: a rule, a detection.
    pub fn file(&self, what: &str, id: &str, stem: &str, found: &mut Vec<Diagnostic>) {
        let wanted = format!("{stem}.yaml");
        let name = self.source.name.rsplit('/').next().unwrap_or_default();
        if name != wanted {
            let message = format!("the file of the {what} `{id}` is named `{wanted}`");
            found.push(self.at(&["id"], message).help(format!("rename `{name}` to `{wanted}`")));
        }
    }

    /// A user's own file may speak the user's language only; what we ship speaks three.
    pub fn text(&self, path: &[&str], text: &Text, found: &mut Vec<Diagnostic>) {
        let wanted: &[Language] = match self.origin {
            Origin::Embedded => &Language::ALL,
            Origin::User => &[Language::En],
        };
        let missing: Vec<_> =
            wanted.iter().filter(|one| text.own(**one).trim().is_empty()).map(|one| one.as_str()).collect();
        if !missing.is_empty() {
            found.push(self.at(path, format!("`{}` is missing in: {}", path.join("."), missing.join(", "))));
        }
    }

    pub fn references(&self, references: &[String], found: &mut Vec<Diagnostic>) {
        for (index, reference) in references.iter().enumerate() {
            if !reference.starts_with("https://") || reference.contains(char::is_whitespace) {
                found.push(self.at(&["references", &index.to_string()], "a reference is an https address"));
            }
        }
    }
}
