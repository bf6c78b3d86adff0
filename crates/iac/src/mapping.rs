//! How each kind of planned resource becomes an item: the files of content/mappings.
//!
//! A file names the kind, AWS Config's type, where each member of the item comes from, what AWS sets when a
//! member is left out (with the page that says so), and the kinds that complete the resource.

use std::collections::BTreeMap;

use haechi_content::{Diagnostic, Source, yaml};
use haechi_model::ResourceType;
use serde::Deserialize;
use serde_json::Value;

use crate::path::Path;
use crate::shape::{Cover, Shape};

include!(concat!(env!("OUT_DIR"), "/mappings.rs"));

/// One file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    schema: u32,
    /// `aws_s3_bucket`, `AWS::S3::Bucket`.
    pub from: String,
    /// Other names of the same kind.
    #[serde(default)]
    pub also: Vec<String>,
    #[serde(rename = "type")]
    pub resource_type: ResourceType,
    /// The pages that this follows.
    pub references: Vec<String>,
    /// The physical id where it is known; else the address is the id.
    pub id: Shape,
    #[serde(default)]
    pub name: Shape,
    /// With `{partition}`, `{region}`, `{account}`, `{id}`, `{name}` or an attribute in braces.
    #[serde(default)]
    pub arn: Option<String>,
    #[serde(default)]
    pub tags: Option<Shape>,
    pub into: BTreeMap<Path, Shape>,
    #[serde(default)]
    pub relationships: Vec<Relation>,
    /// What AWS sets when the member is left out.
    #[serde(default)]
    pub defaults: Vec<Preset>,
    /// Attributes that name another resource although they do not end in `_id` or `_arn`.
    #[serde(default)]
    pub links: Vec<String>,
    /// Members of the item that a resource of this kind never has when it is made.
    #[serde(default)]
    pub none: Vec<Path>,
    /// Kinds that complete this one.
    #[serde(default)]
    pub parts: BTreeMap<String, PartOf>,
    /// An account has few of these, made in one place for all: that a source has none says nothing.
    #[serde(default)]
    pub account_wide: bool,
    #[serde(default)]
    pub examples: Vec<Example>,
    #[serde(skip)]
    cover: Option<Cover>,
}

/// A resource that this one is related to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    #[serde(rename = "type")]
    pub resource_type: ResourceType,
    pub id: Shape,
    /// AWS Config's words, such as `Is contained in Vpc`.
    pub name: String,
}

/// A value that AWS's documentation states for a member that is left out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The attribute or property, or the kind of a part.
    pub member: Path,
    #[serde(default)]
    pub value: Value,
    /// Instead of a value: what it depends on, so that it is not known.
    #[serde(default)]
    pub unknown: Option<String>,
    /// True of resources made today only: one that is there already may be older than the default.
    #[serde(default)]
    pub new: bool,
    /// The page that says so.
    pub source: String,
}

/// How a completing resource names what it completes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartOf {
    pub by: Path,
    /// The attribute of the completed resource that is named, when it is not its id, name or ARN.
    #[serde(default)]
    pub matches: Option<Path>,
}

/// Resources and the items that they make.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    pub name: String,
    pub resources: Vec<ExampleResource>,
    pub items: Vec<Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleResource {
    pub address: String,
    #[serde(default)]
    pub kind: Option<String>,
    pub values: Value,
    /// Attributes that are not known.
    #[serde(default)]
    pub unknown: Vec<Path>,
}

impl Mapping {
    /// The members that the mapping speaks of; all others of the type are not known.
    pub(crate) fn cover(&self) -> &Cover {
        static WHOLE: Cover = Cover::Whole;
        self.cover.as_ref().unwrap_or(&WHOLE)
    }

    /// The members of the item that the mapping can make, as far as it names them.
    pub fn made(&self) -> Vec<String> {
        let mut all = Vec::new();
        name_all(self.cover(), "", &mut all);
        all
    }

    fn make_cover(&self) -> Cover {
        let mut all = Cover::Members(BTreeMap::new());
        let own = self.into.iter().map(|(path, shape)| (path, shape.cover()));
        for (path, cover) in own.chain(self.none.iter().map(|path| (path, Cover::Whole))) {
            let steps: Vec<_> = path.steps().collect();
            let tree = steps
                .iter()
                .rev()
                .fold(cover, |below, step| Cover::Members(BTreeMap::from([((*step).to_owned(), below)])));
            all.merge(tree);
        }
        all
    }
}

fn name_all(cover: &Cover, path: &str, all: &mut Vec<String>) {
    match cover {
        Cover::Whole => all.push(path.to_owned()),
        Cover::Members(members) => {
            for (name, below) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                name_all(below, &path, all);
            }
        }
    }
}

/// All mappings, by kind.
#[derive(Clone, Debug)]
pub struct Mappings {
    files: Vec<Mapping>,
    by_kind: BTreeMap<String, usize>,
    /// Completing kind to the mappings it completes.
    parts: BTreeMap<String, Vec<usize>>,
}

impl Mappings {
    /// Those that the program holds.
    ///
    /// # Errors
    /// A file is not well formed; the embedded ones are tested.
    pub fn embedded() -> Result<Self, Diagnostic> {
        Self::load(FILES.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())))
    }

    /// Those of these files: name and text of each.
    ///
    /// # Errors
    /// A file is not well formed, or two speak of one kind.
    pub fn load(files: impl IntoIterator<Item = (String, String)>) -> Result<Self, Diagnostic> {
        let mut all = Self { files: Vec::new(), by_kind: BTreeMap::new(), parts: BTreeMap::new() };
        for (name, text) in files {
            let source = Source::new(name, text);
            let node = yaml::read(&source, yaml::Limits::CONTENT)?;
            let mut mapping: Mapping = yaml::from_node(&node, &source)?;
            if mapping.schema != 1 {
                return Err(source.diagnostic(node.at(&["schema"]).span(), "this program reads schema 1"));
            }
            mapping.cover = Some(mapping.make_cover());
            let index = all.files.len();
            for kind in mapping.also.iter().chain([&mapping.from]) {
                if all.by_kind.insert(kind.clone(), index).is_some() {
                    return Err(source.diagnostic(node.at(&["from"]).span(), format!("{kind} has a mapping already")));
                }
            }
            for kind in mapping.parts.keys() {
                all.parts.entry(kind.clone()).or_default().push(index);
            }
            all.files.push(mapping);
        }
        Ok(all)
    }

    pub fn get(&self, kind: &str) -> Option<&Mapping> {
        self.by_kind.get(kind).map(|&index| &self.files[index])
    }

    pub fn iter(&self) -> impl Iterator<Item = &Mapping> {
        self.files.iter()
    }

    /// The kind only completes others.
    pub fn is_part(&self, kind: &str) -> bool {
        self.parts.contains_key(kind)
    }

    /// The mappings of what a kind completes.
    pub(crate) fn completed_by(&self, kind: &str) -> impl Iterator<Item = (&Mapping, &PartOf)> {
        self.parts.get(kind).into_iter().flatten().filter_map(move |&index| {
            let mapping = &self.files[index];
            Some((mapping, mapping.parts.get(kind)?))
        })
    }

    /// Whether a link is meant by an attribute of this kind, beyond `..._id` and `..._arn`.
    pub(crate) fn is_link(&self, kind: &str, attribute: &str) -> bool {
        let is = |suffixes: &[&str]| suffixes.iter().any(|suffix| attribute.ends_with(suffix));
        is(&["_id", "_ids", "_arn", "_arns"])
            || self.get(kind).is_some_and(|mapping| mapping.links.iter().any(|link| link == attribute))
            || self.completed_by(kind).any(|(_, part)| part.by.steps().next() == Some(attribute))
    }
}
