//! Which conditions pin a grant to fixed values: AWS's list of keys that make an open principal
//! non-public, and what counts as fixed for each.

// The address type alone: `core` has no sockets, and an engine must not come near any.
use core::net::IpAddr;

use ipnet::IpNet;

use crate::operator::{Comparison, Polarity, Quantifier, WhenAbsent};
use crate::policy::Condition;
use crate::public::ResourceKind;

/// Who would get in if nothing pinned the grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Anyone on the internet, or anyone with an AWS or web identity.
    Anyone,
    /// Amazon S3, acting for whoever owns a bucket of the right name: only the account can pin that.
    S3Service,
}

/// How the values of a key must look to be fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fixed {
    /// No wildcard, no variable.
    Exact,
    /// Addresses and ranges no broader than /8 (IPv4) or /32 (IPv6).
    Ranges,
    /// Exact, or `AROLEID:*`: every session of one role.
    UserId,
    /// Exact up to the account; the access point's name may have a wildcard.
    AccessPoint,
    /// An ARN with a fixed account in it.
    ArnWithAccount,
}

/// The keys of "The meaning of public" in the S3 documentation, and the keys that name a principal, which
/// it allows with the words "an AWS principal, user, role, or service principal (e.g. `aws:PrincipalOrgID`)".
/// Two are our reading and in no list of AWS's: `aws:SourceOrgID` (as `aws:SourceAccount`, for an organization)
/// and `kms:CallerAccount` (KMS's own name for the principal's account, in every AWS managed key).
const ANYONE_KEYS: [(&str, Fixed); 18] = [
    ("aws:SourceIp", Fixed::Ranges),
    ("aws:SourceArn", Fixed::Exact),
    ("aws:SourceVpc", Fixed::Exact),
    ("aws:SourceVpce", Fixed::Exact),
    ("aws:SourceOwner", Fixed::Exact),
    ("aws:SourceAccount", Fixed::Exact),
    ("aws:SourceOrgID", Fixed::Exact),
    ("aws:userid", Fixed::UserId),
    ("aws:PrincipalOrgID", Fixed::Exact),
    ("aws:PrincipalOrgPaths", Fixed::Exact),
    ("aws:PrincipalAccount", Fixed::Exact),
    ("aws:PrincipalArn", Fixed::Exact),
    ("aws:PrincipalServiceName", Fixed::Exact),
    ("aws:PrincipalServiceNamesList", Fixed::Exact),
    ("kms:CallerAccount", Fixed::Exact),
    ("s3:x-amz-server-side-encryption-aws-kms-key-id", Fixed::Exact),
    ("s3:DataAccessPointAccount", Fixed::Exact),
    ("s3:DataAccessPointArn", Fixed::AccessPoint),
];

/// What ties Amazon S3's calls to one account. A bucket's ARN has no account, and another account can take
/// the name of a bucket that was deleted, so `aws:SourceArn` alone does only with an account in it.
const S3_SERVICE_KEYS: [(&str, Fixed); 4] = [
    ("aws:SourceAccount", Fixed::Exact),
    ("aws:SourceOwner", Fixed::Exact),
    ("aws:SourceOrgID", Fixed::Exact),
    ("aws:SourceArn", Fixed::ArnWithAccount),
];

/// Whether an Allow statement with this condition grants only to fixed values.
///
/// The operator must be a positive one that fails when the key is absent: `...IfExists` and `ForAllValues`
/// hold for requests without the key, so they pin nothing.
pub(crate) fn pins(condition: Condition<'_>, kind: ResourceKind, caller: Caller) -> bool {
    let operator = condition.operator();
    operator.polarity() == Polarity::Positive
        && operator.when_absent == WhenAbsent::AsOperator
        && operator.quantifier != Quantifier::ForAllValues
        && values_are_fixed(condition, kind, caller)
}

/// Whether a Deny statement with this condition leaves only fixed values undenied: the mirror image of
/// [`pins`]. Negated operators also match when the key is absent, with or without `IfExists`; only
/// `ForAnyValue` lets requests without the key through. `aws:PrincipalIsAWSService` is absent from anonymous
/// requests, so that a Deny by it needs `IfExists` to reach them.
pub(crate) fn denies_all_but_fixed(condition: Condition<'_>, kind: ResourceKind, caller: Caller) -> bool {
    let operator = condition.operator();
    let spares_only_services = operator.comparison == Comparison::Bool
        && operator.quantifier == Quantifier::Single
        && operator.when_absent == WhenAbsent::Matches
        && caller == Caller::Anyone
        && condition.key().eq_ignore_ascii_case("aws:PrincipalIsAWSService")
        && condition.values().all(|value| value.eq_ignore_ascii_case("false"));
    spares_only_services
        || (operator.polarity() == Polarity::Negated
            && operator.quantifier != Quantifier::ForAnyValue
            && values_are_fixed(condition, kind, caller))
}

fn values_are_fixed(condition: Condition<'_>, kind: ResourceKind, caller: Caller) -> bool {
    let keys: &[(&str, Fixed)] = match caller {
        Caller::Anyone => &ANYONE_KEYS,
        Caller::S3Service => &S3_SERVICE_KEYS,
    };
    let Some(&(_, fixed)) = keys.iter().find(|(key, _)| key.eq_ignore_ascii_case(condition.key())) else {
        return false;
    };
    // An access point's own policy that grants by access point ARN is public, whatever the value.
    if fixed == Fixed::AccessPoint && kind == ResourceKind::S3AccessPoint {
        return false;
    }
    compares(condition.operator().comparison, fixed) && condition.values().all(|value| is_fixed(value, fixed))
}

/// Whether the comparison is one that makes sense for the key; a numeric one of an account id, say, pins nothing
/// that AWS documents.
fn compares(comparison: Comparison, fixed: Fixed) -> bool {
    use Comparison::*;
    match comparison {
        StringEquals
        | StringNotEquals
        | StringEqualsIgnoreCase
        | StringNotEqualsIgnoreCase
        | StringLike
        | StringNotLike => true,
        ArnEquals | ArnNotEquals | ArnLike | ArnNotLike => fixed != Fixed::Ranges,
        IpAddress | NotIpAddress => fixed == Fixed::Ranges,
        _ => false,
    }
}

fn is_fixed(value: &str, fixed: Fixed) -> bool {
    match fixed {
        Fixed::Exact => is_exact(value),
        Fixed::Ranges => is_narrow_range(value),
        Fixed::UserId => is_exact(value.strip_suffix(":*").filter(|id| !id.is_empty()).unwrap_or(value)),
        Fixed::AccessPoint => {
            is_exact(value) || {
                // arn:aws:s3:us-west-2:111122223333:accesspoint/*
                let mut parts = value.splitn(6, ':');
                let fixed_head = parts.by_ref().take(5).all(is_exact);
                fixed_head && account_in_arn(value).is_some() && parts.next().is_some_and(|r| !r.contains("${"))
            }
        }
        Fixed::ArnWithAccount => is_exact(value) && account_in_arn(value).is_some(),
    }
}

/// No wildcard and no policy variable.
pub(crate) fn is_exact(value: &str) -> bool {
    !value.contains(['*', '?']) && !value.contains("${")
}

/// S3 calls a policy public when `aws:SourceIp` is broader than /8 for IPv4 or /32 for IPv6.
/// (No private range of RFC 1918 is broader than /8, so its exception for those never bites.)
fn is_narrow_range(value: &str) -> bool {
    if value.parse::<IpAddr>().is_ok() {
        return true;
    }
    match value.parse::<IpNet>() {
        Ok(IpNet::V4(range)) => range.prefix_len() >= 8,
        Ok(IpNet::V6(range)) => range.prefix_len() >= 32,
        Err(_) => false,
    }
}

/// The account id of an ARN (or a bare one), if it is 12 digits.
pub(crate) fn account_in_arn(value: &str) -> Option<&str> {
    let account = if value.starts_with("arn:") { value.split(':').nth(4)? } else { value };
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
}
