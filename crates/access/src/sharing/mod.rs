//! Sharing across accounts: may another account launch this image, copy it, read its snapshot, use this key? Every
//! permission that takes is a leg, which is there or missing, with what it rests on; each request of it is decided by
//! the evaluator with all policies of both sides. Beside it, everything that is shared, and who may assume which role.

mod candidates;
mod goods;
mod legs;
mod list;
mod may;
mod shared;
mod trust;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ask::Reason;

pub use goods::{Good, GoodKind, Goods};
pub use list::shared_with_others;
pub use may::may;
pub use trust::{TrustAnswer, TrustEdge, TrustKind, TrustNote, Trusts, trusts};

/// What the other account wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Of an image: launch an instance.
    Launch,
    /// Make a copy of its own.
    Copy,
    /// Of an EBS snapshot, or the snapshots of an image: make a volume. Of a key: decrypt.
    Decrypt,
    /// Read the blocks of a snapshot by the EBS direct APIs.
    ReadBlocks,
    /// Of an image: launch instances by Amazon EC2 Auto Scaling.
    AutoScaling,
    /// Of a database's snapshot: restore it.
    Restore,
    /// Of a key: encrypt.
    Encrypt,
    /// Of a key: create grants.
    Grant,
}

impl Purpose {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Launch => "launch",
            Purpose::Copy => "copy",
            Purpose::Decrypt => "decrypt",
            Purpose::ReadBlocks => "read-blocks",
            Purpose::AutoScaling => "auto-scaling",
            Purpose::Restore => "restore",
            Purpose::Encrypt => "encrypt",
            Purpose::Grant => "grant",
        }
    }

    pub fn parse(word: &str) -> Option<Purpose> {
        use Purpose::{AutoScaling, Copy, Decrypt, Encrypt, Grant, Launch, ReadBlocks, Restore};
        let all = [Launch, Copy, Decrypt, ReadBlocks, AutoScaling, Restore, Encrypt, Grant];
        all.into_iter().find(|purpose| purpose.name() == word)
    }

    /// What can be asked of a kind of things.
    pub fn of(kind: GoodKind) -> &'static [Purpose] {
        match kind {
            GoodKind::Image => {
                &[Purpose::Launch, Purpose::AutoScaling, Purpose::Copy, Purpose::Decrypt, Purpose::ReadBlocks]
            }
            GoodKind::Snapshot => &[Purpose::Decrypt, Purpose::Copy, Purpose::ReadBlocks],
            GoodKind::DbSnapshot | GoodKind::DbClusterSnapshot => &[Purpose::Copy, Purpose::Restore],
            GoodKind::Key => &[Purpose::Decrypt, Purpose::Encrypt, Purpose::Grant],
        }
    }
}

/// What a leg rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SharingLayer {
    LaunchPermission,
    CreateVolumePermission,
    RestoreAttribute,
    /// What the thing itself has to be.
    Resource,
    Key,
    KeyPolicy,
    Grant,
    Rcp,
    Identity,
    Boundary,
    Scp,
}

impl SharingLayer {
    /// Its name in machine output, and in the ids of legs.
    pub fn name(self) -> &'static str {
        match self {
            SharingLayer::LaunchPermission => "launch-permission",
            SharingLayer::CreateVolumePermission => "create-volume-permission",
            SharingLayer::RestoreAttribute => "restore-attribute",
            SharingLayer::Resource => "resource",
            SharingLayer::Key => "key",
            SharingLayer::KeyPolicy => "key-policy",
            SharingLayer::Grant => "grant",
            SharingLayer::Rcp => "rcp",
            SharingLayer::Identity => "identity",
            SharingLayer::Boundary => "boundary",
            SharingLayer::Scp => "scp",
        }
    }
}

/// Whether a permission is there. The order is from the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LegState {
    Missing,
    /// What would tell was not recorded.
    Unknown,
    /// Under conditions, or for a part of what is asked.
    Conditional,
    /// The other account is not recorded: it is theirs to say.
    Theirs,
    There,
}

impl LegState {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            LegState::Missing => "missing",
            LegState::Unknown => "unknown",
            LegState::Conditional => "conditional",
            LegState::Theirs => "theirs",
            LegState::There => "there",
        }
    }
}

/// What would put a missing permission there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fix {
    ShareImage,
    ShareSnapshot,
    ShareDatabaseSnapshot,
    /// Public sharing of snapshots is blocked: share it with the account.
    ShareWithAccount,
    EnableImage,
    /// Copy it with a key of the customer and share the copy.
    ReencryptWithOwnKey,
    EnableKey,
    AllowInKeyPolicy,
    CreateGrant,
    AllowInIdentity,
    AllowInBoundary,
    AllowInScp,
    AllowInRcp,
    RemoveDeny,
    /// A shared encrypted snapshot has to be copied before it can be restored.
    CopyFirst,
    /// The owner has to launch and share otherwise: images with product codes cannot be copied.
    CannotCopyProduct,
    CreateServiceLinkedRole,
}

impl Fix {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Fix::ShareImage => "share-image",
            Fix::ShareSnapshot => "share-snapshot",
            Fix::ShareDatabaseSnapshot => "share-database-snapshot",
            Fix::ShareWithAccount => "share-with-account",
            Fix::EnableImage => "enable-image",
            Fix::ReencryptWithOwnKey => "reencrypt-with-own-key",
            Fix::EnableKey => "enable-key",
            Fix::AllowInKeyPolicy => "allow-in-key-policy",
            Fix::CreateGrant => "create-grant",
            Fix::AllowInIdentity => "allow-in-identity",
            Fix::AllowInBoundary => "allow-in-boundary",
            Fix::AllowInScp => "allow-in-scp",
            Fix::AllowInRcp => "allow-in-rcp",
            Fix::RemoveDeny => "remove-deny",
            Fix::CopyFirst => "copy-first",
            Fix::CannotCopyProduct => "cannot-copy-product",
            Fix::CreateServiceLinkedRole => "create-service-linked-role",
        }
    }
}

/// One permission that the purpose takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Leg {
    /// `launch-permission`, `kms-decrypt-key-policy`...: the same in every answer.
    pub id: String,
    pub layer: SharingLayer,
    pub state: LegState,
    /// Who asks; empty for what is not a request.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub principal: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub action: String,
    pub resource: String,
    /// What is known of the request.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<String, String>,
    /// What it hangs on, if it is conditional.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// What was not recorded, if it is unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unrecorded: Vec<String>,
    /// The statements that allow it, or deny it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Reason>,
    /// What else tells: the share, the id of a grant, the levels of SCPs and RCPs, the state of a key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
    /// It is not needed itself: it tells whether the other account may do what a missing one needs.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub remedy: bool,
}

/// What is to be known beside the legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SharingNote {
    /// It is the owner itself that is asked about.
    OwnAccount,
    /// It stays public although new public sharing is blocked.
    PublicThoughBlocked,
    /// What else an image of AWS Marketplace takes is not looked at.
    ProductCode,
    /// The key is another than the first: a key that is associated with the snapshot.
    AssociatedKey,
    /// The copy is encrypted with a key of the other account, which has to allow it.
    OwnKeyForCopy,
    /// Nobody of the other account may; shown is who lacks least.
    LacksLeast,
}

impl SharingNote {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            SharingNote::OwnAccount => "own-account",
            SharingNote::PublicThoughBlocked => "public-though-blocked",
            SharingNote::ProductCode => "product-code",
            SharingNote::AssociatedKey => "associated-key",
            SharingNote::OwnKeyForCopy => "own-key-for-copy",
            SharingNote::LacksLeast => "lacks-least",
        }
    }
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sharing {
    pub resource: String,
    pub resource_type: &'static str,
    pub owner: String,
    pub purpose: Purpose,
    /// The other account.
    pub account: String,
    /// The state of the worst leg.
    pub answer: LegState,
    /// Whose legs are shown: the principal that was asked about, or of an account the one that lacks least.
    pub principal: String,
    /// How many principals of the account were asked about.
    pub asked: usize,
    /// Those who may, or may under conditions.
    pub able: Vec<String>,
    pub legs: Vec<Leg>,
    pub notes: Vec<SharingNote>,
}

/// Why a question cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SharingError {
    #[error("`{0}` is no account, user or role")]
    NotPrincipal(String),
    #[error("{0} was not recorded")]
    NoPrincipal(String),
    #[error("{purpose} is not asked of {kind}")]
    WrongPurpose { purpose: &'static str, kind: &'static str },
}

/// The state of the worst leg that counts.
pub(crate) fn worst(legs: &[Leg]) -> LegState {
    legs.iter().filter(|leg| !leg.remedy).map(|leg| leg.state).min().unwrap_or(LegState::There)
}
