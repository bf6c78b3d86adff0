//! The functions of the language. Each may be called as `f(x, y)` or `x.f(y)`; unknown arguments never arrive here.

pub(crate) mod access;
mod documents;
mod lists;
mod moments;
mod net;
pub(crate) mod texts;
pub(crate) use texts::regex;

use crate::frame::Frame;
use crate::value::Val;

type Body = for<'a, 'f> fn(&'f mut Frame<'a>, &'f [Val<'a>]) -> Val<'a>;

/// What is known of a function's result when a rule is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    /// The first argument or a part of it.
    Same,
    Scalar,
    Anything,
    Policy,
    Acl,
    /// Objects with these members.
    Objects(&'static [&'static str]),
}

pub(crate) struct Function {
    pub name: &'static str,
    /// Fewest and most arguments.
    pub takes: (usize, usize),
    pub gives: Gives,
    pub call: Body,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const MANY: usize = 32;
const STATEMENT: Gives = Gives::Objects(&["sid", "index", "reason", "statement"]);
const FINDING: Gives = Gives::Objects(&["check", "class", "statement", "sid", "line"]);
const GRANT: Gives = Gives::Objects(&["grantee", "permission"]);

const fn function(name: &'static str, takes: (usize, usize), gives: Gives, call: Body) -> Function {
    Function { name, takes, gives, call }
}

pub(crate) static FUNCTIONS: [Function; 54] = [
    function("size", (1, 1), Gives::Scalar, lists::size),
    function("first", (1, 1), Gives::Same, lists::first),
    function("flatten", (1, 1), Gives::Same, lists::flatten),
    function("distinct", (1, 1), Gives::Same, lists::distinct),
    function("contains", (2, 2), Gives::Scalar, lists::contains),
    function("keys", (1, 1), Gives::Scalar, lists::keys),
    function("join", (1, 2), Gives::Scalar, lists::join),
    function("type", (1, 1), Gives::Scalar, lists::type_of),
    function("startsWith", (2, 2), Gives::Scalar, texts::starts_with),
    function("endsWith", (2, 2), Gives::Scalar, texts::ends_with),
    function("matches", (2, 2), Gives::Scalar, texts::matches),
    function("lowerAscii", (1, 1), Gives::Scalar, texts::lower),
    function("upperAscii", (1, 1), Gives::Scalar, texts::upper),
    function("trim", (1, 1), Gives::Scalar, texts::trim),
    function("split", (2, 2), Gives::Scalar, texts::split),
    function("replace", (3, 3), Gives::Scalar, texts::replace),
    function("glob", (2, 2), Gives::Scalar, texts::glob),
    function("int", (1, 1), Gives::Scalar, texts::int),
    function("double", (1, 1), Gives::Scalar, texts::double),
    function("string", (1, 1), Gives::Scalar, texts::string),
    function("parseJson", (1, 1), Gives::Anything, texts::parse_json),
    function("timestamp", (1, 1), Gives::Scalar, moments::timestamp),
    function("olderThan", (2, 2), Gives::Scalar, moments::older_than),
    function("within", (2, 2), Gives::Scalar, moments::within),
    function("cidrIsWorld", (1, 1), Gives::Scalar, net::cidr_is_world),
    function("cidrContains", (2, 2), Gives::Scalar, net::cidr_contains),
    function("ipIsPublic", (1, 1), Gives::Scalar, net::ip_is_public),
    function("portInRange", (3, 3), Gives::Scalar, net::port_in_range),
    function("arnPartition", (1, 1), Gives::Scalar, net::arn_partition),
    function("arnService", (1, 1), Gives::Scalar, net::arn_service),
    function("arnRegion", (1, 1), Gives::Scalar, net::arn_region),
    function("arnAccount", (1, 1), Gives::Scalar, net::arn_account),
    function("arnName", (1, 1), Gives::Scalar, net::arn_name),
    function("policy", (1, 1), Gives::Policy, documents::policy),
    function("publicStatements", (1, MANY), STATEMENT, documents::public_statements),
    function("lambdaPublicStatements", (1, MANY), STATEMENT, documents::lambda_public_statements),
    function("adminStatements", (1, 1), STATEMENT, documents::admin_statements),
    function("fullAccessStatements", (1, 1), STATEMENT, documents::full_access_statements),
    function("allowing", (2, MANY), STATEMENT, documents::allowing),
    function("allowingOnAllKeys", (2, MANY), STATEMENT, documents::allowing_on_all_keys),
    function("requiresSecureTransport", (2, 2), Gives::Scalar, documents::requires_secure_transport),
    function("trustsEveryone", (1, 1), STATEMENT, documents::trusts_everyone),
    function("trustedAccounts", (1, 1), Gives::Scalar, documents::trusted_accounts),
    function("trustedServices", (1, 1), Gives::Scalar, documents::trusted_services),
    function("acl", (1, 1), Gives::Acl, documents::acl),
    function("publicGrants", (1, MANY), GRANT, documents::public_grants),
    function("policyFindings", (2, 2), FINDING, documents::policy_findings),
    access::function::<0>(),
    access::function::<1>(),
    access::function::<2>(),
    access::function::<3>(),
    access::function::<4>(),
    access::function::<5>(),
    access::function::<6>(),
];

pub(crate) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// A text argument: `Ok(None)` when it is absent.
fn text<'v>(name: &str, value: &'v Val<'_>) -> Result<Option<&'v str>, String> {
    match value {
        Val::Null => Ok(None),
        _ => match value.text() {
            Some(text) => Ok(Some(text)),
            None => Err(format!("`{name}` needs a text, not a value of type {}", value.type_name())),
        },
    }
}

/// Two text arguments; `Ok(None)` when one is absent.
fn texts<'v>(name: &str, a: &'v Val<'_>, b: &'v Val<'_>) -> Result<Option<(&'v str, &'v str)>, String> {
    Ok(text(name, a)?.zip(text(name, b)?))
}

/// A function of one text; absent gives absent.
fn of_text<'a>(name: &str, value: &Val<'a>, body: impl FnOnce(&str) -> Val<'a>) -> Val<'a> {
    match text(name, value) {
        Ok(Some(text)) => body(text),
        Ok(None) => Val::Null,
        Err(why) => Val::failed(why),
    }
}

/// A question about two texts; absent answers no.
fn ask<'a>(name: &str, a: &Val<'a>, b: &Val<'a>, body: impl FnOnce(&str, &str) -> bool) -> Val<'a> {
    match texts(name, a, b) {
        Ok(pair) => Val::Bool(pair.is_some_and(|(a, b)| body(a, b))),
        Err(why) => Val::failed(why),
    }
}
