//! The parser over the grammar of policies: what it accepts, what it refuses and where, and that no input
//! whatsoever makes it panic, recurse or slow down.

use std::time::{Duration, Instant};

use haechi_iam::{Effect, Listing, Policy, Position, PrincipalKind, Version};
use proptest::prelude::*;

/// A statement with all that a policy may have.
const FULL: &str = r#"{
  "Version": "2012-10-17",
  "Id": "full",
  "Statement": [
    {
      "Sid": "One",
      "Effect": "Allow",
      "Principal": {"AWS": ["111122223333", "arn:aws:iam::444455556666:role/r"], "Service": "ec2.amazonaws.com"},
      "Action": ["s3:GetObject", "s3:Put*"],
      "Resource": "arn:aws:s3:::b/*",
      "Condition": {
        "ForAnyValue:stringlikeifexists": {"aws:PrincipalOrgPaths": ["o-1/*", "o-2/*"]},
        "Bool": {"aws:SecureTransport": true},
        "NumericLessThan": {"s3:max-keys": 10}
      }
    },
    {"Effect": "Deny", "NotPrincipal": {"CanonicalUser": "abc"}, "NotAction": "iam:*", "NotResource": ["*"]}
  ]
}"#;

#[test]
fn reads_every_element() {
    let policy = Policy::parse(FULL).unwrap();
    assert_eq!((policy.version(), policy.id()), (Version::V2012, Some("full")));
    let one = policy.statement(0).unwrap();
    assert_eq!((one.sid(), one.effect(), one.action_listing()), (Some("One"), Effect::Allow, Listing::Only));
    let principals: Vec<_> = one.principals().map(|p| (p.kind, p.value)).collect();
    assert_eq!(
        principals,
        [
            (PrincipalKind::Aws, "111122223333"),
            (PrincipalKind::Aws, "arn:aws:iam::444455556666:role/r"),
            (PrincipalKind::Service, "ec2.amazonaws.com"),
        ]
    );
    let conditions: Vec<_> = one
        .conditions()
        .map(|c| format!("{} {} {:?}", c.operator(), c.key(), c.values().collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        conditions,
        [
            r#"ForAnyValue:StringLikeIfExists aws:PrincipalOrgPaths ["o-1/*", "o-2/*"]"#,
            r#"Bool aws:SecureTransport ["true"]"#,
            r#"NumericLessThan s3:max-keys ["10"]"#,
        ]
    );
    let two = policy.statement(1).unwrap();
    assert_eq!(two.principal_listing(), Some(Listing::Except));
    assert_eq!((two.action_listing(), two.resource_listing()), (Listing::Except, Some(Listing::Except)));
    assert_eq!(policy.position(two.span().start), Position { line: 17, column: 5 });
    assert_eq!(&policy.text()[two.span().start..][..10], "{\"Effect\":");
    let (action, span) = one.actions().with_spans().nth(1).unwrap();
    assert_eq!((action, &policy.text()[span.start..span.end]), ("s3:Put*", "\"s3:Put*\""));
    assert!(policy.statement(2).is_none());
}

#[test]
fn prints_canonically() {
    let policy = Policy::parse(FULL).unwrap();
    let printed = policy.to_json();
    insta::assert_snapshot!(printed, @r#"{"Version":"2012-10-17","Id":"full","Statement":[{"Sid":"One","Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::444455556666:role/r"],"Service":"ec2.amazonaws.com"},"Action":["s3:GetObject","s3:Put*"],"Resource":"arn:aws:s3:::b/*","Condition":{"ForAnyValue:StringLikeIfExists":{"aws:PrincipalOrgPaths":["o-1/*","o-2/*"]},"Bool":{"aws:SecureTransport":"true"},"NumericLessThan":{"s3:max-keys":"10"}}},{"Effect":"Deny","NotPrincipal":{"CanonicalUser":"abc"},"NotAction":"iam:*","NotResource":"*"}]}"#);
    assert_eq!(Policy::parse(&printed).unwrap(), policy);
}

#[test]
fn accepts_the_odd_forms() {
    let same = r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    for text in [
        r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":["s3:*"],"Resource":["*"],"Condition":{}}}"#,
        r#"{"Statement":{"\u0045ffect":"A\u006clow","Action":"s3\u003a*","Resource":"\u002a"}}"#,
        " \r\n\t{ \"Statement\" : { \"Resource\" : \"*\" , \"Action\" : \"s3:*\" , \"Effect\" : \"Allow\" } } \n",
    ] {
        assert_eq!(Policy::parse(text).unwrap().to_json(), same, "{text}");
    }
    let empty = Policy::parse(r#"{"Statement":[]}"#).unwrap();
    assert_eq!(empty.statements().len(), 0);
    let escaped = Policy::parse(r#"{"Id":"\"\\\/\b\f\n\r\t\u00e9\ud83d\udd11","Statement":[]}"#).unwrap();
    assert_eq!(escaped.id(), Some("\"\\/\u{8}\u{c}\n\r\té🔑"));
    assert_eq!(Policy::parse(&escaped.to_json()).unwrap(), escaped);
}

#[test]
fn unwraps_what_aws_wraps() {
    let plain = Policy::parse(FULL).unwrap();
    let encoded: String = FULL.bytes().map(|b| format!("%{b:02X}")).collect();
    let quoted = serde_json::to_string(FULL).unwrap();
    let twice = serde_json::to_string(&quoted).unwrap();
    let bucket = format!("{{\"policyText\":{quoted}}}");
    let both = serde_json::to_string(&encoded).unwrap();
    for text in [FULL, &encoded, &quoted, &twice, &bucket, &both] {
        assert_eq!(Policy::parse_any(text).unwrap(), plain);
    }
    for text in
        ["", "%", "%25", "%7B", "%ff", "\"", "\"\\\"\"", r#"{"policyText":null}"#, r#"{"policyText":{}}"#, "{", "null"]
    {
        assert!(Policy::parse_any(text).is_err(), "{text}");
    }
}

/// What is refused: the text, the place, the message with its help.
#[test]
fn refuses_with_place_and_help() {
    let cases = [
        ("", "1:1 the document ends where `{`, the begin of a policy should follow"),
        ("[]", "1:1 expected `{`, the begin of a policy, found a list"),
        ("\u{feff}{}", "1:1 the document begins with a byte order mark"),
        ("{}", "1:1 the policy has no `Statement`"),
        (r#"{"Statement":[]} x"#, "1:18 text after the end of the policy"),
        (r#"{"Statement":[],}"#, "1:17 expected a name in quotes, found `}`"),
        (r#"{"Statement":[],"Statement":[]}"#, "1:17 `Statement` is given twice"),
        (r#"{"Statement":[],"Stat\u0065ment":[]}"#, "1:17 `Statement` is given twice"),
        ("{\n  \"Version\": \"2012-10-18\"}", "2:14 `2012-10-18` is not a value of `Version`"),
        (r#"{"Statement":[{"Efect":"Allow"}]}"#, "1:16 unknown element `Efect` in a statement"),
        (r#"{"Statement":[{"effect":"Allow"}]}"#, "1:16 unknown element `effect` in a statement"),
        (r#"{"Statement":[{"Effect":"allow"}]}"#, "1:25 `allow` is not a value of `Effect`"),
        (r#"{"Statement":[{"Effect":"Allow"}]}"#, "1:15 a statement has no `Action`"),
        (r#"{"Statement":[{"Action":"*"}]}"#, "1:15 a statement has no `Effect`"),
        (r#"{"Statement":[{"Action":"*","NotAction":"*"}]}"#, "1:29 `Action` and `NotAction` exclude each other"),
        (
            r#"{"Statement":[{"NotPrincipal":"*","Principal":"*"}]}"#,
            "1:35 `Principal` and `NotPrincipal` exclude each other",
        ),
        (r#"{"Statement":[{"Action":5}]}"#, "1:25 `Action` needs strings, found a number"),
        (r#"{"Statement":[{"Action":[null]}]}"#, "1:26 `Action` needs strings, found null"),
        (r#"{"Statement":[{"Action":[["*"]]}]}"#, "1:26 expected a string, found a list"),
        (r#"{"Statement":[{"Principal":{"AWS":123456789012}}]}"#, "1:35 `Principal` needs strings, found a number"),
        (r#"{"Statement":[{"Principal":{"aws":"*"}}]}"#, "1:29 unknown element `aws` in a principal"),
        (r#"{"Statement":[{"Principal":"111122223333"}]}"#, "1:28 `111122223333` is not a value of `Principal`"),
        (r#"{"Statement":[{"Condition":{"StringEqual":{}}}]}"#, "1:29 unknown condition operator `StringEqual`"),
        (r#"{"Statement":[{"Condition":{"NullIfExists":{}}}]}"#, "1:29 unknown condition operator `NullIfExists`"),
        (r#"{"Statement":[{"Condition":{"Bool":{},"bool":{}}}]}"#, "1:39 `bool` is given twice"),
        (r#"{"Statement":[{"Condition":{"Bool":{"a":1,"a":2}}}]}"#, "1:43 `a` is given twice"),
        (r#"{"Statement":[{"Condition":{"Bool":{"a":null}}}]}"#, "1:41 `Condition` needs strings, found null"),
        (r#"{"Statement":[{"Condition":{"Bool":{"a":01}}}]}"#, "1:41 not a JSON number"),
        (
            r#"{"Statement":[{"Condition":{"Bool":{"a":truth}}}]}"#,
            "1:41 expected a string, number or boolean, found a boolean",
        ),
        (r#"{"Id":"\ud800"}"#, "1:8 half a surrogate pair in a string"),
        (r#"{"Id":"\udc00\ud800"}"#, "1:8 half a surrogate pair in a string"),
        (r#"{"Id":"\ud800\u0041"}"#, "1:8 half a surrogate pair in a string"),
        (r#"{"Id":"\x"}"#, "1:8 unknown escape sequence in a string"),
        (r#"{"Id":"\é"}"#, "1:8 unknown escape sequence in a string"),
        (r#"{"Id":"\u12"}"#, "1:8 unknown escape sequence in a string"),
        ("{\"Id\":\"a\nb\"}", "1:9 control character inside a string"),
        (r#"{"é":1}"#, "1:2 unknown element `é` in the policy"),
        (r#"{"Id":"abc"#, "1:7 the document ends where the closing quote should follow"),
    ];
    for (text, expected) in cases {
        let error = Policy::parse(text).expect_err(text);
        let Position { line, column } = error.position();
        assert_eq!(format!("{line}:{column} {}", error.kind()), expected, "{text}");
        assert!(error.kind().id().starts_with("policy-"));
        assert!(!error.render("test").is_empty());
    }
}

#[test]
fn finds_duplicates_among_many_keys() {
    let keys: Vec<String> = (0..1000).map(|i| format!(r#""aws:RequestTag/{i}":"x""#)).collect();
    let with = |extra: &str| {
        Policy::parse(&format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":"*","Condition":{{"Null":{{{},{extra}}}}}}}}}"#,
            keys.join(",")
        ))
    };
    assert_eq!(with(r#""aws:RequestTag/1000":"x""#).unwrap().statement(0).unwrap().conditions().len(), 1001);
    for twice in ["3", "15", "16", "17", "999"] {
        let error = with(&format!(r#""aws:RequestTag/{twice}":"x""#)).unwrap_err();
        assert_eq!(error.kind().id(), "policy-duplicate-key", "{twice}");
        assert_eq!(error.kind().arguments(), [("key", format!("aws:RequestTag/{twice}"))]);
    }
}

#[test]
fn numbers_are_json_numbers() {
    let parse = |number: &str| {
        let body =
            format!(r#"{{"Statement":{{"Effect":"Allow","Action":"*","Condition":{{"Bool":{{"a":{number}}}}}}}}}"#);
        let policy = Policy::parse(&body).ok()?;
        let condition = policy.statement(0)?.conditions().next()?;
        condition.values().next().map(str::to_owned)
    };
    for good in ["0", "-0", "10", "1.5", "-1.50", "1e3", "1E+3", "2.5e-10", "true", "false"] {
        assert_eq!(parse(good).as_deref(), Some(good));
    }
    for bad in ["01", "+1", ".5", "1.", "1e", "1e+", "--1", "0x10", "1.2.3", "-", "Infinity", "NaN", "True", "nul"] {
        assert_eq!(parse(bad), None, "{bad}");
    }
}

#[test]
fn suggests_what_was_meant() {
    let cases = [
        (r#"{"Statment":[]}"#, "did you mean `Statement`?"),
        (r#"{"Statement":[{"Efect":"Allow"}]}"#, "did you mean `Effect`?"),
        (r#"{"Statement":[{"Resources":"*"}]}"#, "did you mean `Resource`?"),
        (r#"{"Statement":[{"Effect":"Alow"}]}"#, "did you mean `Allow`?"),
        (r#"{"Version":"2012-10-7"}"#, "did you mean `2012-10-17`?"),
        (r#"{"Statement":[{"Principal":{"Aws":"*"}}]}"#, "did you mean `AWS`?"),
        (
            r#"{"Statement":[{"Condition":{"ForAnyValues:StringEqualIfExists":{}}}]}"#,
            "did you mean `ForAnyValue:StringEqualsIfExists`?",
        ),
    ];
    for (text, help) in cases {
        assert_eq!(Policy::parse(text).expect_err(text).help().as_deref(), Some(help), "{text}");
    }
}

#[test]
fn draws_a_caret() {
    let text = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": {\"Efect\": \"Allow\"}\n}";
    let error = Policy::parse(text).unwrap_err();
    insta::assert_snapshot!(error.render("bucket-policy.json"), @r#"
    error: unknown element `Efect` in a statement
      |
    3 |   "Statement": {"Efect": "Allow"}
      |                 ^^^^^^^ bucket-policy.json:3:17
      |
      = help: did you mean `Effect`?
    "#);
    insta::assert_snapshot!(error, @"line 3, column 17: unknown element `Efect` in a statement (did you mean `Effect`?)");
    // A minified line is cut around the fault.
    let long = format!(r#"{{"Id":"{}","Efect":"{}"}}"#, "x".repeat(100_000), "y".repeat(100_000));
    insta::assert_snapshot!(Policy::parse(&long).unwrap_err().render("p"), @r#"
    error: unknown element `Efect` in the policy
      |
    1 | xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","Efect":"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy
      |                                                             ^^^^^^^ p:1:100010
      |
      = help: remove it; names are case-sensitive
    "#);
}

#[test]
fn survives_truncation_anywhere() {
    for end in 0..FULL.len() {
        assert!(Policy::parse(&FULL[..end]).is_err(), "{end}");
        let _ = Policy::parse_any(&FULL[..end]);
    }
}

/// Ten megabytes of anything are answered at once (in a debug build: within seconds), and nothing recurses.
#[test]
fn hostile_sizes_stay_linear() {
    let n = 10 << 20;
    let many = |item: &str, open: &str, close: &str| {
        let mut text = String::from(open);
        while text.len() < n {
            text.push_str(item);
        }
        text.pop();
        text + close
    };
    let statement = r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"},"#;
    let mut keys = String::from(r#"{"Statement":{"Effect":"Allow","Action":"*","Condition":{"Bool":{"#);
    for i in 0..300_000 {
        keys.push_str(&format!(r#""aws:RequestTag/{i}":"true","#));
    }
    keys.pop();
    keys.push_str("}}}}");
    let valid = [
        many(statement, r#"{"Statement":["#, "]}"),
        many(r#""a:b","#, r#"{"Statement":{"Effect":"Allow","Action":["#, "]}}"),
        many(r#""","#, r#"{"Statement":{"Effect":"Allow","Action":["#, "]}}"),
        many("aa", r#"{"Statement":{"Effect":"Allow","Action":""#, "\"}}"),
        many(r"\u0041", r#"{"Statement":{"Effect":"Allow","Action":""#, "0\"}}").replace("\\u0040", "\\u0041"),
        keys,
    ];
    let invalid = [
        "[".repeat(n),
        "{".repeat(n),
        "{\"Statement\":".repeat(100_000),
        "\"".repeat(n),
        "\\".repeat(n),
        " ".repeat(n),
        "%25".repeat(n / 3),
        "%7B".repeat(n / 3),
        "\n".repeat(n),
        "9".repeat(n),
        format!("{{\"Id\":{}", "1".repeat(n)),
    ];
    for text in &valid {
        let start = Instant::now();
        Policy::parse(text).unwrap();
        assert!(start.elapsed() < Duration::from_secs(10), "{:?} for {}", start.elapsed(), &text[..80]);
    }
    for text in &invalid {
        let start = Instant::now();
        assert!(Policy::parse(text).is_err());
        assert!(Policy::parse_any(text).is_err());
        assert!(start.elapsed() < Duration::from_secs(10), "{:?} for {}", start.elapsed(), &text[..20]);
    }
    let too_large = format!("{{\"Id\":\"{}\"}}", "x".repeat(haechi_iam::MAX_DOCUMENT_BYTES));
    assert_eq!(Policy::parse(&too_large).unwrap_err().kind().id(), "policy-too-large");
    assert_eq!(Policy::parse_any(&too_large).unwrap_err().kind().id(), "policy-too-large");
}

/// A JSON string literal, sometimes with more escapes than it needs.
fn literal(text: &str, escape_all: bool) -> String {
    if !escape_all {
        return serde_json::to_string(text).unwrap();
    }
    let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{units}\"")
}

prop_compose! {
    fn strings()(list in prop::collection::vec(("[ -~é€🔑\\n\"\\\\]{0,12}", any::<bool>()), 0..4), single in any::<bool>()) -> String {
        let literals: Vec<String> = list.iter().map(|(text, escape)| literal(text, *escape)).collect();
        match literals.as_slice() {
            [one] if single => one.clone(),
            _ => format!("[{}]", literals.join(",")),
        }
    }
}

prop_compose! {
    fn statement()(
        sid in prop::option::of("[A-Za-z0-9]{0,8}"),
        effect in prop::sample::select(&["Allow", "Deny"][..]),
        principal in prop::option::of((any::<bool>(), prop::option::of(strings()), prop::option::of(strings()))),
        action in (any::<bool>(), strings()),
        resource in prop::option::of((any::<bool>(), strings())),
        conditions in prop::collection::btree_map(
            prop::sample::select(&["StringEquals", "boolIfExists", "ForAllValues:ArnLike", "Null", "NOTIPADDRESS"][..]),
            prop::collection::btree_map("[a-z:/]{1,8}", strings(), 0..3),
            0..4,
        ),
    ) -> String {
        let form = |except: bool, name: &str| if except { format!("\"Not{name}\"") } else { format!("\"{name}\"") };
        let mut members = vec![format!("\"Effect\":\"{effect}\""), format!("{}:{}", form(action.0, "Action"), action.1)];
        members.extend(sid.map(|sid| format!("\"Sid\":\"{sid}\"")));
        members.extend(principal.map(|(except, aws, service)| {
            let kinds: Vec<String> = aws.map(|a| format!("\"AWS\":{a}")).into_iter()
                .chain(service.map(|s| format!("\"Service\":{s}"))).collect();
            let value = if kinds.is_empty() { "\"*\"".to_owned() } else { format!("{{{}}}", kinds.join(",")) };
            format!("{}:{value}", form(except, "Principal"))
        }));
        members.extend(resource.map(|(except, list)| format!("{}:{list}", form(except, "Resource"))));
        let operators: Vec<String> = conditions.iter().map(|(operator, keys)| {
            let keys: Vec<String> = keys.iter().map(|(key, values)| format!("\"{key}\":{values}")).collect();
            format!("\"{operator}\":{{{}}}", keys.join(","))
        }).collect();
        members.push(format!("\"Condition\":{{{}}}", operators.join(",")));
        format!("{{{}}}", members.join(","))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn canonical_print_parses_to_the_same(statements in prop::collection::vec(statement(), 0..4)) {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        let policy = Policy::parse(&text).unwrap();
        let printed = policy.to_json();
        let again = Policy::parse(&printed).unwrap();
        prop_assert_eq!(&again.to_json(), &printed);
        prop_assert_eq!(policy.statements().len(), again.statements().len());
        for (left, right) in policy.statements().zip(again.statements()) {
            prop_assert_eq!(left.actions().collect::<Vec<_>>(), right.actions().collect::<Vec<_>>());
            prop_assert_eq!(left.resources().collect::<Vec<_>>(), right.resources().collect::<Vec<_>>());
            prop_assert_eq!(left.principals().collect::<Vec<_>>(), right.principals().collect::<Vec<_>>());
            prop_assert_eq!(left.conditions().count(), right.conditions().count());
        }
        // A general JSON reader agrees that it is JSON.
        prop_assert!(serde_json::from_str::<serde_json::Value>(&printed).is_ok());
    }

    #[test]
    fn never_panics(text in "\\PC{0,64}", cut in 0..FULL.len(), byte in any::<char>()) {
        let _ = Policy::parse(&text);
        let _ = Policy::parse_any(&text);
        let broken = format!("{}{byte}{}", &FULL[..cut], &FULL[cut..]);
        if let Err(error) = Policy::parse(&broken) {
            prop_assert!(!error.render("p").is_empty());
        }
        let _ = Policy::parse_any(&broken);
    }

    /// Whatever parses as a policy is JSON; so a reader that is stricter is the only difference.
    #[test]
    fn accepts_only_json(cut in 0..FULL.len(), byte in prop::sample::select(b"{}[]:,\"\\ 0te\n-.".as_slice())) {
        let broken = format!("{}{}{}", &FULL[..cut], byte as char, &FULL[cut + 1..]);
        if Policy::parse(&broken).is_ok() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&broken).is_ok(), "{broken}");
        }
    }
}

#[test]
fn policies_for_people_differ_in_white_space_only() {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Sid":"A b","Effect":"Allow","Action":["s3:Get*","s3:{[,:]}"],"Resource":"a\"}\\","Condition":{}},{"x":[]}]}"#;
    let shown = haechi_iam::indented(text);
    let squeezed: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(squeezed, serde_json::from_str::<serde_json::Value>(text).unwrap());
    assert_eq!(haechi_iam::indented(&shown), shown);
    let lines: Vec<&str> = shown.lines().take(9).collect();
    assert_eq!(
        lines,
        [
            "{",
            "  \"Version\": \"2012-10-17\",",
            "  \"Statement\": [",
            "    {",
            "      \"Sid\": \"A b\",",
            "      \"Effect\": \"Allow\",",
            "      \"Action\": [",
            "        \"s3:Get*\",",
            "        \"s3:{[,:]}\"",
        ]
    );
    assert!(shown.contains("\"Condition\": {}") && shown.contains("\"x\": []"), "{shown}");
}
