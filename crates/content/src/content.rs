//! Everything Haechi knows, loaded: what is embedded, and a folder of the user's own over it.
//!
//! A file that is wrong is left out and named in `problems`; the others are loaded all the same.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use haechi_model::ResourceType;

use crate::check::{Known, RuleCheck};
use crate::controls::{Catalogue, Controls};
use crate::detection::{Detection, DetectionFile, Detections};
use crate::detection_check::DetectionCheck;
use crate::embedded;
use crate::header::Header;
use crate::rule::RuleFile;
use crate::source::{Diagnostic, Source};
use crate::tables;
use crate::types::TypeCatalogue;
use crate::yaml::{Limits, Node, from_node, read};

/// Where a file came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Haechi ships with it.
    Embedded,
    /// From the folder that the user named.
    User,
}

/// A file as it is, for those who read it themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentFile {
    /// Below content/, such as `collectors/s3/bucket.yaml`; of a user's file, its path.
    pub path: Arc<str>,
    pub text: Arc<str>,
    pub origin: Origin,
}

/// A rule with the file it came from.
#[derive(Debug, Clone)]
pub struct Rule {
    pub file: RuleFile,
    pub origin: Origin,
    source: Source,
    root: Node,
}

impl Rule {
    /// The path of the file.
    pub fn path(&self) -> &str {
        &self.source.name
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// Something is wrong with the value at `path` (keys and list indexes), `offset` bytes into its text.
    pub fn problem(&self, path: &[&str], offset: usize, message: impl Into<String>) -> Diagnostic {
        let node = self.root.at(path);
        let place = node.place_of(&self.source, offset);
        let end = if offset == 0 { node.span().end } else { place + 1 };
        self.source.diagnostic(place..end, message)
    }
}

/// What Haechi knows.
#[derive(Debug, Clone, Default)]
pub struct Content {
    rules: BTreeMap<String, Rule>,
    controls: Controls,
    types: TypeCatalogue,
    collectors: Vec<ContentFile>,
    packs: Vec<ContentFile>,
    detections: Vec<ContentFile>,
    read_detections: OnceLock<Arc<Detections>>,
    problems: Vec<Diagnostic>,
}

impl Content {
    /// What Haechi ships with.
    pub fn embedded() -> Self {
        let mut content = Self::default();
        content.add(embedded_files());
        content
    }

    /// What Haechi ships with, and over it the folder's `rules/`, `controls/`, `collectors/`, `detections/` and `packs/`.
    pub fn load_dir(folder: &Path) -> Self {
        let mut content = Self::default();
        let mut files = embedded_files();
        match user_files(folder) {
            Ok((found, problems)) => {
                files.extend(found);
                content.problems = problems;
            }
            Err(problem) => content.problems.push(problem),
        }
        content.add(files);
        content
    }

    pub fn rules(&self) -> impl ExactSizeIterator<Item = &Rule> {
        self.rules.values()
    }

    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.get(id)
    }

    pub fn controls(&self) -> &Controls {
        &self.controls
    }

    pub fn types(&self) -> &TypeCatalogue {
        &self.types
    }

    /// The files of `collectors/`, as they are.
    pub fn collectors(&self) -> &[ContentFile] {
        &self.collectors
    }

    /// The files of `packs/`, as they are: conformance packs by name.
    pub fn packs(&self) -> &[ContentFile] {
        &self.packs
    }

    /// The detections, checked. They are read when they are asked for, and once: most commands need none.
    pub fn detections(&self) -> Arc<Detections> {
        Arc::clone(self.read_detections.get_or_init(|| Arc::new(read_detections(&self.detections))))
    }

    /// What was refused and why, in the order of the files.
    pub fn problems(&self) -> &[Diagnostic] {
        &self.problems
    }

    /// Catalogues and types first: rules are checked against them.
    fn add(&mut self, files: Vec<(Folder, ContentFile)>) {
        let mut rules = Vec::new();
        for (folder, file) in files {
            let added = match folder {
                Folder::Rules => {
                    rules.push(file);
                    Ok(())
                }
                Folder::Controls => self.add_catalogue(&file),
                Folder::Collectors => self.add_collector(file),
                Folder::Tables if file.path.ends_with("managed-rules.txt") => Ok(()),
                Folder::Tables => tables::read_members(&source(&file), &mut self.types),
                Folder::Packs => {
                    self.packs.push(file);
                    Ok(())
                }
                Folder::Detections => {
                    self.detections.push(file);
                    Ok(())
                }
            };
            self.problems.extend(added.err());
        }
        for file in rules {
            if let Err(problems) = self.add_rule(&file) {
                self.problems.extend(problems);
            }
        }
    }

    fn add_catalogue(&mut self, file: &ContentFile) -> Result<(), Diagnostic> {
        let source = source(file);
        let root = read(&source, Limits::CONTENT)?;
        let catalogue = Catalogue::read(&root, &source)?;
        if self.controls.catalogues.contains_key(&catalogue.id) {
            let message = format!("there is a catalogue `{}` already", catalogue.id);
            return Err(source.diagnostic(root.at(&["id"]).span(), message));
        }
        self.controls.catalogues.insert(catalogue.id.clone(), catalogue);
        Ok(())
    }

    /// Only what concerns the type is read here; the crate that collects reads the rest.
    fn add_collector(&mut self, file: ContentFile) -> Result<(), Diagnostic> {
        let source = source(&file);
        let root = read(&source, Limits::CONTENT)?;
        let wrong = |node: &Node, message: &str| Err(source.diagnostic(node.span(), message));
        let Some(name) = root.get("type").and_then(Node::text) else {
            return wrong(&root, "a collector names its `type`");
        };
        let resource_type = match ResourceType::parse(name) {
            Ok(resource_type) => resource_type,
            Err(error) => return wrong(root.at(&["type"]), &error.to_string()),
        };
        let info = self.types.types.entry(resource_type).or_default();
        match root.get("global").and_then(Node::text) {
            Some("true") => info.global = true,
            Some("false") | None => {}
            Some(_) => return wrong(root.at(&["global"]), "`global` is true or false"),
        }
        for (path, kind) in root.get("members").and_then(Node::entries).unwrap_or_default() {
            info.add(path.text().unwrap_or_default(), kind.text().filter(|kind| !kind.is_empty()), false);
        }
        match root.get("extended") {
            Some(extended) if extended.list().is_some() => {
                for path in extended.list().unwrap_or_default() {
                    info.add(path.text().unwrap_or_default(), None, true);
                }
            }
            Some(extended) => {
                for (path, kind) in extended.entries().unwrap_or_default() {
                    info.add(path.text().unwrap_or_default(), kind.text().filter(|kind| !kind.is_empty()), true);
                }
            }
            None => {}
        }
        self.collectors.push(file);
        Ok(())
    }

    fn add_rule(&mut self, file: &ContentFile) -> Result<(), Vec<Diagnostic>> {
        let source = source(file);
        let root = read(&source, Limits::CONTENT).map_err(|error| vec![error])?;
        let rule: RuleFile = from_node(&root, &source).map_err(|error| vec![error])?;
        let known = Known { controls: &self.controls, types: &self.types };
        let mut problems =
            RuleCheck { rule: &rule, header: Header { root: &root, source: &source, origin: file.origin }, known }
                .run();
        let id_at = |message: String| source.diagnostic(root.at(&["id"]).span(), message);
        match self.rules.get(&rule.id) {
            Some(other) if !rule.overrides => problems.push(
                id_at(format!("there is a rule `{}` already, in {}", rule.id, other.path()))
                    .help("write `overrides: true` to put this one in its place"),
            ),
            None if rule.overrides => problems.push(id_at(format!("there is no rule `{}` to override", rule.id))),
            _ => {}
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let rule = Rule { file: rule, origin: file.origin, source, root };
        self.rules.insert(rule.file.id.clone(), rule);
        Ok(())
    }
}

/// The folders of content/ that are read here.
#[derive(Clone, Copy)]
enum Folder {
    Rules,
    Controls,
    Collectors,
    Detections,
    Packs,
    Tables,
}

impl Folder {
    const ALL: [(&str, Folder); 6] = [
        ("collectors", Folder::Collectors),
        ("controls", Folder::Controls),
        ("detections", Folder::Detections),
        ("packs", Folder::Packs),
        ("rules", Folder::Rules),
        ("tables", Folder::Tables),
    ];

    /// The folder that a path below content/ begins with.
    fn of(path: &str) -> Option<Self> {
        let first = path.split('/').next()?;
        Self::ALL.into_iter().find(|(name, _)| *name == first).map(|(_, folder)| folder)
    }
}

/// Reads and checks detection files by themselves, without the rest of the content.
pub fn read_detections<'f>(files: impl IntoIterator<Item = &'f ContentFile>) -> Detections {
    let mut detections = Detections::default();
    for file in files {
        if let Err(problems) = add_detection(&mut detections, file) {
            detections.problems.extend(problems);
        }
    }
    detections
}

fn add_detection(detections: &mut Detections, file: &ContentFile) -> Result<(), Vec<Diagnostic>> {
    let source = source(file);
    let root = read(&source, Limits::CONTENT).map_err(|error| vec![error])?;
    let detection: DetectionFile = from_node(&root, &source).map_err(|error| vec![error])?;
    let mut problems =
        DetectionCheck { file: &detection, header: Header { root: &root, source: &source, origin: file.origin } }.run();
    let id_at = |message: String| source.diagnostic(root.at(&["id"]).span(), message);
    match detections.known.get(&detection.id) {
        Some(other) if !detection.overrides => problems.push(
            id_at(format!("there is a detection `{}` already, in {}", detection.id, other.path()))
                .help("write `overrides: true` to put this one in its place"),
        ),
        None if detection.overrides => {
            problems.push(id_at(format!("there is no detection `{}` to override", detection.id)));
        }
        _ => {}
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let detection = Detection { file: detection, origin: file.origin, source, root };
    detections.known.insert(detection.file.id.clone(), detection);
    Ok(())
}

fn source(file: &ContentFile) -> Source {
    Source::new(file.path.clone(), file.text.clone())
}

fn embedded_files() -> Vec<(Folder, ContentFile)> {
    let file = |(path, text): &(&'static str, &'static str)| {
        let file = ContentFile { path: Arc::from(*path), text: Arc::from(*text), origin: Origin::Embedded };
        Some((Folder::of(path)?, file))
    };
    embedded::FILES.iter().filter_map(file).collect()
}

/// At most this many files and folders within each other of a user's content.
const MOST_FILES: usize = 10_000;
const DEEPEST_FOLDER: usize = 8;

type Found = (Vec<(Folder, ContentFile)>, Vec<Diagnostic>);

fn user_files(folder: &Path) -> Result<Found, Diagnostic> {
    let name = folder.display().to_string();
    if !folder.is_dir() {
        return Err(Diagnostic::of_file(name, "there is no such folder"));
    }
    let (mut files, mut problems, mut count) = (Vec::new(), Vec::new(), 0);
    for (below, kind) in Folder::ALL {
        let path = folder.join(below);
        // The tables are Haechi's own.
        if matches!(kind, Folder::Tables) || !path.is_dir() {
            continue;
        }
        let mut paths = Vec::new();
        walk(&path, 0, &mut paths)
            .map_err(|(path, message)| Diagnostic::of_file(path.display().to_string(), message))?;
        paths.sort();
        count += paths.len();
        for path in paths {
            match read_text(&path, Limits::PACK.bytes) {
                Ok(text) => {
                    let path = path.display().to_string().into();
                    files.push((kind, ContentFile { path, text: text.into(), origin: Origin::User }));
                }
                Err(problem) => problems.push(problem),
            }
        }
    }
    // Playbooks are read by those who carry them out.
    if count == 0 && !folder.join("playbooks").is_dir() {
        let help = "put rules under rules/, packs under packs/, control catalogues under controls/";
        return Err(Diagnostic::of_file(name, "the folder holds no content").help(help));
    }
    Ok((files, problems))
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), (PathBuf, String)> {
    let wrong = |message: String| (folder.to_path_buf(), message);
    if depth > DEEPEST_FOLDER {
        return Err(wrong(format!("folders are nested more than {DEEPEST_FOLDER} deep")));
    }
    for entry in fs::read_dir(folder).map_err(|error| wrong(error.to_string()))? {
        let path = entry.map_err(|error| wrong(error.to_string()))?.path();
        if path.is_dir() {
            walk(&path, depth + 1, found)?;
        } else if matches!(path.extension().and_then(|ending| ending.to_str()), Some("yaml" | "yml" | "json")) {
            if found.len() >= MOST_FILES {
                return Err(wrong(format!("there are more than {MOST_FILES} files")));
            }
            found.push(path);
        }
    }
    Ok(())
}

/// Reads a text file of at most `most` bytes; a larger one is refused without reading it whole.
pub fn read_text(path: &Path, most: usize) -> Result<String, Diagnostic> {
    let name = path.display().to_string();
    let wrong = |message: String| Diagnostic::of_file(name.as_str(), message);
    let file = fs::File::open(path).map_err(|error| wrong(format!("cannot be opened: {error}")))?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    if bytes.len() > most {
        return Err(wrong(format!("the file has more than {most} bytes")));
    }
    decode(&name, bytes)
}

/// The text of a file's bytes: UTF-8, with or without a byte order mark.
pub fn decode(name: &str, bytes: Vec<u8>) -> Result<String, Diagnostic> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        Diagnostic::of_file(name, format!("line {line} is not valid UTF-8 (byte {valid} of the file)"))
            .help("save the file as UTF-8")
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}
