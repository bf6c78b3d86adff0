//! Test: what a collector file may not say is refused with the place.

use super::Collector;

const FILE: &str = r#"schema: 1
type: AWS::EC2::VPC
title: {en: VPCs, ko: VPC, ja: VPC}
collect:
  list: {call: "ec2:DescribeVpcs", items: Vpcs}
  get:
    - call: ec2:DescribeVpcAttribute
      input: {VpcId: "{item.VpcId}"}
      into: {configuration.x: EnableDnsSupport.Value}
  item:
    id: "{item.VpcId}"
    configuration: {drop: [Tags]}
    relationships:
      - {is: Is contained in Vpc, to: "AWS::EC2::VPC", id: "{item.VpcId}"}
examples:
  - {name: none, calls: [], items: []}
"#;

/// The file with a change is refused at a line, with these words.
#[track_caller]
fn check(from: &str, to: &str, line: u64, words: &str) {
    assert!(FILE.contains(from));
    let error = Collector::parse("vpc.yaml", &FILE.replacen(from, to, 1)).unwrap_err();
    assert!(error.to_string().contains(words), "{error}");
    assert_eq!(error.line, line, "{error}");
}

#[test]
fn the_file_itself_is_right() {
    Collector::parse("vpc.yaml", FILE).unwrap();
}

#[test]
fn refusals_name_the_place() {
    check("schema: 1", "schema: 2", 1, "`schema` must be 1");
    check("AWS::EC2::VPC", "VPC", 2, "not a resource type");
    check("ko: VPC, ", "", 2, "en, ko and ja");
    check("items: Vpcs}", "itmes: Vpcs}", 5, "unknown field `itmes`");
    check("DescribeVpcs", "DescribeVpcz", 5, "`ec2` has no operation `DescribeVpcz`");
    check("\"ec2:DescribeVpcs\"", "\"ec9:DescribeVpcs\"", 5, "no service `ec9`");
    check("items: Vpcs}", "items: Vpcs, again: {of: VpcId, as: Way}}", 5, "`again` belongs to an outer listing");
    check("{item.VpcId}\"}", "{itme.VpcId}\"}", 8, "a name begins with");
    check("configuration.x:", "config.x:", 9, "does not begin with configuration.");
    check("drop: [Tags]", "dorp: [Tags]", 12, "unknown field `dorp`");
    check("Is contained in Vpc", "Lives in Vpc", 14, "not one of AWS Config's relationships");
    check("examples:\n  - {name: none, calls: [], items: []}\n", "", 2, "at least one example");
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (name, of) in [("b", "a"), ("c", "b"), ("d", "c"), ("e", "d"), ("f", "e"), ("g", "f"), ("h", "g"), ("i", "h")] {
        bomb.push_str(&format!("{name}: &{name} [*{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}, *{of}]\n"));
    }
    assert!(Collector::parse("bomb.yaml", &bomb).is_err());
}
