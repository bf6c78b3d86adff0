//! Who asks: every kind of principal, with what the organization's record knows of it.

use crate::context::Fact;

/// The kinds of callers that AWS's evaluation tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallerKind {
    /// Without credentials.
    Anonymous,
    /// An AWS service as itself, by its service principal.
    Service,
    /// The root user of an account.
    Root,
    User,
    /// A role, by one of its sessions or whichever session.
    Role,
    /// A session of an IAM user from GetFederationToken.
    FederatedUser,
    /// An identity of a SAML or OIDC provider, before it has assumed a role.
    Federated,
}

/// Where an account stands in its organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Standing {
    /// A member, or in no organization, or not known: whatever SCPs and RCPs are given apply.
    #[default]
    Member,
    /// The management account, which neither SCPs nor RCPs affect.
    Management,
}

/// An account's place, for the keys of organizations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgPlace {
    /// `o-...`
    pub id: Box<str>,
    /// `o-.../r-.../ou-.../`, one of them.
    pub paths: Box<[Box<str>]>,
}

/// Tags by their key in lower case, as condition keys are compared.
pub type Tags = Vec<(Box<str>, Box<str>)>;

/// The caller of a question.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(crate) kind: CallerKind,
    /// The ARN that the principal is known by in policies: of the user, the session or (without a session) the role.
    pub(crate) arn: Box<str>,
    /// `aws:PrincipalArn`: for a session, the ARN of its role.
    pub(crate) principal_arn: Box<str>,
    pub(crate) partition: Box<str>,
    pub(crate) account: Box<str>,
    /// Of a user or federated user; of a role without its path.
    pub(crate) name: Box<str>,
    /// Of a role's session.
    pub(crate) session: Option<Box<str>>,
    /// The ARN of the user behind a federated user.
    pub(crate) federating_user: Option<Box<str>>,
    pub(crate) unique_id: Option<Box<str>>,
    pub(crate) canonical_id: Option<Box<str>>,
    pub(crate) service_names: Box<[Box<str>]>,
    pub(crate) tags: Fact<Tags>,
    pub(crate) org: Fact<OrgPlace>,
    pub(crate) standing: Standing,
    pub(crate) service_linked: bool,
}

/// The text names no caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallerError {
    #[error("`{0}` is not an ARN: write arn:aws:iam::111122223333:user/name, or the ARN of a role or session")]
    NotArn(String),
    #[error("`{0}` is no principal: users, roles, sessions, federated users, identity providers and root are")]
    NotPrincipal(String),
}

impl Caller {
    fn bare(kind: CallerKind, arn: &str) -> Caller {
        Caller {
            kind,
            arn: arn.into(),
            principal_arn: arn.into(),
            partition: "aws".into(),
            account: "".into(),
            name: "".into(),
            session: None,
            federating_user: None,
            unique_id: None,
            canonical_id: None,
            service_names: Box::new([]),
            tags: Fact::Unknown,
            org: Fact::Unknown,
            standing: Standing::Member,
            service_linked: false,
        }
    }

    /// Somebody without credentials.
    pub fn anonymous() -> Caller {
        Caller { tags: Fact::Absent, org: Fact::Absent, ..Caller::bare(CallerKind::Anonymous, "") }
    }

    /// A service principal, such as `cloudtrail.amazonaws.com`.
    pub fn service(name: &str) -> Caller {
        Caller {
            service_names: [Box::from(name)].into(),
            tags: Fact::Absent,
            org: Fact::Absent,
            ..Caller::bare(CallerKind::Service, name)
        }
    }

    /// An identity of a provider: `accounts.google.com`, or the ARN of a SAML or OIDC provider.
    pub fn federated(provider: &str) -> Caller {
        Caller { org: Fact::Absent, ..Caller::bare(CallerKind::Federated, provider) }
    }

    /// The caller that an ARN (or a 12-digit account id, for its root user) names.
    ///
    /// # Errors
    /// No ARN, or the ARN of something that makes no requests, such as a group.
    pub fn from_arn(text: &str) -> Result<Caller, CallerError> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Caller::from_arn(&format!("arn:aws:iam::{text}:root"));
        }
        let short = || text.chars().take(120).collect::<String>();
        let parts = crate::value::arn_parts(text).ok_or_else(|| CallerError::NotArn(short()))?;
        let [_, partition, service, _, account, resource] = parts;
        let (kind, path) = resource.split_once('/').unwrap_or((resource, ""));
        let name = path.rsplit('/').next().unwrap_or_default();
        let mut caller = match (service, kind) {
            ("iam", "root") if path.is_empty() => Caller::bare(CallerKind::Root, text),
            ("iam", "user") if !name.is_empty() => Caller::bare(CallerKind::User, text),
            ("iam", "role") if !name.is_empty() => Caller::bare(CallerKind::Role, text),
            ("sts", "federated-user") if !name.is_empty() => Caller::bare(CallerKind::FederatedUser, text),
            ("sts", "assumed-role") if !name.is_empty() => Caller::bare(CallerKind::Role, text),
            ("iam", "saml-provider" | "oidc-provider") if !path.is_empty() => {
                return Ok(Caller { partition: partition.into(), ..Caller::federated(text) });
            }
            _ => return Err(CallerError::NotPrincipal(short())),
        };
        caller.partition = partition.into();
        caller.account = account.into();
        caller.name = name.into();
        if caller.kind == CallerKind::Root {
            // Nobody can tag a root user.
            caller.tags = Fact::Absent;
        }
        if caller.kind == CallerKind::FederatedUser {
            caller.unique_id = Some(format!("{account}:{name}").into());
        }
        if service == "sts" && kind == "assumed-role" {
            let (role, session) = path.split_once('/').ok_or_else(|| CallerError::NotPrincipal(short()))?;
            caller.name = role.into();
            caller.session = Some(session.into());
            // The path of the role is not in the session's ARN: with_role tells it.
            caller.principal_arn = format!("arn:{partition}:iam::{account}:role/{role}").into();
            caller.service_linked = role.starts_with("AWSServiceRoleFor");
        } else {
            caller.service_linked = kind == "role" && path.starts_with("aws-service-role/");
        }
        Ok(caller)
    }

    /// Tells the ARN of a session's role, with its path.
    #[must_use]
    pub fn with_role(mut self, role_arn: &str) -> Caller {
        self.service_linked = role_arn.contains(":role/aws-service-role/");
        self.principal_arn = role_arn.into();
        self
    }

    /// Tells the unique id (`AIDA...`, `AROA...`), which `aws:userid` begins with.
    #[must_use]
    pub fn with_unique_id(mut self, id: &str) -> Caller {
        self.unique_id = Some(match (&self.session, id.contains(':')) {
            (Some(session), false) => format!("{id}:{session}").into(),
            _ => id.into(),
        });
        self
    }

    /// Tells the canonical user id of the caller's account, which some bucket policies name.
    #[must_use]
    pub fn with_canonical_id(mut self, id: &str) -> Caller {
        self.canonical_id = Some(id.into());
        self
    }

    /// Tells all tags: those of the user or role, and of the session.
    #[must_use]
    pub fn with_tags<'t>(mut self, tags: impl IntoIterator<Item = (&'t str, &'t str)>) -> Caller {
        self.tags = Fact::Known(lower_tags(tags));
        self
    }

    /// Tells that there may be tags that nobody knows, such as those that an identity provider sends.
    #[must_use]
    pub fn with_unknown_tags(mut self) -> Caller {
        self.tags = Fact::Unknown;
        self
    }

    /// Tells the account's place in its organization; `None`: it is in none.
    #[must_use]
    pub fn with_org(mut self, place: Option<OrgPlace>) -> Caller {
        self.org = place.map_or(Fact::Absent, Fact::Known);
        self
    }

    /// Tells whether the account is the management account.
    #[must_use]
    pub fn with_standing(mut self, standing: Standing) -> Caller {
        self.standing = standing;
        self
    }

    /// Tells the IAM user that got a federated user's session.
    #[must_use]
    pub fn with_federating_user(mut self, user_arn: &str) -> Caller {
        self.federating_user = Some(user_arn.into());
        self
    }

    pub fn kind(&self) -> CallerKind {
        self.kind
    }

    /// The ARN, provider or service name that it was made of.
    pub fn name_in_policies(&self) -> &str {
        &self.arn
    }

    /// Its account; empty for anonymous callers, services and federated identities.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The value of `aws:PrincipalArn`.
    pub fn principal_arn(&self) -> &str {
        &self.principal_arn
    }

    /// Whether it is a service-linked role, which neither SCPs nor RCPs affect.
    pub fn is_service_linked(&self) -> bool {
        self.service_linked
    }

    /// The value of `aws:PrincipalType`, where AWS documents one.
    pub(crate) fn principal_type(&self) -> Option<&'static str> {
        Some(match self.kind {
            CallerKind::Root => "Account",
            CallerKind::User => "User",
            CallerKind::Role => "AssumedRole",
            CallerKind::FederatedUser => "FederatedUser",
            CallerKind::Anonymous => "Anonymous",
            CallerKind::Service | CallerKind::Federated => return None,
        })
    }

    /// Whether it is a principal of an account, whose own policies are evaluated.
    pub(crate) fn has_account(&self) -> bool {
        !self.account.is_empty()
    }
}

pub(crate) fn lower_tags<'t>(tags: impl IntoIterator<Item = (&'t str, &'t str)>) -> Tags {
    tags.into_iter().map(|(key, value)| (key.to_ascii_lowercase().into(), value.into())).collect()
}
