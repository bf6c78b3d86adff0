//! How people sign in: the MFA settings of IAM Identity Center. No API tells them, so somebody reads them in the
//! console and states them in a file, with the day; what is stated is judged, and what is not is said.

use haechi_content::yaml::{self, Limits};
use haechi_content::{Diagnostic, Source};
use serde::{Deserialize, Serialize};

/// What somebody states of the settings, in the console's terms.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MfaStatement {
    pub schema: u32,
    /// The day on which they were read: `2026-11-22`.
    pub stated_on: String,
    pub stated_by: String,
    #[serde(default)]
    pub identity_source: Option<IdentitySource>,
    #[serde(default)]
    pub prompt: Option<MfaPrompt>,
    #[serde(default)]
    pub without_device: Option<WithoutDevice>,
    #[serde(default)]
    pub types: Option<Vec<MfaType>>,
}

/// Where people's passwords are.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum IdentitySource {
    IdentityCenterDirectory,
    ActiveDirectory,
    /// MFA is the provider's affair: IAM Identity Center has no such settings then.
    ExternalIdentityProvider,
}

/// When people are asked.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum MfaPrompt {
    EverySignIn,
    /// Only when the sign-in's context changes.
    ContextAware,
    Never,
}

/// What happens to people without a registered device.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum WithoutDevice {
    RequireRegistration,
    /// A one-time password by e-mail.
    EmailCode,
    Block,
    Allow,
}

/// What people may register.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum MfaType {
    /// Security keys and built-in authenticators (FIDO2, passkeys).
    SecurityKeys,
    AuthenticatorApps,
    Radius,
}

impl MfaStatement {
    /// Reads a file.
    ///
    /// # Errors
    /// What is malformed, with its place.
    pub fn read(name: &str, text: &str) -> Result<MfaStatement, Diagnostic> {
        let source = Source::new(name, text);
        let root = yaml::read(&source, Limits::CONTENT)?;
        let statement: MfaStatement = yaml::from_node(&root, &source)?;
        let wrong = |path: &str, says: &str| source.diagnostic(root.at(&[path]).span(), says);
        if statement.schema != 1 {
            return Err(wrong("schema", "this program reads schema 1"));
        }
        if day(&statement.stated_on).is_none() {
            return Err(wrong("statedOn", "a day such as 2026-11-22 is wanted here"));
        }
        if statement.stated_by.trim().is_empty() {
            return Err(wrong("statedBy", "whoever has read the settings is named here"));
        }
        Ok(statement)
    }

    /// How many days ago, seen from another day, it was made; negative: it is of the future.
    pub fn age(&self, today: &str) -> Option<i64> {
        Some(day(today)? - day(&self.stated_on)?)
    }
}

/// The number of a day of the Gregorian calendar.
fn day(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return None };
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let (year, month, day): (i64, i64, i64) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let lengths = [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = *lengths.get(usize::try_from(month - 1).ok()?)?;
    if !(1..=length).contains(&day) {
        return None;
    }
    let before: i64 = lengths[..usize::try_from(month - 1).ok()?].iter().sum();
    let years = year - 1;
    Some(years * 365 + years / 4 - years / 100 + years / 400 + before + day)
}
