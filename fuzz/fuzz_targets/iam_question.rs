//! Self-contained questions from arbitrary text: no input may panic, the two ways to an answer agree, and what is
//! certain openly is certain.
#![no_main]

use std::sync::LazyLock;

use haechi_iam::{BatchQuestion, Catalogue, PolicyCache, Tri};
use libfuzzer_sys::fuzz_target;

static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::read(include_str!("../../content/iam/actions.txt")).expect("the table is read"));

/// The moment of requests that do not tell theirs.
const NOW: Option<(&str, i64)> = Some(("2026-11-22T09:30:00Z", 1_795_339_800));

fuzz_target!(|text: &str| {
    let mut cache = PolicyCache::new(1 << 20);
    let (Ok(asked), _) = BatchQuestion::parse(text, &CATALOGUE, NOW, &mut cache) else { return };
    let question = asked.question();
    let (quick, decision, openly) = (question.decide(), question.explain(), question.decide_openly());
    assert_eq!(quick.verdict(), decision.verdict);
    assert!(openly.allowed == Tri::Maybe || openly.allowed == quick.allowed);
    let _ = question.faults().map(|(_, fault)| fault.kind.to_string().len()).sum::<usize>();
});
