//! EKS audit, database, S3 server access and WAF logs: the forms in which they are delivered, and hostile ones.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use haechi_logs::{Event, FileKind, LogFields, Reader, Summary};
use haechi_model::Log;
use proptest::prelude::*;

const WANTED: [(Log, &[&str]); 4] = [
    (
        Log::EksAudit,
        &["cluster", "objectRef.resource", "user.username", "sourceIPs", "requestObject.spec.containers.image"],
    ),
    (Log::S3Access, &["bucket", "key", "requester", "user_agent", "request_uri", "http_status"]),
    (Log::RdsLogin, &["time", "user", "address", "outcome", "instance", "application", "database", "error"]),
    (Log::Waf, &["httpRequest.clientIp", "labels.name"]),
];

/// One event in one line: its head, and the fields that were wanted.
fn told(event: &Event<'_>, wanted: &LogFields) -> String {
    let head = &event.head;
    let (account, region) = (head.account.unwrap_or("-"), head.region.unwrap_or("-"));
    let mut line = format!("{} {} {} {account} {region}", head.log, head.name, head.time);
    for path in WANTED.iter().filter(|(log, _)| *log == head.log).flat_map(|(_, paths)| *paths) {
        let slot = wanted.slot(head.log, path).expect("wanted");
        let mut values = Vec::new();
        event.each_value(slot, &mut |value| values.push(value.scalar().unwrap_or_default().into_owned()));
        write!(line, " {path}={}", values.join("+")).expect("a text");
    }
    line
}

fn read_as(path: &str, text: &[u8]) -> (Vec<String>, Summary) {
    let mut wanted = LogFields::default();
    for (log, paths) in WANTED {
        wanted.want(log, paths.iter().copied()).expect("paths");
    }
    let mut reader = Reader::of(&wanted);
    let mut lines = Vec::new();
    let _ = reader.read_bytes(Path::new(path), text, &mut |event: &Event<'_>| {
        lines.push(told(event, &wanted));
        ControlFlow::Continue(())
    });
    let summary = reader.finish();
    assert_eq!(summary.text_bytes, text.len() as u64, "every byte was passed");
    assert_eq!(summary.text.total(), text.len() as u64, "every byte was told: {:?}", summary.text);
    (lines, summary)
}

fn check(path: &str, text: &str, expected: &[&str]) -> Summary {
    let (lines, summary) = read_as(path, text.as_bytes());
    assert_eq!(lines, expected, "{text}\n{:?}", summary.problems);
    summary
}

fn audit(id: u32, stage: &str) -> String {
    format!(
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"00000000-0000-4000-8000-{id:012}","stage":"{stage}","requestURI":"/api/v1/pods","verb":"create","user":{{"username":"ops","extra":{{"arn":["arn:aws:sts::444455556666:assumed-role/ops/x"]}}}},"sourceIPs":["198.51.100.7","10.0.0.1"],"objectRef":{{"resource":"pods"}},"requestObject":{{"spec":{{"containers":[{{"image":"a"}},{{"image":"b"}}]}}}},"requestReceivedTimestamp":"2026-03-02T09:00:00.123456Z","stageTimestamp":"2026-03-02T09:00:01.000000Z"}}"#
    )
}

fn told_audit(account: &str, region: &str, cluster: &str) -> String {
    format!(
        "eks-audit create 2026-03-02T09:00:00.123456Z {account} {region} cluster={cluster} objectRef.resource=pods user.username=ops sourceIPs=198.51.100.7+10.0.0.1 requestObject.spec.containers.image=a+b"
    )
}

/// A delivery of CloudWatch Logs to a subscriber.
fn delivery(group: &str, stream: &str, messages: &[String]) -> String {
    let events: Vec<_> = messages
        .iter()
        .enumerate()
        .map(|(at, message)| serde_json::json!({"id": at.to_string(), "timestamp": 1_772_442_000_000_u64, "message": message}))
        .collect();
    serde_json::json!({
        "messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": group, "logStream": stream,
        "subscriptionFilters": ["all"], "logEvents": events,
    })
    .to_string()
}

#[test]
fn eks_audit_logs_come_in_many_forms() {
    let caller = told_audit("444455556666", "-", "");
    check("a.json", &format!("{}\n{}\n", audit(1, "ResponseComplete"), audit(2, "Panic")), &[&caller, &caller]);
    check("a.json", &format!("[{}]", audit(1, "ResponseComplete")), &[&caller]);
    check("a.json", &format!(r#"{{"kind":"EventList","items":[{}]}}"#, audit(1, "ResponseComplete")), &[&caller]);
    let owner = told_audit("111122223333", "-", "prod");
    let stream = "kube-apiserver-audit-0123456789abcdef";
    let one = delivery("/aws/eks/prod/cluster", stream, &[audit(1, "ResponseComplete")]);
    check("a.json", &one, &[&owner]);
    // Firehose writes deliveries one behind the other.
    let two = delivery("/aws/eks/prod/cluster", stream, &[audit(2, "ResponseComplete")]);
    check("a", &format!("{one}{two}"), &[&owner, &owner]);
    check("a", &format!("{one}\n{two}\n"), &[&owner, &owner]);
    let exported = format!("2026-03-02T09:00:01.000Z {}\n", audit(1, "ResponseComplete"));
    let of_path = told_audit("444455556666", "-", "prod");
    check("exports/aws/eks/prod/cluster/000000.txt", &exported, &[&of_path]);
}

#[test]
fn a_request_counts_once_when_it_was_answered() {
    let stages = ["RequestReceived", "ResponseStarted", "ResponseComplete", "ResponseComplete"];
    let text: String = stages.iter().map(|stage| audit(1, stage) + "\n").collect();
    let summary = check("a.json", &text, &[&told_audit("444455556666", "-", "")]);
    assert_eq!((summary.events, summary.others, summary.duplicates), (1, 2, 1));
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
}

#[test]
fn other_logs_of_the_control_plane_are_passed_over() {
    let group = "/aws/eks/prod/cluster";
    let text = delivery(group, "authenticator-0123", &["time=\"2026-03-02\" level=info msg=\"access granted\"".into()]);
    let summary = check("a.json", &text, &[]);
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
}

const OWNER: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

fn access(requester: &str, agent: &str) -> String {
    format!(
        "{OWNER} b1 [02/Mar/2026:09:00:00 +0000] 198.51.100.7 {requester} 3E57427F3EXAMPLE REST.GET.OBJECT a/b.csv \"GET /b1/a/b.csv HTTP/1.1\" 200 - 113 113 7 6 \"-\" \"{agent}\" - hostid= SigV4 - AuthHeader b1.s3.us-west-1.amazonaws.com TLSV1.2 - -"
    )
}

#[test]
fn s3_access_logs_are_read() {
    let text =
        format!("{}\n{}\n", access("-", "curl/8"), access("arn:aws:iam::111122223333:user/alice", "=1+1\u{1b}[31m"));
    let summary = check(
        "2026-03-02-09-00-00-ABC",
        &text,
        &[
            "s3-access REST.GET.OBJECT 2026-03-02T09:00:00Z - us-west-1 bucket=b1 key=a/b.csv requester= user_agent=curl/8 request_uri=GET /b1/a/b.csv HTTP/1.1 http_status=200",
            "s3-access REST.GET.OBJECT 2026-03-02T09:00:00Z - us-west-1 bucket=b1 key=a/b.csv requester=arn:aws:iam::111122223333:user/alice user_agent==1+1\u{1b}[31m request_uri=GET /b1/a/b.csv HTTP/1.1 http_status=200",
        ],
    );
    assert_eq!(summary.files_of(FileKind::Log), 1);
}

#[test]
fn logins_to_databases_are_read() {
    check(
        "audit.log",
        "1772442000000000,orders-1,admin,198.51.100.7,35,0,FAILED_CONNECT,,,1045\n1772442001000000,orders-1,admin,198.51.100.7,36,1,QUERY,app,'select 1',0\n",
        &[
            "rds-login FailedLogin 2026-03-02T09:00:00Z - - time=2026-03-02T09:00:00Z user=admin address=198.51.100.7 outcome=failure instance=orders-1 application= database= error=1045",
        ],
    );
    let line = "2026-03-02 09:00:00 UTC:198.51.100.7(51234):ops@app:[77]:LOG:  connection authorized: user=ops database=app application_name=psql SSL enabled (protocol=TLSv1.3)";
    let expected = |account: &str, instance: &str| {
        format!(
            "rds-login SuccessfulLogin 2026-03-02T09:00:00Z {account} - time=2026-03-02T09:00:00Z user=ops address=198.51.100.7 outcome=success instance={instance} application=psql database=app error="
        )
    };
    let summary = check("postgresql.log", &format!("{line}\n\tselect\n"), &[&expected("-", "")]);
    assert_eq!((summary.others, summary.problems.len()), (1, 0));
    let text = delivery("/aws/rds/cluster/orders/postgresql", "orders-2.0", &[format!("{line}\n\tmore")]);
    check("x.json", &text, &[&expected("111122223333", "orders-2")]);
}

#[test]
fn logs_that_are_not_read_are_named() {
    for (text, what) in [
        (
            "2026-03-02 09:00:00.12 Logon       Error: 18456, Severity: 14, State: 8.\n",
            "SQL Server's error log: it is not read",
        ),
        (
            "2026-03-02T09:00:00.123456Z 8 [Warning] [MY-013360] [Server] Plugin\n",
            "MySQL's error log: only its audit log is read",
        ),
    ] {
        let (events, summary) = read_as("error.log", text.as_bytes());
        assert!(events.is_empty());
        assert!(summary.problems.iter().any(|problem| problem.what == what), "{:?}", summary.problems);
    }
}

#[test]
fn waf_logs_are_read() {
    let record = r#"{"timestamp":1772442000000,"formatVersion":1,"webaclId":"arn:aws:wafv2:us-east-1:111122223333:regional/webacl/main/id","action":"BLOCK","labels":[{"name":"a:b"},{"name":"c"}],"httpRequest":{"clientIp":"2001:db8::7","uri":"/","requestId":"1-2"}}"#;
    let line =
        "waf BLOCK 2026-03-02T09:00:00Z 111122223333 us-east-1 httpRequest.clientIp=2001:db8::7 labels.name=a:b+c";
    let summary = check("aws-waf-logs.gz", &format!("{record}\n{record}\n"), &[line]);
    assert_eq!(summary.duplicates, 1);
    // Two requests of one id are two.
    let other = record.replace("\"/\"", "\"/admin\"");
    check("aws-waf-logs.gz", &format!("{record}\n{other}\n"), &[line, line]);
}

#[test]
fn damage_is_named_and_the_rest_goes_on() {
    let good = access("-", "curl/8");
    let open = good.replace("\"curl/8\"", "\"curl/8").replace("\"-\"", "-");
    let (events, summary) = read_as("x", format!("{open}\n{good}\0\n{good}\n").as_bytes());
    assert_eq!((events.len(), summary.problems.len()), (2, 1), "{:?}", summary.problems);
    let mut bytes = good.clone().into_bytes();
    bytes.extend(b"\n\xff\xfe\n");
    let (events, summary) = read_as("x", &bytes);
    assert_eq!((events.len(), summary.problems.len()), (1, 1), "{:?}", summary.problems);
    let long = access("-", &"x".repeat(17 << 20));
    let (events, summary) = read_as("x", format!("{good}\n{long}\n{good}y\n").as_bytes());
    assert!(events.len() >= 2 && summary.problems.len() <= 1, "{} {:?}", events.len(), summary.problems.len());
    for record in [
        r#"{"auditID":1,"stage":"ResponseComplete","verb":"get"}"#,
        r#"{"auditID":"a","stage":"Other","verb":"get","requestReceivedTimestamp":"2026-03-02T09:00:00Z"}"#,
        r#"{"auditID":"a","stage":"ResponseComplete","verb":"get","requestReceivedTimestamp":"today"}"#,
        r#"{"webaclId":"a","action":"BLOCK","timestamp":"soon"}"#,
    ] {
        let (events, summary) = read_as("x", record.as_bytes());
        assert_eq!((events.len(), summary.problems.len()), (0, 1), "{record}");
    }
}

fn any_line() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("1772442000000000,a,b,192.0.2.1,1,0,CONNECT,d,,0".to_owned()),
        Just("20260302 09:00:00,a,b,192.0.2.1,1,0,FAILED_CONNECT,,,1045".to_owned()),
        Just(",CONNECT,".to_owned()),
        Just(
            "2026-03-02 09:00:00 UTC:192.0.2.1(5):a@b:[1]:FATAL:  password authentication failed for user \"a\""
                .to_owned()
        ),
        Just("]:LOG:  ".to_owned()),
        Just(access("-", "a \"b\" c")),
        Just("\" \"".to_owned()),
        Just("[".to_owned()),
        "[ -~]{0,12}",
        any::<String>(),
    ];
    proptest::collection::vec(pieces, 1..4).prop_map(|pieces| pieces.concat().replace(['\n', '\r'], " "))
}

proptest! {
    #[test]
    fn every_line_is_accounted_for(lines in proptest::collection::vec(any_line(), 1..12)) {
        let text = lines.join("\n");
        // What begins like JSON is a document, not lines.
        if text.trim_start().starts_with(['{', '[']) {
            return Ok(());
        }
        let (events, summary) = read_as("x", text.as_bytes());
        prop_assert_eq!(events.len() as u64, summary.events);
        let told = summary.events + summary.duplicates + summary.others + summary.problems.len() as u64;
        let full = lines.iter().filter(|line| !line.trim_ascii().is_empty()).count() as u64;
        let given_up = summary.files_of(FileKind::Rubbish) == 1;
        prop_assert!(told == full || given_up, "{told} of {full}: {:?}", summary.problems);
    }
}
