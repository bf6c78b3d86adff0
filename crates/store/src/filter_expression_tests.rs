//! What filters match, what they refuse and where they point to.

use super::*;
use haechi_model::Finding;
use proptest::prelude::*;
use serde_json::json;

fn finding() -> Finding {
    serde_json::from_value(json!({
        "id": "00112233445566778899aabbccddeeff", "kind": "rule", "rule": "S3_BUCKET_VERSIONING_ENABLED",
        "ruleInstance": "ffeeddccbbaa99887766554433221100",
        "subject": {
            "partition": "aws", "accountId": "111122223333", "region": "us-east-1", "resourceType": "AWS::S3::Bucket",
            "resourceId": "x-logs", "arn": "arn:aws:s3:::x-logs", "resourceName": "x-logs", "accountName": "prod",
            "ouPath": "Root/Workloads/Prod", "owner": "web", "tags": {"env": "prod", "cost center": "7", "o": "it's"}
        },
        "severity": "high", "message": {"id": "m"}, "controls": ["aws-fsbp:S3.14", "cis:2.1"], "status": "open",
        "firstSeen": "2026-01-01T00:00:00Z", "lastSeen": "2026-01-02T00:00:00Z", "due": "2026-02-01T00:00:00Z"
    }))
    .unwrap()
}

#[track_caller]
fn check(filter: &str, expected: bool) {
    let parsed = FilterExpression::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    assert_eq!(parsed.matches(&finding()), expected, "{filter}");
    assert_eq!(FilterExpression::parse(&parsed.to_string()).unwrap(), parsed);
}

#[test]
fn every_field() {
    for filter in [
        "account = 111122223333",
        "accountName = 'prod'",
        "ACCOUNTNAME = prod",
        "arn ~ 'arn:aws:s3:::x-*'",
        "control = 'cis:2.1'",
        "control = cis:2.1",
        "id ~ '0011*'",
        "instance ~ 'ffee*'",
        "kind = rule",
        "name = 'x-logs'",
        "ou = 'Root/Workloads'",
        "ou = 'Root/Workloads/Prod/'",
        "owner = web",
        "partition = aws",
        "region != 'eu-west-1'",
        "resource ~ 'x-????'",
        "rule IN ('A', 'S3_BUCKET_VERSIONING_ENABLED')",
        "service = S3",
        "severity = HIGH",
        "status = open",
        "subKey = ''",
        "type = 'AWS::S3::Bucket'",
        "tag.env = prod",
        "tag.'cost center' = '7'",
        "tag.o = 'it''s'",
    ] {
        check(filter, true);
        check(&format!("NOT {filter}"), false);
        check(&format!("not (not ({filter}))"), true);
    }
}

#[test]
fn what_is_absent_equals_nothing() {
    check("tag.team = web", false);
    check("tag.team != web", true);
    check("tag.team ~ '*'", false);
    check("ou = 'Root/Work'", false);
    check("ou = 'root'", false);
    check("tag.team IS NULL AND owner IS NOT NULL", true);
}

#[test]
fn and_binds_closer_than_or() {
    check("region = us-east-1 OR region = us-east-1 AND service = EC2", true);
    check("(region = us-east-1 OR region = us-east-1) AND service = EC2", false);
    check("NOT service = EC2 AND service = S3", true);
    check("service NOT IN (EC2, RDS) and control !~ 'nist*'", true);
    check("control != 'cis:2.1'", false);
}

#[track_caller]
fn refuse(filter: &str, column: usize, says: &str) {
    let error = FilterExpression::parse(filter).unwrap_err();
    assert_eq!((error.column(), error.message.contains(says)), (column, true), "{filter}: {error}");
}

#[test]
fn refusals_point_to_the_place() {
    refuse("", 1, "expected a field");
    refuse("   ", 4, "expected a field");
    refuse("colour = 'red'", 1, "there is no field `colour`");
    refuse("region 'x'", 8, "expected =");
    refuse("region = ", 10, "expected a value");
    refuse("region = 'x", 10, "no closing quote");
    refuse("region = x region = y", 12, "expected AND");
    refuse("(region = x", 12, "`)` for the `(` of column 1");
    refuse("region IN x", 11, "expected `(`");
    refuse("region IN (x y)", 14, "expected `,` or `)`");
    refuse("region NOT x", 12, "expected IN");
    refuse("severity = hgih", 12, "not a severity");
    refuse("account = 123", 11, "12 digits");
    refuse("status = new", 10, "not a status");
    refuse("tag. = x", 5, "tag's key");
    refuse("name = '해치' AND 빛 = 1", 17, "no field `빛`");
    refuse(&"(".repeat(100_000), 1, "16384");
    refuse(&"(".repeat(1000), 66, "nested deeper");
    refuse(&"NOT ".repeat(1000), 260, "nested deeper");
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,60}") {
        let _ = FilterExpression::parse(&text);
    }

    #[test]
    fn never_panics_on_what_looks_right(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "(", ")", "NOT ", "AND ", "OR ", "region ", "tag.", "tag.'", "= ", "~ ", "!= ", "IN ", "'x' ", ", ", "'", "é"
        ]), 0..24)
    ) {
        let text = words.concat();
        match FilterExpression::parse(&text) {
            Ok(filter) => {
                let _ = filter.matches(&finding());
                prop_assert_eq!(&FilterExpression::parse(filter.as_str()).unwrap(), &filter);
            }
            Err(error) => prop_assert!(text.is_char_boundary(error.at) && error.at <= text.len()),
        }
    }

    #[test]
    fn de_morgan(a in any::<bool>(), b in any::<bool>()) {
        let word = |truth: bool| if truth { "service = S3" } else { "service = EC2" };
        let matches = |text: String| FilterExpression::parse(&text).unwrap().matches(&finding());
        prop_assert_eq!(matches(format!("{} AND {}", word(a), word(b))), a && b);
        prop_assert_eq!(
            matches(format!("NOT ({} AND {})", word(a), word(b))),
            matches(format!("NOT {} OR NOT {}", word(a), word(b)))
        );
    }
}
