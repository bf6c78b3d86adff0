//! `haechi iam lint`: checks policy files as AWS's policy validation does.

use std::io::Read;
use std::path::{Path, PathBuf};

use haechi_iam::MAX_DOCUMENT_BYTES;
use haechi_iam::lint::{Check, CheckClass, CheckState, LintFinding, LintKind, Linter, ResourceKindLimits};
use haechi_model::Message;
use haechi_report::{Cell, Column, Fit, LintClass, LintEntry, LintOutput, LintedFile, Table};

use crate::App;
use crate::error::{Result, UserError};

/// What to check, and as what.
#[derive(Debug, Clone, Default)]
pub struct LintRequest {
    /// Files, folders, `-`.
    pub paths: Vec<PathBuf>,
    /// None: guessed.
    pub kind: Option<LintKind>,
    pub resource: Option<&'static ResourceKindLimits>,
}

/// What was found, and the worst of it.
#[derive(Debug)]
pub struct LintAnswer {
    pub output: LintOutput,
    pub worst: Option<CheckClass>,
    /// Files that could not be read; the others were checked.
    pub unreadable: Vec<UserError>,
}

/// Folders nest no deeper than this.
const DEEPEST: usize = 32;

impl App {
    /// Checks policy files; `input` is standard input, for `-`.
    ///
    /// # Errors
    /// Nothing of what was named can be read, or a folder holds no policy.
    pub fn lint_policies(&self, request: &LintRequest, input: &mut dyn Read) -> Result<LintAnswer> {
        if request.paths.is_empty() {
            return Err(UserError::said("lint-no-input").help("advice-lint-no-input"));
        }
        let catalogue = self.iam_catalogue()?;
        let linter = Linter::new(&catalogue);
        let mut output = LintOutput { version: self.version.to_owned(), ..LintOutput::default() };
        let mut unreadable = Vec::new();
        for path in &request.paths {
            if path.is_dir() {
                let mut files = Vec::new();
                walk(path, 0, &mut files)?;
                let before = output.files.len() + unreadable.len();
                for file in files {
                    match open(&file).and_then(|mut opened| read(&file, &mut opened)) {
                        Ok(text) if is_policy(&text) => output.files.push(check(&linter, request, &file, text)),
                        Ok(_) => output.passed_over += 1,
                        Err(error) => unreadable.push(error),
                    }
                }
                if output.files.len() + unreadable.len() == before {
                    return Err(UserError::said("lint-no-file").arg("path", path.display()));
                }
            } else {
                let text =
                    if *path == *"-" { read(path, input) } else { open(path).and_then(|mut one| read(path, &mut one)) };
                match text {
                    Ok(text) => output.files.push(check(&linter, request, path, text)),
                    Err(error) => unreadable.push(error),
                }
            }
        }
        if output.files.is_empty() && !unreadable.is_empty() {
            return Err(unreadable.swap_remove(0));
        }
        let classes = output.files.iter().flat_map(|file| &file.findings).map(|entry| entry.check);
        let worst =
            classes.filter_map(|id| Check::ALL.iter().find(|check| check.id() == id)).map(|check| check.class()).max();
        Ok(LintAnswer { output, worst, unreadable })
    }

    /// All checks, and which of them are done.
    pub fn lint_checks(&self) -> Table {
        let state = |state: CheckState| Cell::Word {
            raw: state.as_str(),
            id: match state {
                CheckState::Done => "lint-state-done",
                CheckState::Retired => "lint-state-retired",
            },
        };
        let row = |check: &Check| {
            let class = class_of(check.class());
            vec![check.id().into(), Cell::Word { raw: class.as_str(), id: class.id() }, state(check.state())]
        };
        Table {
            columns: vec![
                Column::new("check", "lint-column-check", Fit::Whole),
                Column::new("class", "lint-column-class", Fit::Whole),
                Column::new("state", "lint-column-state", Fit::Whole),
            ],
            rows: Check::ALL.iter().map(row).collect(),
            empty: Message::new("lint-missing"),
            notes: Vec::new(),
        }
    }
}

fn class_of(class: CheckClass) -> LintClass {
    match class {
        CheckClass::Error => LintClass::Error,
        CheckClass::SecurityWarning => LintClass::SecurityWarning,
        CheckClass::Warning => LintClass::Warning,
        CheckClass::Suggestion => LintClass::Suggestion,
    }
}

fn check(linter: &Linter<'_>, request: &LintRequest, path: &Path, text: String) -> LintedFile {
    let kind = request.kind.or_else(|| named(path).filter(|_| request.resource.is_none()));
    let report = linter.check(&text, kind, request.resource);
    let name = if *path == *"-" { "<stdin>".to_owned() } else { path.display().to_string() };
    let findings = report.findings.into_iter().map(entry).collect();
    LintedFile { name, text, kind: report.kind.as_str(), findings }
}

fn entry(finding: LintFinding) -> LintEntry {
    let mut message = Message::new(finding.check.message());
    for (name, value) in finding.arguments {
        message = message.with(name, value);
    }
    LintEntry {
        check: finding.check.id(),
        class: class_of(finding.check.class()),
        message,
        meant: finding.meant,
        statement: finding.statement.map(|index| index + 1),
        sid: finding.sid,
        span: finding.span.start..finding.span.end,
        line: finding.position.line,
        column: finding.position.column,
    }
}

/// The kind that the names of the file and of its folder tell: what an SCP says does not tell it from other policies.
fn named(path: &Path) -> Option<LintKind> {
    let names = [path.file_stem(), path.parent().and_then(Path::file_name)];
    let words = names.into_iter().flatten().map(|name| name.to_string_lossy().to_ascii_lowercase());
    words.flat_map(|name| name.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>()).find_map(
        |word| match &*word {
            "scp" | "scps" => Some(LintKind::Scp),
            "rcp" | "rcps" => Some(LintKind::Rcp),
            "trust" => Some(LintKind::Trust),
            _ => None,
        },
    )
}

/// Whether a JSON file of a folder is meant as a policy.
fn is_policy(text: &str) -> bool {
    text.contains("\"Statement\"") && text.contains("\"Effect\"")
}

fn open(path: &Path) -> Result<std::fs::File> {
    std::fs::File::open(path).map_err(|error| unreadable(path, error))
}

fn unreadable(path: &Path, cause: impl std::fmt::Display) -> UserError {
    UserError::said("lint-read").arg("path", path.display()).because(cause)
}

fn read(path: &Path, input: &mut dyn Read) -> Result<String> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_DOCUMENT_BYTES).unwrap_or(u64::MAX);
    input.take(limit + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, error))?;
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(unreadable(path, format!("more than {MAX_DOCUMENT_BYTES} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| unreadable(path, error.utf8_error()))
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    if depth > DEEPEST {
        return Ok(());
    }
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, error))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|error| unreadable(folder, error))?.path());
    }
    paths.sort();
    for path in paths {
        if path.is_dir() && !path.is_symlink() {
            walk(&path, depth + 1, files)?;
        } else if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")) {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_tell_kinds() {
        for (path, expected) in [
            ("policies/scps/deny.json", Some(LintKind::Scp)),
            ("deny-scp.json", Some(LintKind::Scp)),
            ("rcp/data.json", Some(LintKind::Rcp)),
            ("role_trust.json", Some(LintKind::Trust)),
            ("escape.json", None),
            ("-", None),
        ] {
            assert_eq!(named(Path::new(path)), expected, "{path}");
        }
    }
}
