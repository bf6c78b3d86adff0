//! Plans and templates in the shapes that Terraform modules and CloudFormation users really write: each resource
//! becomes the right item, and what is not known is named as such.

use haechi_content::Content;
use haechi_iac::{Built, Mappings, Place, Reader, kind_of};
use haechi_model::Timestamp;
use serde_json::{Value, json};

fn read(bytes: &[u8]) -> Built {
    let mappings = Mappings::embedded().unwrap_or_else(|error| panic!("{error}"));
    let content = Content::embedded();
    let place = Place { account: None, region: None, captured: Timestamp::from_seconds(0) };
    let reader =
        Reader { mappings: &mappings, types: content.types(), place, parameters: Default::default(), positions: None };
    reader.read(kind_of(bytes).expect("a kind"), bytes, "file").unwrap()
}

fn item(built: &Built, id: &str) -> Value {
    let items = built.items.iter().map(|item| item.to_value());
    items.into_iter().find(|item| item["resourceId"] == id).unwrap_or_else(|| panic!("no item {id}"))
}

/// The reason why a member is not known.
fn gap<'v>(item: &'v Value, path: &str) -> &'v Value {
    &item["notCollected"][path]
}

/// A plan that creates resources: address, values, what is known after apply, and the expressions.
fn plan(resources: &[(&str, Value, Value, Value)]) -> Value {
    let parts = |address: &str| {
        let (kind, name) = address.split_once('.').unwrap();
        (kind.to_owned(), name.split('[').next().unwrap().to_owned())
    };
    let planned = resources.iter().map(|(address, values, ..)| {
        let (kind, name) = parts(address);
        json!({"address": address, "mode": "managed", "type": kind, "name": name, "values": values})
    });
    let changes = resources.iter().map(|(address, values, unknown, _)| {
        json!({"address": address, "change": {"actions": ["create"], "before": null, "after": values, "after_unknown": unknown}})
    });
    let blocks = resources.iter().map(|(address, _, _, expressions)| {
        let (kind, name) = parts(address);
        json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name, "provider_config_key": "aws", "expressions": expressions})
    });
    json!({
        "format_version": "1.2", "terraform_version": "1.9.5",
        "planned_values": {"root_module": {"resources": planned.collect::<Vec<_>>()}},
        "resource_changes": changes.collect::<Vec<_>>(),
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "eu-central-1"}}}},
            "root_module": {"resources": blocks.collect::<Vec<_>>()},
        },
    })
}

fn read_plan(plan: &Value) -> Built {
    read(plan.to_string().as_bytes())
}

/// The well-known bucket module: the block's bucket is that of the policy, which is made only on demand, or the
/// bucket's own, and the bucket's name is made up by AWS.
#[test]
fn a_part_that_refers_to_its_bucket_in_two_ways() {
    let block = json!({"block_public_acls": true, "block_public_policy": true});
    let references = json!([
        "var.attach_policy",
        "aws_s3_bucket_policy.this[0].id",
        "aws_s3_bucket_policy.this[0]",
        "aws_s3_bucket_policy.this",
        "aws_s3_bucket.this[0].id",
        "aws_s3_bucket.this[0]",
        "aws_s3_bucket.this"
    ]);
    let own =
        json!({"bucket": {"references": ["aws_s3_bucket.this[0].id", "aws_s3_bucket.this[0]", "aws_s3_bucket.this"]}});
    let mut document = plan(&[
        (
            "aws_s3_bucket.this[0]",
            json!({"force_destroy": false, "tags": null}),
            json!({"acl": true, "arn": true, "bucket": true, "id": true, "policy": true, "tags_all": true}),
            json!({"bucket": {"references": ["var.bucket"]}}),
        ),
        (
            "aws_s3_bucket_public_access_block.this[0]",
            block,
            json!({"bucket": true, "id": true}),
            json!({"bucket": {"references": references}}),
        ),
    ]);
    let blocks = document["configuration"]["root_module"]["resources"].as_array_mut().unwrap();
    blocks.push(json!({"address": "aws_s3_bucket_policy.this", "mode": "managed", "type": "aws_s3_bucket_policy",
        "name": "this", "provider_config_key": "aws", "expressions": own, "count_expression": {"references": ["var.attach_policy"]}}));
    let built = read_plan(&document);
    assert_eq!(built.notes.iter().map(|note| note.id).collect::<Vec<_>>(), ["note-no-account"]);
    let bucket = item(&built, "aws_s3_bucket.this[0]");
    assert_eq!(bucket["awsRegion"], "eu-central-1");
    assert_eq!(gap(&bucket, "configuration.name"), "known after apply");
    assert_eq!(
        bucket["supplementaryConfiguration"]["PublicAccessBlockConfiguration"],
        json!({"blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": false, "restrictPublicBuckets": false})
    );
}

/// A bucket of a resource that is made once for all, and is not in the plan, stays unknown.
#[test]
fn a_part_of_a_bucket_that_the_plan_lacks() {
    let document = plan(&[
        (
            "aws_s3_bucket.a",
            json!({"bucket": "a-bucket"}),
            json!({"id": true}),
            json!({"bucket": {"constant_value": "a-bucket"}}),
        ),
        (
            "aws_s3_bucket_versioning.x",
            json!({"versioning_configuration": [{"status": "Enabled"}]}),
            json!({"bucket": true, "id": true}),
            json!({"bucket": {"references": ["data.aws_s3_bucket.x.id", "data.aws_s3_bucket.x"]}}),
        ),
    ]);
    let built = read_plan(&document);
    assert!(built.notes.iter().any(|note| note.id == "note-part-unknown"), "{:?}", built.notes);
    let bucket = item(&built, "a-bucket");
    assert!(gap(&bucket, "supplementaryConfiguration.BucketVersioningConfiguration").is_string(), "{bucket}");
}

/// Public addresses of a plan: there is one, there is none, or the subnet decides; the address is in no case known.
#[test]
fn public_addresses_of_planned_instances() {
    let check = |associate: Value, eip: bool, interfaces: Value, reason: Option<&str>| {
        let values = json!({"ami": "ami-1", "instance_type": "t3.micro", "associate_public_ip_address": associate});
        let unknown = match associate.is_null() {
            true => json!({"id": true, "public_ip": true, "private_ip": true, "associate_public_ip_address": true}),
            false => json!({"id": true, "public_ip": true, "private_ip": true}),
        };
        let expressions = match associate.is_null() {
            true => json!({"ami": {"constant_value": "ami-1"}}),
            false => json!({"associate_public_ip_address": {"constant_value": associate}}),
        };
        let mut resources = vec![("aws_instance.web", values, unknown, expressions)];
        if eip {
            let reference = json!({"instance": {"references": ["aws_instance.web.id", "aws_instance.web"]}});
            let unknown = json!({"id": true, "instance": true, "public_ip": true, "allocation_id": true});
            resources.push(("aws_eip.web", json!({"domain": "vpc"}), unknown, reference));
        }
        let built = read_plan(&plan(&resources));
        let web = item(&built, "aws_instance.web");
        assert_eq!(web["configuration"]["publicIpAddress"], Value::Null, "no address is made up: {web}");
        assert_eq!(web["configuration"]["networkInterfaces"], interfaces, "{associate} {eip}: {web}");
        assert_eq!(gap(&web, "configuration.publicIpAddress").as_str(), reason, "{associate} {eip}: {web}");
        let unknown_interfaces = gap(&web, "configuration.networkInterfaces").is_string();
        assert_eq!(unknown_interfaces, associate.is_null() && !eip, "{associate} {eip}: {web}");
    };
    check(json!(true), false, json!([{"association": {"ipOwnerId": "amazon"}}]), Some("assigned when it starts"));
    check(json!(false), false, Value::Null, None);
    check(Value::Null, false, Value::Null, Some("it depends on the subnet"));
    check(json!(false), true, json!([{"association": {}}]), Some("left to AWS, known after apply"));
}

const CONDITIONS: &str = "
AWSTemplateFormatVersion: '2010-09-09'
Parameters: {Environment: {Type: String}}
Conditions: {Production: !Equals [!Ref Environment, production]}
Resources:
  Always: {Type: AWS::S3::Bucket, Properties: {BucketName: always}}
  Sometimes: {Type: AWS::S3::Bucket, Condition: Production, Properties: {BucketName: sometimes}}
  AlwaysPolicy:
    Type: AWS::S3::BucketPolicy
    Condition: Production
    Properties: {Bucket: !Ref Always, PolicyDocument: {Statement: []}}
  SometimesPolicy:
    Type: AWS::S3::BucketPolicy
    Condition: Production
    Properties: {Bucket: !Ref Sometimes, PolicyDocument: {Statement: []}}
  Log:
    Type: AWS::EC2::FlowLog
    Condition: Production
    Properties: {ResourceId: vpc-1, ResourceType: VPC, TrafficType: ALL}
  Sure:
    Type: AWS::EC2::FlowLog
    Properties: {ResourceId: vpc-2, ResourceType: VPC, TrafficType: ALL}
  Trail:
    Type: AWS::CloudTrail::Trail
    Condition: Production
    Properties: {S3BucketName: always, IsLogging: true}
";

/// What may not be made is judged, but nothing relies on it; what is made together is sure of each other.
#[test]
fn conditions_that_cannot_be_decided() {
    let built = read(CONDITIONS.as_bytes());
    let policy = "supplementaryConfiguration.BucketPolicy.policyText";
    let why = "whether what completes it is made depends on a condition";
    assert_eq!(gap(&item(&built, "always"), policy), why);
    let sometimes = item(&built, "sometimes");
    assert_eq!(sometimes["supplementaryConfiguration"]["BucketPolicy"]["policyText"], r#"{"Statement":[]}"#);
    let why = "whether it is made depends on a condition";
    assert_eq!(gap(&item(&built, "Log"), "configuration.flowLogStatus"), why);
    assert_eq!(item(&built, "Sure")["configuration"]["flowLogStatus"], "ACTIVE");
    assert_eq!(gap(&item(&built, "Trail"), "configuration.isLogging"), why);
}

/// PowerShell writes UTF-16; a template may stand indented as a whole.
#[test]
fn other_encodings_and_indents() {
    let text = plan(&[("aws_sns_topic.t", json!({"name": "알림"}), json!({}), json!({}))]).to_string();
    for order in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
        let wide: Vec<u8> = std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(order).collect();
        let built = read(&wide);
        assert_eq!(built.items.len(), 1);
        assert!(built.items[0].to_value().to_string().contains("알림"));
    }
    let indented: String = CONDITIONS.lines().map(|line| format!("    {line}\n")).collect();
    assert_eq!(read(format!("---\n\n    # all of it\n{indented}").as_bytes()).items.len(), 5);
}

/// A plan that only destroys, one with data sources only, and one of nothing have no items; what is not mapped is
/// counted.
#[test]
fn plans_of_little() {
    let empty = json!({"format_version": "1.2", "planned_values": {"root_module": {}}});
    let mut destroy = empty.clone();
    destroy["resource_changes"] = json!([{"address": "aws_s3_bucket.a", "mode": "managed", "type": "aws_s3_bucket",
        "change": {"actions": ["delete"], "before": {"bucket": "a"}, "after": null, "after_unknown": {}}}]);
    let mut data = empty.clone();
    data["planned_values"]["root_module"] = json!({"resources": [
        {"address": "data.aws_vpc.v", "mode": "data", "type": "aws_vpc", "values": {"id": "vpc-1"}}]});
    for plan in [&empty, &destroy, &data] {
        let built = read_plan(plan);
        assert!(built.items.is_empty() && built.coverage.is_empty() && built.notes.is_empty(), "{plan}: {built:?}");
    }
    let mut other = empty;
    other["planned_values"]["root_module"] = json!({"resources": [
        {"address": "aws_glue_job.a", "mode": "managed", "type": "aws_glue_job", "values": {}},
        {"address": "null_resource.a", "mode": "managed", "type": "null_resource", "values": {}}]});
    let built = read_plan(&other);
    assert_eq!(built.not_mapped.into_iter().collect::<Vec<_>>(), [("aws_glue_job".to_owned(), 1)]);
}
