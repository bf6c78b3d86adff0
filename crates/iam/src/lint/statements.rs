//! Checks of the document and of statements as a whole: version, sizes, Sids, elements that a kind of policy needs or
//! does not have, statements that say the same.

use std::collections::HashMap;

use super::document::Statement;
use super::json::{Node, Value};
use super::{Check, LintKind, Out, Run};
use crate::policy::Listing;
use crate::position::Span;

pub(super) fn check_document(run: &Run<'_, '_, '_>, out: &mut Out<'_>) {
    let document = run.document;
    let start = Span::new(document.span.start, document.span.start + 1);
    match &document.version {
        None => out.find(Check::MissingVersion, start),
        Some(node) => {
            let version = node.text().unwrap_or_default();
            if !matches!(version, "2012-10-17" | "2008-10-17") {
                let meant = Some("2012-10-17".to_owned());
                out.find_with(Check::InvalidVersion, node.span, vec![("version", super::clip(version))], meant);
            }
        }
    }
    size(run, start, out);
    sids(run, out);
    repeated_statements(run, out);
}

/// AWS counts IAM's policies without white space, and organizations' and resources' as they are stored.
fn size(run: &Run<'_, '_, '_>, span: Span, out: &mut Out<'_>) {
    let dense = run.text.chars().filter(|character| !character.is_whitespace()).count();
    let whole = run.text.trim().len();
    let (check, size, limit) = match run.kind {
        LintKind::Identity => (Check::PolicySizeExceedsIdentityPolicyQuota, dense, 6_144),
        LintKind::Trust => (Check::PolicySizeExceedsRoleTrustPolicyQuota, dense, 2_048),
        // The console saves them without white space; with the API it counts.
        LintKind::Scp | LintKind::Rcp => (Check::PolicySizeExceedsScpQuota, dense, 5_120),
        LintKind::Resource => {
            let limit = run.resource.map_or(32_768, |resource| resource.bytes);
            (Check::PolicySizeExceedsResourcePolicyQuota, whole, limit)
        }
    };
    if size > limit {
        let arguments = vec![("size", size.to_string()), ("limit", limit.to_string())];
        out.find_with(check, span, arguments, None);
    }
}

fn sids(run: &Run<'_, '_, '_>, out: &mut Out<'_>) {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let unique = if run.kind == LintKind::Resource { Check::UniqueSidsRecommended } else { Check::UniqueSidsRequired };
    for statement in &run.document.statements {
        let Some((node, sid)) = statement.sid.as_ref().and_then(|node| Some((node, node.text()?))) else { continue };
        out.statement = Some(statement.index);
        out.sid = Some(sid.to_owned());
        let earlier = *first.entry(sid).or_insert(statement.index);
        if sid.is_empty() {
            out.find(Check::EmptySidValue, node.span);
        } else if earlier != statement.index {
            let arguments = vec![("sid", super::clip(sid)), ("first", (earlier + 1).to_string())];
            out.find_with(unique, node.span, arguments, None);
        }
        // IAM and Organizations take letters and digits only; other services also take spaces and more.
        let plain = run.kind == LintKind::Resource || sid.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !plain {
            out.find_named(Check::UnsupportedSid, node.span, "sid", sid);
        }
    }
    out.statement = None;
    out.sid = None;
}

/// Statements that differ in their Sid only.
fn repeated_statements(run: &Run<'_, '_, '_>, out: &mut Out<'_>) {
    let mut first: HashMap<String, usize> = HashMap::new();
    for statement in &run.document.statements {
        let mut text = format!("{:?}", statement.effect);
        for (name, element) in [("P", &statement.principal), ("A", &statement.action), ("R", &statement.resource)] {
            if let Some(element) = element {
                text.push_str(name);
                text.push_str(if element.listing == Listing::Only { "=" } else { "!" });
                canonical(&element.node, &mut text);
            }
        }
        if let Some(node) = &statement.condition {
            canonical(node, &mut text);
        }
        if let Some(earlier) = first.get(&text) {
            out.statement = Some(statement.index);
            let head = Span::new(statement.span.start, statement.span.start + 1);
            out.find_named(Check::RedundantStatement, head, "first", &(earlier + 1).to_string());
            out.statement = None;
        } else {
            first.insert(text, statement.index);
        }
    }
}

/// The value in a form that does not depend on order or on whether a single value is in a list.
fn canonical(node: &Node<'_>, text: &mut String) {
    match &node.value {
        Value::Object(members) => {
            let mut parts: Vec<String> = members
                .iter()
                .map(|member| {
                    let mut part = format!("{:?}:", member.key.to_ascii_lowercase());
                    canonical(&member.node, &mut part);
                    part
                })
                .collect();
            parts.sort();
            text.push_str(&format!("{{{}}}", parts.join(",")));
        }
        _ => {
            let mut parts: Vec<String> = node
                .items()
                .iter()
                .map(|item| item.text().map_or_else(|| format!("{:?}", item.value), |text| format!("{text:?}")))
                .collect();
            parts.sort();
            text.push_str(&format!("[{}]", parts.join(",")));
        }
    }
}

/// What a statement of this kind of policy needs, and what it does not have.
pub(super) fn check(run: &Run<'_, '_, '_>, statement: &Statement<'_>, out: &mut Out<'_>) {
    let head = Span::new(statement.span.start, statement.span.start + 1);
    match (&statement.principal, run.kind) {
        (Some(element), LintKind::Identity) => out.find(Check::UnsupportedPrincipal, element.key_span),
        (Some(element), LintKind::Scp) => out.find(Check::ScpSyntaxErrorPrincipal, element.key_span),
        (Some(element), LintKind::Rcp) if element.listing == Listing::Except => {
            out.find(Check::UnsupportedPrincipal, element.key_span);
        }
        (Some(element), LintKind::Trust) if element.listing == Listing::Except => {
            out.find(Check::RoleTrustPolicySyntaxErrorNotprincipal, element.key_span);
        }
        (None, LintKind::Resource | LintKind::Trust | LintKind::Rcp) => out.find(Check::MissingPrincipal, head),
        _ => {}
    }
    match (&statement.resource, run.kind) {
        (None, LintKind::Identity | LintKind::Scp | LintKind::Rcp) => out.find(Check::MissingResource, head),
        (Some(element), LintKind::Trust) => out.find(Check::RoleTrustPolicySyntaxErrorResource, element.key_span),
        _ => {}
    }
    let allows_all_but = statement.allows()
        && run.kind != LintKind::Trust
        && statement.principal.as_ref().is_some_and(|element| element.listing == Listing::Except);
    if let (true, Some(element)) = (allows_all_but, &statement.principal) {
        out.find(Check::AllowWithNotPrincipal, element.key_span);
    }
    for (element, check) in
        [(&statement.action, Check::EmptyArrayAction), (&statement.resource, Check::EmptyArrayResource)]
    {
        if let Some(element) = element.as_ref().filter(|element| element.node.is_empty_list()) {
            out.find(check, element.node.span);
        }
    }
}
