//! Checks of policies that let roles be passed to services, or service-linked roles be created, without a limit.

use super::document::Statement;
use super::{Check, LintKind, Out, Run};
use crate::pattern::matches_action;
use crate::policy::Listing;
use crate::position::Span;

/// The six forms of too wide a grant of one action.
struct Forms {
    action: &'static str,
    /// A condition that limits it.
    limits: &'static [&'static str],
    not_resource: Check,
    star_action_not_resource: Check,
    not_action_not_resource: Check,
    star_resource: Check,
    star_action_resource: Check,
    not_action_star_resource: Check,
}

const FORMS: [Forms; 2] = [
    Forms {
        action: "iam:PassRole",
        limits: &["iam:PassedToService", "iam:AssociatedResourceArn"],
        not_resource: Check::PassRoleWithNotResource,
        star_action_not_resource: Check::PassRoleWithStarInActionAndNotResource,
        not_action_not_resource: Check::PassRoleWithNotActionAndNotResource,
        star_resource: Check::PassRoleWithStarInResource,
        star_action_resource: Check::PassRoleWithStarInActionAndResource,
        not_action_star_resource: Check::PassRoleWithStarInResourceAndNotAction,
    },
    Forms {
        action: "iam:CreateServiceLinkedRole",
        limits: &["iam:AWSServiceName"],
        not_resource: Check::CreateSlrWithNotResource,
        star_action_not_resource: Check::CreateSlrWithStarInActionAndNotResource,
        not_action_not_resource: Check::CreateSlrWithNotActionAndNotResource,
        star_resource: Check::CreateSlrWithStarInResource,
        star_action_resource: Check::CreateSlrWithStarInActionAndResource,
        not_action_star_resource: Check::CreateSlrWithStarInResourceAndNotAction,
    },
];

pub(super) fn check(run: &Run<'_, '_, '_>, statement: &Statement<'_>, out: &mut Out<'_>) {
    if run.kind != LintKind::Identity || !statement.allows() {
        return;
    }
    let (Some(action), Some(resource)) = (&statement.action, &statement.resource) else { return };
    for form in &FORMS {
        if form.limits.iter().any(|key| statement.has_key(key)) {
            continue;
        }
        let hits: Vec<(&str, Span)> =
            action.texts().filter(|(pattern, _)| matches_action(pattern, form.action)).collect();
        let granted = match action.listing {
            // The action by its own name weighs more than one that a star happens to cover.
            Listing::Only => hits.iter().min_by_key(|(pattern, _)| pattern.contains(['*', '?'])).copied(),
            Listing::Except => hits.is_empty().then_some(("", action.key_span)),
        };
        let Some((pattern, place)) = granted else { continue };
        let star = pattern.contains(['*', '?']);
        let check = match (action.listing, resource.listing) {
            (Listing::Only, Listing::Except) if star => form.star_action_not_resource,
            (Listing::Only, Listing::Except) => form.not_resource,
            (Listing::Except, Listing::Except) => form.not_action_not_resource,
            (listing, Listing::Only) => {
                let wide = resource.texts().any(|(text, _)| is_every_role(text));
                match (wide, listing) {
                    (false, _) => continue,
                    (true, Listing::Except) => form.not_action_star_resource,
                    (true, Listing::Only) if star => form.star_action_resource,
                    (true, Listing::Only) => form.star_resource,
                }
            }
        };
        out.find_named(check, place, "action", form.action);
    }
}

/// `*`, or a pattern that leaves open every field of the ARN.
fn is_every_role(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'*' || byte == b':')
}
