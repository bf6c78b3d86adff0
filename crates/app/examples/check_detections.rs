//! Checks detection files and runs their examples, without building the content in: for those who write them.
//!
//! `check_detections [-q] FILE|FOLDER...` prints what is wrong with its place, and PASS or FAIL for each example.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use haechi_app::{ExampleOutcome, check_detection_files};
use haechi_content::{Content, ContentFile, Origin};

fn find(path: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_dir() {
        let mut entries =
            std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
        entries.sort();
        return entries.iter().try_for_each(|entry| find(entry, found));
    }
    if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
        found.push(path.to_owned());
    }
    Ok(())
}

fn main() -> ExitCode {
    let mut paths = Vec::new();
    let mut quiet = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "-q" => quiet = true,
            path => {
                if let Err(error) = find(Path::new(path), &mut paths) {
                    eprintln!("{path}: {error}");
                    return ExitCode::from(2);
                }
            }
        }
    }
    let mut files = Vec::new();
    for path in paths {
        match std::fs::read_to_string(&path) {
            Ok(text) => files.push(ContentFile {
                path: path.display().to_string().into(),
                text: text.into(),
                // As strict as with files that Haechi ships.
                origin: Origin::Embedded,
            }),
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                return ExitCode::from(2);
            }
        }
    }
    let check = check_detection_files(&files, &Content::embedded().detections());
    for problem in &check.problems {
        println!("{problem}");
    }
    let (mut passed, mut failed, mut waiting) = (0, 0, 0);
    for run in &check.examples {
        let (word, why) = match &run.outcome {
            ExampleOutcome::Pass => ("PASS", ""),
            ExampleOutcome::Fail(why) => ("FAIL", why.as_str()),
            ExampleOutcome::NotRun(why) => ("NOT RUN", why.as_str()),
        };
        match run.outcome {
            ExampleOutcome::Pass => passed += 1,
            ExampleOutcome::Fail(_) => failed += 1,
            ExampleOutcome::NotRun(_) => waiting += 1,
        }
        if run.outcome != ExampleOutcome::Pass || !quiet {
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            println!("{word} {} [{}]{why}", run.path, run.name);
        }
    }
    let problems = check.problems.len();
    println!(
        "{} detections, {problems} problems; examples: {passed} passed, {failed} failed, {waiting} not run",
        check.detections
    );
    if problems + failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
