//! Threats of every origin and log, in whose fields an attacker wrote what terminals, spreadsheets and browsers would run.

use haechi_content::Text;
use haechi_model::event::Log;
use haechi_model::*;
use haechi_report::*;

pub const ESCAPES: &str = "evil\u{1b}]0;owned\u{7}\u{1b}[2Jagent";
pub const FORMULA: &str = "=cmd|'/C calc'!A0";
pub const MARKUP: &str = "<img src=x onerror=alert(1)>";
pub const TURNED: &str = "invoice\u{202e}fdp.exe";
pub const BREACH: &str = "Exfiltration:S3/AnomalousBehavior";
pub const PORTS: &str = "Recon:EC2/PortProbeUnprotectedPort";
pub const SIGMA: &str = "4d46cc0e-05ea-4ef7-a5fd-1f0c0a1ab7b7";
pub const SEQUENCE: &str = "AttackSequence:S3/CompromisedData";

pub fn long() -> String {
    format!("arn:aws:iam::111122223333:role/{}", "very-long-name-".repeat(40))
}

pub fn at(moment: &str) -> Timestamp {
    moment.parse().expect("a time")
}

fn text(en: &str, ko: &str, ja: &str) -> Text {
    Text { en: en.into(), ko: ko.into(), ja: ja.into() }
}

pub fn sighting(second: i64, id: &str, log: Log) -> Sighting {
    Sighting {
        time: Timestamp::from_seconds(at("2026-11-19T01:15:00Z").as_micros() / 1_000_000 + second),
        event_id: id.into(),
        log,
        source: "s3.amazonaws.com".into(),
        name: "GetObject".into(),
        principal: None,
        access_key: None,
        address: None,
        user_agent: None,
        error: None,
        target: None,
        file: Some("logs/2026/11/19/a.json.gz".into()),
        record: Some(second.unsigned_abs()),
    }
}

/// A threat with the least there can be.
pub fn threat(kind: &str, score: f64, entity: Entity, evidence: Vec<Sighting>) -> Threat {
    let account: AccountId = "111122223333".parse().expect("an account");
    let region: Region = "ap-northeast-2".parse().expect("a region");
    Threat {
        id: Threat::id_of(kind, &entity, &account, &region),
        kind: kind.into(),
        origin: ThreatOrigin::GuardDuty,
        title: format!("What {kind} is"),
        score: ThreatScore::new(score).expect("a score"),
        partition: "aws".parse().expect("a partition"),
        account,
        region,
        entity,
        others: Default::default(),
        message: Message::new(format!("detection:{kind}")),
        attack: vec![],
        factors: Default::default(),
        count: evidence.len() as u64,
        first_seen: evidence[0].time,
        last_seen: evidence[evidence.len() - 1].time,
        evidence,
        related: Default::default(),
        sample: false,
    }
}

pub fn entry(threat: Threat) -> ThreatEntry {
    ThreatEntry { threat, account_name: Some("shop-prod".into()), ou_path: None, suppression: None, assignee: None }
}

fn breach() -> Threat {
    let mut seen: Vec<_> = (0..5).map(|at| sighting(at * 60, &format!("breach-{at}"), Log::CloudTrail)).collect();
    seen[4].principal = Some("arn:aws:sts::111122223333:assumed-role/shop/i-0abc".into());
    seen[4].access_key = Some("ASIAEXAMPLEEXAMPLE00".into());
    seen[4].address = Some("198.51.100.7".into());
    seen[4].user_agent = Some(ESCAPES.into());
    seen[4].error = Some("AccessDenied".into());
    seen[4].target = Some(TURNED.into());
    let factor = |kind: &str, value: &str, before: u64, days: u32| Factor {
        kind: kind.into(),
        value: value.into(),
        among: "role".into(),
        before,
        days,
    };
    let entity = Entity::new(EntityKind::Bucket, "arn:aws:s3:::shop-orders");
    Threat {
        count: 1_204,
        others: [Entity::new(EntityKind::Address, "198.51.100.7")].into(),
        message: Message::new("detection").with("entity", "shop-orders").with("user_agent", ESCAPES),
        attack: vec!["T1530".into()],
        factors: [
            factor("api", "s3:GetObject", 0, 43),
            factor("user-agent", ESCAPES, 0, 1),
            factor("network", "198.51.100.0/24", 2, 43),
            factor("requestParameters.x", FORMULA, 0, 0),
        ]
        .into(),
        ..threat(BREACH, 8.0, entity, seen)
    }
}

/// Four threats that are listed, one that is suppressed; the worst of all is a sequence.
pub fn report() -> ThreatReport {
    let mut probe = sighting(10, "flow-1f2e", Log::VpcFlow);
    probe.address = Some("2001:db8::7".into());
    let ports = threat(PORTS, 2.0, Entity::new(EntityKind::Instance, "i-0abc1234def567890"), vec![probe]);
    let mut markup = sighting(20, FORMULA, Log::CloudTrail);
    markup.name = MARKUP.into();
    markup.principal = Some(TURNED.into());
    let sigma = Threat {
        origin: ThreatOrigin::Sigma,
        title: FORMULA.into(),
        ..threat(SIGMA, 5.0, Entity::new(EntityKind::Principal, MARKUP), vec![markup])
    };
    let sequence = Threat {
        count: 9,
        related: [breach().id, ports.id].into(),
        attack: vec!["T1530".into(), "T1078.004".into()],
        message: Message::new("detection").with("count", 2).with("principal", long()),
        ..threat(
            SEQUENCE,
            9.5,
            Entity::new(EntityKind::Principal, long()),
            vec![sighting(0, "breach-0", Log::CloudTrail), sighting(240, "breach-4", Log::CloudTrail)],
        )
    };
    let hidden = threat(
        "Audit:S3/TrailFileRead",
        1.0,
        Entity::new(EntityKind::Account, "111122223333"),
        vec![sighting(1, "read-1", Log::CloudTrail)],
    );
    let terms = Suppression { reason: "@SUM(1)".into(), owner: "lee".into(), expires: None };
    let info = |title: Text, says: Text| DetectionInfo {
        title,
        why: text("It matters.", "중요합니다.", "重要です。"),
        says,
        response: text("Disable the key.", "키를 비활성화하세요.", "キーを無効にしてください。"),
        playbooks: vec!["disable-key".into()],
        references: vec!["https://docs.aws.amazon.com/guardduty/".into()],
    };
    let unread = |path: &str, reason: &str| Unreadable {
        path: path.into(),
        line: Some(7),
        column: Some(3),
        reason: Message::new("verbatim").with("text", reason),
    };
    ThreatReport {
        version: "0.1.0".into(),
        generated_at: at("2026-11-22T09:30:00Z"),
        sources: vec!["logs".into(), ESCAPES.into()],
        threats: vec![
            entry(ports),
            ThreatEntry { assignee: Some(FORMULA.into()), ..entry(sigma) },
            ThreatEntry { account_name: None, suppression: Some(terms), ..entry(hidden) },
            ThreatEntry { ou_path: Some("Root/Workloads".into()), ..entry(breach()) },
            entry(sequence),
        ],
        detections: [
            (
                BREACH.to_owned(),
                info(
                    text(
                        "Objects were read unusually",
                        "객체를 비정상적으로 읽었습니다",
                        "オブジェクトが異常に読み取られた",
                    ),
                    text(
                        "Objects of { $entity } were read with { $user_agent }.",
                        "{ $user_agent }(으)로 { $entity }의 객체를 읽었습니다.",
                        "{ $user_agent } で { $entity } のオブジェクトが読み取られました。",
                    ),
                ),
            ),
            (
                SEQUENCE.to_owned(),
                info(
                    text(
                        "Data of buckets is being stolen",
                        "버킷 데이터가 유출되고 있습니다",
                        "バケットのデータが盗まれている",
                    ),
                    text(
                        "{ $count } threats of { $principal }.",
                        "{ $principal }의 위협 { $count }건.",
                        "{ $principal } の脅威 { $count } 件。",
                    ),
                ),
            ),
        ]
        .into(),
        active: 281,
        inactive: vec![
            Inactive { id: "x".into(), needs: vec!["tor-exits".into(), "geo".into()] },
            Inactive { id: "y".into(), needs: vec!["tor-exits".into()] },
        ],
        refused: vec![unread("rules/monster.yml", ESCAPES)],
        read: LogsRead {
            files: 3,
            packed_bytes: 4_000,
            text_bytes: 52_000,
            events: [(Log::CloudTrail, 1_210), (Log::VpcFlow, 4)].into(),
            duplicates: 2,
            late: 1,
            skipped: 1,
            first: Some(at("2026-11-19T01:15:00Z")),
            last: Some(at("2026-11-19T01:19:00Z")),
            unreadable: vec![unread(ESCAPES, "the file ends in the middle of a record")],
            ..LogsRead::default()
        },
        suppressed: 1,
        next: vec![NextStep {
            command: format!("haechi investigate '{FORMULA}' --around 2026-11-19T01:15:00Z logs"),
            reason: Message::new("next-investigate"),
        }],
    }
}

/// Nothing read, nothing found.
pub fn empty() -> ThreatReport {
    ThreatReport {
        version: "0.1.0".into(),
        generated_at: at("2026-11-22T09:30:00Z"),
        sources: vec!["logs".into()],
        threats: vec![],
        detections: Default::default(),
        active: 281,
        inactive: vec![],
        refused: vec![],
        read: LogsRead::default(),
        suppressed: 0,
        next: vec![],
    }
}

/// A section of `docs/report-formats.md`.
pub fn documented(heading: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/report-formats.md");
    let page = std::fs::read_to_string(path).expect("the page of formats");
    let (_, section) = page.split_once(heading).expect("its section");
    let end = section.find("\n#").unwrap_or(section.len());
    section[..end].to_owned()
}
