//! Every example query of AWS Config's documentation, unchanged, over items of which some match and some do not.

use haechi_query::{Limits, parse};
use serde_json::{Value, json};

use super::naive::answer;

fn item(resource_type: &str, id: &str, more: Value) -> Value {
    let mut item = json!({
        "version": "1.3", "accountId": "111122223333", "awsRegion": "us-west-2", "resourceType": resource_type,
        "resourceId": id, "arn": format!("arn:aws:x:us-west-2:111122223333:{id}"), "configurationItemStatus": "OK",
        "configurationItemCaptureTime": "2026-11-22T09:30:00Z", "tags": {}, "relationships": [],
        "configuration": {}, "supplementaryConfiguration": {},
    });
    for (name, value) in more.as_object().unwrap() {
        item[name] = value.clone();
    }
    item
}

fn related(resource_type: &str, id: &str, to: &str) -> Value {
    let relationships = json!([
        {"resourceId": "other", "relationshipName": "x"}, {"resourceId": to, "relationshipName": "y"}
    ]);
    item(resource_type, id, json!({"relationships": relationships}))
}

fn ranges(id: &str, blocks: &[&str]) -> Value {
    item("AWS::EC2::SecurityGroup", id, json!({"configuration": {"ipPermissions": [{"ipRanges": blocks}]}}))
}

fn compliance(id: &str, kind: &str, status: &str) -> Value {
    let kind = format!("AWS::Config::{kind}Compliance");
    item(&kind, id, json!({"resourceName": id, "configuration": {"complianceType": status}}))
}

/// The organization that the examples are asked about.
fn items() -> Vec<Value> {
    let instance = |id: &str, image: &str, more: Value| {
        let mut it = item("AWS::EC2::Instance", id, more);
        it["availabilityZone"] = json!("us-west-2c");
        it["configuration"] =
            json!({"imageId": image, "instanceType": "t2.micro", "placement": {"tenancy": "default"}});
        it
    };
    let volume = |id: &str, state: &str| {
        let configuration = json!({"volumeType": "gp2", "encrypted": false, "size": 100, "state": {"value": state}, "availabilityZone": "us-west-2a"});
        item(
            "AWS::EC2::Volume",
            id,
            json!({"configuration": configuration, "resourceCreationTime": "2020-02-21T07:39:43.771Z"}),
        )
    };
    let mut items = vec![
        instance("i-1", "ami-12345", json!({"tags": {"env": "prod"}})),
        instance("i-2", "ami-67890", json!({"tags": {"env": "test"}})),
        volume("vol-free", "available"),
        volume("vol-used", "in-use"),
        compliance("AWS::S3::Bucket/a", "Resource", "NON_COMPLIANT"),
        compliance("AWS::S3::Bucket/b", "Resource", "NON_COMPLIANT"),
        compliance("AWS::S3::Bucket/c", "Resource", "COMPLIANT"),
        compliance("MyConformancePack1", "ConformancePack", "COMPLIANT"),
        compliance("MyConformancePack2", "ConformancePack", "NON_COMPLIANT"),
        item(
            "Custom::R",
            "R",
            json!({"accountId": "444455556666", "configuration": {"configRuleList": [
                {"configRuleName": "A", "complianceType": "compliant"},
                {"configRuleName": "B", "complianceType": "non_compliant"},
            ]}}),
        ),
        item(
            "Custom::R",
            "S",
            json!({"configuration": {"configRuleList": [
                {"configRuleName": "A", "complianceType": "compliant"},
            ]}}),
        ),
        ranges("sg-24", &["10.0.0.0/24"]),
        ranges("sg-8", &["10.0.0.0/8"]),
        ranges("sg-one", &["192.168.0.2/32"]),
        ranges("sg-wide", &["192.168.0.0/16"]),
    ];
    for (kind, id) in [
        ("EIP", "eip-i"),
        ("EIP", "eip-eni"),
        ("Instance", "i-sg"),
        ("NetworkInterface", "eni-sg"),
        ("Volume", "vol-sg"),
        ("NetworkAcl", "acl-subnet"),
        ("RouteTable", "rtb-subnet"),
        ("InternetGateway", "igw-vpc"),
        ("Subnet", "subnet-vpc"),
        ("SecurityGroup", "sg-vpc"),
        ("EIP", "eip-vpc"),
        ("RouteTable", "rtb-vgw"),
        ("Instance", "i-vgw"),
    ] {
        let to = match id.rsplit('-').next().unwrap() {
            "i" => "i-abcd1234",
            "eni" => "eni-abcd1234",
            "sg" => "sg-abcd1234",
            "subnet" => "subnet-abcd1234",
            "vpc" => "vpc-abcd1234",
            _ => "vgw-abcd1234",
        };
        items.push(related(&format!("AWS::EC2::{kind}"), id, to));
    }
    items
}

fn rows(text: &str) -> Vec<Vec<Value>> {
    let query = parse(text).unwrap_or_else(|problem| panic!("{}\n{}", problem.message.id, problem.caret(text)));
    answer(&query, &items(), 2, Limits::default()).unwrap().rows
}

fn check(text: &str, expected: Value) {
    assert_eq!(json!(rows(text)), expected, "{text}");
}

/// Checks the resource ids alone.
fn check_ids(text: &str, expected: &[&str]) {
    let found: Vec<_> = rows(text).into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(json!(found), json!(expected), "{text}");
}

#[test]
fn query_components() {
    check_ids("SELECT resourceId WHERE resourceType='AWS::EC2::Instance'", &["i-1", "i-2", "i-sg", "i-vgw"]);
    check(
        "SELECT configuration.complianceType, COUNT(*) WHERE resourceType = 'AWS::Config::ResourceCompliance' GROUP BY configuration.complianceType  ",
        json!([["NON_COMPLIANT", 2], ["COMPLIANT", 1]]),
    );
}

#[test]
fn example_queries() {
    check(
        "SELECT
    resourceId,
    resourceType,
    configuration.instanceType,
    configuration.placement.tenancy,
    configuration.imageId,
    availabilityZone
WHERE
    resourceType = 'AWS::EC2::Instance'
AND
    configuration.imageId = 'ami-12345'",
        json!([["i-1", "AWS::EC2::Instance", "t2.micro", "default", "ami-12345", "us-west-2c"]]),
    );
    check(
        "SELECT
    configuration.complianceType,
    COUNT(*)
WHERE
    resourceType = 'AWS::Config::ResourceCompliance'
GROUP BY
    configuration.complianceType",
        json!([["NON_COMPLIANT", 2], ["COMPLIANT", 1]]),
    );
    check(
        "SELECT
    resourceId,
    resourceName,
    resourceType,
    configuration.complianceType
WHERE
    resourceType = 'AWS::Config::ConformancePackCompliance'",
        json!([
            ["MyConformancePack1", "MyConformancePack1", "AWS::Config::ConformancePackCompliance", "COMPLIANT"],
            ["MyConformancePack2", "MyConformancePack2", "AWS::Config::ConformancePackCompliance", "NON_COMPLIANT"],
        ]),
    );
    check("SELECT COUNT(*), accountId group by accountId", json!([[27, "111122223333"], [1, "444455556666"]]));
    check(
        "SELECT \n    resourceId, \n    accountId,\n    awsRegion, \n    resourceType, \n    configuration.volumeType,
    configuration.size, \n    resourceCreationTime,\n    tags,\n    configuration.encrypted, \n    configuration.availabilityZone,
    configuration.state.value \nWHERE\n    resourceType = 'AWS::EC2::Volume' \nAND \n    configuration.state.value = 'available'",
        json!([[
            "vol-free", "111122223333", "us-west-2", "AWS::EC2::Volume", "gp2", 100, "2020-02-21T07:39:43.771Z", [],
            false, "us-west-2a", "available"
        ]]),
    );
}

#[test]
fn relationship_queries() {
    check_ids(
        "SELECT \n    resourceId \nWHERE \n    resourceType = 'AWS::EC2::EIP'\n    AND relationships.resourceId = 'i-abcd1234'",
        &["eip-i"],
    );
    check_ids(
        "SELECT \n    resourceId \nWHERE \n    resourceType = 'AWS::EC2::EIP' \n    AND relationships.resourceId = 'eni-abcd1234'",
        &["eip-eni"],
    );
    check_ids(
        "SELECT \n    resourceId \nWHERE \n    resourceType IN ('AWS::EC2::Instance', 'AWS::EC2::NetworkInterface') \n    AND relationships.resourceId = 'sg-abcd1234'",
        &["i-sg", "eni-sg"],
    );
    check_ids(
        "SELECT \n    resourceId \nWHERE \n    resourceType = 'AWS::EC2::Instance' \n    AND relationships.resourceId = 'sg-abcd1234'",
        &["i-sg"],
    );
    check_ids(
        "SELECT \n    resourceId \nWHERE \n    resourceType = 'AWS::EC2::NetworkInterface' \n    AND relationships.resourceId = 'sg-abcd1234'",
        &["eni-sg"],
    );
    // The type is AWS::EC2::NetworkAcl; the documentation writes it in another way.
    check_ids(
        "SELECT \n    resourceId \nWHERE \n    resourceType IN ('AWS::EC2::Instance', 'AWS::EC2::NetworkACL', 'AWS::EC2::NetworkInterface', 'AWS::EC2::RouteTable') \n    AND relationships.resourceId = 'subnet-abcd1234'",
        &["acl-subnet", "rtb-subnet"],
    );
    check_ids(
        "SELECT \n    resourceId \nWHERE \n    resourceType IN ('AWS::EC2::Instance', 'AWS::EC2::InternetGateway', 'AWS::EC2::NetworkACL', 'AWS::EC2::NetworkInterface', 'AWS::EC2::RouteTable', 'AWS::EC2::Subnet', 'AWS::EC2::SecurityGroup') \n    AND relationships.resourceId = 'vpc-abcd1234'",
        &["igw-vpc", "subnet-vpc", "sg-vpc"],
    );
    check_ids(
        "SELECT \n    resourceId \nWHERE \n    resourceType = 'AWS::EC2::RouteTable' \n    AND relationships.resourceId = 'vgw-abcd1234'",
        &["rtb-vgw"],
    );
}

#[test]
fn address_ranges() {
    let names = |text: &str| -> Vec<Value> { rows(text).into_iter().map(|row| row[6].clone()).collect() };
    let exact = "SELECT * WHERE resourceType = 'AWS::EC2::SecurityGroup'
    AND configuration.ipPermissions.ipRanges BETWEEN '10.0.0.0'
    AND '10.0.0.255'
    AND NOT configuration.ipPermissions.ipRanges < '10.0.0.0'
    AND NOT configuration.ipPermissions.ipRanges > '10.0.0.255'";
    assert_eq!(names(exact), ["sg-24"]);
    let one = "SELECT * WHERE resourceType = 'AWS::EC2::SecurityGroup'
    AND configuration.ipPermissions.ipRanges = '192.168.0.2'
    AND NOT configuration.ipPermissions.ipRanges > '192.168.0.2'
    AND NOT configuration.ipPermissions.ipRanges < '192.168.0.2'";
    assert_eq!(names(one), ["sg-one"]);
    // Without the further conditions every range that includes the address is found.
    check_ids("SELECT resourceId WHERE configuration.ipPermissions.ipRanges = '192.168.0.2'", &["sg-one", "sg-wide"]);
    check_ids(
        "SELECT resourceId WHERE configuration.ipPermissions.ipRanges BETWEEN '10.0.0.0' AND '10.0.0.255'",
        &["sg-24", "sg-8"],
    );
}

#[test]
fn conditions_on_a_list_hold_for_any_of_its_elements() {
    check(
        "SELECT configuration WHERE configuration.configRuleList.complianceType = 'non_compliant' \nAND configuration.configRuleList.configRuleName = 'A'",
        json!([[{"configRuleList": [
            {"configRuleName": "A", "complianceType": "compliant"}, {"configRuleName": "B", "complianceType": "non_compliant"}
        ]}]]),
    );
}

#[test]
fn all_columns_are_the_top_level_scalars() {
    let text = "SELECT * WHERE resourceId = 'vol-free'";
    let answer = answer(&parse(text).unwrap(), &items(), 1, Limits::default()).unwrap();
    let expected = [
        "accountId",
        "awsRegion",
        "arn",
        "availabilityZone",
        "configurationItemCaptureTime",
        "resourceCreationTime",
        "resourceId",
        "resourceName",
        "resourceType",
        "version",
    ];
    assert_eq!(answer.columns, expected);
    assert_eq!(
        json!(answer.rows),
        json!([[
            "111122223333",
            "us-west-2",
            "arn:aws:x:us-west-2:111122223333:vol-free",
            null,
            "2026-11-22T09:30:00Z",
            "2020-02-21T07:39:43.771Z",
            "vol-free",
            null,
            "AWS::EC2::Volume",
            "1.3"
        ]])
    );
}

#[test]
fn tags_are_asked_for_by_tag_key_and_value() {
    check_ids(
        "SELECT resourceId, configuration.instanceType WHERE resourceType = 'AWS::EC2::Instance' AND tags.tag = 'env:prod'",
        &["i-1"],
    );
    check_ids("SELECT resourceId WHERE tags.tag = 'env=test'", &["i-2"]);
    check_ids("SELECT resourceId WHERE tags.key = 'env' AND tags.value = 'prod'", &["i-1"]);
    check_ids("SELECT resourceId WHERE tags.tag LIKE 'env=%'", &["i-1", "i-2"]);
    check("SELECT tags WHERE resourceId = 'i-1'", json!([[[{"key": "env", "value": "prod", "tag": "env=prod"}]]]));
    check(
        "SELECT tags.tag, COUNT(*) WHERE tags.key = 'env' GROUP BY tags.tag",
        json!([["env=prod", 1], ["env=test", 1]]),
    );
}

#[test]
fn names_of_the_top_level_are_known_in_any_case() {
    check_ids(
        "select ResourceID where RESOURCETYPE = 'aws::ec2::volume' and AVAILABILITYZONE != 'x'",
        &["vol-free", "vol-used", "vol-sg"],
    );
}

#[test]
fn a_creation_time_is_a_moment() {
    check_ids(
        "SELECT resourceId WHERE resourceCreationTime > '2020-01-01' AND resourceCreationTime <= '2020-02-21'",
        &["vol-free", "vol-used"],
    );
    check_ids("SELECT resourceId WHERE resourceCreationTime BETWEEN '2020-02-22' AND '2021-01-01'", &[]);
}

#[test]
fn limits_are_kept_and_told() {
    let run = |text: &str, limits| answer(&parse(text).unwrap(), &items(), 2, limits);
    let some = run("SELECT resourceId", Limits { rows: Some(3), ..Limits::default() }).unwrap();
    assert_eq!((some.rows.len(), some.more), (3, true));
    let all = run("SELECT resourceId", Limits { rows: Some(28), ..Limits::default() }).unwrap();
    assert_eq!((all.rows.len(), all.more), (28, false));
    let groups = run("SELECT resourceId, COUNT(*) GROUP BY resourceId", Limits { groups: 5, ..Limits::default() });
    assert_eq!(groups, Err(haechi_query::Stopped::Groups(5)));
    let bytes = run("SELECT configuration", Limits { bytes: 1000, ..Limits::default() });
    assert_eq!(bytes, Err(haechi_query::Stopped::Bytes(1000)));
    let left_out = run("SELECT SUM(resourceId), AVG(configuration.size)", Limits::default()).unwrap();
    assert_eq!((json!(left_out.rows), left_out.left_out), (json!([[null, 100.0]]), 28));
}
