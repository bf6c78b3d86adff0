//! The filters that every command takes, from the words of a command line to the store's filter.

use std::fmt::Display;
use std::str::FromStr;

use haechi_model::{AccountId, Region, Severity};
use haechi_store::{FindingFilter, FindingStatus, TagFilter, ThreatFilter};

use crate::error::{Result, UserError};

/// Filters as they were typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    pub accounts: Vec<String>,
    pub ous: Vec<String>,
    pub regions: Vec<String>,
    pub services: Vec<String>,
    pub severities: Vec<String>,
    pub resources: Vec<String>,
    pub tags: Vec<String>,
    pub owners: Vec<String>,
    pub controls: Vec<String>,
    pub rules: Vec<String>,
    pub statuses: Vec<String>,
}

fn each<T: FromStr<Err: Display>>(flag: &str, words: &[String]) -> Result<Vec<T>> {
    words
        .iter()
        .map(|word| {
            word.trim()
                .parse()
                .map_err(|error| UserError::said("error-flag-word").arg("flag", flag).arg("word", word).because(error))
        })
        .collect()
}

fn status(word: &str) -> Result<FindingStatus> {
    FindingStatus::ALL
        .into_iter()
        .find(|status| status.as_str().eq_ignore_ascii_case(word.trim()))
        .ok_or_else(|| UserError::said("error-status").arg("word", word).help("advice-statuses"))
}

impl Selection {
    pub fn accounts(&self) -> Result<Vec<AccountId>> {
        each("account", &self.accounts)
    }

    pub fn regions(&self) -> Result<Vec<Region>> {
        each("region", &self.regions)
    }

    pub fn severities(&self) -> Result<Vec<Severity>> {
        each("severity", &self.severities)
    }

    /// The store's filter; without `--status`, findings that are open and not suppressed.
    pub fn findings(&self) -> Result<FindingFilter> {
        let tags = self.tags.iter().map(|tag| match tag.split_once('=') {
            Some((key, value)) => TagFilter { key: key.to_owned(), value: Some(value.to_owned()) },
            None => TagFilter { key: tag.clone(), value: None },
        });
        let statuses: Vec<_> = self.statuses.iter().map(|word| status(word)).collect::<Result<_>>()?;
        Ok(FindingFilter {
            accounts: self.accounts()?,
            ous: self.ous.clone(),
            regions: self.regions()?,
            services: self.services.clone(),
            severities: self.severities()?,
            statuses: if statuses.is_empty() { vec![FindingStatus::Open] } else { statuses },
            resources: self.resources.clone(),
            tags: tags.collect(),
            owners: self.owners.clone(),
            controls: self.controls.clone(),
            rules: self.rules.iter().map(|rule| rule.to_ascii_uppercase().replace('-', "_")).collect(),
            ..FindingFilter::default()
        })
    }

    /// The filter over threats, with globs over their types.
    pub fn threats(&self, types: Vec<String>) -> Result<ThreatFilter> {
        let statuses: Vec<_> = self.statuses.iter().map(|word| status(word)).collect::<Result<_>>()?;
        Ok(ThreatFilter {
            accounts: self.accounts()?,
            ous: self.ous.clone(),
            regions: self.regions()?,
            severities: self.severities()?,
            types,
            resources: self.resources.clone(),
            statuses,
            since: None,
        })
    }

    /// What was narrowed, for the record of a run.
    pub fn described(&self) -> std::collections::BTreeMap<String, Vec<String>> {
        [
            ("account", &self.accounts),
            ("ou", &self.ous),
            ("region", &self.regions),
            ("service", &self.services),
            ("severity", &self.severities),
            ("resource", &self.resources),
            ("tag", &self.tags),
            ("owner", &self.owners),
            ("control", &self.controls),
            ("rule", &self.rules),
            ("status", &self.statuses),
        ]
        .into_iter()
        .filter(|(_, words)| !words.is_empty())
        .map(|(name, words)| (name.to_owned(), words.clone()))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn words_become_a_filter() {
        let selection = Selection {
            accounts: words(&["111122223333"]),
            severities: words(&["HIGH", "critical"]),
            tags: words(&["env=prod", "owner"]),
            rules: words(&["s3-bucket-logging-enabled"]),
            ..Selection::default()
        };
        let filter = selection.findings().unwrap();
        assert_eq!(filter.severities, [Severity::High, Severity::Critical]);
        assert_eq!(filter.tags[0].value.as_deref(), Some("prod"));
        assert_eq!((filter.tags[1].key.as_str(), &filter.tags[1].value), ("owner", &None));
        assert_eq!(filter.rules, ["S3_BUCKET_LOGGING_ENABLED"]);
        assert_eq!(filter.statuses, [FindingStatus::Open]);
    }

    #[test]
    fn wrong_words_are_named() {
        let wrong = Selection { accounts: words(&["12"]), ..Selection::default() };
        assert_eq!(
            wrong.findings().unwrap_err().to_string(),
            "error: --account `12`\ncause: `12` is not an AWS account id (12 digits)"
        );
        let wrong = Selection { statuses: words(&["closed"]), ..Selection::default() };
        assert!(wrong.findings().unwrap_err().to_string().contains("--status `closed` is not a status"));
    }
}
