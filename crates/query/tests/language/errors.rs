//! What is refused, by which message and at which place.

use haechi_query::parse;

/// `text` marks the place with `[` and `]`.
fn check(text: &str, id: &str) {
    let (before, rest) = text.split_once('[').unwrap();
    let (marked, after) = rest.split_once(']').unwrap();
    let plain = format!("{before}{marked}{after}");
    let problem = parse(&plain).expect_err(&plain);
    assert_eq!(
        (problem.message.id.as_str(), problem.at.clone()),
        (id, before.len()..before.len() + marked.len()),
        "{text}"
    );
}

#[test]
fn what_the_language_does_not_have_is_named() {
    check("SELECT resourceId [AS] id", "query-refused");
    check("SELECT [DISTINCT] resourceId", "query-refused");
    check("SELECT a GROUP BY a [HAVING] COUNT(*) > 1", "query-refused");
    check("SELECT a WHERE b = 1 [LIMIT] 5", "query-refused");
    check("SELECT a WHERE b = 1 [UNION] SELECT b", "query-refused");
    check("SELECT a WHERE b [IS] NULL", "query-null");
    check("SELECT a WHERE b = [NULL]", "query-null");
    check("SELECT a; [SELECT] b", "query-two");
    check("SELECT a WHERE a = 'x'\n\n[SELECT] b", "query-two");
}

#[test]
fn what_is_not_finished_or_out_of_place() {
    check("[]", "query-expected");
    check("[UPDATE] x", "query-expected");
    check("SELECT[]", "query-expected-property");
    check("SELECT a,[]", "query-expected-property");
    check("SELECT a [b]", "query-expected");
    check("SELECT a WHERE[]", "query-expected-property");
    check("SELECT a WHERE b[]", "query-expected-operator");
    check("SELECT a WHERE b [== ]1".replace("[== ]", "[==] ").as_str(), "query-expected-operator");
    check("SELECT a WHERE b =[]", "query-expected-value");
    check("SELECT a WHERE b = [c]", "query-value");
    check("SELECT a WHERE b = [\"c\"]", "query-value");
    check("SELECT a WHERE b IN [1]", "query-expected");
    check("SELECT a WHERE b IN (1[]", "query-expected");
    check("SELECT a WHERE b BETWEEN 1 [OR] 2", "query-expected");
    check("SELECT a WHERE (b = 1[]", "query-expected");
    check("SELECT a WHERE b = 1 AND[]", "query-expected-property");
    check("SELECT a ORDER BY a [WHERE] b = 1", "query-clause-order");
    check("SELECT a GROUP [a]", "query-expected");
    check("SELECT a WHERE b = [']x", "query-text-open");
    check("SELECT a[.].b", "query-name-empty");
    check("SELECT a WHERE b = [1.2.3]", "query-number");
    check("SELECT a /[*] b".replace("/[*]", "[/*]").as_str(), "query-comment-open");
    check("SELECT a [?]", "query-sign");
}

#[test]
fn wildcards_and_literals_stand_where_aws_lets_them() {
    check("SELECT a WHERE ['some%'] LIKE 'someValue%'", "query-text-as-name");
    check("SELECT a WHERE b LIKE ['%::EC2::Instance']", "query-wildcard-short");
    check("SELECT a WHERE b LIKE ['_::EC2::Instance']", "query-wildcard-short");
    check("SELECT a WHERE b LIKE ['ab%']", "query-wildcard-short");
    check("SELECT a WHERE b LIKE ['ab_']", "query-wildcard-short");
    check("SELECT a WHERE b LIKE ['abc%d']", "query-wildcard-place");
    check("SELECT a WHERE b LIKE [5]", "query-expected-text");
    assert!(parse("SELECT a WHERE b LIKE 'AWS::EC2::%'").is_ok());
    assert!(parse("SELECT a WHERE b LIKE 'AWS::EC2::_'").is_ok());
    assert!(parse("SELECT a WHERE b LIKE 'abc%' AND c LIKE 'abc_';").is_ok());
}

#[test]
fn aggregates_have_one_property_and_their_own_columns() {
    check("SELECT COUNT(a[,] b)", "query-one-argument");
    check("SELECT COUNT([MAX](a))", "query-nested");
    check("SELECT [SUM](*)", "query-star");
    check("SELECT [MEDIAN](a)", "query-function");
    check("SELECT [a], COUNT(*)", "query-not-grouped");
    check("SELECT a, [b] GROUP BY a", "query-not-grouped");
    check("SELECT a, COUNT(*) GROUP BY a ORDER BY [b]", "query-order-not-grouped");
    check("SELECT a ORDER BY [COUNT(*)]", "query-order-aggregate");
    assert!(parse("select COUNT(*), a group by a order by count(*) desc").is_ok());
}

#[test]
fn no_text_is_too_deep_or_too_long() {
    let deep = format!("SELECT a WHERE {}b = 1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(parse(&deep).unwrap_err().message.id, "query-deep");
    let nots = format!("SELECT a WHERE {}b = 1", "NOT ".repeat(50_000));
    assert_eq!(parse(&nots).unwrap_err().message.id, "query-deep");
    assert_eq!(parse(&"x".repeat(1 << 20)).unwrap_err().message.id, "query-long");
    let wide = format!("SELECT a WHERE b IN ({})", vec!["'x'"; 40_000].join(","));
    assert!(parse(&wide).is_ok());
}
