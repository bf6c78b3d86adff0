//! Control catalogues: the ids of standards that rules speak to. Ids are facts; a standard's wording
//! is not ours, so a title is there only where we wrote a short one.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::source::{Diagnostic, Source, nearest};
use crate::text::Text;
use crate::yaml::{Node, from_node};

/// One standard.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    pub id: String,
    pub title: Text,
    pub version: String,
    /// Where the ids are published.
    pub source: String,
    /// Id and, where there is one, our short title.
    pub controls: BTreeMap<String, Option<Text>>,
}

/// A file of `content/controls/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    schema: u32,
    id: String,
    title: Text,
    version: String,
    source: String,
    /// Controls that have a title of ours.
    #[serde(default)]
    controls: Vec<Control>,
    /// Controls by their ids alone.
    #[serde(default)]
    ids: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Control {
    id: String,
    #[serde(default)]
    title: Option<Text>,
}

impl Catalogue {
    pub(crate) fn read(root: &Node, source: &Source) -> Result<Self, Diagnostic> {
        let file: CatalogueFile = from_node(root, source)?;
        if file.schema != 1 {
            return Err(source.diagnostic(root.at(&["schema"]).span(), "only schema 1 is known"));
        }
        if !file.source.starts_with("https://") {
            return Err(source.diagnostic(root.at(&["source"]).span(), "the source is an https address"));
        }
        let mut controls = BTreeMap::new();
        let titled = file.controls.into_iter().map(|control| (control.id, control.title)).enumerate();
        let bare = file.ids.into_iter().map(|id| (id, None)).enumerate();
        for (key, (index, (id, title))) in titled.map(|one| ("controls", one)).chain(bare.map(|one| ("ids", one))) {
            if controls.insert(id.clone(), title).is_some() {
                let place = root.at(&[key, &index.to_string()]).span();
                return Err(source.diagnostic(place, format!("the control `{id}` is listed a second time")));
            }
        }
        Ok(Self { id: file.id, title: file.title, version: file.version, source: file.source, controls })
    }
}

/// All catalogues by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Controls {
    pub catalogues: BTreeMap<String, Catalogue>,
}

/// A control that no catalogue has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownControl {
    pub message: String,
    pub meant: Option<String>,
}

impl Controls {
    /// The catalogue and the control of an id such as `aws-fsbp:S3.2`.
    pub fn find(&self, id: &str) -> Result<(&Catalogue, Option<&Text>), UnknownControl> {
        let unknown = |message: String, meant: Option<String>| UnknownControl { message, meant };
        let Some((standard, control)) = id.split_once(':') else {
            return Err(unknown(format!("`{id}` is not of the form catalogue:control"), None));
        };
        let Some(catalogue) = self.catalogues.get(standard) else {
            let meant = nearest(standard, self.catalogues.keys().map(String::as_str));
            let meant = meant.map(|name| format!("{name}:{control}"));
            return Err(unknown(format!("there is no catalogue `{standard}`"), meant));
        };
        match catalogue.controls.get(control) {
            Some(title) => Ok((catalogue, title.as_ref())),
            None => {
                // A control of Security Hub that another standard has is the likelier slip than a typing error.
                let elsewhere = self.catalogues.values().find(|other| other.controls.contains_key(control));
                let meant = match elsewhere {
                    Some(other) => Some(format!("{}:{control}", other.id)),
                    None => nearest(control, catalogue.controls.keys().map(String::as_str))
                        .map(|name| format!("{standard}:{name}")),
                };
                Err(unknown(format!("the catalogue `{standard}` has no control `{control}`"), meant))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Limits, read};

    fn catalogue(text: &str) -> Result<Catalogue, String> {
        let source = Source::new("c.yaml", text);
        let root = read(&source, Limits::CONTENT).map_err(|error| error.short())?;
        Catalogue::read(&root, &source).map_err(|error| error.short())
    }

    const HEAD: &str = "schema: 1\nid: k\ntitle: {en: K}\nversion: 1.0\nsource: https://example.org/\n";

    #[test]
    fn finds_and_suggests() {
        let one = catalogue(&format!("{HEAD}controls: [{{id: 2.5.3, title: {{en: T}}}}]\nids: [1.1, 1.10]\n")).unwrap();
        let controls = Controls { catalogues: BTreeMap::from([("k".to_owned(), one)]) };
        assert_eq!(controls.find("k:2.5.3").unwrap().1.unwrap().en, "T");
        assert!(controls.find("k:1.10").is_ok());
        assert_eq!(controls.find("k:1.11").unwrap_err().meant.as_deref(), Some("k:1.1"));
        assert!(controls.find("kk:1.1").unwrap_err().meant.is_some());
        assert!(controls.find("1.1").is_err());
    }

    #[test]
    fn refuses_doubles_and_plain_http() {
        assert_eq!(
            catalogue(&format!("{HEAD}ids: [a, b, a]\n")).unwrap_err(),
            "c.yaml:6:13: the control `a` is listed a second time"
        );
        assert!(catalogue(&HEAD.replace("https", "http")).unwrap_err().contains("https address"));
    }
}
