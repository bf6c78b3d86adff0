//! Checks of condition keys: that they exist, that the request of the actions has them, that they are used with the
//! operators of their type.

use std::collections::BTreeSet;

use super::document::Statement;
use super::json::Member;
use super::{Check, LintKind, Out, Run, nearest};
use crate::catalogue::{ConditionKey, KeyType, KeyValues};
use crate::operator::{Comparison, Operator, Polarity, Quantifier};
use crate::policy::Listing;

/// Keys about tags; behind the slash is the tag's name.
const TAG_KEYS: [&str; 3] = ["aws:resourcetag", "aws:requesttag", "aws:principaltag"];

/// Keys that AWS has replaced.
const DEPRECATED: [(&str, &str); 2] =
    [("aws:sourceowner", "aws:SourceAccount"), ("aws:principaltype", "aws:PrincipalArn")];

pub(super) fn check(
    run: &Run<'_, '_, '_>,
    statement: &Statement<'_>,
    operator: Option<Operator>,
    key: &Member<'_>,
    out: &mut Out<'_>,
) {
    let Some(found) = exists(run, key, out) else { return };
    let Some(operator) = operator else { return };
    let lower = key.key.to_ascii_lowercase();
    match (operator.quantifier, found.values()) {
        (Quantifier::Single, KeyValues::Many) if operator.comparison != Comparison::Null => {
            out.find_named(Check::MissingQualifier, key.key_span, "key", &key.key);
        }
        (Quantifier::ForAllValues, KeyValues::One) => {
            out.find_named(Check::ForAllValuesWithSingleValuedKey, key.key_span, "key", &key.key);
        }
        _ => {}
    }
    if operator.quantifier != Quantifier::Single && lower.ends_with(":aud") {
        out.find_named(Check::ConfirmAudienceClaimType, key.key_span, "key", &key.key);
    }
    operator_type(operator, found, key, out);
    unreachable(run, statement, operator, found, key, out);
}

/// The key in the table; what is wrong with its name is told.
fn exists<'c>(run: &Run<'_, 'c, '_>, key: &Member<'_>, out: &mut Out<'_>) -> Option<ConditionKey<'c>> {
    let catalogue = run.linter.catalogue;
    let (name, lower) = (&*key.key, key.key.to_ascii_lowercase());
    let Some((prefix, rest)) = name.split_once(':').filter(|(prefix, rest)| !prefix.is_empty() && !rest.is_empty())
    else {
        out.find_named(Check::InvalidConditionKeyFormat, key.key_span, "key", name);
        return None;
    };
    if lower == "aws:arn" {
        out.find_named(Check::UnsupportedGlobalConditionKey, key.key_span, "key", name);
        return None;
    }
    if TAG_KEYS.iter().any(|tag| lower == *tag || lower.strip_suffix('/') == Some(tag)) {
        out.find_named(Check::MissingTagKeyInCondition, key.key_span, "key", name);
        return None;
    }
    if let Some((_, newer)) = DEPRECATED.iter().find(|(old, _)| *old == lower) {
        let arguments = vec![("key", super::clip(name)), ("newer", (*newer).to_owned())];
        out.find_with(Check::DeprecatedGlobalConditionKey, key.key_span, arguments, None);
    }
    if let Some(found) = catalogue.condition_key(name) {
        return Some(found);
    }
    let arguments = vec![("key", super::clip(name))];
    if prefix.eq_ignore_ascii_case("aws") {
        let meant = nearest(name, catalogue.global_keys().map(|key| key.name()));
        out.find_with(Check::InvalidGlobalConditionKey, key.key_span, arguments, meant);
    } else if let Some(service) = catalogue.service(prefix) {
        let meant = nearest(name, service.keys().map(|key| key.name()));
        // KMS and others take an open name behind the second colon (`kms:EncryptionContext:purpose`).
        let open = rest.split_once(':').is_some_and(|(begin, _)| {
            let begin = format!("{prefix}:{begin}:");
            service
                .keys()
                .any(|key| key.name().get(..begin.len()).is_some_and(|head| head.eq_ignore_ascii_case(&begin)))
        });
        if !open {
            out.find_with(Check::InvalidServiceConditionKey, key.key_span, arguments, meant);
        }
    } else if !prefix.contains('.') && !matches!(&*prefix.to_ascii_lowercase(), "saml" | "cognito-identity") {
        // Keys of OIDC providers have the provider's address in front; any claim may be asked for.
        out.find_with(Check::InvalidService, key.key_span, vec![("service", super::clip(prefix))], None);
    }
    None
}

/// The operator of the wrong family: it compares texts of another kind than the key has.
fn operator_type(operator: Operator, found: ConditionKey<'_>, key: &Member<'_>, out: &mut Out<'_>) {
    let name = operator.comparison.name();
    let fits = match found.kind() {
        _ if operator.comparison == Comparison::Null => true,
        // Texts are compared by string operators; ARNs too, though with less care for their parts.
        KeyType::String => name.starts_with("String") || name.starts_with("Arn"),
        KeyType::Arn => name.starts_with("Arn") || name.starts_with("String"),
        KeyType::Bool => name == "Bool" || name.starts_with("String"),
        KeyType::Numeric => name.starts_with("Numeric"),
        KeyType::Date => name.starts_with("Date") || name.starts_with("Numeric"),
        KeyType::IpAddress => name.ends_with("IpAddress"),
        KeyType::Binary => name == "BinaryEquals",
    };
    if !fits {
        let arguments = vec![
            ("operator", operator.to_string()),
            ("key", super::clip(&key.key)),
            ("type", found.kind().as_str().to_owned()),
        ];
        out.find_with(Check::TypeMismatch, key.key_span, arguments, None);
    }
}

/// A key of a service that no request of the statement's actions has: the condition can't be met.
fn unreachable(
    run: &Run<'_, '_, '_>,
    statement: &Statement<'_>,
    operator: Operator,
    found: ConditionKey<'_>,
    key: &Member<'_>,
    out: &mut Out<'_>,
) {
    let of_service = !found.name().to_ascii_lowercase().starts_with("aws:") && !key.key.contains('.');
    let only = statement.action.as_ref().is_some_and(|element| element.listing == Listing::Only);
    let demands = operator.when_absent == crate::operator::WhenAbsent::AsOperator
        && operator.comparison.polarity() == Polarity::Positive
        && operator.comparison != Comparison::Null
        && operator.quantifier != Quantifier::ForAllValues;
    if !of_service || !only || !demands {
        return;
    }
    let prefix = key.key.split(':').next().unwrap_or_default();
    let mut any = false;
    for (pattern, _) in statement.actions() {
        for action in run.linter.catalogue.expand(pattern) {
            any = true;
            // Services write their own keys for all their actions more often than the table shows.
            let own = action.service().prefix().eq_ignore_ascii_case(prefix);
            let listed = action.service().keys().any(|one| one.is_named(&key.key));
            if action.supports_key(&key.key) || (!own && listed) {
                return;
            }
        }
    }
    // A key that no action lists is one of the caller (`lambda:SourceFunctionArn`), or the table is not complete.
    let service = run.linter.catalogue.service(prefix);
    let listed = service.is_some_and(|service| service.actions().any(|action| action.supports_key(&key.key)));
    let global = run.linter.catalogue.global_key(&key.key).is_some();
    if any && listed && !global && run.kind != LintKind::Trust {
        out.find_named(Check::UnsupportedActionForConditionKey, key.key_span, "key", &key.key);
    }
}

/// Checks of several keys at once, or of keys and actions.
pub(super) fn check_statement(run: &Run<'_, '_, '_>, statement: &Statement<'_>, out: &mut Out<'_>) {
    for (wanted, partners) in PAIRS {
        let used = statement.conditions().find(|(_, key)| key.key.eq_ignore_ascii_case(wanted));
        if let Some((_, key)) = used
            && statement.allows()
            && !partners.iter().any(|partner| statement.has_key(partner))
        {
            let arguments = vec![("key", super::clip(&key.key)), ("others", partners.join(", "))];
            out.find_with(Check::MissingPairedConditionKeys, key.key_span, arguments, None);
        }
    }
    if run.kind == LintKind::Resource {
        for (_, key) in statement.conditions() {
            let lower = key.key.to_ascii_lowercase();
            if matches!(&*lower, "aws:resourceaccount" | "aws:resourceorgid" | "aws:resourceorgpaths") {
                out.find_named(Check::IrrelevantConditionKeyInPolicy, key.key_span, "key", &key.key);
            }
        }
    }
    unsupported_tags(run, statement, out);
}

/// A key that says little without one of the others: an address within a network that is not named.
const PAIRS: [(&str, &[&str]); 3] = [
    ("aws:VpcSourceIp", &["aws:SourceVpc", "aws:SourceVpce", "aws:SourceVpcArn"]),
    ("aws:Ec2InstanceSourcePrivateIPv4", &["aws:Ec2InstanceSourceVpc"]),
    (
        "aws:SourceVpcArn",
        &["aws:SourceVpc", "aws:SourceVpce", "aws:PrincipalOrgID", "aws:PrincipalAccount", "aws:SourceArn"],
    ),
];

/// Tag keys on services none of whose actions has them.
fn unsupported_tags(run: &Run<'_, '_, '_>, statement: &Statement<'_>, out: &mut Out<'_>) {
    let Some(element) = &statement.action else { return };
    let deny = statement.effect == Some(crate::policy::Effect::Deny);
    let check = match (deny, element.listing) {
        (true, Listing::Only) => Check::DenyWithUnsupportedTagConditionKeyForService,
        (true, Listing::Except) => Check::DenyNotActionWithUnsupportedTagConditionKeyForService,
        (false, Listing::Only) => Check::AllowWithUnsupportedTagConditionKeyForService,
        (false, Listing::Except) => Check::AllowNotActionWithUnsupportedTagConditionKeyForService,
    };
    for (operator, key) in statement.conditions() {
        let lower = key.key.to_ascii_lowercase();
        let about = ["aws:resourcetag/", "aws:requesttag/"].iter().any(|tag| lower.starts_with(tag));
        let demands = Operator::parse(&operator.key).is_some_and(|operator| {
            operator.when_absent == crate::operator::WhenAbsent::AsOperator && operator.comparison != Comparison::Null
        });
        if !about || !demands {
            continue;
        }
        let mut without: BTreeSet<&str> = BTreeSet::new();
        match element.listing {
            Listing::Only => {
                for (pattern, _) in statement.actions() {
                    let Some((prefix, "*")) = pattern.split_once(':') else { continue };
                    let Some(service) = run.linter.catalogue.service(prefix) else { continue };
                    if !service.actions().any(|action| action.supports_key(&key.key)) {
                        without.insert(service.prefix());
                    }
                }
                if statement.actions().any(|(pattern, _)| pattern == "*") {
                    without.extend(services_without(run, &key.key));
                }
            }
            Listing::Except => without.extend(services_without(run, &key.key)),
        }
        if !without.is_empty() {
            const SHOWN: usize = 5;
            let mut services: Vec<&str> = without.iter().copied().take(SHOWN).collect();
            if without.len() > SHOWN {
                services.push("…");
            }
            let arguments = vec![
                ("key", super::clip(&key.key)),
                ("services", services.join(", ")),
                ("count", without.len().to_string()),
            ];
            out.find_with(check, key.key_span, arguments, None);
        }
    }
}

fn services_without<'c>(run: &Run<'_, 'c, '_>, key: &str) -> Vec<&'c str> {
    let services = run.linter.catalogue.services().filter(|service| service.actions().len() > 0);
    services.filter(|service| !service.keys().any(|one| one.is_named(key))).map(|service| service.prefix()).collect()
}
