//! Questions that a detection asks of a policy in an event, with the modifier `|policy`: `requestParameters.policy|policy: public`.

use haechi_iam::{Effect, Listing, Policy, Principal, PrincipalKind, ResourceKind, Statement};

/// What is asked. A text that is no policy answers no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyTest {
    /// It grants something to everyone, by AWS's definition of public.
    Public,
    /// It grants something to an account other than the event's.
    OtherAccount,
    /// It allows every action on every resource.
    Admin,
    /// It trusts an OIDC provider that many share (GitHub Actions, GitLab, ...) without saying which of its subjects.
    AnySubject,
    /// It denies everyone, or all but some fixed principals, every action of a service.
    LocksOut,
    /// Nobody of the event's own account is granted anything: of a key's policy, the account has lost it.
    ForgetsAccount,
}

impl PolicyTest {
    pub const ALL: [PolicyTest; 6] = [
        PolicyTest::Public,
        PolicyTest::OtherAccount,
        PolicyTest::Admin,
        PolicyTest::AnySubject,
        PolicyTest::LocksOut,
        PolicyTest::ForgetsAccount,
    ];

    /// The name that the modifier uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            PolicyTest::Public => "public",
            PolicyTest::OtherAccount => "other-account",
            PolicyTest::Admin => "admin",
            PolicyTest::AnySubject => "any-subject",
            PolicyTest::LocksOut => "locks-out",
            PolicyTest::ForgetsAccount => "forgets-account",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|test| test.as_str() == name)
    }

    /// Asks a policy: a document, or one in a JSON string or URL encoded. `account` is whose event it is in.
    pub fn holds(self, document: &str, account: Option<&str>) -> bool {
        let Ok(policy) = Policy::parse_any(document) else { return false };
        match self {
            PolicyTest::Public => !policy.public_statements(ResourceKind::Other, &[]).is_empty(),
            PolicyTest::OtherAccount => {
                account.is_some_and(|own| policy.trusted_accounts().iter().any(|other| *other != own))
            }
            PolicyTest::Admin => !policy.grants_admin().is_empty(),
            PolicyTest::AnySubject => policy.statements().any(trusts_any_subject),
            PolicyTest::LocksOut => policy.statements().any(denies_everyone),
            PolicyTest::ForgetsAccount => {
                let granted = policy.statements().any(|statement| statement.effect() == Effect::Allow);
                account.is_some_and(|own| granted && !policy.trusted_accounts().contains(&own))
                    && !policy
                        .statements()
                        .any(|statement| statement.effect() == Effect::Allow && statement.principals().any(is_everyone))
            }
        }
    }
}

/// OIDC providers whose tokens strangers get too: only the subject tells one's own from theirs.
const SHARED_PROVIDERS: [&str; 7] = [
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "agent.buildkite.com",
    "app.terraform.io",
    "oidc.circleci.com",
    "api.bitbucket.org",
    "oidc.vercel.com",
];

fn is_everyone(principal: Principal<'_>) -> bool {
    matches!(principal.kind, PrincipalKind::Bare | PrincipalKind::Aws) && principal.value == "*"
}

fn trusts_any_subject(statement: Statement<'_>) -> bool {
    let shared = |principal: Principal<'_>| {
        principal.kind == PrincipalKind::Federated
            && SHARED_PROVIDERS.iter().any(|provider| {
                let name = principal.value.rsplit_once("oidc-provider/").map_or(principal.value, |(_, name)| name);
                name.eq_ignore_ascii_case(provider)
                    || name.strip_prefix(provider).is_some_and(|rest| rest.starts_with('/'))
            })
    };
    // A subject is fixed when what stands before its first wildcard names an owner: `repo:acme/` does, `repo:*` not.
    let names_owner = |value: &str| {
        let fixed = value.split('*').next().unwrap_or_default();
        !value.contains('*') || fixed.contains('/') || fixed.matches(':').count() > 1
    };
    statement.effect() == Effect::Allow
        && statement.principals().any(shared)
        && !statement.conditions().any(|condition| {
            condition.key().to_ascii_lowercase().ends_with(":sub")
                && condition.values().count() > 0
                && condition.values().all(names_owner)
        })
}

fn denies_everyone(statement: Statement<'_>) -> bool {
    let all_actions = |pattern: &str| pattern == "*" || pattern.ends_with(":*");
    let everyone = match statement.principal_listing() {
        Some(Listing::Only) => statement.principals().any(is_everyone),
        Some(Listing::Except) => true,
        None => false,
    };
    // Conditions on where a call comes from or how are guardrails; one on who calls shuts the others out.
    let only_who = statement.conditions().all(|condition| {
        ["aws:principalarn", "aws:userid", "aws:username", "aws:principalaccount"]
            .contains(&condition.key().to_ascii_lowercase().as_str())
    });
    statement.effect() == Effect::Deny
        && everyone
        && only_who
        && statement.action_listing() == Listing::Only
        && statement.actions().any(all_actions)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "111122223333";

    fn check(test: &str, statement: &str, holds: bool) {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let test = PolicyTest::named(test).unwrap();
        assert_eq!(test.holds(&document, Some(OWN)), holds, "{}: {document}", test.as_str());
        let inside = serde_json::to_string(&document).unwrap();
        assert_eq!(test.holds(&inside, Some(OWN)), holds, "{} in a string", test.as_str());
    }

    #[test]
    fn grants() {
        let tls = r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#;
        let all = r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#;
        let other = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"s3:GetObject","Resource":"*"}"#;
        let own = r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}"#;
        check("public", all, true);
        check("public", tls, false);
        check("public", &format!("{tls},{own}"), false);
        check("public", other, false);
        check("other-account", other, true);
        check("other-account", &format!("{own},{other}"), true);
        check("other-account", own, false);
        check("forgets-account", other, true);
        check("forgets-account", own, false);
        check("forgets-account", all, false);
        check("admin", r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#, true);
        check("admin", r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#, false);
    }

    #[test]
    fn subjects_of_shared_providers() {
        let trust = |condition: &str| {
            format!(
                r#"{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"StringLike":{{{condition}}}}}}}"#
            )
        };
        let sub = |value: &str| trust(&format!(r#""token.actions.githubusercontent.com:sub":"{value}""#));
        check("any-subject", &sub("repo:*"), true);
        check("any-subject", &sub("*"), true);
        check("any-subject", &sub("repo:acme/*"), false);
        check("any-subject", &sub("repo:acme/site:ref:refs/heads/main"), false);
        check("any-subject", &trust(r#""token.actions.githubusercontent.com:aud":"sts.amazonaws.com""#), true);
    }

    #[test]
    fn lock_outs() {
        check("locks-out", r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}"#, true);
        let but_one = r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/x"}}}"#;
        check("locks-out", but_one, true);
        let perimeter = r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}}"#;
        check("locks-out", perimeter, false);
        check("locks-out", r#"{"Effect":"Deny","Principal":"*","Action":"s3:DeleteBucket","Resource":"*"}"#, false);
    }

    #[test]
    fn what_is_no_policy_answers_no() {
        for test in PolicyTest::ALL {
            for document in ["", "{}", "null", "[]", "{\"Statement\":1}", "HIDDEN_DUE_TO_SECURITY_REASONS"] {
                assert!(!test.holds(document, Some(OWN)), "{}: {document}", test.as_str());
            }
        }
    }
}
