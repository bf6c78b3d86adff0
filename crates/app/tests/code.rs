//! A Terraform plan and a template with known faults give exactly their findings, each with its place; what is
//! not known gives none.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use haechi_app::{App, AssessRequest, Assessment, Options, SettingsFile, Silent, Stop, UserError};
use haechi_content::Language;
use haechi_model::{Compliance, Timestamp};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../iac/tests/data").join(name)
}

fn app(folder: &Path) -> App {
    App::open(Options {
        store: folder.join("store.db"),
        content: None,
        settings: SettingsFile::default(),
        language: Language::En,
        version: "0",
        clock: || Timestamp::from_seconds(1_795_000_000),
    })
    .unwrap()
}

async fn assess(request: AssessRequest) -> (Result<Assessment, UserError>, bool) {
    let folder = tempfile::tempdir().unwrap();
    let result = app(folder.path()).assess(&request, &Silent, &Stop::default()).await;
    (result, folder.path().join("store.db").exists())
}

/// Rule, address, and the place in the file.
fn findings(assessment: &Assessment) -> BTreeSet<(String, String, String)> {
    let entry = |entry: &haechi_report::FindingEntry| {
        let location = entry.finding.subject.location.clone().expect("every finding has a place");
        let name = Path::new(&location.file).file_name().unwrap().to_string_lossy().into_owned();
        let line = location.line.map_or(name.clone(), |line| format!("{name}:{line}"));
        (entry.finding.rule.clone(), location.address, line)
    };
    assessment.report.findings.iter().map(entry).collect()
}

fn wanted(list: &[(&str, &str, &str)]) -> BTreeSet<(String, String, String)> {
    list.iter().map(|(rule, address, line)| ((*rule).to_owned(), (*address).to_owned(), (*line).to_owned())).collect()
}

/// Evaluations of a rule that came out as insufficient data.
fn unknown(assessment: &Assessment, rule: &str) -> u64 {
    let of_rule = assessment.report.evaluations.iter().filter(|line| line.rule == rule);
    of_rule.map(|line| line.counts.insufficient_data).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_with_known_faults() {
    let request = AssessRequest {
        sources: vec![data("terraform/plan.json")],
        source_folder: Some(data("terraform")),
        ..AssessRequest::default()
    };
    let (result, stored) = assess(request).await;
    let assessment = result.unwrap();
    assert!(!stored, "the plan is judged in a store of its own");
    let (a, b) = (r#"module.store.aws_s3_bucket.this["a"]"#, r#"module.store.aws_s3_bucket.this["b"]"#);
    let want = wanted(PLAN_FINDINGS);
    assert_eq!(findings(&assessment), want);
    // The volume without a word on encryption: the account's default decides. One rule, one volume.
    assert_eq!(unknown(&assessment, "ENCRYPTED_VOLUMES"), 1);
    assert_eq!(unknown(&assessment, "CLOUD_TRAIL_ENABLED"), 1);
    assert!(want.iter().any(|(rule, address, _)| rule == "S3_BUCKET_VERSIONING_ENABLED" && address == b));
    assert!(!want.iter().any(|(rule, address, _)| rule == "S3_BUCKET_VERSIONING_ENABLED" && address == a));
    let kinds: Vec<_> = assessment.report.code.not_mapped.iter().map(|one| (one.kind.as_str(), one.count)).collect();
    assert_eq!(kinds, [("aws_glue_job", 1)]);
    assert_eq!(assessment.report.code.notes, []);
    let accounts: Vec<_> = assessment.report.accounts.iter().map(|account| account.id.to_string()).collect();
    assert_eq!(accounts, ["111122223333"]);
    let text = serde_json::to_string(&assessment.report.findings[0].finding).unwrap();
    assert!(!text.contains("not-a-secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_with_known_faults() {
    let request = AssessRequest { sources: vec![data("template.yaml")], ..AssessRequest::default() };
    let assessment = assess(request).await.0.unwrap();
    assert_eq!(findings(&assessment), wanted(TEMPLATE_FINDINGS));
    // Encrypted or not: that depends on a parameter without a value.
    assert_eq!(unknown(&assessment, "RDS_STORAGE_ENCRYPTED"), 1);
    let notes: Vec<_> = assessment.report.code.notes.iter().map(|note| note.message.id.as_str()).collect();
    assert_eq!(
        notes,
        [
            "note-template-serverless",
            "note-template-nested",
            "note-template-parameter",
            "note-no-account",
            "note-no-region"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_change_what_a_template_is() {
    let request = AssessRequest {
        sources: vec![data("template.yaml")],
        parameters: vec!["Environment=prod".into(), "Password=x".into(), "AdminCidr=10.0.0.0/8".into()],
        ..AssessRequest::default()
    };
    let assessment = assess(request).await.0.unwrap();
    let found = findings(&assessment);
    let has = |rule: &str| found.iter().any(|(found, _, _)| found == rule);
    assert!(!has("INCOMING_SSH_DISABLED") && !has("S3_BUCKET_VERSIONING_ENABLED"), "{found:?}");
    assert!(has("ENCRYPTED_VOLUMES"), "the volume is made in production");
    assert_eq!(unknown(&assessment, "RDS_STORAGE_ENCRYPTED"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let check = async |name: &str, bytes: &[u8], words: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let request = AssessRequest { sources: vec![path], ..AssessRequest::default() };
        let error = assess(request).await.0.err().unwrap_or_else(|| panic!("{name} was taken")).to_string();
        assert!(error.contains(words), "{name}: {error}");
    };
    check("plan.json", br#"{"format_version":"2.0","planned_values":{}}"#, "format_version").await;
    check("cut.json", br#"{"format_version":"1.2","planned_values":{"root_"#, "not JSON").await;
    check("none.json", br#"{"format_version":"1.2","terraform_version":"1"}"#, "neither planned_values").await;
    check("bytes.json", b"{\"format_version\":\"1.2\",\"planned_values\":{\"a\":\"\xff\"}}", "UTF-8").await;
    check("state.json", br#"{"version":3,"terraform_version":"0.11","lineage":"x"}"#, "Version 3").await;
    check("t.yaml", b"AWSTemplateFormatVersion: '2010-09-09'\nParameters: {}\n", "Resources").await;
    check("utf.yaml", b"AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  A: {Type: \"\xff\"}\n", "UTF-8").await;
    let bomb = format!(
        "AWSTemplateFormatVersion: '2010-09-09'\na: &a [x,x,x,x,x,x,x,x,x,x]\n{}Resources: {{}}\n",
        ('b'..'j')
            .map(|name| {
                let before = char::from(name as u8 - 1);
                format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 10].join(","))
            })
            .collect::<String>()
    );
    check("bomb.yaml", bomb.as_bytes(), "bomb.yaml").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn judged_as_compliant_is_not_a_finding() {
    let request = AssessRequest { sources: vec![data("template.yaml")], ..AssessRequest::default() };
    let assessment = assess(request).await.0.unwrap();
    let counts = assessment.report.evaluations.iter().filter(|line| line.rule == "VPC_FLOW_LOGS_ENABLED");
    let counts: Vec<_> = counts.map(|line| line.counts).collect();
    assert_eq!(counts.len(), 1);
    let mut want = haechi_report::Counts::default();
    want.count(Compliance::Compliant);
    assert_eq!(counts[0], want, "the flow log is for the template's own VPC");
}

const PLAN_FINDINGS: &[(&str, &str, &str)] = &[
    ("ENCRYPTED_VOLUMES", "aws_ebs_volume.data", "main.tf:40"),
    ("INCOMING_SSH_DISABLED", "aws_security_group.web", "main.tf:24"),
    ("RDS_INSTANCE_PUBLIC_ACCESS_CHECK", "aws_db_instance.main", "main.tf:51"),
    ("RDS_LOGGING_ENABLED", "aws_db_instance.main", "main.tf:51"),
    ("S3_BUCKET_LOGGING_ENABLED", "aws_s3_bucket.open", "main.tf:6"),
    ("S3_BUCKET_LOGGING_ENABLED", r#"module.store.aws_s3_bucket.this["a"]"#, "main.tf:1"),
    ("S3_BUCKET_LOGGING_ENABLED", r#"module.store.aws_s3_bucket.this["b"]"#, "main.tf:1"),
    ("S3_BUCKET_PUBLIC_READ_PROHIBITED", "aws_s3_bucket.open", "main.tf:6"),
    ("S3_BUCKET_REPLICATION_ENABLED", "aws_s3_bucket.open", "main.tf:6"),
    ("S3_BUCKET_REPLICATION_ENABLED", r#"module.store.aws_s3_bucket.this["a"]"#, "main.tf:1"),
    ("S3_BUCKET_REPLICATION_ENABLED", r#"module.store.aws_s3_bucket.this["b"]"#, "main.tf:1"),
    ("S3_BUCKET_SSL_REQUESTS_ONLY", "aws_s3_bucket.open", "main.tf:6"),
    ("S3_BUCKET_SSL_REQUESTS_ONLY", r#"module.store.aws_s3_bucket.this["a"]"#, "main.tf:1"),
    ("S3_BUCKET_SSL_REQUESTS_ONLY", r#"module.store.aws_s3_bucket.this["b"]"#, "main.tf:1"),
    ("S3_BUCKET_VERSIONING_ENABLED", "aws_s3_bucket.open", "main.tf:6"),
    ("S3_BUCKET_VERSIONING_ENABLED", r#"module.store.aws_s3_bucket.this["b"]"#, "main.tf:1"),
    ("S3_DEFAULT_ENCRYPTION_KMS", "aws_s3_bucket.open", "main.tf:6"),
    ("S3_DEFAULT_ENCRYPTION_KMS", r#"module.store.aws_s3_bucket.this["a"]"#, "main.tf:1"),
    ("S3_DEFAULT_ENCRYPTION_KMS", r#"module.store.aws_s3_bucket.this["b"]"#, "main.tf:1"),
    ("VPC_FLOW_LOGS_ENABLED", "aws_vpc.main", "main.tf:36"),
    ("VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS", "aws_security_group.web", "main.tf:24"),
];

const TEMPLATE_FINDINGS: &[(&str, &str, &str)] = &[
    ("IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS", "Everything", "template.yaml:80"),
    // All actions on everything are also the passing of every role to whatever service.
    ("IAM_POLICY_VALID", "Everything", "template.yaml:80"),
    ("INCOMING_SSH_DISABLED", "Admin", "template.yaml:54"),
    ("RDS_LOGGING_ENABLED", "Database", "template.yaml:61"),
    ("S3_BUCKET_LOGGING_ENABLED", "Logs", "template.yaml:21"),
    ("S3_BUCKET_REPLICATION_ENABLED", "Logs", "template.yaml:21"),
    ("S3_BUCKET_VERSIONING_ENABLED", "Logs", "template.yaml:21"),
    ("S3_DEFAULT_ENCRYPTION_KMS", "Logs", "template.yaml:21"),
    ("VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS", "Admin", "template.yaml:54"),
];
