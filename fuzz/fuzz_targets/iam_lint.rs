//! Checks of policies from arbitrary text: no input may panic, and what is found lies in the text.
#![no_main]

use std::sync::LazyLock;

use haechi_iam::Catalogue;
use haechi_iam::lint::{LintKind, Linter};
use libfuzzer_sys::fuzz_target;

static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::read(include_str!("../../content/iam/actions.txt")).expect("the table is read"));
static LINTER: LazyLock<Linter<'static>> = LazyLock::new(|| Linter::new(&CATALOGUE));

fuzz_target!(|text: &str| {
    for kind in LintKind::ALL {
        for finding in LINTER.check(text, Some(kind), None).findings {
            assert!(finding.span.start <= finding.span.end && finding.span.end <= text.len() + 1);
        }
    }
    let _ = Catalogue::read(text.to_owned());
    let _ = haechi_iam::EventRules::read(text);
});
