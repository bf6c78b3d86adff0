//! A small run with something of everything, and the same with thousands of findings.

use std::collections::BTreeMap;

use haechi_content::{ControlRef, Fix, Text};
use haechi_model::*;
use haechi_report::*;
use serde_json::{Value, json};

const NOW: &str = "2026-11-22T09:30:00Z";

fn text(en: &str, ko: &str, ja: &str) -> Text {
    Text { en: en.into(), ko: ko.into(), ja: ja.into() }
}

fn at(moment: &str) -> Timestamp {
    moment.parse().unwrap()
}

fn instance(rule: &str) -> InstanceId {
    RuleInstance::new(rule, BTreeMap::new(), None).id
}

const ACCOUNTS: [(&str, &str, &str); 3] = [
    ("111122223333", "payments-prod", "Root/Workloads/Prod"),
    ("444455556666", "payments-dev", "Root/Workloads/Dev"),
    ("777788889999", "log-archive", "Root/Security"),
];

type RuleRow =
    (&'static str, Severity, [&'static str; 3], [&'static str; 3], [&'static str; 3], &'static [&'static str]);

const RULES: [RuleRow; 6] = [
    (
        "S3_BUCKET_PUBLIC_READ_PROHIBITED",
        Severity::Critical,
        [
            "S3 buckets do not allow public read access",
            "S3 버킷은 퍼블릭 읽기 액세스를 허용하지 않습니다",
            "S3 バケットはパブリック読み取りアクセスを許可しない",
        ],
        [
            "Anyone on the internet can list or download what the bucket holds.",
            "인터넷의 누구나 버킷의 객체를 나열하거나 다운로드할 수 있습니다.",
            "インターネット上の誰もがバケットのオブジェクトを一覧表示またはダウンロードできます。",
        ],
        [
            "{ $statements } statements of the bucket policy let everyone read it.",
            "버킷 정책의 문 { $statements }개가 모든 사용자에게 읽기를 허용합니다.",
            "バケットポリシーの { $statements } 個のステートメントが全員に読み取りを許可しています。",
        ],
        &["aws-fsbp:S3.2", "kisms:2.10.2"],
    ),
    (
        "INCOMING_SSH_DISABLED",
        Severity::High,
        [
            "Security groups do not allow SSH from 0.0.0.0/0",
            "보안 그룹은 0.0.0.0/0의 SSH를 허용하지 않습니다",
            "セキュリティグループは 0.0.0.0/0 からの SSH を許可しない",
        ],
        [
            "Every scanner on the internet tries port 22 within minutes.",
            "인터넷의 스캐너는 몇 분 안에 22번 포트를 시도합니다.",
            "インターネット上のスキャナーは数分以内にポート 22 を試行します。",
        ],
        [
            "Inbound rules open port 22 to { $cidrs }.",
            "인바운드 규칙이 22번 포트를 { $cidrs }에 개방합니다.",
            "インバウンドルールがポート 22 を { $cidrs } に開放しています。",
        ],
        &["aws-fsbp:EC2.13"],
    ),
    (
        "RDS_STORAGE_ENCRYPTED",
        Severity::Medium,
        [
            "RDS DB instances are encrypted at rest",
            "RDS DB 인스턴스는 저장 시 암호화됩니다",
            "RDS DB インスタンスは保管時に暗号化されている",
        ],
        [
            "A copied disk or snapshot can be read.",
            "복사된 디스크나 스냅샷을 읽을 수 있습니다.",
            "コピーされたディスクやスナップショットが読み取られるおそれがあります。",
        ],
        ["Storage encryption is off.", "스토리지 암호화가 꺼져 있습니다.", "ストレージの暗号化が無効です。"],
        &["aws-fsbp:RDS.3"],
    ),
    (
        "ACCESS_KEYS_ROTATED",
        Severity::Medium,
        [
            "IAM users' access keys are rotated in time",
            "IAM 사용자의 액세스 키는 기한 내에 교체됩니다",
            "IAM ユーザーのアクセスキーは期限内にローテーションされている",
        ],
        [
            "An old key has had long to leak.",
            "오래된 키는 유출되었을 가능성이 높습니다.",
            "古いキーほど漏えいしている可能性が高くなります。",
        ],
        [
            "Key { $key } is older than { $days } days.",
            "액세스 키 { $key }이(가) { $days }일보다 오래되었습니다.",
            "アクセスキー { $key } は { $days } 日より古くなっています。",
        ],
        &["aws-fsbp:IAM.3", "kisms:2.5.4"],
    ),
    (
        "CLOUD_TRAIL_LOG_FILE_VALIDATION_ENABLED",
        Severity::Low,
        [
            "CloudTrail log file validation is on",
            "CloudTrail 로그 파일 검증이 활성화되어 있습니다",
            "CloudTrail のログファイル検証が有効になっている",
        ],
        [
            "A changed log file would go unnoticed.",
            "로그 파일이 변경되어도 알 수 없습니다.",
            "ログファイルが改ざんされても気付けません。",
        ],
        ["Log file validation is off.", "로그 파일 검증이 꺼져 있습니다.", "ログファイルの検証が無効です。"],
        &["aws-fsbp:CloudTrail.4"],
    ),
    (
        "EC2_EBS_ENCRYPTION_BY_DEFAULT",
        Severity::Medium,
        [
            "EBS default encryption is on",
            "EBS 기본 암호화가 활성화되어 있습니다",
            "EBS のデフォルトの暗号化が有効になっている",
        ],
        [
            "New volumes may be stored in the clear.",
            "새 볼륨이 암호화되지 않은 상태로 저장될 수 있습니다.",
            "新しいボリュームが暗号化されずに保存されるおそれがあります。",
        ],
        ["Default encryption is off.", "기본 암호화가 꺼져 있습니다.", "デフォルトの暗号化が無効です。"],
        &["aws-fsbp:EC2.7"],
    ),
];

fn rule_info(row: &RuleRow) -> RuleInfo {
    let of = |words: &[&str; 3]| text(words[0], words[1], words[2]);
    RuleInfo {
        title: of(&row.2),
        why: of(&row.3),
        says: of(&row.4),
        severity: row.1,
        fix: Fix {
            text: text(
                "Change the setting in the console, with the calls below, or with the automation document.",
                "콘솔에서 설정을 변경하거나 아래 API 호출 또는 자동화 문서를 사용하십시오.",
                "コンソールで設定を変更するか、以下の API コールまたはオートメーションドキュメントを使用してください。",
            ),
            ssm: (row.0 == "S3_BUCKET_PUBLIC_READ_PROHIBITED").then(|| "AWS-DisableS3BucketPublicReadWrite".into()),
            calls: vec!["s3:PutPublicAccessBlock".into()],
        },
        controls: row
            .5
            .iter()
            .map(|id| ControlRef {
                id: (*id).into(),
                source: "https://docs.aws.amazon.com/securityhub/latest/userguide/".into(),
            })
            .collect(),
        references: vec![format!(
            "https://docs.aws.amazon.com/config/latest/developerguide/{}.html",
            row.0.to_lowercase().replace('_', "-")
        )],
    }
}

struct Row<'a> {
    rule: usize,
    account: usize,
    region: &'a str,
    kind: &'a str,
    id: &'a str,
    args: Value,
    evidence: Value,
    change: Change,
    first_seen: &'a str,
}

fn entry(row: Row<'_>) -> FindingEntry {
    let (rule, severity, _, _, _, controls) = RULES[row.rule];
    let (account, name, ou) = ACCOUNTS[row.account];
    let key = ResourceKey {
        partition: Partition::aws(),
        account_id: account.parse().unwrap(),
        region: row.region.parse().unwrap(),
        resource_type: row.kind.parse().unwrap(),
        resource_id: row.id.into(),
    };
    let args = serde_json::from_value(row.args).unwrap();
    FindingEntry {
        finding: Finding {
            id: Finding::id_of(FindingKind::Rule, instance(rule), &key, ""),
            kind: FindingKind::Rule,
            rule: rule.into(),
            rule_instance: instance(rule),
            parameters: BTreeMap::new(),
            subject: Subject {
                arn: Some(format!("arn:aws:example:{}:{account}:{}", row.region, row.id)),
                key,
                resource_name: None,
                account_name: Some(name.into()),
                ou_path: Some(ou.into()),
                owner: Some("platform".into()),
                tags: [("env".to_owned(), "prod".to_owned())].into(),
                location: None,
            },
            sub_key: String::new(),
            severity,
            message: Message { id: format!("rule:{rule}"), args },
            evidence: match row.evidence {
                Value::Array(parts) => parts,
                _ => Vec::new(),
            },
            controls: controls.iter().map(|id| (*id).to_owned()).collect(),
            state: match row.change {
                Change::Resolved => FindingState::Resolved { because: ResolvedBecause::Fixed, resolved_at: at(NOW) },
                _ => FindingState::Open,
            },
            first_seen: at(row.first_seen),
            last_seen: at(NOW),
            due: at(row.first_seen).plus_days(severity.due_days()),
            reopened: u32::from(row.change == Change::Reopened),
        },
        change: row.change,
        suppression: None,
        assignee: None,
    }
}

/// Names that try to break each format.
pub const HOSTILE: [&str; 4] = [
    "</script><script>alert(1)</script>",
    "=HYPERLINK(\"https://evil.example\",\"x\")",
    "bucket\u{202e}gpj.exe",
    "line one\nline two, \"quoted\" & <b>bold</b>",
];

fn findings() -> Vec<FindingEntry> {
    let s3 = "AWS::S3::Bucket";
    let group = "AWS::EC2::SecurityGroup";
    let statement = json!([{"sid": "PublicRead", "reason": "Principal is *", "statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}}]);
    let cidr = json!([{"fromPort": 22, "toPort": 22, "ipv4Ranges": [{"cidrIp": "0.0.0.0/0"}]}]);
    let none = Value::Null;
    let mut rows = vec![
        Row {
            rule: 0,
            account: 0,
            region: "ap-northeast-2",
            kind: s3,
            id: "payments-prod-invoices-export-2026",
            args: json!({"statements": 1}),
            evidence: statement.clone(),
            change: Change::New,
            first_seen: NOW,
        },
        Row {
            rule: 0,
            account: 1,
            region: "us-east-1",
            kind: s3,
            id: "dev-scratch",
            args: json!({"statements": 2}),
            evidence: statement,
            change: Change::Still,
            first_seen: "2026-10-02T00:00:00Z",
        },
        Row {
            rule: 1,
            account: 0,
            region: "ap-northeast-2",
            kind: group,
            id: "sg-0a1b2c3d4e5f67890",
            args: json!({"cidrs": ["0.0.0.0/0", "::/0"]}),
            evidence: cidr.clone(),
            change: Change::Reopened,
            first_seen: "2026-09-01T00:00:00Z",
        },
        Row {
            rule: 1,
            account: 1,
            region: "eu-west-1",
            kind: group,
            id: "sg-0ffeeddccbbaa9988",
            args: json!({"cidrs": ["0.0.0.0/0"]}),
            evidence: cidr,
            change: Change::Still,
            first_seen: "2026-11-21T09:00:00Z",
        },
        Row {
            rule: 2,
            account: 0,
            region: "ap-northeast-2",
            kind: "AWS::RDS::DBInstance",
            id: "orders",
            args: json!({}),
            evidence: none.clone(),
            change: Change::Still,
            first_seen: "2026-06-11T00:00:00Z",
        },
        Row {
            rule: 3,
            account: 2,
            region: "global",
            kind: "AWS::IAM::User",
            id: "AIDAEXAMPLE",
            args: json!({"key": "AKIAEXAMPLE", "days": 90}),
            evidence: none.clone(),
            change: Change::Still,
            first_seen: "2026-05-01T00:00:00Z",
        },
        Row {
            rule: 4,
            account: 2,
            region: "us-east-1",
            kind: "AWS::CloudTrail::Trail",
            id: "arn:aws:cloudtrail:us-east-1:777788889999:trail/organization",
            args: json!({}),
            evidence: none.clone(),
            change: Change::Still,
            first_seen: "2026-11-01T00:00:00Z",
        },
        Row {
            rule: 5,
            account: 1,
            region: "eu-west-1",
            kind: "AWS::::Account",
            id: "444455556666",
            args: json!({}),
            evidence: none.clone(),
            change: Change::Resolved,
            first_seen: "2026-08-01T00:00:00Z",
        },
    ];
    rows.extend(HOSTILE.iter().map(|id| Row {
        rule: 2,
        account: 1,
        region: "us-east-1",
        kind: "AWS::RDS::DBInstance",
        id,
        args: json!({}),
        evidence: json!([id]),
        change: Change::Still,
        first_seen: "2026-11-10T00:00:00Z",
    }));
    let mut entries: Vec<_> = rows.into_iter().map(entry).collect();
    entries[3].assignee = Some("kim".into());
    entries[4].suppression =
        Some(Suppression { reason: "migrated in December".into(), owner: "lee".into(), expires: None });
    entries
}

fn evaluations() -> Vec<EvaluationCount> {
    let mut counts = Vec::new();
    for (at, (account, _, _)) in ACCOUNTS.iter().enumerate() {
        for (number, (rule, ..)) in RULES.iter().enumerate() {
            let kind = [
                "AWS::S3::Bucket",
                "AWS::EC2::SecurityGroup",
                "AWS::RDS::DBInstance",
                "AWS::IAM::User",
                "AWS::CloudTrail::Trail",
                "AWS::::Account",
            ][number];
            counts.push(EvaluationCount {
                rule: (*rule).into(),
                instance: instance(rule),
                account_id: account.parse().unwrap(),
                region: "us-east-1".parse().unwrap(),
                resource_type: kind.parse().unwrap(),
                counts: Counts {
                    compliant: 14 + 31 * (number as u64 % 3) + 7 * at as u64,
                    non_compliant: 2 * (3 - at as u64),
                    not_applicable: number as u64,
                    insufficient_data: u64::from(number == 2 && at == 2),
                },
            });
        }
    }
    counts
}

fn packs() -> Vec<PackResult> {
    let rule = |rule: &str, compliance: Compliance, non_compliant: u64| PackRule {
        name: rule.to_lowercase().replace('_', "-"),
        rule: rule.into(),
        instance: Some(instance(rule)),
        compliance,
        counts: Counts { compliant: 40, non_compliant, ..Counts::default() },
        note: None,
    };
    let missing = PackRule {
        name: "backup-plan-min-frequency".into(),
        rule: "BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK".into(),
        instance: None,
        compliance: Compliance::InsufficientData,
        counts: Counts::default(),
        note: Some(Message::new("rule-not-implemented")),
    };
    vec![
        PackResult {
            name: "Operational-Best-Practices-for-KISMS".into(),
            rules: vec![
                rule(RULES[0].0, Compliance::NonCompliant, 2),
                rule(RULES[1].0, Compliance::NonCompliant, 2),
                rule(RULES[4].0, Compliance::Compliant, 0),
                rule(RULES[5].0, Compliance::Compliant, 0),
                missing,
            ],
        },
        PackResult {
            name: "Operational-Best-Practices-for-CIS-AWS-v1.4-Level2".into(),
            rules: vec![
                rule(RULES[3].0, Compliance::NonCompliant, 1),
                rule(RULES[5].0, Compliance::Compliant, 0),
                rule(RULES[2].0, Compliance::Compliant, 0),
            ],
        },
    ]
}

fn coverage() -> Vec<Coverage> {
    let mut lines = Vec::new();
    for (account, _, _) in ACCOUNTS {
        for region in ["us-east-1", "ap-northeast-2", "eu-west-1"] {
            for kind in ["AWS::S3::Bucket", "AWS::KMS::Key", "AWS::EC2::SecurityGroup"] {
                let denied = kind == "AWS::KMS::Key" && account == "777788889999";
                let gap = |code: &str, action: Option<&str>| CoverageState::Failed {
                    gap: Gap {
                        code: code.into(),
                        message: "User is not authorized to perform this action".into(),
                        operation: "kms:ListKeys".into(),
                        missing_action: action.map(str::to_owned),
                    },
                };
                lines.push(Coverage {
                    account_id: account.parse().unwrap(),
                    region: region.parse().unwrap(),
                    resource_type: kind.parse().unwrap(),
                    state: match (denied, region) {
                        (true, "eu-west-1") => gap("Timeout", None),
                        (true, _) => gap("AccessDeniedException", Some("kms:ListKeys")),
                        (false, _) => CoverageState::Complete,
                    },
                    resources: 12,
                });
            }
        }
    }
    lines
}

pub fn report() -> Report {
    Report {
        threats: None,
        meta: Meta {
            version: "0.1.0".into(),
            run_id: Some("7".into()),
            generated_at: at(NOW),
            as_of: None,
            sources: vec![Source { kind: SourceKind::Example, name: String::new() }],
            organization: Some("o-exampleorgid".into()),
            resources: 1154,
            took_micros: Some(412_000),
        },
        comparison: Some(Comparison {
            since: at("2026-11-21T09:30:00Z"),
            new: 1,
            reopened: 1,
            still: 9,
            fixed: 1,
            deleted: 0,
            not_applicable: 0,
            rule_gone: 0,
            unknown: 2,
        }),
        findings: findings(),
        rules: RULES.iter().map(|row| (row.0.to_owned(), rule_info(row))).collect(),
        controls: [(
            "aws-fsbp:S3.2".to_owned(),
            text(
                "S3 general purpose buckets should block public read access",
                "S3 범용 버킷은 퍼블릭 읽기 액세스를 차단해야 합니다",
                "S3 汎用バケットはパブリック読み取りアクセスをブロックする必要があります",
            ),
        )]
        .into(),
        evaluations: evaluations(),
        packs: packs(),
        accounts: ACCOUNTS
            .iter()
            .map(|(id, name, ou)| Account {
                id: id.parse().unwrap(),
                name: Some((*name).into()),
                ou_path: Some((*ou).into()),
            })
            .collect(),
        coverage: coverage(),
        coverage_beyond: Listings::default(),
        not_implemented: vec![MissingRule {
            rule: "BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK".into(),
            packs: vec!["Operational-Best-Practices-for-KISMS".into()],
        }],
        unreadable: vec![Unreadable {
            path: "snapshots/2026/truncated.json.gz".into(),
            line: Some(1),
            column: Some(20_481),
            reason: Message::new("verbatim").with("text", "the file ends in the middle of an item"),
        }],
        code: haechi_report::Code::default(),
        suppressed: 1,
        next: vec![
            NextStep { command: "haechi findings show 4d1f".into(), reason: Message::new("next-show") },
            NextStep { command: "haechi assess --export report.html".into(), reason: Message::new("next-html") },
        ],
    }
}

/// Nothing seen, nothing judged.
pub fn empty() -> Report {
    let full = report();
    Report {
        threats: None,
        comparison: None,
        findings: Vec::new(),
        rules: BTreeMap::new(),
        controls: BTreeMap::new(),
        evaluations: Vec::new(),
        packs: Vec::new(),
        accounts: Vec::new(),
        coverage: Vec::new(),
        coverage_beyond: Listings::default(),
        not_implemented: Vec::new(),
        unreadable: Vec::new(),
        code: haechi_report::Code::default(),
        suppressed: 0,
        next: Vec::new(),
        meta: Meta { resources: 0, sources: Vec::new(), ..full.meta },
    }
}

/// The sample with so many findings more.
pub fn large(findings: usize) -> Report {
    let mut report = report();
    let kinds = [
        "AWS::S3::Bucket",
        "AWS::EC2::SecurityGroup",
        "AWS::RDS::DBInstance",
        "AWS::IAM::User",
        "AWS::CloudTrail::Trail",
        "AWS::::Account",
    ];
    report.findings.extend((0..findings).map(|number| {
        let rule = number * 7 % 6;
        let id = format!("resource-{number:05}");
        entry(Row {
            rule,
            account: number % 3,
            region: ["us-east-1", "ap-northeast-2", "eu-west-1"][number / 3 % 3],
            kind: kinds[rule],
            id: &id,
            args: json!({"statements": 1, "cidrs": ["0.0.0.0/0"], "key": "AKIAEXAMPLE", "days": 90}),
            evidence: json!([{"number": number}]),
            change: [Change::New, Change::Still, Change::Still, Change::Still][number % 4],
            first_seen: "2026-07-01T00:00:00Z",
        })
    }));
    report
}
