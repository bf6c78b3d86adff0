//! KMS grants: permissions on a key that stand beside its policy.

use crate::caller::{Caller, CallerKind};
use crate::context::Found;
use crate::key::Facts;
use crate::naming::{Naming, PrincipalPattern};
use crate::policy::{Principal, PrincipalKind};
use crate::tri::Tri;

/// What the encryption context of the request must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantConstraint {
    /// Exactly these pairs.
    EncryptionContextEquals(Vec<(Box<str>, Box<str>)>),
    /// At least these pairs.
    EncryptionContextSubset(Vec<(Box<str>, Box<str>)>),
    /// The call is made for this resource (`aws:SourceArn`).
    SourceArn(Box<str>),
}

/// A grant on a KMS key. Retired and revoked grants are to be left out.
#[derive(Clone, Debug)]
pub struct KmsGrant {
    id: Box<str>,
    key: Box<str>,
    grantee_name: Box<str>,
    grantee: PrincipalPattern,
    /// Lower-case names of KMS's operations.
    operations: Box<[Box<str>]>,
    constraints: Box<[GrantConstraint]>,
}

/// The operations that encrypt or decrypt with a context; the constraints on it are for these.
const WITH_ENCRYPTION_CONTEXT: [&str; 8] = [
    "encrypt",
    "decrypt",
    "reencryptfrom",
    "reencryptto",
    "generatedatakey",
    "generatedatakeywithoutplaintext",
    "generatedatakeypair",
    "generatedatakeypairwithoutplaintext",
];

const ENCRYPTION_CONTEXT: &str = "kms:encryptioncontext:";

impl KmsGrant {
    /// A grant of operations (`Decrypt`, `GenerateDataKey`...) to a principal: an ARN or a service principal.
    pub fn new<'o>(
        id: &str,
        key_arn: &str,
        grantee: &str,
        operations: impl IntoIterator<Item = &'o str>,
        mut constraints: Vec<GrantConstraint>,
    ) -> KmsGrant {
        for constraint in &mut constraints {
            if let GrantConstraint::EncryptionContextEquals(pairs) | GrantConstraint::EncryptionContextSubset(pairs) =
                constraint
            {
                // As the condition key that the request would have.
                for (key, _) in pairs {
                    *key = format!("{ENCRYPTION_CONTEXT}{}", key.to_ascii_lowercase()).into();
                }
            }
        }
        let kind = if grantee.ends_with(".amazonaws.com") { PrincipalKind::Service } else { PrincipalKind::Aws };
        KmsGrant {
            id: id.into(),
            key: key_arn.into(),
            grantee_name: grantee.into(),
            grantee: PrincipalPattern::new(Principal { kind, value: grantee }),
            operations: operations.into_iter().map(|name| name.to_ascii_lowercase().into()).collect(),
            constraints: constraints.into(),
        }
    }

    /// Whom it is for, as it was given.
    pub fn grantee(&self) -> &str {
        &self.grantee_name
    }

    /// Lower-case names of the operations.
    pub fn operations(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(|name| &**name)
    }

    /// Whether it holds only for some encryption contexts or sources.
    pub fn is_constrained(&self) -> bool {
        !self.constraints.is_empty()
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the grant allows the request.
    pub(crate) fn allows(&self, facts: &Facts<'_>) -> Tri {
        let Facts { caller, action, resource, .. } = facts;
        let name = action.name();
        if action.service() != "kms" || *resource.arn != *self.key || !self.operations.iter().any(|own| **own == *name)
        {
            return Tri::No;
        }
        let names = self.names(caller);
        self.constraints.iter().map(|constraint| holds(constraint, name, facts)).fold(names, Tri::and)
    }

    fn names(&self, caller: &Caller) -> Tri {
        let naming = Naming::of(std::slice::from_ref(&self.grantee), caller);
        let granted = match caller.kind {
            // A grant to the account's ARN would be for its root user.
            CallerKind::Root => naming.account,
            _ => naming.direct || naming.parent,
        };
        if naming.maybe_direct { Tri::from(granted).or(Tri::Maybe) } else { granted.into() }
    }
}

fn holds(constraint: &GrantConstraint, operation: &str, facts: &Facts<'_>) -> Tri {
    let has = |pairs: &[(Box<str>, Box<str>)]| {
        let one = |(key, value): &(Box<str>, Box<str>)| match facts
            .context
            .given(key)
            .unwrap_or(facts.completeness.not_told())
        {
            Found::Single(given) => (*given == **value).into(),
            Found::Unknown => Tri::Maybe,
            Found::Many(_) | Found::Absent | Found::NotGiven => Tri::No,
        };
        pairs.iter().map(one).min().unwrap_or(Tri::Yes)
    };
    match constraint {
        GrantConstraint::SourceArn(arn) => {
            match facts.context.given("aws:sourcearn").unwrap_or(facts.completeness.not_told()) {
                Found::Single(given) => (*given == **arn).into(),
                Found::Unknown => Tri::Maybe,
                Found::Many(_) | Found::Absent | Found::NotGiven => Tri::No,
            }
        }
        _ if !WITH_ENCRYPTION_CONTEXT.contains(&operation) => Tri::Yes,
        GrantConstraint::EncryptionContextSubset(pairs) => has(pairs),
        GrantConstraint::EncryptionContextEquals(pairs) => {
            has(pairs).and((facts.context.count_of(ENCRYPTION_CONTEXT) <= pairs.len()).into())
        }
    }
}
