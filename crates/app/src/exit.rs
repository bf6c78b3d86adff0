//! The exit codes: one enum, one table in the README, one test.

use haechi_model::Severity;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Nothing at or above `--fail-on`; or what was asked is done.
    Clean,
    /// Findings at or above `--fail-on`; or a pack asks for a rule that is not implemented.
    Findings,
    /// It could not be done; or, under `--strict`, not all of it.
    Failed,
}

impl Exit {
    pub const fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Failed => 2,
        }
    }
}

/// From which severity on open findings make the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    Severity(Severity),
    Never,
}

impl Default for FailOn {
    fn default() -> Self {
        FailOn::Severity(Severity::High)
    }
}

impl std::str::FromStr for FailOn {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("never") {
            return Ok(FailOn::Never);
        }
        text.parse().map(FailOn::Severity)
    }
}

impl FailOn {
    /// The code of an assessment that found this and could not read that.
    pub fn exit(self, worst_open: Option<Severity>, incomplete: bool, strict: bool) -> Exit {
        match (self, worst_open) {
            _ if incomplete && strict => Exit::Failed,
            (FailOn::Severity(least), Some(worst)) if worst >= least => Exit::Findings,
            _ => Exit::Clean,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        let high = FailOn::default();
        for (fail_on, worst, incomplete, strict, code) in [
            (high, None, false, false, 0),
            (high, Some(Severity::Medium), false, false, 0),
            (high, Some(Severity::High), false, false, 1),
            (high, Some(Severity::Critical), true, false, 1),
            (high, None, true, false, 0),
            (high, None, true, true, 2),
            (high, Some(Severity::Critical), true, true, 2),
            (FailOn::Never, Some(Severity::Critical), false, true, 0),
            (FailOn::Severity(Severity::Low), Some(Severity::Low), false, false, 1),
        ] {
            assert_eq!(
                fail_on.exit(worst, incomplete, strict).code(),
                code,
                "{fail_on:?} {worst:?} {incomplete} {strict}"
            );
        }
        assert_eq!("never".parse(), Ok(FailOn::Never));
        assert!("loud".parse::<FailOn>().unwrap_err().contains("not a severity"));
    }
}
