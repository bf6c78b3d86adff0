//! Every detection that Haechi ships finds what its examples say, and nothing else.

use haechi_app::{ExampleOutcome, check_detections};
use haechi_content::Content;

#[test]
fn examples_of_all_detections() {
    let all = Content::embedded().detections();
    let problems: Vec<_> = all.problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let check = check_detections(&all, &all);
    let problems: Vec<_> = check.problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let failures: Vec<_> = check
        .failures()
        .map(|run| match &run.outcome {
            ExampleOutcome::Fail(why) | ExampleOutcome::NotRun(why) => format!("{} [{}]: {why}", run.path, run.name),
            ExampleOutcome::Pass => String::new(),
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(check.detections > 0 && check.examples.len() >= 2 * check.detections);
}
