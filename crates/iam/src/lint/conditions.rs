//! Checks of `Condition`: operators, the shape of the block, and then keys and values.

use super::document::Statement;
use super::json::{Member, Value};
use super::{Check, Out, Run, keys, network, values};
use crate::operator::{Comparison, Operator, Quantifier, WhenAbsent};

pub(super) fn check(run: &Run<'_, '_, '_>, statement: &Statement<'_>, out: &mut Out<'_>) {
    let Some(members) = statement.condition.as_ref().and_then(|node| node.members()) else { return };
    if members.is_empty()
        && let Some(node) = &statement.condition
    {
        out.find(Check::EmptyObjectCondition, node.span);
    }
    for member in members {
        let operator = operator(member, out);
        let Value::Object(keys) = &member.node.value else {
            let arguments = super::document::mismatch(&member.key, "object", member.node.kind());
            out.find_with(Check::DataTypeMismatch, member.node.span, arguments, None);
            continue;
        };
        if keys.is_empty() {
            out.find(Check::EmptyObjectCondition, member.node.span);
        }
        same_key(keys, out);
        for key in keys {
            keys::check(run, statement, operator, key, out);
            if key.node.is_empty_list() {
                empty(operator, key, out);
            }
            if types(key, out)
                && let Some(operator) = operator
            {
                values::check(operator, key, out);
                network::check(operator, key, out);
            }
        }
    }
    keys::check_statement(run, statement, out);
}

fn operator(member: &Member<'_>, out: &mut Out<'_>) -> Option<Operator> {
    if let Some(operator) = Operator::parse(&member.key) {
        return Some(operator);
    }
    // `Null` takes neither prefix nor suffix; both are told by their own names.
    let bare = member.key.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
    if bare == "nullifexists" {
        out.find(Check::NullWithIfExists, member.key_span);
    }
    let quantified = member.key.contains(':') && (bare == "null" || bare == "nullifexists");
    if quantified {
        out.find_named(Check::NullWithQualifier, member.key_span, "operator", &member.key);
    }
    if bare != "nullifexists" && !quantified {
        let arguments = vec![("operator", super::clip(&member.key))];
        out.find_with(Check::InvalidConditionOperator, member.key_span, arguments, Operator::nearest(&member.key));
    }
    (bare == "null" || bare == "nullifexists").then_some(Operator {
        quantifier: Quantifier::Single,
        comparison: Comparison::Null,
        when_absent: WhenAbsent::AsOperator,
    })
}

/// Keys are compared without regard to case, so these are one key twice.
fn same_key(keys: &[Member<'_>], out: &mut Out<'_>) {
    let mut seen: std::collections::HashSet<String> = std::collections::HashSet::new();
    for key in keys {
        if !seen.insert(key.key.to_ascii_lowercase()) {
            out.find_named(Check::DuplicateKeysWithDifferentCase, key.key_span, "key", &key.key);
        }
    }
}

fn empty(operator: Option<Operator>, key: &Member<'_>, out: &mut Out<'_>) {
    let check = match operator {
        Some(Operator { quantifier: Quantifier::ForAllValues, .. }) => Check::EmptyArrayConditionForAllValues,
        Some(Operator { quantifier: Quantifier::ForAnyValue, .. }) => Check::EmptyArrayConditionForAnyValue,
        Some(Operator { when_absent: WhenAbsent::Matches, .. }) => Check::EmptyArrayConditionIfExists,
        _ => Check::EmptyArrayCondition,
    };
    out.find_named(check, key.node.span, "key", &key.key);
}

/// The JSON types of the values: scalars, and all of one type.
fn types(key: &Member<'_>, out: &mut Out<'_>) -> bool {
    let items = key.node.items();
    if let Some(item) = items.iter().find(|item| matches!(item.value, Value::Object(_) | Value::List(_) | Value::Null))
    {
        out.find_with(
            Check::DataTypeMismatch,
            item.span,
            super::document::mismatch(&key.key, "string", item.kind()),
            None,
        );
        return false;
    }
    let mixed = items.iter().find(|item| item.kind() != items[0].kind());
    if let Some(item) = mixed {
        out.find_named(Check::InvalidConditionDataType, item.span, "key", &key.key);
    }
    true
}
