//! Amazon Resource Names of every partition, read and written exactly.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `arn:partition:service:region:account:resource`, kept as one text with five known borders.
///
/// Region and account may be empty, `*` or a special word (`aws` in managed policies,
/// `cloudfront` in origin access identities): an ARN in a policy is also a pattern.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    text: Box<str>,
    /// Byte positions of the 2nd to the 5th colon.
    colons: [u16; 4],
}

/// The text is not an ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    #[error("`{0}` does not begin with `arn:`")]
    Prefix(String),
    #[error("`{0}` has too few parts: an ARN is arn:partition:service:region:account:resource")]
    Parts(String),
    #[error("the {part} of `{text}` is empty")]
    Empty { text: String, part: &'static str },
    #[error("`{0}` has a character that no ARN has (a space or a control character)")]
    Character(String),
    #[error("an ARN has at most 2,048 characters; this one has {0}")]
    Long(usize),
}

impl Arn {
    /// AWS's longest ARN.
    pub const MAX_LEN: usize = 2048;

    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let short = || text.chars().take(80).collect::<String>();
        if !text.starts_with("arn:") {
            return Err(ArnError::Prefix(short()));
        }
        if text.len() > Self::MAX_LEN {
            return Err(ArnError::Long(text.len()));
        }
        let mut colons = [0u16; 4];
        let mut positions = text.bytes().enumerate().skip(4).filter(|(_, b)| *b == b':').map(|(at, _)| at);
        for colon in &mut colons {
            *colon = positions.next().and_then(|at| u16::try_from(at).ok()).ok_or_else(|| ArnError::Parts(short()))?;
        }
        let arn = Self { text: text.into(), colons };
        if text[..usize::from(colons[3])].bytes().any(|b| b.is_ascii_whitespace() || b.is_ascii_control())
            || arn.resource().bytes().any(|b| b.is_ascii_control())
        {
            return Err(ArnError::Character(short()));
        }
        for (part, value) in [("partition", arn.partition()), ("service", arn.service()), ("resource", arn.resource())]
        {
            if value.is_empty() {
                return Err(ArnError::Empty { text: short(), part });
            }
        }
        Ok(arn)
    }

    fn part(&self, from: usize, to: usize) -> &str {
        &self.text[from..to]
    }

    pub fn partition(&self) -> &str {
        self.part(4, self.colons[0].into())
    }

    pub fn service(&self) -> &str {
        self.part(usize::from(self.colons[0]) + 1, self.colons[1].into())
    }

    pub fn region(&self) -> &str {
        self.part(usize::from(self.colons[1]) + 1, self.colons[2].into())
    }

    pub fn account(&self) -> &str {
        self.part(usize::from(self.colons[2]) + 1, self.colons[3].into())
    }

    /// Everything after the fifth colon, colons and slashes included.
    pub fn resource(&self) -> &str {
        &self.text[usize::from(self.colons[3]) + 1..]
    }

    /// `role` in `role/service-role/x` and `function` in `function:name`; none in `my-bucket`.
    pub fn resource_type(&self) -> Option<&str> {
        self.resource().split_once(['/', ':']).map(|(kind, _)| kind)
    }

    /// What follows the resource type; the whole resource when there is no type.
    pub fn resource_id(&self) -> &str {
        self.resource().split_once(['/', ':']).map_or(self.resource(), |(_, id)| id)
    }

    /// The last part of a path, such as `x` in `role/service-role/x`.
    pub fn name(&self) -> &str {
        self.resource().rsplit(['/', ':']).next().unwrap_or(self.resource())
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Arn {
    type Err = ArnError;
    fn from_str(text: &str) -> Result<Self, ArnError> {
        Self::parse(text)
    }
}

impl Serialize for Arn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Arn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, parts: [&str; 5], kind: Option<&str>, id: &str, name: &str) {
        let arn = Arn::parse(text).unwrap();
        assert_eq!([arn.partition(), arn.service(), arn.region(), arn.account(), arn.resource()], parts);
        assert_eq!((arn.resource_type(), arn.resource_id(), arn.name()), (kind, id, name));
    }

    #[test]
    fn forms_of_every_service() {
        check("arn:aws:s3:::my-bucket", ["aws", "s3", "", "", "my-bucket"], None, "my-bucket", "my-bucket");
        check(
            "arn:aws-cn:iam::123456789012:role/service-role/x",
            ["aws-cn", "iam", "", "123456789012", "role/service-role/x"],
            Some("role"),
            "service-role/x",
            "x",
        );
        check(
            "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f:3",
            ["aws-us-gov", "lambda", "us-gov-west-1", "123456789012", "function:f:3"],
            Some("function"),
            "f:3",
            "3",
        );
        check(
            "arn:aws:iam::aws:policy/ReadOnlyAccess",
            ["aws", "iam", "", "aws", "policy/ReadOnlyAccess"],
            Some("policy"),
            "ReadOnlyAccess",
            "ReadOnlyAccess",
        );
    }

    #[test]
    fn refusals_say_why() {
        for (text, why) in [
            ("s3:::b", "does not begin"),
            ("arn:aws:s3", "too few parts"),
            ("arn::s3:::b", "partition of"),
            ("arn:aws:s3:::", "resource of"),
            ("arn:a s:s3:::b", "character"),
        ] {
            let error = Arn::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        assert_eq!(Arn::parse(&format!("arn:aws:s3:::{}", "b".repeat(3000))), Err(ArnError::Long(3013)));
    }

    proptest! {
        #[test]
        fn never_panics_and_keeps_its_text(text in "(arn:)?\\PC{0,60}") {
            if let Ok(arn) = Arn::parse(&text) {
                prop_assert_eq!(arn.as_str(), text.as_str());
                let joined = format!("arn:{}:{}:{}:{}:{}", arn.partition(), arn.service(), arn.region(), arn.account(), arn.resource());
                prop_assert_eq!(joined, text);
            }
        }
    }
}
