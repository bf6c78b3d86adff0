//! Checks of `Principal` and `NotPrincipal`, and of what granting to a service or to providers asks for.

use super::document::Statement;
use super::json::Value;
use super::values::is_service_principal;
use super::{Check, LintKind, Out, Run, nearest};
use crate::policy::Listing;
use crate::position::Span;
use crate::value::arn_parts;

const KINDS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];

pub(super) fn check(run: &Run<'_, '_, '_>, statement: &Statement<'_>, out: &mut Out<'_>) {
    let Some(element) = &statement.principal else { return };
    if matches!(run.kind, LintKind::Identity | LintKind::Scp) {
        return;
    }
    match &element.node.value {
        Value::Text(text) if text == "*" => {
            if run.kind == LintKind::Trust {
                out.find(Check::RoleTrustPolicyUnsupportedWildcardInPrincipal, element.node.span);
            }
        }
        Value::Text(text) => out.find_named(Check::InvalidPrincipalFormat, element.node.span, "principal", text),
        Value::Object(members) => {
            if members.is_empty() {
                out.find(Check::EmptyObjectPrincipal, element.node.span);
            }
            for member in members {
                if !KINDS.contains(&&*member.key) {
                    let meant = nearest(&member.key, KINDS.into_iter());
                    let arguments = vec![("key", super::clip(&member.key))];
                    out.find_with(Check::InvalidPrincipalKey, member.key_span, arguments, meant);
                }
                if member.node.is_empty_list() {
                    out.find(Check::EmptyArrayPrincipal, member.node.span);
                }
            }
        }
        _ => {
            let arguments = super::document::mismatch("Principal", "object", element.node.kind());
            out.find_with(Check::DataTypeMismatch, element.node.span, arguments, None);
        }
    }
    let principals = statement.principals();
    for &(kind, value, span) in &principals {
        match kind {
            "AWS" => aws(value, span, out),
            "Service" => service(value, span, out),
            "Federated" if run.kind == LintKind::Resource => {
                out.find_named(Check::FederatedPrincipalNotSupported, span, "principal", value);
            }
            _ => {}
        }
    }
    if run.kind == LintKind::Trust {
        sessions(&principals, out);
    }
    if element.listing == Listing::Only && statement.allows() {
        services_with_source(run, statement, &principals, out);
    }
    unsupported_keys(statement, &principals, element.listing, out);
}

fn aws(value: &str, span: Span, out: &mut Out<'_>) {
    if value == "*" {
        return;
    }
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = |begin: &str| {
        value.len() >= 16 && value.starts_with(begin) && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if is_account(value) {
        return;
    }
    if is_id("AROA") {
        out.find_named(Check::InvalidRoleReference, span, "principal", value);
        return;
    }
    if is_id("AIDA") {
        out.find_named(Check::InvalidUserReference, span, "principal", value);
        return;
    }
    if value.contains(['*', '?']) {
        out.find_named(Check::UnsupportedWildcardInPrincipal, span, "principal", value);
        return;
    }
    if value.contains("${") {
        return;
    }
    let well_formed = arn_parts(value).is_some_and(|[_, partition, service, region, account, resource]| {
        let kind = resource.split('/').next().unwrap_or_default();
        let named = resource.split_once('/').is_some_and(|(_, name)| !name.is_empty());
        let who = match service {
            "iam" => (kind == "root" && !named) || (matches!(kind, "user" | "role") && named),
            "sts" => match kind {
                "assumed-role" => resource.split('/').count() == 3 && !resource.ends_with('/'),
                "federated-user" => named,
                // An identity provider's user whose session has no role.
                "self" => !named,
                _ => false,
            },
            // The identity of CloudFront that older distributions use.
            "cloudfront" => false,
            _ => false,
        };
        super::regions::is_partition(partition)
            && region.is_empty()
            && who
            && (is_account(account) || account == "cloudfront")
    });
    if !well_formed {
        out.find_named(Check::InvalidPrincipalFormat, span, "principal", value);
    }
}

fn service(value: &str, span: Span, out: &mut Out<'_>) {
    if value.contains(['*', '?']) {
        out.find_named(Check::UnsupportedWildcardInPrincipal, span, "principal", value);
    } else if !value.contains("${") && !is_service_principal(value) {
        out.find_named(Check::InvalidPrincipalFormat, span, "principal", value);
    }
}

/// A session of a role that is named beside the role itself.
fn sessions(principals: &[(&str, &str, Span)], out: &mut Out<'_>) {
    let role_of = |value: &str| -> Option<String> {
        let [_, partition, service, _, account, resource] = arn_parts(value)?;
        let mut path = resource.split('/');
        match (service, path.next()?) {
            ("iam", "role") => Some(format!("{partition} {account} {}", path.next_back()?)),
            ("sts", "assumed-role") => Some(format!("{partition} {account} {}", path.next()?)),
            _ => None,
        }
    };
    for &(_, value, span) in principals {
        let Some(role) = role_of(value).filter(|_| value.contains(":assumed-role/")) else { continue };
        let parent = principals
            .iter()
            .find(|(_, other, _)| other.contains(":role/") && role_of(other).as_deref() == Some(&*role));
        if let Some((_, parent, _)) = parent {
            let arguments = vec![("redundant", super::clip(value)), ("by", super::clip(parent))];
            out.find_with(Check::RedundantPrincipalInRoleTrustPolicy, span, arguments, None);
        }
    }
}

/// Keys that tell on whose behalf a service asks.
const SOURCES: [&str; 5] =
    ["aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:SourceOwner"];

/// A service that may be made to act by anyone's resources (the confused deputy).
fn services_with_source(
    run: &Run<'_, '_, '_>,
    statement: &Statement<'_>,
    principals: &[(&str, &str, Span)],
    out: &mut Out<'_>,
) {
    if run.kind != LintKind::Resource {
        return;
    }
    // Keys of services that mean the same: who owns the trail, key or function that asks.
    let told = statement.conditions().any(|(_, key)| {
        SOURCES.iter().any(|source| source.eq_ignore_ascii_case(&key.key))
            || key.key.to_ascii_lowercase().starts_with("kms:encryptioncontext:")
    });
    if told {
        return;
    }
    // The key that older guides of AWS put an account's id into: it narrows the source, and says so badly.
    let mut instead = statement.conditions().filter(|(_, key)| key.key.eq_ignore_ascii_case("aws:Referer")).peekable();
    if instead.peek().is_some() && principals.iter().any(|(kind, _, _)| *kind == "Service") {
        for (_, key) in instead {
            let arguments = vec![("key", super::clip(&key.key))];
            out.find_with(Check::RecommendedConditionKeyForServicePrincipal, key.key_span, arguments, None);
        }
        return;
    }
    for &(_, value, span) in principals.iter().filter(|(kind, _, _)| *kind == "Service") {
        out.find_named(Check::RestrictAccessToServicePrincipal, span, "principal", value);
    }
}

/// Whose calls have tags of a principal: IAM Roles Anywhere tells the attributes of the certificate by them.
const ROLES_ANYWHERE: &str = "rolesanywhere.amazonaws.com";

/// Keys that calls of AWS services do not have: as a principal, a service is in no organization and has no tags.
fn unsupported_keys(statement: &Statement<'_>, principals: &[(&str, &str, Span)], listing: Listing, out: &mut Out<'_>) {
    let only_services = !principals.is_empty() && principals.iter().all(|(kind, _, _)| *kind == "Service");
    if !only_services || listing == Listing::Except || !statement.allows() {
        return;
    }
    for (operator, key) in statement.conditions() {
        let lower = key.key.to_ascii_lowercase();
        let absent = matches!(
            &*lower,
            "aws:principalorgid"
                | "aws:principalorgpaths"
                | "aws:principalarn"
                | "aws:principalaccount"
                | "aws:username"
        ) || (lower.starts_with("aws:principaltag/")
            && principals.iter().any(|(_, name, _)| !name.eq_ignore_ascii_case(ROLES_ANYWHERE)));
        let tolerant =
            operator.key.to_ascii_lowercase().ends_with("ifexists") || operator.key.eq_ignore_ascii_case("Null");
        if absent && !tolerant {
            out.find_named(Check::UnsupportedConditionKeyForServicePrincipal, key.key_span, "key", &key.key);
        }
    }
}
