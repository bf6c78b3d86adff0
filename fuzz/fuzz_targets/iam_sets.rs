//! What a newer policy allows and an older one does not, for two policies made of arbitrary bytes: no input may
//! panic or take long, a witness is really allowed by the one and not by the other, and where there is said to be
//! none, a request of arbitrary bytes is none either.
#![no_main]

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use haechi_iam::sets::{Asker, Found, Scope, Zone, difference};
use haechi_iam::{Caller, Catalogue, Context, Policies, PolicyKind, Prepared, Question, Resource, Verdict};
use libfuzzer_sys::fuzz_target;

static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::read(include_str!("../../content/iam/actions.txt")).expect("the table is read"));

const OWN: &str = "111122223333";
const ACTIONS: [&str; 5] = ["s3:GetObject", "s3:Get*", "*", "s3:PutObject", "s3:?*"];
/// What a pattern's bytes stand for.
const LETTERS: &[u8; 8] = b"ab*?a/:c";
/// Keys with values of their type beside texts.
const KEYS: [(&str, &[&str]); 8] = [
    ("aws:UserAgent", &["a", "A"]),
    ("aws:SourceIp", &["10.0.0.0/8", "10.0.0.1", "2001:db8::/32"]),
    ("s3:max-keys", &["5", "5.0", "7"]),
    ("aws:TagKeys", &["a", "b"]),
    ("aws:SecureTransport", &["true", "false"]),
    ("aws:SourceArn", &["arn:aws:sns:*:111122223333:a", "arn:aws:sns:us-east-1:444455556666:*"]),
    ("aws:SourceAccount", &["111122223333", "444455556666"]),
    ("aws:PrincipalTag/a", &["a", "*"]),
];
const OPERATORS: [&str; 27] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnNotEquals",
    "ArnLike",
    "ArnNotLike",
    "Null",
];

/// Bytes that are read one after the other; after the last come noughts.
struct Bytes<'b>(std::slice::Iter<'b, u8>);

impl Bytes<'_> {
    fn next(&mut self) -> usize {
        usize::from(self.0.next().copied().unwrap_or_default())
    }

    fn pick<'c, T>(&mut self, among: &'c [T]) -> &'c T {
        &among[self.next() % among.len()]
    }

    fn text(&mut self, most: usize) -> String {
        let length = self.next() % most;
        (0..length).map(|_| char::from(*self.pick(LETTERS))).collect()
    }

    fn value(&mut self, values: &[&str]) -> String {
        if self.next() % 2 == 0 { (*self.pick(values)).to_owned() } else { self.text(8) }
    }

    fn statement(&mut self) -> String {
        let shape = self.next();
        let effect = if shape & 3 == 3 { "Deny" } else { "Allow" };
        let action = if shape & 12 == 12 { "NotAction" } else { "Action" };
        let resource = if shape & 48 == 48 { "NotResource" } else { "Resource" };
        let named = self.pick(&ACTIONS);
        let resources: Vec<String> =
            (0..=self.next() % 3).map(|_| format!(r#""arn:aws:s3:::{}""#, self.text(12))).collect();
        let resources = if shape & 192 == 0 { r#""*""#.to_owned() } else { resources.join(",") };
        let mut conditions = String::new();
        for nth in 0..self.next() % 3 {
            let (key, values) = self.pick(&KEYS);
            let operator = self.pick(&OPERATORS);
            let set = self.pick(&["", "", "ForAllValues:", "ForAnyValue:"]);
            let if_exists = if *operator != "Null" { *self.pick(&["", "", "IfExists"]) } else { "" };
            let set = if *operator == "Null" { "" } else { set };
            let wanted: Vec<String> = (0..=self.next() % 2)
                .map(|_| match *operator {
                    "Null" => format!(r#""{}""#, self.pick(&["true", "false"])),
                    _ => format!(r#""{}""#, self.value(values)),
                })
                .collect();
            let comma = if nth > 0 { "," } else { "" };
            let _ = write!(conditions, r#"{comma}"{set}{operator}{if_exists}":{{"{key}":[{}]}}"#, wanted.join(","));
        }
        format!(
            r#"{{"Effect":"{effect}","{action}":"{named}","{resource}":[{resources}],"Condition":{{{conditions}}}}}"#
        )
    }

    fn policy(&mut self) -> Option<[Arc<Prepared>; 1]> {
        let count = self.next() % 5;
        let statements: Vec<String> = (0..count).map(|_| self.statement()).collect();
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        // One operator twice in a statement is a fault; such statements match nothing.
        Prepared::parse(PolicyKind::Identity, "policy", &text).ok().map(|policy| [Arc::new(policy)])
    }

    fn context(&mut self) -> Context {
        let mut context = Context::new();
        for (key, values) in KEYS {
            match self.next() % 4 {
                0 if key == "aws:TagKeys" => {
                    let all = [self.value(values), self.value(values)];
                    context.set_all(key, all.iter().map(String::as_str));
                }
                0 | 1 if key == "aws:SecureTransport" => _ = context.set(key, *self.pick(values)),
                0 | 1 => _ = context.tell(&CATALOGUE, key, &[&self.value(values)]),
                _ => {}
            }
        }
        context
    }
}

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data.iter());
    let (Some(newer), Some(older)) = (bytes.policy(), bytes.policy()) else { return };
    let action = CATALOGUE.asked("s3:GetObject").expect("an action");
    let (target, zone) = (Resource::new("*"), Zone::default());
    let scope = Scope {
        catalogue: &CATALOGUE,
        action: &action,
        resources: &["*"],
        target: &target,
        zone: &zone,
        now: None,
        fixed: &[],
    };
    let is_new = |caller: &Caller, resource: &str, context: &Context| {
        let resource = Resource::new(resource).in_account(OWN);
        let ask = |identity: &[Arc<Prepared>]| {
            let policies = Policies { identity, ..Policies::default() };
            Question { caller, action: &action, resource: &resource, context, policies }.decide().verdict()
        };
        ask(&newer) == Verdict::Allowed && ask(&older) != Verdict::Allowed
    };
    let texts = || format!("{}\n{}", newer[0].policy().text(), older[0].policy().text());
    match difference(&scope, &Asker::Holder, &newer, &older).map(|difference| difference.found) {
        Some(Found::Request(witness)) => {
            assert!(is_new(&witness.caller, &witness.resource, &witness.to_context()), "{witness:?}\n{}", texts());
        }
        Some(Found::TooMany) => {}
        Some(Found::Nothing) | None => {
            let caller = Asker::Holder.caller();
            for _ in 0..8 {
                let resource = format!("arn:aws:s3:::{}", bytes.text(12));
                let context = bytes.context();
                assert!(!is_new(&caller, &resource, &context), "{resource} {context:?}\n{}", texts());
            }
        }
    }
});
