//! Checks of the values of conditions: what the operator can compare, and the forms of names in them.

use super::json::{Member, Value};
use super::regions::{is_region, regions};
use super::{Check, Out, nearest};
use crate::operator::{Comparison, Operator};
use crate::position::Span;
use crate::value::{Moment, Number, base64, range, truth};

pub(super) fn check(operator: Operator, key: &Member<'_>, out: &mut Out<'_>) {
    let family = Family::of(operator.comparison);
    let items = key.node.items();
    let logical = matches!(operator.comparison, Comparison::Bool | Comparison::Null);
    if logical && items.len() > 1 {
        out.find_named(Check::InvalidConditionMultipleBoolean, key.node.span, "key", &key.key);
    }
    let ordered = matches!(
        operator.comparison,
        Comparison::NumericLessThan
            | Comparison::NumericLessThanEquals
            | Comparison::NumericGreaterThan
            | Comparison::NumericGreaterThanEquals
            | Comparison::DateLessThan
            | Comparison::DateLessThanEquals
            | Comparison::DateGreaterThan
            | Comparison::DateGreaterThanEquals
    );
    if ordered && items.len() > 1 {
        out.find_named(Check::RedundantConditionValueNum, key.node.span, "key", &key.key);
    }
    for item in items {
        let written = out.text[item.span.start..item.span.end].to_owned();
        let text = item.text().unwrap_or(&written);
        if text.contains("${") {
            continue;
        }
        typed(family, text, item.span, out);
        if item.text().is_some() || matches!(item.value, Value::Number | Value::Bool) {
            named(operator, &key.key, text, item.span, out);
        }
        let exact = matches!(
            operator.comparison,
            Comparison::StringEquals
                | Comparison::StringNotEquals
                | Comparison::StringEqualsIgnoreCase
                | Comparison::StringNotEqualsIgnoreCase
        );
        if exact && text.contains(['*', '?']) {
            let like = if operator.comparison.name().contains("Not") { "StringNotLike" } else { "StringLike" };
            let arguments = vec![("value", super::clip(text)), ("operator", like.to_owned())];
            out.find_with(Check::WildcardWithoutLikeOperator, item.span, arguments, None);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Text,
    Number,
    Date,
    Bool,
    Binary,
    Address,
}

impl Family {
    fn of(comparison: Comparison) -> Family {
        let name = comparison.name();
        if name.starts_with("Numeric") {
            Family::Number
        } else if name.starts_with("Date") {
            Family::Date
        } else if name.ends_with("IpAddress") {
            Family::Address
        } else {
            match comparison {
                Comparison::Bool | Comparison::Null => Family::Bool,
                Comparison::BinaryEquals => Family::Binary,
                _ => Family::Text,
            }
        }
    }
}

/// Whether the operator can read the value.
fn typed(family: Family, text: &str, span: Span, out: &mut Out<'_>) {
    let check = match family {
        Family::Text => return,
        Family::Number if Number::parse(text).is_none() => Check::TypeMismatchNumber,
        Family::Bool if truth(text).is_none() => Check::TypeMismatchBoolean,
        Family::Binary if base64(text).any(|byte| byte.is_none()) => Check::TypeMismatchString,
        Family::Address if range(text).is_none() => Check::TypeMismatchIpRange,
        Family::Date if Moment::parse(text).is_none() => Check::TypeMismatchDate,
        Family::Date if is_doubtful_date(text) => Check::InvalidDateValue,
        _ => return,
    };
    out.find_named(check, span, "value", text);
}

/// Seconds since 1970 that are probably milliseconds, or a day of the calendar without separators.
fn is_doubtful_date(text: &str) -> bool {
    let digits = text.trim_start_matches('-').split('.').next().unwrap_or_default();
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits.len() > 10 || (digits.len() == 8 && digits.starts_with("20")))
}

/// Values that are names of something with a known form.
fn named(operator: Operator, key: &str, text: &str, span: Span, out: &mut Out<'_>) {
    if operator.comparison == Comparison::Null || Family::of(operator.comparison) != Family::Text {
        return;
    }
    let open = text.contains(['*', '?']);
    match &*key.to_ascii_lowercase() {
        "aws:sourcevpc" | "aws:ec2instancesourcevpc" if !open && !is_id(text, "vpc-") => {
            out.find_named(Check::InvalidVpcFormat, span, "value", text);
        }
        "aws:sourcevpce" if !open && !is_id(text, "vpce-") => {
            out.find_named(Check::InvalidVpceFormat, span, "value", text);
        }
        "aws:requestedregion" | "ec2:region" if !open && !is_region(text) => {
            let meant = nearest(text, regions());
            out.find_with(Check::InvalidRegion, span, vec![("value", super::clip(text))], meant);
        }
        "aws:principalservicename"
        | "aws:principalservicenameslist"
        | "iam:passedtoservice"
        | "iam:awsservicename"
        | "aws:calledvia"
        | "aws:calledviafirst"
        | "aws:calledvialast"
        | "kms:viaservice"
            if !open && !is_service_principal(text) =>
        {
            out.find_named(Check::InvalidServicePrincipalFormat, span, "value", text);
        }
        _ => {}
    }
}

fn is_id(text: &str, begin: &str) -> bool {
    text.strip_prefix(begin).is_some_and(|id| {
        matches!(id.len(), 8 | 17) && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

/// `service.amazonaws.com`, with a region or a partition's own suffix where there is one.
pub(super) fn is_service_principal(text: &str) -> bool {
    const SUFFIXES: [&str; 6] =
        [".amazonaws.com", ".amazonaws.com.cn", ".c2s.ic.gov", ".sc2s.sgov.gov", ".aws.internal", ".amazonaws.eu"];
    let label = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
    };
    let head = SUFFIXES.iter().find_map(|suffix| text.strip_suffix(suffix));
    head.is_some_and(|head| label(head) && !head.starts_with('.') && !head.ends_with('.'))
        // Some services have addresses of their own.
        || matches!(text, "edgelambda.amazonaws.com" | "s3-outposts.amazonaws.com")
        || text.strip_suffix(".aws.amazon.com").is_some_and(label)
}
