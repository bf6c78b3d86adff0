//! S3 access control lists, as AWS Config stores them and as the S3 API returns them, and whom they make
//! public: the predefined groups `AllUsers` and `AuthenticatedUsers`.

use serde::Serialize;
use serde_json::{Map, Value};

/// How often a list may be wrapped into a JSON string, as AWS Config does.
const MAX_WRAPPINGS: usize = 3;

/// A bucket's or object's access control list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Acl {
    pub grants: Vec<Grant>,
    /// The canonical id of the owner, if it is told.
    pub owner: Option<String>,
}

/// One permission for one grantee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    pub grantee: Grantee,
    pub permission: Permission,
}

/// Who holds a grant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Grantee {
    /// Anyone, with or without a signature.
    AllUsers,
    /// Anyone with an AWS account, not only this one.
    AuthenticatedUsers,
    /// The group that writes server access logs.
    LogDelivery,
    /// An AWS account by its canonical user id.
    CanonicalUser { id: String },
    /// An AWS account by the mail address of its root user.
    Email { address: String },
}

impl Grantee {
    /// A group by its short name or by its URI.
    fn group(name: &str) -> Option<Grantee> {
        match name.rsplit('/').next()? {
            "AllUsers" => Some(Grantee::AllUsers),
            "AuthenticatedUsers" => Some(Grantee::AuthenticatedUsers),
            "LogDelivery" => Some(Grantee::LogDelivery),
            _ => None,
        }
    }

    /// S3 calls an ACL public if it grants anything to one of these two groups.
    pub fn is_public(&self) -> bool {
        matches!(self, Grantee::AllUsers | Grantee::AuthenticatedUsers)
    }
}

/// What a grant permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Permission {
    Read,
    Write,
    ReadAcp,
    WriteAcp,
    FullControl,
}

impl Permission {
    const ALL: [(Permission, &str); 5] = [
        (Permission::Read, "READ"),
        (Permission::Write, "WRITE"),
        (Permission::ReadAcp, "READ_ACP"),
        (Permission::WriteAcp, "WRITE_ACP"),
        (Permission::FullControl, "FULL_CONTROL"),
    ];

    /// Reads `READ_ACP` (the API) and `ReadAcp` (AWS Config) alike.
    pub fn parse(text: &str) -> Option<Permission> {
        let letters =
            |name: &str| -> String { name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_uppercase()).collect() };
        let wanted = letters(text);
        Permission::ALL.iter().find(|(_, name)| letters(name) == wanted).map(|(permission, _)| *permission)
    }

    /// The S3 API's name.
    pub fn name(self) -> &'static str {
        Permission::ALL.iter().find(|(permission, _)| *permission == self).map_or("", |(_, name)| name)
    }
}

/// Why an access control list could not be read.
#[derive(Debug, thiserror::Error)]
pub enum AclError {
    #[error("the access control list is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    #[error("the access control list has neither `grantList` nor `Grants`")]
    NoGrants,
    #[error("grant {index} of the access control list: {reason}")]
    BadGrant { index: usize, reason: &'static str },
}

impl Acl {
    /// Parses a list from JSON text: AWS Config's
    /// `{"grantList": [{"grantee": "AllUsers", "permission": "Read"}], "owner": {...}}`, or the S3 API's
    /// `{"Grants": [{"Grantee": {"Type": "Group", "URI": "..."}, "Permission": "READ"}], "Owner": {...}}`,
    /// in any letter case of the member names, also wrapped into a JSON string.
    ///
    /// # Errors
    /// Not JSON (or deeper than 128 levels), no list of grants, or a grant without a known permission or
    /// grantee; the grant's index (from 0) is told.
    pub fn parse(text: &str) -> Result<Acl, AclError> {
        Acl::from_value(&serde_json::from_str(text)?)
    }

    /// The same from a value that is parsed already.
    ///
    /// # Errors
    /// As [`Acl::parse`].
    pub fn from_value(value: &Value) -> Result<Acl, AclError> {
        let mut unwrapped = None;
        for _ in 0..MAX_WRAPPINGS {
            match unwrapped.as_ref().unwrap_or(value) {
                Value::String(inner) => unwrapped = Some(serde_json::from_str(inner)?),
                _ => break,
            }
        }
        let list = unwrapped.as_ref().unwrap_or(value).as_object().ok_or(AclError::NoGrants)?;
        let grants = member(list, "grantList").or_else(|| member(list, "grants")).and_then(|grants| match grants {
            Value::Array(grants) => Some(grants.as_slice()),
            // AWS Config writes the one or the other of grantSet and grantList as null.
            Value::Null => Some(&[]),
            _ => None,
        });
        let grants = grants.ok_or(AclError::NoGrants)?;
        let set = member(list, "grantSet").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let owner = member(list, "owner").and_then(Value::as_object).and_then(|owner| string(owner, "id"));
        Ok(Acl {
            grants: grants
                .iter()
                .chain(set)
                .enumerate()
                .map(|(index, value)| grant(value).map_err(|reason| AclError::BadGrant { index, reason }))
                .collect::<Result<_, _>>()?,
            owner: owner.map(str::to_owned),
        })
    }

    /// The grants to `AllUsers` and `AuthenticatedUsers` with one of the permissions, in either spelling
    /// (`READ_ACP`, `ReadAcp`); an empty list means any permission, which is S3's meaning of a public ACL.
    /// `FULL_CONTROL` is only found when it is asked for.
    pub fn public_grants(&self, permissions: &[&str]) -> Vec<&Grant> {
        let wanted: Vec<Permission> = permissions.iter().filter_map(|name| Permission::parse(name)).collect();
        self.grants
            .iter()
            .filter(|grant| grant.grantee.is_public())
            .filter(|grant| permissions.is_empty() || wanted.contains(&grant.permission))
            .collect()
    }
}

fn grant(value: &Value) -> Result<Grant, &'static str> {
    let object = value.as_object().ok_or("not an object")?;
    let permission = string(object, "permission").ok_or("no permission")?;
    let permission = Permission::parse(permission).ok_or("unknown permission")?;
    let grantee = match member(object, "grantee").ok_or("no grantee")? {
        Value::String(name) => match Grantee::group(name) {
            Some(group) => group,
            None => Grantee::CanonicalUser { id: name.clone() },
        },
        Value::Object(grantee) => {
            if let Some(uri) = string(grantee, "uri") {
                Grantee::group(uri).ok_or("unknown group")?
            } else if let Some(id) = string(grantee, "id") {
                Grantee::CanonicalUser { id: id.to_owned() }
            } else if let Some(address) = string(grantee, "emailAddress") {
                Grantee::Email { address: address.to_owned() }
            } else {
                return Err("a grantee without URI, id or mail address");
            }
        }
        _ => return Err("a grantee that is neither a name nor an object"),
    };
    Ok(Grant { grantee, permission })
}

/// A member in any letter case: the API says `Grantee`, AWS Config `grantee`.
fn member<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn string<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    member(object, name).and_then(Value::as_str).filter(|text| !text.is_empty())
}
