//! Whom a statement's `Principal` names, and how: as everyone, by account, by role, or directly. Which of them
//! it is decides what else must allow the request.

use crate::caller::{Caller, CallerKind};
use crate::policy::{Principal, PrincipalKind};
use crate::value::arn_parts;

/// An entry of `Principal` or `NotPrincipal`, prepared.
#[derive(Clone, Debug)]
pub(crate) enum PrincipalPattern {
    Everyone,
    /// The account and all its principals; the partition if an ARN tells it.
    Account {
        partition: Option<Box<str>>,
        id: Box<str>,
    },
    User(Box<str>),
    Role {
        partition: Box<str>,
        account: Box<str>,
        name: Box<str>,
    },
    Session {
        partition: Box<str>,
        account: Box<str>,
        role: Box<str>,
        session: Box<str>,
    },
    FederatedUser(Box<str>),
    Service(Box<str>),
    Federated(Box<str>),
    CanonicalUser(Box<str>),
    /// A name that no caller has: a wildcard inside an ARN, the unique id of a deleted principal.
    Nobody,
}

/// In which ways a list of principals names a caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Naming {
    pub everyone: bool,
    /// By the account it belongs to.
    pub account: bool,
    /// By the role of its session, or (for a federated user) by the user behind it.
    pub parent: bool,
    /// By its own name: the user, the session, the federated user, the service, the provider.
    pub direct: bool,
    /// One session of the role is named, and which session asks is not known.
    pub maybe_direct: bool,
}

impl PrincipalPattern {
    pub(crate) fn new(principal: Principal<'_>) -> PrincipalPattern {
        let value = principal.value;
        match principal.kind {
            PrincipalKind::Bare | PrincipalKind::Aws if value == "*" => PrincipalPattern::Everyone,
            PrincipalKind::Bare => PrincipalPattern::Nobody,
            PrincipalKind::Aws => Self::aws(value),
            PrincipalKind::Service => PrincipalPattern::Service(value.to_ascii_lowercase().into()),
            PrincipalKind::Federated => PrincipalPattern::Federated(value.into()),
            PrincipalKind::CanonicalUser => PrincipalPattern::CanonicalUser(value.into()),
        }
    }

    fn aws(value: &str) -> PrincipalPattern {
        let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_account(value) {
            return PrincipalPattern::Account { partition: None, id: value.into() };
        }
        let Some([_, partition, service, _, account, resource]) = arn_parts(value) else {
            return PrincipalPattern::Nobody;
        };
        if value.contains(['*', '?']) {
            return PrincipalPattern::Nobody;
        }
        let (kind, path) = resource.split_once('/').unwrap_or((resource, ""));
        let last = path.rsplit('/').next().unwrap_or_default();
        match (service, kind) {
            ("iam", "root") if path.is_empty() => {
                PrincipalPattern::Account { partition: Some(partition.into()), id: account.into() }
            }
            ("iam", "user") => PrincipalPattern::User(value.into()),
            ("iam", "role") => {
                PrincipalPattern::Role { partition: partition.into(), account: account.into(), name: last.into() }
            }
            ("sts", "assumed-role") => match path.split_once('/') {
                Some((role, session)) => PrincipalPattern::Session {
                    partition: partition.into(),
                    account: account.into(),
                    role: role.into(),
                    session: session.into(),
                },
                None => PrincipalPattern::Nobody,
            },
            ("sts", "federated-user") => PrincipalPattern::FederatedUser(value.into()),
            _ => PrincipalPattern::Nobody,
        }
    }

    fn add_to(&self, naming: &mut Naming, caller: &Caller) {
        let same_role = |partition: &str, account: &str, name: &str| {
            caller.kind == CallerKind::Role
                && *caller.account == *account
                && *caller.partition == *partition
                && caller.name.eq_ignore_ascii_case(name)
        };
        match self {
            PrincipalPattern::Everyone => naming.everyone = true,
            PrincipalPattern::Account { partition, id } => {
                naming.account |= *caller.account == **id
                    && partition.as_ref().is_none_or(|partition| *caller.partition == **partition);
            }
            PrincipalPattern::User(arn) => {
                naming.direct |= caller.kind == CallerKind::User && *caller.arn == **arn;
                naming.parent |= caller.federating_user.as_ref().is_some_and(|user| **user == **arn);
            }
            PrincipalPattern::Role { partition, account, name } => {
                naming.parent |= same_role(partition, account, name);
            }
            PrincipalPattern::Session { partition, account, role, session } => {
                if same_role(partition, account, role) {
                    match &caller.session {
                        Some(own) => naming.direct |= **own == **session,
                        None => naming.maybe_direct = true,
                    }
                }
            }
            PrincipalPattern::FederatedUser(arn) => {
                naming.direct |= caller.kind == CallerKind::FederatedUser && *caller.arn == **arn;
            }
            PrincipalPattern::Service(name) => {
                naming.direct |= caller.kind == CallerKind::Service
                    && caller.service_names.iter().any(|own| own.eq_ignore_ascii_case(name));
            }
            PrincipalPattern::Federated(provider) => {
                naming.direct |= caller.kind == CallerKind::Federated && *caller.arn == **provider;
            }
            PrincipalPattern::CanonicalUser(id) => {
                naming.account |= caller.canonical_id.as_ref().is_some_and(|own| **own == **id);
            }
            PrincipalPattern::Nobody => {}
        }
    }
}

impl Naming {
    #[inline]
    pub(crate) fn of(patterns: &[PrincipalPattern], caller: &Caller) -> Naming {
        let mut naming = Naming::default();
        for pattern in patterns {
            pattern.add_to(&mut naming, caller);
        }
        naming
    }

    /// Whether the caller is named in any way that is certain.
    pub(crate) fn is_any(self) -> bool {
        self.everyone || self.account || self.parent || self.direct
    }

    /// Whether a Deny with `NotPrincipal` of this list spares the caller. AWS checks the account, then the role,
    /// then the session, and each must be listed; and principals with a permissions boundary are never spared.
    pub(crate) fn spares(self, caller: &Caller, has_boundary: bool) -> bool {
        if has_boundary && matches!(caller.kind, CallerKind::User | CallerKind::Role) {
            return false;
        }
        self.everyone
            || match caller.kind {
                CallerKind::Root => self.account,
                CallerKind::User | CallerKind::FederatedUser => self.account && self.direct,
                CallerKind::Role if caller.session.is_none() => self.account && self.parent,
                CallerKind::Role => self.account && self.parent && self.direct,
                CallerKind::Anonymous | CallerKind::Service | CallerKind::Federated => self.direct,
            }
    }
}
