//! What was not recorded: the known unknowns of a world. Answers that depend on one say so by its name.

/// Something that the record lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    pub kind: GapKind,
    /// What lacks: an ARN, an account, a policy's name.
    pub subject: Box<str>,
    /// Why, as far as it is known: an error code, what the parser says.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub reason: Box<str>,
}

/// The kinds of gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// No organization was recorded: SCPs and RCPs are not counted.
    Organization,
    /// SCPs or RCPs are in force, and what they are or where they are attached is not recorded.
    OrganizationPolicies,
    /// The account stands in the organization, but its principals were not recorded.
    Account,
    /// The users, roles, groups or policies of an account could not be listed to the end.
    Listing,
    /// A managed policy that is attached, without its document.
    ManagedPolicy,
    /// A group that a user is in.
    Group,
    /// Policies of a principal that could not be read.
    PrincipalPolicies,
    /// The policy of a resource that could not be read.
    ResourcePolicy,
    /// A document that is no policy.
    UnreadablePolicy,
    /// A statement that AWS would refuse, or that is newer than this program. It matches nothing: a Deny is lost.
    FaultyStatement,
}

impl Gap {
    pub(crate) fn new(kind: GapKind, subject: impl Into<Box<str>>, reason: impl Into<Box<str>>) -> Gap {
        Gap { kind, subject: subject.into(), reason: reason.into() }
    }
}

impl GapKind {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            GapKind::Organization => "organization",
            GapKind::OrganizationPolicies => "organization-policies",
            GapKind::Account => "account",
            GapKind::Listing => "listing",
            GapKind::ManagedPolicy => "managed-policy",
            GapKind::Group => "group",
            GapKind::PrincipalPolicies => "principal-policies",
            GapKind::ResourcePolicy => "resource-policy",
            GapKind::UnreadablePolicy => "unreadable-policy",
            GapKind::FaultyStatement => "faulty-statement",
        }
    }
}
