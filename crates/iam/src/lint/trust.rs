//! Checks of role trust policies: which action a kind of principal needs, and what limits the users of providers.

use super::document::Statement;
use super::json::Member;
use super::{Check, Out};
use crate::operator::Operator;
use crate::pattern::matches_action;
use crate::position::Span;

/// GitHub's provider of tokens for its workflows.
const GITHUB: &str = "token.actions.githubusercontent.com";

pub(super) fn check(statement: &Statement<'_>, out: &mut Out<'_>) {
    let principals = statement.principals();
    for &(kind, value, span) in &principals {
        match kind {
            "Federated" => federated(statement, value, span, out),
            "AWS" | "Service" => {
                let foreign = |action: &str| {
                    ["sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"]
                        .iter()
                        .any(|one| one.eq_ignore_ascii_case(action))
                };
                if let Some((action, place)) = statement.actions().find(|(action, _)| foreign(action)) {
                    mismatched(action, value, place, out);
                }
            }
            _ => {}
        }
        if kind == "Service" && value.eq_ignore_ascii_case("rolesanywhere.amazonaws.com") && statement.allows() {
            let needed = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
            let lacking: Vec<&str> = needed.into_iter().filter(|action| !has(statement, action)).collect();
            if !lacking.is_empty() {
                out.find_named(Check::MissingActionForRolesAnywhereTrustPolicy, span, "actions", &lacking.join(", "));
            }
        }
    }
    for (key, action) in [
        ("sts:SourceIdentity", "sts:SetSourceIdentity"),
        ("sts:TransitiveTagKeys", "sts:TagSession"),
        ("aws:TagKeys", "sts:TagSession"),
    ] {
        let used = statement.conditions().find(|(_, member)| member.key.eq_ignore_ascii_case(key));
        let used = used.or_else(|| {
            let tag = key == "aws:TagKeys";
            statement.conditions().find(|(_, member)| {
                tag && member.key.get(..15).is_some_and(|head| head.eq_ignore_ascii_case("aws:RequestTag/"))
            })
        });
        if let Some((_, member)) = used
            && statement.allows()
            && !has(statement, action)
        {
            let arguments = vec![("key", super::clip(&member.key)), ("action", action.to_owned())];
            out.find_with(Check::MissingActionForConditionKey, member.key_span, arguments, None);
        }
    }
}

fn has(statement: &Statement<'_>, action: &str) -> bool {
    statement.actions().any(|(pattern, _)| matches_action(pattern, action))
}

fn mismatched(action: &str, principal: &str, span: Span, out: &mut Out<'_>) {
    let arguments = vec![("action", super::clip(action)), ("principal", super::clip(principal))];
    out.find_with(Check::MismatchedActionForPrincipal, span, arguments, None);
}

fn federated(statement: &Statement<'_>, value: &str, span: Span, out: &mut Out<'_>) {
    let resource = value.splitn(6, ':').nth(5).filter(|_| value.starts_with("arn:"));
    let (saml, oidc) = match resource {
        Some(resource) => (resource.starts_with("saml-provider/"), resource.strip_prefix("oidc-provider/")),
        // Providers that AWS knows by their address.
        None => (false, (value.contains('.') && !value.contains([' ', ':', '*'])).then_some(value)),
    };
    if !saml && oidc.is_none_or(str::is_empty) {
        out.find_named(Check::InvalidFederatedPrincipalSyntaxInRoleTrustPolicy, span, "principal", value);
        return;
    }
    let wrong = if saml { "sts:AssumeRoleWithWebIdentity" } else { "sts:AssumeRoleWithSAML" };
    let own = if saml { "sts:AssumeRoleWithSAML" } else { "sts:AssumeRoleWithWebIdentity" };
    let misfit = statement.actions().find(|(action, _)| {
        action.eq_ignore_ascii_case(wrong) || (action.eq_ignore_ascii_case("sts:AssumeRole") && !has(statement, own))
    });
    if let Some((action, place)) = misfit {
        mismatched(action, value, place, out);
    }
    if let Some(provider) = oidc.filter(|_| statement.allows() && has(statement, own)) {
        oidc_conditions(statement, provider, span, out);
    }
}

/// Anyone with an account at the provider has a token: the audience or the subject must be asked for.
fn oidc_conditions(statement: &Statement<'_>, provider: &str, span: Span, out: &mut Out<'_>) {
    let claims: Vec<(&Member<'_>, &Member<'_>, String)> = statement
        .conditions()
        .filter_map(|(operator, key)| {
            let (head, claim) = key.key.rsplit_once(':')?;
            head.eq_ignore_ascii_case(provider).then(|| (operator, key, claim.to_ascii_lowercase()))
        })
        .collect();
    let asks = |operator: &Member<'_>| {
        Operator::parse(&operator.key).is_some_and(|operator| {
            operator.polarity() == crate::operator::Polarity::Positive
                && operator.when_absent == crate::operator::WhenAbsent::AsOperator
        })
    };
    if provider.eq_ignore_ascii_case(GITHUB) {
        const OF_REPOSITORY: [&str; 6] =
            ["sub", "job_workflow_ref", "repository", "repository_id", "repository_owner_id", "environment"];
        let limits: Vec<_> =
            claims.iter().filter(|(operator, _, claim)| asks(operator) && OF_REPOSITORY.contains(&&**claim)).collect();
        if limits.is_empty() {
            out.find_named(Check::MissingGithubRepoConditionKey, span, "principal", provider);
        }
        for (_, key, _) in limits.iter().filter(|(_, _, claim)| claim == "sub") {
            for item in key.node.items() {
                if item.text().is_some_and(is_wide_subject) {
                    out.find_named(
                        Check::SpecificGithubRepoAndBranchRecommended,
                        item.span,
                        "value",
                        item.text().unwrap_or_default(),
                    );
                }
            }
        }
    } else if !claims.iter().any(|(operator, _, _)| asks(operator)) {
        out.find_named(Check::MissingConditionKeyForOidcPrincipal, span, "principal", provider);
    }
}

/// A subject of GitHub that leaves the organization, the repository or the branch open.
fn is_wide_subject(subject: &str) -> bool {
    let Some(rest) = subject.strip_prefix("repo:") else { return subject.contains(['*', '?']) };
    let (repository, what) = rest.split_once(':').unwrap_or((rest, ""));
    let open = |text: &str| text.contains(['*', '?']);
    open(repository) || what.is_empty() || what == "*" || (open(what) && what.trim_end_matches('*').len() < 5)
}
