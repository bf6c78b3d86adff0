//! Settings: a flag, then a `HAECHI_*` variable, then `haechi.toml`. The rim gives flags and variables
//! merged (clap does that); this module reads the file and fills what neither gave.

use std::path::{Path, PathBuf};

use haechi_model::{AccountId, Region};
use serde::Deserialize;

use crate::error::{Result, UserError};
use crate::intel::IntelRequest;

/// What `haechi.toml` may say. An unknown key is an error: a typo must not be silent.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SettingsFile {
    pub lang: Option<String>,
    pub store: Option<PathBuf>,
    pub content: Option<PathBuf>,
    /// A newer table of IAM actions than the one that Haechi ships with.
    pub iam_data: Option<PathBuf>,
    pub profile: Option<String>,
    #[serde(default)]
    pub regions: Vec<String>,
    pub fail_on: Option<String>,
    /// IAM is asked what each user and role accessed when.
    #[serde(default)]
    pub last_accessed: bool,
    /// The tag whose value names a resource's owner.
    pub owner_tag: Option<String>,
    /// How long versions that have ended are kept, such as `400d`; the recorder forgets older ones.
    pub retention: Option<String>,
    #[serde(default)]
    pub packs: Vec<PathBuf>,
    /// Lists and databases that detecting uses beside those of the flags.
    #[serde(default)]
    pub intel: IntelSettings,
    /// What the recorder that stays looks for threats in.
    #[serde(default)]
    pub detect: DetectSettings,
    /// As whom the recorder takes back responses.
    #[serde(default)]
    pub respond: RespondSettings,
    /// Accounts to look at beside an organization's, or instead.
    #[serde(default)]
    pub accounts: Vec<AccountSettings>,
    /// Where notices of threats go.
    #[serde(default)]
    pub notify: Vec<crate::notify::NotifySettings>,
}

/// What the recorder that stays looks for threats in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DetectSettings {
    /// Files, folders, `s3://` prefixes, queues.
    #[serde(default)]
    pub logs: Vec<String>,
}

/// As whom responses are taken back when their time is up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RespondSettings {
    /// A role's name in the account of the plan, or its ARN.
    pub role: Option<String>,
    pub external_id: Option<String>,
}

/// What detecting knows from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IntelSettings {
    /// Folders of lists, or `NAME=FILE`.
    #[serde(default)]
    pub lists: Vec<String>,
    /// Databases of places and networks (.mmdb).
    #[serde(default)]
    pub geo: Vec<PathBuf>,
    /// Files of addresses that are never the reason of a finding.
    #[serde(default)]
    pub trusted: Vec<PathBuf>,
}

impl IntelSettings {
    /// With what the flags name.
    pub(crate) fn with(&self, request: &IntelRequest) -> IntelRequest {
        let both = |own: &[PathBuf], flags: &[PathBuf]| own.iter().chain(flags).cloned().collect();
        IntelRequest {
            lists: self.lists.iter().chain(&request.lists).cloned().collect(),
            databases: both(&self.geo, &request.databases),
            trusted: both(&self.trusted, &request.trusted),
        }
    }
}

/// An account, and how to enter it: by a profile, or by a role.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AccountSettings {
    /// Twelve digits. With a profile, it may be left out; then the profile is asked.
    pub id: Option<String>,
    /// What reports call it, where AWS Organizations does not say.
    pub name: Option<String>,
    pub profile: Option<String>,
    /// A role's name in the account, or its ARN.
    pub role: Option<String>,
    pub external_id: Option<String>,
    #[serde(default)]
    pub regions: Vec<String>,
}

impl AccountSettings {
    pub(crate) fn id(&self) -> Result<Option<AccountId>> {
        let wrong = |error: &dyn std::fmt::Display| UserError::said("error-settings-account").because(error);
        let id = self.id.as_deref().map(AccountId::parse).transpose().map_err(|error| wrong(&error))?;
        match (&id, &self.profile, &self.role) {
            (None, None, _) => Err(wrong(&"an account needs an `id` or a `profile`")),
            (None, _, Some(_)) => Err(wrong(&"a `role` needs the account's `id`")),
            (Some(_), None, None) => Err(wrong(&"an account needs a `profile` or a `role`")),
            _ => Ok(id),
        }
    }

    pub(crate) fn regions(&self) -> Result<Vec<Region>> {
        let parse = |word: &String| Region::parse(word);
        let regions = self.regions.iter().map(parse).collect::<std::result::Result<_, _>>();
        regions.map_err(|error| UserError::said("error-settings-regions").because(error))
    }
}

impl SettingsFile {
    /// Reads the given file, or the first that exists among the usual places.
    pub fn load(given: Option<&Path>, usual: &[PathBuf]) -> Result<Self> {
        let path = match given {
            Some(path) => path.to_owned(),
            None => match usual.iter().find(|path| path.is_file()) {
                Some(path) => path.clone(),
                None => return Ok(Self::default()),
            },
        };
        let text = std::fs::read_to_string(&path)
            .map_err(|error| UserError::said("error-settings-read").arg("path", path.display()).because(error))?;
        let mut settings = Self::parse(&text, &path)?;
        // Paths in the file are meant from where the file is.
        let base = path.parent().unwrap_or(Path::new("."));
        let is_path = |store: &&mut PathBuf| !store.to_string_lossy().starts_with("postgres");
        for inner in settings
            .store
            .iter_mut()
            .filter(is_path)
            .chain(settings.content.iter_mut())
            .chain(settings.iam_data.iter_mut())
            .chain(settings.packs.iter_mut())
            .chain(settings.intel.geo.iter_mut())
            .chain(settings.intel.trusted.iter_mut())
        {
            *inner = base.join(&*inner);
        }
        let is_path = |source: &&mut String| {
            !["s3://", "https://", "http://", "arn:"].iter().any(|start| source.starts_with(start)) && *source != "-"
        };
        for source in settings.detect.logs.iter_mut().filter(is_path) {
            *source = base.join(&*source).display().to_string();
        }
        for list in &mut settings.intel.lists {
            *list = match list.split_once('=') {
                Some((name, file)) => format!("{name}={}", base.join(file).display()),
                None => base.join(&*list).display().to_string(),
            };
        }
        Ok(settings)
    }

    fn parse(text: &str, path: &Path) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            UserError::said("error-settings")
                .arg("path", path.display())
                .because(error.to_string().trim_end())
                .help("advice-settings-keys")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_knows_and_refuses_the_rest() {
        let path = Path::new("haechi.toml");
        let settings =
            SettingsFile::parse("lang = \"ko\"\nregions = [\"ap-northeast-2\"]\nfail-on = \"low\"", path).unwrap();
        assert_eq!(
            (settings.lang.as_deref(), settings.regions.len(), settings.fail_on.as_deref()),
            (Some("ko"), 1, Some("low"))
        );
        let error = SettingsFile::parse("langs = \"ko\"", path).unwrap_err();
        assert!(error.to_string().contains("unknown field `langs`"), "{error}");
        assert!(error.to_string().contains("line 1, column 1"), "{error}");
    }

    #[test]
    fn accounts_say_how_they_are_entered() {
        let parse = |text: &str| {
            SettingsFile::parse(&format!("[[accounts]]\n{text}"), Path::new("haechi.toml")).unwrap().accounts.remove(0)
        };
        assert_eq!(parse("profile = 'a'").id(), Ok(None));
        assert!(parse("id = '111122223333'\nrole = 'R'\nexternal-id = 'x'\nregions = ['eu-west-1']").id().is_ok());
        for (text, words) in [
            ("id = '1'\nprofile = 'a'", "not an AWS account id"),
            ("role = 'R'", "needs an `id` or a `profile`"),
            ("profile = 'a'\nrole = 'R'", "needs the account's `id`"),
            ("id = '111122223333'", "needs a `profile` or a `role`"),
        ] {
            let error = parse(text).id().unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(parse("profile = 'a'\nregions = ['Mars']").regions().is_err());
    }

    #[test]
    fn a_missing_file_is_an_error_only_when_it_was_named() {
        assert_eq!(SettingsFile::load(None, &[PathBuf::from("no/such/haechi.toml")]), Ok(SettingsFile::default()));
        assert!(SettingsFile::load(Some(Path::new("no/such/haechi.toml")), &[]).is_err());
    }
}
