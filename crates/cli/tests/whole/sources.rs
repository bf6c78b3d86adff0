//! Other sources than a live account: a bucket of AWS Config's files, a Terraform plan and a template with known
//! faults, and sources that hold little or nothing.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Haechi, Moto, workspace};

/// Id, rule and resource of each finding.
fn findings(report: &Value) -> BTreeSet<String> {
    let all = report["findings"].as_array().expect("findings");
    all.iter().map(|one| format!("{} {} {}", one["id"], one["rule"], one["subject"]["arn"])).collect()
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("a file is written");
}

#[test]
fn a_bucket_gives_the_findings_of_its_files() {
    let Some(moto) = Moto::start() else { return };
    let files = workspace().join("examples/organization");
    moto.statements(&format!(
        "import pathlib\n\
         root, s3 = pathlib.Path({:?}), client('s3')\n\
         s3.create_bucket(Bucket='config-files')\n\
         for file in sorted(path for path in root.rglob('*') if path.is_file()):\n    \
             s3.put_object(Bucket='config-files', Key='org/' + file.relative_to(root).as_posix(), Body=file.read_bytes())\n\
         s3.put_object(Bucket='config-files', Key='other/AWSLogs/x.json', Body=b'not read')\n",
        files.display().to_string()
    ));
    let local = Haechi::new().json(&["assess", files.to_str().expect("a path"), "--format", "json"], 1);
    let haechi = Haechi::at(&moto.endpoint);
    let bucket = haechi.json(&["assess", "s3://config-files/org", "--format", "json", "--strict"], 1);
    let (there, here) = (findings(&bucket), findings(&local));
    assert!(there.len() > 100 && there.is_subset(&here), "{:?}", there.difference(&here));
    // What lies in S3 is taken for AWS Config's own, which does not record a trail's event selectors: not known.
    let left: Vec<_> = here.difference(&there).collect();
    assert!(left.iter().all(|one| one.contains("CLOUDTRAIL_S3_DATAEVENTS_ENABLED")) && left.len() < 2, "{left:?}");
    let counts = bucket["evaluations"]["by"].as_array().expect("counts");
    let unknown = |line: &&Value| line["rule"] == "CLOUDTRAIL_S3_DATAEVENTS_ENABLED" && line["insufficientData"] != 0;
    assert_eq!(counts.iter().filter(unknown).count(), left.len());
    assert_eq!(bucket["unreadable"], json!([]));
    let again = haechi.json(&["assess", "s3://config-files/org/AWSLogs/", "--format", "json"], 1);
    let compared = &again["comparison"];
    assert_eq!((&compared["new"], &compared["fixed"], &compared["deleted"]), (&0.into(), &0.into(), &0.into()));
    for nothing in ["s3://config-files/nowhere/", "s3://no-such-bucket/"] {
        let error = String::from_utf8(haechi.run(&["assess", nothing], 2).stderr).expect("UTF-8");
        assert!(error.contains(nothing.trim_end_matches('/')), "{nothing}: {error}");
    }
}

const MAIN: &str = r#"provider "aws" {
  region = "ap-northeast-2"
}

resource "aws_s3_bucket" "open" {
  bucket = "open-to-all"
}

resource "aws_instance" "web" {
  ami                         = "ami-1"
  instance_type               = "t3.micro"
  associate_public_ip_address = true
}
"#;

fn plan() -> Value {
    let bucket = json!({"bucket": "open-to-all", "acl": null, "tags": null});
    let web = json!({"ami": "ami-1", "instance_type": "t3.micro", "associate_public_ip_address": true});
    let job = json!({"name": "nightly"});
    let managed = |kind: &str, name: &str, values: &Value| json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name, "values": values});
    let change = |address: &str, values: &Value, unknown: Value| json!({"address": address, "change": {"actions": ["create"], "before": null, "after": values, "after_unknown": unknown}});
    json!({
        "format_version": "1.2", "terraform_version": "1.9.5",
        "planned_values": {"root_module": {"resources": [
            managed("aws_s3_bucket", "open", &bucket), managed("aws_instance", "web", &web), managed("aws_glue_job", "nightly", &job),
        ]}},
        "resource_changes": [
            change("aws_s3_bucket.open", &bucket, json!({"id": true, "arn": true})),
            change("aws_instance.web", &web, json!({"id": true, "public_ip": true, "metadata_options": true})),
            change("aws_glue_job.nightly", &job, json!({"id": true})),
        ],
        "configuration": {
            "provider_config": {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "ap-northeast-2"}}}},
            "root_module": {"resources": [
                {"address": "aws_s3_bucket.open", "provider_config_key": "aws", "expressions": {"bucket": {"constant_value": "open-to-all"}}},
                {"address": "aws_instance.web", "provider_config_key": "aws", "expressions": {"associate_public_ip_address": {"constant_value": true}}},
                {"address": "aws_glue_job.nightly", "provider_config_key": "aws", "expressions": {"name": {"constant_value": "nightly"}}},
            ]},
        },
    })
}

const TEMPLATE: &str = "AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Door:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: open to the world
      VpcId: vpc-1
      SecurityGroupIngress:
        - {IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}
  Data:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: postgres, DBInstanceClass: db.t3.micro, PubliclyAccessible: true}
";

fn has(report: &Value, rule: &str, address: &str, line: u64) -> bool {
    let all = report["findings"].as_array().expect("findings");
    all.iter().any(|one| {
        let place = &one["subject"]["location"];
        one["rule"] == rule && place["address"] == address && place["line"] == line
    })
}

#[test]
fn a_plan_and_a_template_give_findings_with_their_places() {
    let haechi = Haechi::new();
    let folder = haechi.folder().to_owned();
    std::fs::create_dir(folder.join("tf")).expect("a folder");
    write(&folder, "tf/main.tf", MAIN);
    write(&folder, "plan.json", &plan().to_string());
    write(&folder, "template.yaml", TEMPLATE);
    let both = ["assess", "plan.json", "template.yaml", "--source", "tf", "--strict"];
    let report = haechi.json(&[&both[..], &["--format", "json"]].concat(), 1);
    for (rule, address, line) in [
        ("S3_BUCKET_VERSIONING_ENABLED", "aws_s3_bucket.open", 5),
        ("EC2_INSTANCE_NO_PUBLIC_IP", "aws_instance.web", 9),
        ("INCOMING_SSH_DISABLED", "Door", 3),
        ("RDS_INSTANCE_PUBLIC_ACCESS_CHECK", "Data", 10),
    ] {
        assert!(has(&report, rule, address, line), "{rule} {address}:{line}\n{:#}", report["findings"]);
    }
    let unknown = report["evaluations"]["by"].as_array().expect("counts");
    let imds = unknown.iter().find(|line| line["rule"] == "EC2_IMDSV2_CHECK").expect("the rule was judged");
    assert_eq!((&imds["insufficientData"], &imds["nonCompliant"]), (&1.into(), &0.into()), "the AMI decides");
    assert_eq!(report["code"]["notMapped"][0]["type"], "aws_glue_job");
    assert!(!report.to_string().contains("assigned when it starts"), "no value is made up");
    for (language, words) in [("en", "aws_glue_job (1)"), ("ko", "aws_glue_job (1)"), ("ja", "aws_glue_job (1)")] {
        let text = haechi.text(&[&both[..], &["--lang", language]].concat(), 1);
        assert!(text.contains(words) && text.contains("main.tf:9:1") && text.contains("late.yaml:3:3"), "{text}");
    }
    let csv = haechi.text(&[&both[..], &["--format", "csv"]].concat(), 1);
    assert!(csv.lines().any(|line| line.ends_with("main.tf:9:1,aws_instance.web")), "{csv}");
    haechi.run(&[&both[..], &["--export", "report.html"]].concat(), 1);
    let html = std::fs::read_to_string(folder.join("report.html")).expect("the report");
    assert!(html.contains("main.tf:9:1") && html.contains("template.yaml:3:3"));
    assert!(!folder.join("haechi.db").exists(), "what is not built yet is no part of the record");
}

#[test]
fn sources_that_hold_little_or_nothing() {
    let haechi = Haechi::new();
    let folder = haechi.folder().to_owned();
    let empty = json!({"format_version": "1.2", "terraform_version": "1.9.5", "planned_values": {"root_module": {}}});
    let mut destroy = empty.clone();
    destroy["resource_changes"] = json!([{"address": "aws_s3_bucket.a", "mode": "managed", "type": "aws_s3_bucket",
        "change": {"actions": ["delete"], "before": {"bucket": "a"}, "after": null, "after_unknown": {}}}]);
    for (name, plan) in [("empty.json", &empty), ("destroy.json", &destroy)] {
        write(&folder, name, &plan.to_string());
        let report = haechi.json(&["assess", name, "--strict", "--format", "json"], 0);
        assert_eq!((&report["findings"], &report["unreadable"]), (&json!([]), &json!([])), "{name}");
    }
    write(&folder, "other.yaml", "Resources:\n  Job:\n    Type: AWS::Glue::Job\n");
    let report = haechi.json(&["assess", "other.yaml", "--strict", "--format", "json"], 0);
    assert_eq!(report["code"]["notMapped"][0]["type"], "AWS::Glue::Job");
    for (name, text, words) in [
        (
            "none.yaml",
            "AWSTemplateFormatVersion: '2010-09-09'\nParameters: {}\n",
            "none.yaml:1:1: the template has no `Resources`",
        ),
        ("cut.yaml", "Resources:\n  A:\n    Type: AWS::S3::Bucket\n   B: [\n", "cut.yaml:4:4: not valid YAML"),
        ("cut.json", "{\"format_version\":\"1.2\",\"planned_values\":{\"root_", "not JSON"),
        ("zero.json", "", "the file is empty"),
        ("zero.json", "", "CloudFormation templates"),
    ] {
        write(&folder, name, text);
        let error = String::from_utf8(haechi.run(&["assess", name], 2).stderr).expect("UTF-8");
        assert!(error.contains(words), "{name}: {error}");
    }
}
