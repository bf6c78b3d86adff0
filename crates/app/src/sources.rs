//! Which kind each SOURCE of `assess` is: files of AWS Config, objects of them in S3, plans, states, templates.
//!
//! A file is what its content says. Plans and templates become items like all others, so that the same rules
//! judge them; they are judged in a store of their own, since nothing of them is built yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use haechi_aws::S3Location;
use haechi_content::{Pack, TypeCatalogue};
use haechi_iac::{Failure, Kind, Mappings, Note, Place, Positions, Reader, SNIFFED, kind_of};
use haechi_inventory::{BucketError, Extended, IMPORT_BATCH, ImportProgress, ImportSummary, Sink, Stop, import_bucket};
use haechi_model::{Message, Timestamp};
use haechi_report::{Code, NotMapped, Source, SourceKind, SourceNote, Unreadable};

use crate::error::{Result, UserError};
use crate::live::{LiveRequest, client_of};
use crate::selection::Selection;

/// Files in a folder that are looked into for plans and templates, and how deep.
const LOOKED_AT: usize = 100_000;
const DEPTH: usize = 64;

/// The sources of a run, by kind.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Files and folders of AWS Config's files.
    pub config: Vec<PathBuf>,
    pub buckets: Vec<S3Location>,
    pub code: Vec<(PathBuf, Kind)>,
}

impl Sources {
    /// Sorts paths and places by what they hold.
    pub fn sort(paths: &[PathBuf]) -> Result<Self> {
        let mut sources = Self::default();
        for path in paths {
            if let Some(text) = path.to_str().filter(|text| text.starts_with("s3:")) {
                let location = text.parse::<S3Location>().map_err(|error| {
                    UserError::said("error-s3-location").arg("path", text).because(error).help("advice-s3-location")
                })?;
                sources.buckets.push(location);
                continue;
            }
            if !path.exists() {
                return Err(UserError::said("error-source-missing").arg("path", path.display()).help("advice-source"));
            }
            if path.is_dir() {
                let mut left = LOOKED_AT;
                sources.look_into(path, 0, &mut left);
                sources.config.push(path.clone());
                continue;
            }
            match sniff(path) {
                Some(kind) => sources.code.push((path.clone(), kind)),
                None => sources.config.push(path.clone()),
            }
        }
        sources.code.sort();
        sources.code.dedup();
        // A folder of templates alone holds nothing of AWS Config.
        if !sources.code.is_empty() {
            sources.config.retain(|path| path.is_file() || has_other(path, &sources.code));
        }
        Ok(sources)
    }

    /// Finds the plans and templates of a folder. Hidden ones are passed over, `.terraform` among them.
    fn look_into(&mut self, folder: &Path, depth: usize, left: &mut usize) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if hidden || path.is_symlink() || *left == 0 {
                continue;
            }
            if path.is_dir() {
                if depth < DEPTH {
                    self.look_into(&path, depth + 1, left);
                }
                continue;
            }
            if is_candidate(&path) {
                *left -= 1;
                self.code.extend(sniff(&path).map(|kind| (path, kind)));
            }
        }
    }

    /// What the report says the sources are.
    pub fn named(&self) -> Vec<Source> {
        let files = self.config.iter().map(|path| (SourceKind::Files, path.display().to_string()));
        let buckets = self.buckets.iter().map(|place| (SourceKind::Files, place.to_string()));
        let code = self.code.iter().map(|(path, kind)| (source_kind(*kind), path.display().to_string()));
        files.chain(buckets).chain(code).map(|(kind, name)| Source { kind, name }).collect()
    }
}

fn source_kind(kind: Kind) -> SourceKind {
    match kind {
        Kind::TerraformPlan | Kind::TerraformState => SourceKind::Terraform,
        Kind::CloudFormation => SourceKind::Cloudformation,
    }
}

/// Files that may be a plan, a state or a template by their names.
fn is_candidate(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    [".json", ".yaml", ".yml", ".template", ".tfstate"].iter().any(|ending| name.ends_with(ending))
}

fn sniff(path: &Path) -> Option<Kind> {
    let mut start = Vec::new();
    File::open(path).ok()?.take(SNIFFED as u64).read_to_end(&mut start).ok()?;
    kind_of(&start)
}

/// Whether a folder has a file that AWS Config may have written.
fn has_other(folder: &Path, code: &[(PathBuf, Kind)]) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return true };
    entries.flatten().map(|entry| entry.path()).any(|path| {
        if path.is_dir() {
            return has_other(&path, code);
        }
        let name = path.to_string_lossy().to_lowercase();
        let ours = [".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz"];
        ours.iter().any(|ending| name.ends_with(ending)) && !code.iter().any(|(known, _)| *known == path)
    })
}

/// The words of `--param` that the packs take, and those that the templates take. A name that both know goes
/// to both; one that nobody knows goes to the packs, which say so.
pub fn parameters(words: &[String], packs: &[PathBuf], sources: &Sources) -> (Vec<String>, BTreeMap<String, String>) {
    let templates: Vec<_> = sources.code.iter().filter(|(_, kind)| *kind == Kind::CloudFormation).collect();
    if words.is_empty() || templates.is_empty() {
        return (words.to_vec(), BTreeMap::new());
    }
    let mut declared = BTreeSet::new();
    for (path, _) in templates {
        declared.extend(
            fs::read(path).ok().and_then(|bytes| haechi_iac::cloudformation::parameters_of(&bytes)).unwrap_or_default(),
        );
    }
    let of_packs: BTreeSet<String> = packs
        .iter()
        .filter_map(|path| Pack::load(path).ok())
        .flat_map(|pack| pack.parameters().iter().map(|parameter| parameter.name.clone()).collect::<Vec<_>>())
        .collect();
    let (mut left, mut values) = (Vec::new(), BTreeMap::new());
    for word in words {
        match word.split_once('=').map(|(name, value)| (name.trim(), value)) {
            Some((name, value)) if declared.contains(name) => {
                values.insert(name.to_owned(), value.to_owned());
                if of_packs.contains(name) {
                    left.push(word.clone());
                }
            }
            _ => left.push(word.clone()),
        }
    }
    (left, values)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    Yes,
    No,
}

/// What the plans and templates of a run gave.
#[derive(Default)]
pub struct CodeRead {
    pub code: Code,
    pub unreadable: Vec<Unreadable>,
    /// The first source that was refused, when it is the only thing to say.
    pub refused: Option<UserError>,
}

/// Reads plans, states and templates into a sink.
pub struct CodeReader<'a> {
    pub types: &'a TypeCatalogue,
    pub selection: &'a Selection,
    pub parameters: BTreeMap<String, String>,
    /// The folder of the `.tf` files.
    pub folder: Option<&'a Path>,
    /// Whether the plans and templates are all there is: beside files of AWS Config, they complete no listing.
    pub alone: Alone,
    pub now: Timestamp,
}

impl CodeReader<'_> {
    pub fn read(&self, sources: &[(PathBuf, Kind)], sink: &mut dyn Sink) -> Result<CodeRead> {
        let mut read = CodeRead::default();
        if sources.is_empty() {
            return Ok(read);
        }
        let mappings = Mappings::embedded().map_err(|error| UserError::verbatim(error).help("advice-report-bug"))?;
        let positions = self.positions(&mut read)?;
        let reader = Reader {
            mappings: &mappings,
            types: self.types,
            place: Place {
                account: self.selection.accounts()?.first().copied(),
                region: self.selection.regions()?.into_iter().find(|region| !region.is_global()),
                captured: self.now,
            },
            parameters: self.parameters.clone(),
            positions: positions.as_ref(),
        };
        let mut coverage = BTreeMap::new();
        for (path, kind) in sources {
            let name = path.display().to_string();
            let built = match fs::read(path) {
                Ok(bytes) => reader.read(*kind, &bytes, &name),
                Err(error) => {
                    read.refuse(&name, None, None, Message::new("verbatim").with("text", error.to_string()), None);
                    continue;
                }
            };
            match built {
                Ok(built) => {
                    read.code.notes.extend(built.notes.into_iter().map(|note| source_note(&name, note)));
                    read.code.not_mapped.extend(built.not_mapped.into_iter().map(|(kind, count)| NotMapped {
                        source: name.clone(),
                        kind,
                        count,
                    }));
                    for line in built.coverage.into_iter().filter(|_| self.alone == Alone::Yes) {
                        coverage.insert((line.account_id, line.region.clone(), line.resource_type.clone()), line);
                    }
                    let mut items = built.items.into_iter();
                    loop {
                        let batch: Vec<_> = items.by_ref().take(IMPORT_BATCH).collect();
                        if batch.is_empty() {
                            break;
                        }
                        sink.items(batch).map_err(|error| UserError::said("error-read-store").because(error))?;
                    }
                }
                Err(failure) => read.failed(&name, failure),
            }
        }
        // After all items: what one source lacks another may have.
        for line in coverage.into_values() {
            sink.coverage(line).map_err(|error| UserError::said("error-read-store").because(error))?;
        }
        Ok(read)
    }

    fn positions(&self, read: &mut CodeRead) -> Result<Option<Positions>> {
        let Some(folder) = self.folder else { return Ok(None) };
        if !folder.is_dir() {
            let error = UserError::said("error-source-folder").arg("path", folder.display());
            return Err(error.help("advice-source-folder"));
        }
        let positions = Positions::of_dir(folder);
        for (path, reason) in &positions.unreadable {
            let reason = Message::new("verbatim").with("text", reason.clone());
            read.unreadable.push(Unreadable { path: path.display().to_string(), line: None, column: None, reason });
        }
        if positions.is_empty() {
            let source = folder.display().to_string();
            let message = Message::new("note-no-positions").with("path", source.clone());
            read.code.notes.push(SourceNote { source, line: None, column: None, message });
        }
        Ok(Some(positions))
    }
}

impl CodeRead {
    fn failed(&mut self, name: &str, failure: Failure) {
        match failure {
            Failure::Terraform(refused) => {
                let message = with_arguments(refused.id, refused.arguments);
                self.refuse(name, refused.line, refused.column, message, Some("advice-source-refused"));
            }
            Failure::CloudFormation(diagnostic) => {
                let place = diagnostic.position;
                let message = Message::new("verbatim").with("text", diagnostic.message.clone());
                let whole = diagnostic.to_string();
                self.refuse(name, place.map(|at| at.line), place.map(|at| at.column), message, None);
                if let Some(error) = self.refused.as_mut().filter(|error| error.causes.len() == 1) {
                    error.causes = vec![whole.strip_prefix("error: ").unwrap_or(&whole).to_owned()];
                }
            }
        }
    }

    fn refuse(&mut self, name: &str, line: Option<u32>, column: Option<u32>, reason: Message, help: Option<&str>) {
        if self.refused.is_none() {
            let english = haechi_i18n::Catalog::new(haechi_i18n::Language::En);
            let mut error = UserError::said("error-source-refused").arg("path", name).because(english.message(&reason));
            if let Some(help) = help {
                error = error.help(help);
            }
            self.refused = Some(error);
        }
        let (line, column) = (line.map(u64::from), column.map(u64::from));
        self.unreadable.push(Unreadable { path: name.to_owned(), line, column, reason });
    }
}

fn with_arguments(id: &str, arguments: Vec<(&'static str, String)>) -> Message {
    arguments.into_iter().fold(Message::new(id), |message, (name, value)| message.with(name, value))
}

fn source_note(source: &str, note: Note) -> SourceNote {
    let message = with_arguments(note.id, note.arguments);
    SourceNote { source: source.to_owned(), line: note.line, column: note.column, message }
}

/// Imports the objects of AWS Config under a place in S3, with the credentials of the live flags.
///
/// This waits for S3 on the thread that it is called on, which the runtime is told.
pub fn import_bucket_of(
    live: &LiveRequest,
    place: &S3Location,
    extended: &Extended,
    sink: &mut dyn Sink,
    progress: &mut dyn FnMut(&ImportProgress),
    stop: &Stop,
) -> Result<ImportSummary> {
    tokio::task::block_in_place(|| {
        let client = tokio::runtime::Handle::current().block_on(client_of(live));
        import_bucket(&client, place, extended, sink, progress, stop)
    })
    .map_err(|error| match error {
        BucketError::List(error) => UserError::said("error-s3-list").arg("path", place).because(error),
        BucketError::Sink(error) => UserError::said("error-read-store").because(error),
    })
}

/// Puts the summaries of two imports together.
pub fn add_summary(whole: &mut ImportSummary, more: ImportSummary) {
    whole.files += more.files;
    whole.items += more.items;
    whole.hidden += more.hidden;
    whole.unreadable.extend(more.unreadable);
    whole.unreadable_unlisted += more.unreadable_unlisted;
    whole.skipped.extend(more.skipped);
    whole.skipped_unlisted += more.skipped_unlisted;
    whole.coverage.extend(more.coverage);
    whole.accounts.extend(more.accounts);
    whole.organization = whole.organization.take().or(more.organization);
    whole.interrupted |= more.interrupted;
}
