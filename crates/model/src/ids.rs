//! Identifiers: partition, account, region, resource type and the key that names one resource.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::thread::LocalKey;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An identifier is not of its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("`{0}` is not an AWS account id (12 digits)")]
    Account(String),
    #[error("`{0}` is not an AWS partition such as aws, aws-cn or aws-us-gov")]
    Partition(String),
    #[error("`{0}` is not a region such as ap-northeast-2, or `global`")]
    Region(String),
    #[error("`{0}` is not a resource type such as AWS::S3::Bucket")]
    ResourceType(String),
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

type Names = RefCell<HashSet<Arc<str>>>;

thread_local! {
    // One set a kind: a name that is in it was found to be of that kind.
    static PARTITIONS: Names = RefCell::new(HashSet::new());
    static REGIONS: Names = RefCell::new(HashSet::new());
    static TYPES: Names = RefCell::new(HashSet::new());
}

/// How many distinct names of a kind a thread keeps: a file of made-up names cannot grow it further.
const NAMES_KEPT: usize = 4096;

/// One shared copy of a name that recurs on every item. One that is known needs no second look.
fn shared(kind: &'static LocalKey<Names>, text: &str, fits: impl FnOnce(&str) -> bool) -> Option<Arc<str>> {
    kind.with_borrow_mut(|names| {
        if let Some(known) = names.get(text) {
            return Some(known.clone());
        }
        let fresh: Arc<str> = fits(text).then(|| Arc::from(text))?;
        if names.len() < NAMES_KEPT {
            names.insert(fresh.clone());
        }
        Some(fresh)
    })
}

/// A 12-digit AWS account id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId([u8; 12]);

impl AccountId {
    pub fn parse(text: &str) -> Result<Self, IdError> {
        match <[u8; 12]>::try_from(text.as_bytes()) {
            Ok(digits) if digits.iter().all(u8::is_ascii_digit) => Ok(Self(digits)),
            _ => Err(IdError::Account(short(text))),
        }
    }

    pub fn as_str(&self) -> &str {
        // Only digits are ever stored.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// An AWS partition, by its name in ARNs: `aws`, `aws-cn`, `aws-us-gov`, `aws-iso`...
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(Arc<str>);

impl Partition {
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let fits = |text: &str| {
            let rest = text.strip_prefix("aws").filter(|rest| rest.is_empty() || rest.starts_with('-'));
            rest.is_some_and(|rest| {
                rest.len() <= 24 && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            })
        };
        shared(&PARTITIONS, text, fits).map(Self).ok_or_else(|| IdError::Partition(short(text)))
    }

    /// A partition by a name that is one.
    fn known(name: &str) -> Self {
        Self(shared(&PARTITIONS, name, |_| true).unwrap_or_else(|| Arc::from(name)))
    }

    pub fn aws() -> Self {
        Self::known("aws")
    }

    /// The partition that a region belongs to, by the region's name.
    pub fn of_region(region: &str) -> Self {
        let name = match region {
            r if r.starts_with("cn-") => "aws-cn",
            r if r.starts_with("us-gov-") => "aws-us-gov",
            r if r.starts_with("us-iso-") => "aws-iso",
            r if r.starts_with("us-isob-") => "aws-iso-b",
            r if r.starts_with("eu-isoe-") => "aws-iso-e",
            r if r.starts_with("us-isof-") || r.starts_with("eu-isof-") => "aws-iso-f",
            r if r.starts_with("eusc-") => "aws-eusc",
            _ => "aws",
        };
        Self::known(name)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A region's name, or `global` for what belongs to no region.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Arc<str>);

impl Region {
    pub const GLOBAL: &'static str = "global";

    pub fn parse(text: &str) -> Result<Self, IdError> {
        let fits = |text: &str| {
            (2..=32).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        shared(&REGIONS, text, fits).map(Self).ok_or_else(|| IdError::Region(short(text)))
    }

    pub fn global() -> Self {
        Self(shared(&REGIONS, Self::GLOBAL, |_| true).unwrap_or_else(|| Arc::from(Self::GLOBAL)))
    }

    pub fn is_global(&self) -> bool {
        &*self.0 == Self::GLOBAL
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A resource type by AWS Config's name, such as `AWS::EC2::Instance`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceType(Arc<str>);

impl ResourceType {
    /// The type on which account-level rules report.
    pub const ACCOUNT: &'static str = "AWS::::Account";

    pub fn parse(text: &str) -> Result<Self, IdError> {
        let fits = |text: &str| {
            text.len() <= 128
                && text.matches("::").count() >= 2
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b':' || b == b'_' || b == b'-')
        };
        shared(&TYPES, text, fits).map(Self).ok_or_else(|| IdError::ResourceType(short(text)))
    }

    pub fn account() -> Self {
        Self(shared(&TYPES, Self::ACCOUNT, |_| true).unwrap_or_else(|| Arc::from(Self::ACCOUNT)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The middle word, such as `EC2`; `Account` for the account itself.
    pub fn service(&self) -> &str {
        match self.0.split("::").nth(1) {
            Some(service) if !service.is_empty() => service,
            _ => "Account",
        }
    }

    /// The last word, such as `Instance`.
    pub fn kind(&self) -> &str {
        self.0.rsplit("::").next().unwrap_or(&self.0)
    }
}

macro_rules! text_form {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}
text_form!(AccountId, Partition, Region, ResourceType);

/// What names one resource everywhere: partition, account, region or `global`, type and id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceKey {
    pub partition: Partition,
    pub account_id: AccountId,
    pub region: Region,
    pub resource_type: ResourceType,
    pub resource_id: Box<str>,
}

impl ResourceKey {
    /// The key of an account-level subject: the account itself, in a region or globally.
    pub fn of_account(partition: Partition, account_id: AccountId, region: Region) -> Self {
        Self {
            partition,
            account_id,
            region,
            resource_type: ResourceType::account(),
            resource_id: account_id.as_str().into(),
        }
    }
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}/{}", self.partition, self.account_id, self.region, self.resource_type, self.resource_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_twelve_digits() {
        assert_eq!(AccountId::parse("012345678901").unwrap().as_str(), "012345678901");
        for wrong in ["", "12345678901", "1234567890123", "12345678901x", "１２３４"] {
            assert!(AccountId::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_of_one_kind_is_none_of_another() {
        for _ in 0..2 {
            assert!(Region::parse("us-east-1").is_ok() && ResourceType::parse("AWS::S3::Bucket").is_ok());
            assert!(ResourceType::parse("us-east-1").is_err() && Partition::parse("us-east-1").is_err());
            assert!(Region::parse("AWS::S3::Bucket").is_err());
        }
    }

    #[test]
    fn regions_name_their_partition() {
        for (region, partition) in [
            ("ap-northeast-2", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(Partition::of_region(region).as_str(), partition);
        }
    }

    #[test]
    fn types_are_split_into_words() {
        let bucket = ResourceType::parse("AWS::S3::Bucket").unwrap();
        assert_eq!((bucket.service(), bucket.kind()), ("S3", "Bucket"));
        let account = ResourceType::parse("AWS::::Account").unwrap();
        assert_eq!((account.service(), account.kind()), ("Account", "Account"));
        for wrong in ["", "Bucket", "AWS::S3", "AWS::S3::Bu cket"] {
            assert!(ResourceType::parse(wrong).is_err(), "{wrong}");
        }
    }
}
