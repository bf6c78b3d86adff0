//! Checks of `Action` and `NotAction`: services and actions that exist, that the kind of policy takes, and that are
//! not said twice.

use super::document::Statement;
use super::{Check, LintKind, Out, Run, nearest};
use crate::pattern::{Case, contains};
use crate::position::Span;
use crate::rcp_services::supports_rcps;

/// Two lists of more patterns than this are not compared pair by pair.
pub(super) const MOST_COMPARED: usize = 400;

pub(super) fn check(run: &Run<'_, '_, '_>, statement: &Statement<'_>, out: &mut Out<'_>) {
    let Some(element) = &statement.action else { return };
    let patterns: Vec<(&str, Span)> = element.texts().collect();
    for &(pattern, span) in &patterns {
        exists(run, pattern, span, out);
        belongs(run, pattern, span, out);
    }
    redundant(&patterns, Case::Insensitive, Check::RedundantAction, out);
}

fn exists(run: &Run<'_, '_, '_>, pattern: &str, span: Span, out: &mut Out<'_>) {
    if pattern == "*" || pattern.contains("${") {
        return;
    }
    let catalogue = run.linter.catalogue;
    let Some((prefix, name)) = pattern.split_once(':') else {
        // `s3` alone may have been meant as `s3:*`.
        let meant = catalogue.service(pattern).map(|service| format!("{}:*", service.prefix()));
        out.find_with(Check::InvalidAction, span, vec![("action", super::clip(pattern))], meant);
        return;
    };
    if prefix.contains(['*', '?']) {
        out.find_named(Check::WildcardInServiceName, span, "action", pattern);
        return;
    }
    let Some(service) = catalogue.service(prefix) else {
        let meant = nearest(prefix, catalogue.services().map(|service| service.prefix()));
        let meant = meant.map(|prefix| format!("{prefix}:{}", super::clip(name)));
        out.find_with(Check::InvalidServiceInAction, span, vec![("service", super::clip(prefix))], meant);
        return;
    };
    if catalogue.expand(pattern).next().is_none() {
        let meant = nearest(name, service.actions().map(|action| action.name()));
        let meant = meant.map(|name| format!("{}:{name}", service.prefix()));
        out.find_with(Check::InvalidAction, span, vec![("action", super::clip(pattern))], meant);
    }
}

/// Actions that the kind of policy does not take.
fn belongs(run: &Run<'_, '_, '_>, pattern: &str, span: Span, out: &mut Out<'_>) {
    let Some((prefix, _)) = pattern.split_once(':') else { return };
    if prefix.contains(['*', '?', '$']) || run.linter.catalogue.service(prefix).is_none() {
        return;
    }
    let lower = prefix.to_ascii_lowercase();
    let takes = match (run.kind, run.resource) {
        (LintKind::Trust, _) => lower == "sts",
        (LintKind::Rcp, _) => supports_rcps(&lower),
        (LintKind::Resource, Some(resource)) => resource.services.contains(&&*lower),
        _ => true,
    };
    if !takes {
        out.find_named(Check::UnsupportedActionInPolicy, span, "action", pattern);
    }
}

/// Patterns that another pattern of the list covers.
pub(super) fn redundant(patterns: &[(&str, Span)], case: Case, check: Check, out: &mut Out<'_>) {
    if patterns.len() > MOST_COMPARED {
        return;
    }
    for (at, &(pattern, span)) in patterns.iter().enumerate() {
        let cover = patterns.iter().enumerate().find(|&(other, &(wider, _))| {
            // Of two equal patterns the later one is redundant.
            other != at && contains(wider, pattern, case) && (!contains(pattern, wider, case) || other < at)
        });
        if let Some((_, &(wider, _))) = cover {
            let arguments = vec![("redundant", super::clip(pattern)), ("by", super::clip(wider))];
            out.find_with(check, span, arguments, None);
        }
    }
}
