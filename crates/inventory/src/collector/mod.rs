//! Collectors: one file per resource type that says how to list it and how to shape an item.
//!
//! A file is checked when it loads: unknown keys, operations that the API shapes lack, and
//! destinations outside the item are errors with file, line and column.

mod check;
#[cfg(test)]
mod emitted;
mod ordered;
pub mod path;
#[cfg(test)]
mod refusals;
pub mod shape;

use std::collections::BTreeMap;
use std::num::{NonZeroU16, NonZeroUsize};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use haechi_content::Text;
use haechi_model::ResourceType;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_saphyr::Spanned;

use ordered::Ordered;
use path::{Input, Path, Template};
use shape::{Case, Conditions, Shape};

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/collectors.rs"));
}

/// What is wrong with a collector file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {what}")]
pub struct CollectorError {
    pub file: String,
    pub line: u64,
    pub column: u64,
    pub what: String,
}

/// In which accounts a type is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AskedIn {
    #[default]
    Every,
    /// Where the organization is read from: the management account or a delegated administrator.
    Organization,
}

/// How one resource type is collected. content/collectors/README.md explains the keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collector {
    pub(crate) schema: Spanned<u32>,
    #[serde(rename = "type", deserialize_with = "spanned_type")]
    resource_type: Spanned<ResourceType>,
    pub title: Text,
    /// The type belongs to no region.
    #[serde(default)]
    pub global: bool,
    /// In which accounts the type is asked for.
    #[serde(default, rename = "only")]
    pub(crate) asked_in: AskedIn,
    #[serde(default)]
    pub references: Vec<String>,
    pub(crate) collect: Section,
    /// What is collected in each region as well, of a type that has a global part.
    #[serde(default)]
    pub(crate) regional: Option<Section>,
    /// Members that items have and AWS Config's published schema lacks: path to kind.
    #[serde(default)]
    pub members: BTreeMap<String, String>,
    /// Paths that AWS Config does not record and Haechi adds.
    #[serde(default)]
    pub(crate) extended: Vec<Spanned<Path>>,
    /// Paths below which every text is a secret.
    #[serde(default)]
    pub(crate) redact: Vec<Spanned<Path>>,
    /// Members that change by themselves: left out of items, where each change would be a version.
    #[serde(default)]
    pub(crate) volatile: Vec<Spanned<Path>>,
    /// Members that tell a last use: while it is recent, only that it is.
    #[serde(default)]
    pub(crate) uses: Vec<Use>,
    #[serde(default)]
    pub(crate) examples: Vec<Example>,
}

/// A member that tells when something was last used. The time of a recent use would be another at every run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Use {
    pub member: Spanned<Path>,
    /// The member in it that is the time; left out: it is the time itself.
    #[serde(default)]
    pub time: Option<String>,
    /// What is recent: a use so many days before the run, or later.
    pub days: NonZeroU16,
}

/// How the resources of one type are listed, completed and shaped.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    #[serde(default = "Case::default_case")]
    pub case: Case,
    pub list: Listing,
    #[serde(default)]
    pub get: Vec<Get>,
    pub item: Header,
}

/// Where the resources come from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listing {
    /// Left out: there is exactly one resource.
    #[serde(default)]
    pub call: Option<Spanned<Operation>>,
    #[serde(default)]
    pub input: Input,
    /// Where the resources stand in a page.
    #[serde(default)]
    pub items: Path,
    /// For a listing of bare ids: the member that the id becomes.
    #[serde(default)]
    pub named: Option<String>,
    #[serde(default, rename = "where")]
    pub only: Conditions,
    /// The resources are listed once per element of this listing, which is then `{parent}`.
    #[serde(default)]
    pub per: Option<Box<Listing>>,
    /// Of an outer listing: it is asked below each element that it finds as well, as in a tree.
    #[serde(default)]
    pub again: Option<Again>,
    /// Error codes that mean: there is none.
    #[serde(default)]
    pub absent: Vec<String>,
    /// One listing covers all regions; this says which region a resource is in.
    #[serde(default)]
    pub place: Option<Place>,
}

/// A listing that goes down a tree. What it begins with, the elements of its own outer listing, is in it too.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Again {
    /// The name of an element.
    pub of: Path,
    /// The member that the names from the top to an element become, with `/` between them.
    #[serde(rename = "as")]
    pub named: String,
}

/// How to find the region of a resource that one listing for all regions gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Place {
    #[serde(rename = "rust:bucket-region")]
    BucketRegion,
}

/// What a mapping cannot say: collected by code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Coded {
    #[serde(rename = "rust:credential-report")]
    CredentialReport,
    #[serde(rename = "rust:quota-usage")]
    QuotaUsage,
    #[serde(rename = "rust:last-accessed")]
    LastAccessed,
}

/// What is asked for only when the user wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Choice {
    /// It may hold secrets.
    Secrets,
    /// IAM's report of what a principal accessed when: a job for each.
    LastAccessed,
}

/// A further call that completes resources.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Get {
    #[serde(default)]
    pub call: Option<Spanned<Operation>>,
    #[serde(default)]
    pub collect: Option<Spanned<Coded>>,
    #[serde(default)]
    pub input: Input,
    /// Only for resources that fulfil these.
    #[serde(default, rename = "if")]
    pub when: Conditions,
    /// Error codes that mean: the resource has none of this.
    #[serde(default)]
    pub absent: Vec<String>,
    /// Error codes that mean: the resource is gone since it was listed.
    #[serde(default)]
    pub gone: Vec<String>,
    /// One answer serves all resources of the listing.
    #[serde(default)]
    pub once: bool,
    /// One call serves up to so many resources of a page: the lists of its input are joined.
    #[serde(default)]
    pub batch: Option<NonZeroUsize>,
    /// What it means when the answer of a batch lacks a resource.
    #[serde(default)]
    pub lacking: Lacking,
    /// Where the answer's value stands.
    #[serde(default)]
    pub take: Path,
    /// Of a list in the answer, the elements that fulfil these.
    #[serde(default, rename = "where")]
    pub only: Conditions,
    #[serde(default)]
    pub first: bool,
    /// A call for each element of the taken list.
    #[serde(default)]
    pub each: Option<EachGet>,
    /// The value's members become members of `{item}`.
    #[serde(default)]
    pub merge: bool,
    /// The value becomes this member of `{item}`.
    #[serde(default, rename = "as")]
    pub named: Option<String>,
    /// The item's members that depend on what `as` or `merge` adds: unknown when the call fails.
    #[serde(default)]
    pub fills: Vec<Path>,
    /// Where parts of the value go in the item.
    #[serde(default)]
    pub into: Ordered<Spanned<Path>, Shape>,
    /// Asked for only when the user wants it.
    #[serde(default, rename = "option")]
    pub choice: Option<Choice>,
}

/// What it means when the answer of a batch lacks a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Lacking {
    /// The resource has none of it.
    #[default]
    Absent,
    /// The resource is gone since it was listed.
    Gone,
}

/// A call for each element of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EachGet {
    pub call: Spanned<Operation>,
    #[serde(default)]
    pub input: Input,
    #[serde(default)]
    pub take: Path,
    #[serde(default)]
    pub absent: Vec<String>,
    /// The member of the element that the value becomes.
    #[serde(rename = "as")]
    pub named: String,
}

/// The item's own members.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub id: Template,
    #[serde(default)]
    pub name: Option<Template>,
    #[serde(default)]
    pub arn: Option<Template>,
    #[serde(default)]
    pub created: Option<Path>,
    #[serde(default)]
    pub zone: Option<Template>,
    /// A list of `{Key, Value}` (in any spelling) or a map.
    #[serde(default)]
    pub tags: Option<Path>,
    pub configuration: Shape,
    #[serde(default)]
    pub relationships: Vec<Relation>,
}

/// A relationship to each resource that a path names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Relation {
    /// AWS Config's words, such as "Is contained in Vpc".
    pub is: String,
    pub to: Spanned<ResourceType>,
    /// The elements; the resource itself when left out.
    #[serde(default)]
    pub from: Path,
    /// Of a text that is a list in itself: what stands between its elements.
    #[serde(default)]
    pub split: Option<String>,
    #[serde(default, rename = "where")]
    pub only: Conditions,
    /// The id of the other resource, by `{each}`.
    #[serde(default)]
    pub id: Option<Template>,
    #[serde(default)]
    pub name: Option<Template>,
}

/// Recorded answers and the items that they make.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    pub name: String,
    #[serde(default = "Example::default_region")]
    pub region: String,
    /// Which part is shown: the one in each region, where a type has both.
    #[serde(default)]
    pub regional: bool,
    pub calls: Vec<Recorded>,
    /// The items, without what every item has (account, region, type, time, status, version).
    pub items: Vec<Value>,
}

/// One recorded call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    pub call: Operation,
    /// Members that the input must have.
    #[serde(default)]
    pub input: Value,
    #[serde(default)]
    pub answer: Value,
    /// The error code, when AWS refused.
    #[serde(default)]
    pub error: Option<String>,
}

/// An API operation, written `service:Operation` as the shapes name them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    pub service: Box<str>,
    pub name: Box<str>,
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.service, self.name)
    }
}

impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom(format!("`{text}` is not a call such as ec2:DescribeVpcs"));
        let (service, name) = text.split_once(':').ok_or_else(wrong)?;
        Ok(Self { service: service.into(), name: name.into() })
    }
}

impl Case {
    fn default_case() -> Self {
        Case::Camel
    }
}

impl Example {
    fn default_region() -> String {
        "us-east-1".to_owned()
    }
}

fn spanned_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Spanned<ResourceType>, D::Error> {
    Spanned::deserialize(deserializer)
}

impl Collector {
    /// Reads and checks one file.
    pub fn parse(file: &str, text: &str) -> Result<Self, CollectorError> {
        let error = |line, column, what| CollectorError { file: file.to_owned(), line, column, what };
        let collector: Self = serde_saphyr::from_str(text).map_err(|cause| {
            let (line, column) = cause.location().map_or((1, 1), |at| (at.line(), at.column()));
            let what = cause.to_string();
            let what = what.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            error(line, column, what.trim_start_matches("error: ").to_owned())
        })?;
        match check::check(&collector).into_iter().next() {
            Some(wrong) => Err(error(wrong.line, wrong.column, wrong.what)),
            None => Ok(collector),
        }
    }

    /// The resource type by AWS Config's name.
    pub fn resource_type(&self) -> &ResourceType {
        &self.resource_type.value
    }

    /// Paths that AWS Config does not record and Haechi adds.
    pub fn extended(&self) -> impl Iterator<Item = &Path> {
        self.extended.iter().map(|path| &path.value)
    }

    /// Members that change by themselves and are left out of items.
    pub fn volatile(&self) -> impl Iterator<Item = &Path> {
        self.volatile.iter().map(|path| &path.value)
    }

    /// Paths below which every text is a secret.
    pub fn redact(&self) -> impl Iterator<Item = &Path> {
        self.redact.iter().map(|path| &path.value)
    }

    /// The recorded examples.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// Whether the type has a part in each region beside its global one.
    pub fn has_regional_part(&self) -> bool {
        self.regional.is_some()
    }

    pub(crate) fn sections(&self) -> impl Iterator<Item = &Section> {
        [Some(&self.collect), self.regional.as_ref()].into_iter().flatten()
    }

    /// Every API operation that collecting this type uses.
    pub fn operations(&self) -> Vec<Operation> {
        let mut found = Vec::new();
        for section in self.sections() {
            section.operations(&mut found);
        }
        found.sort();
        found.dedup();
        found
    }
}

impl Section {
    /// Calls that are made even when there is no resource.
    pub(crate) fn calls_at_least(&self) -> usize {
        match self.list.call {
            Some(_) => 1,
            None => self.get.iter().filter(|get| get.choice.is_none()).count(),
        }
    }

    fn operations(&self, found: &mut Vec<Operation>) {
        let operation = |service: &str, name: &str| Operation { service: service.into(), name: name.into() };
        let mut listing = Some(&self.list);
        while let Some(list) = listing {
            found.extend(list.call.as_ref().map(|call| call.value.clone()));
            if let Some(Place::BucketRegion) = list.place {
                found.push(operation("s3", "GetBucketLocation"));
            }
            listing = list.per.as_deref();
        }
        for get in self.get.iter() {
            found.extend(get.call.as_ref().map(|call| call.value.clone()));
            found.extend(get.each.as_ref().map(|each| each.call.value.clone()));
            match get.collect.as_ref().map(|coded| coded.value) {
                Some(Coded::CredentialReport) => {
                    found.push(operation("iam", "GenerateCredentialReport"));
                    found.push(operation("iam", "GetCredentialReport"));
                }
                Some(Coded::QuotaUsage) => found.push(operation("cloudwatch", "GetMetricData")),
                Some(Coded::LastAccessed) => {
                    found.push(operation("iam", "GenerateServiceLastAccessedDetails"));
                    found.push(operation("iam", "GetServiceLastAccessedDetails"));
                }
                None => {}
            }
        }
    }
}

/// All collectors, by type.
#[derive(Debug, Clone, Default)]
pub struct Collectors(BTreeMap<ResourceType, Arc<Collector>>);

impl Collectors {
    /// The collectors that Haechi ships with.
    pub fn embedded() -> Result<Self, CollectorError> {
        Self::parse(embedded::FILES.iter().copied())
    }

    /// The embedded files: path and text.
    pub fn files() -> impl Iterator<Item = (&'static str, &'static str)> {
        embedded::FILES.iter().copied()
    }

    /// The collectors in a folder and the folders in it.
    pub fn load_dir(folder: &FilePath) -> Result<Self, CollectorError> {
        let files = files_in(folder)?;
        Self::parse(files.iter().map(|(file, text)| (file.as_str(), text.as_str())))
    }

    /// Reads files given as path and text. A type that two files name is an error.
    pub fn parse<'t>(files: impl IntoIterator<Item = (&'t str, &'t str)>) -> Result<Self, CollectorError> {
        let mut all = Self::default();
        for (file, text) in files {
            all.add(file, text)?;
        }
        Ok(all)
    }

    /// Adds one file, such as a user's own.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), CollectorError> {
        let collector = Collector::parse(file, text)?;
        let at = collector.resource_type.referenced;
        let resource_type = collector.resource_type().clone();
        if self.0.contains_key(&resource_type) {
            let what = format!("another file collects {resource_type} already");
            return Err(CollectorError { file: file.to_owned(), line: at.line(), column: at.column(), what });
        }
        self.0.insert(resource_type, Arc::new(collector));
        Ok(())
    }

    pub fn get(&self, resource_type: &ResourceType) -> Option<&Arc<Collector>> {
        self.0.get(resource_type)
    }

    /// All collectors, sorted by type.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Collector>> {
        self.0.values()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The collector files in a folder and the folders in it, sorted: path from the folder on, and text.
pub fn files_in(folder: &FilePath) -> Result<Vec<(String, String)>, CollectorError> {
    let unread = |path: &FilePath, error: std::io::Error| CollectorError {
        file: path.display().to_string(),
        line: 1,
        column: 1,
        what: error.to_string(),
    };
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(&at).map_err(|error| unread(&at, error))? {
            let path = entry.map_err(|error| unread(&at, error))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml") {
                let text = std::fs::read_to_string(&path).map_err(|error| unread(&path, error))?;
                let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
                files.push((name, text));
            }
        }
    }
    files.sort();
    Ok(files)
}
