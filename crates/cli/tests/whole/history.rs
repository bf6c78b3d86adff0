//! The history of resources: versions, differences, who made them, what is gone; the recorder that stays; retention.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Haechi, Moto};

const ACCOUNT: &str = "111122223333";

fn group(captured: &str, cidr: &str) -> Value {
    json!({
        "configurationItemVersion": "1.3", "configurationItemCaptureTime": captured, "configurationItemStatus": "OK",
        "awsAccountId": ACCOUNT, "awsRegion": "us-east-1", "resourceType": "AWS::EC2::SecurityGroup",
        "resourceId": "sg-1", "resourceName": "web", "ARN": format!("arn:aws:ec2:us-east-1:{ACCOUNT}:security-group/sg-1"),
        "tags": {"env": "prod"}, "supplementaryConfiguration": {},
        "relationships": [{"resourceType": "AWS::EC2::VPC", "resourceId": "vpc-1", "name": "Is contained in Vpc"}],
        "configuration": {"groupId": "sg-1", "groupName": "web", "vpcId": "vpc-1",
            "ipPermissions": [{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipv4Ranges": [{"cidrIp": cidr}]}]},
    })
}

fn vpc(captured: &str) -> Value {
    json!({
        "configurationItemVersion": "1.3", "configurationItemCaptureTime": captured, "configurationItemStatus": "OK",
        "awsAccountId": ACCOUNT, "awsRegion": "us-east-1", "resourceType": "AWS::EC2::VPC", "resourceId": "vpc-1",
        "ARN": format!("arn:aws:ec2:us-east-1:{ACCOUNT}:vpc/vpc-1"), "tags": {}, "relationships": [],
        "supplementaryConfiguration": {}, "configuration": {"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/16"},
    })
}

fn event(id: &str, at: &str, name: &str, request: Value) -> Value {
    json!({
        "eventVersion": "1.09", "eventID": id, "eventTime": at, "eventSource": "ec2.amazonaws.com", "eventName": name,
        "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.5", "userAgent": "aws-cli/2", "readOnly": false,
        "userIdentity": {"type": "AssumedRole", "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/Admin/alice"),
            "sessionContext": {"sessionIssuer": {"arn": format!("arn:aws:iam::{ACCOUNT}:role/Admin")}}},
        "requestParameters": request, "responseElements": null, "recipientAccountId": ACCOUNT,
        "managementEvent": true, "eventCategory": "Management", "eventType": "AwsApiCall",
    })
}

fn write(path: &Path, value: &Value) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, value.to_string()).expect("the file is written");
}

/// A store with a group that was opened to the world, and CloudTrail to say by whom.
fn two_versions() -> Haechi {
    let haechi = Haechi::new();
    let at = |name: &str| haechi.folder().join(name);
    let first = json!({"fileVersion": "1.0", "configurationItems": [
        group("2026-11-01T09:00:00Z", "10.0.0.0/8"), vpc("2026-11-01T09:00:00Z")]});
    let second = json!({"fileVersion": "1.0", "configurationItems": [group("2026-11-02T09:00:00Z", "0.0.0.0/0")]});
    write(&at("first.json"), &first);
    write(&at("second.json"), &second);
    let failed = json!({"errorCode": "UnauthorizedOperation"});
    let mut denied = event("d", "2026-11-02T08:50:00Z", "AuthorizeSecurityGroupIngress", json!({"groupId": "sg-1"}));
    denied["errorCode"] = failed["errorCode"].clone();
    let mut read = event("r", "2026-11-02T08:51:00Z", "DescribeSecurityGroups", json!({"groupId": "sg-1"}));
    read["readOnly"] = json!(true);
    let mut elsewhere = event("e", "2026-11-02T08:52:00Z", "AuthorizeSecurityGroupIngress", json!({"groupId": "sg-1"}));
    elsewhere["awsRegion"] = json!("eu-west-1");
    let mut other = event("o", "2026-11-02T08:53:00Z", "PutObject", json!({"bucketName": "sg-1"}));
    other["eventSource"] = json!("s3.amazonaws.com");
    let wrote = event("w", "2026-11-02T08:55:00Z", "AuthorizeSecurityGroupIngress", json!({"groupId": "sg-1"}));
    write(&at("trail/AWSLogs/x.json"), &json!({"Records": [denied, read, elsewhere, other, wrote]}));
    haechi.run(&["assess", "first.json", "--fail-on", "never"], 0);
    haechi.run(&["assess", "second.json", "--cloudtrail", "trail", "--fail-on", "never"], 0);
    haechi
}

#[test]
fn a_timeline_says_when_what_and_who() {
    let haechi = two_versions();
    let timeline = haechi.json(&["resources", "timeline", "sg-1", "--format", "json"], 0);
    let statuses: Vec<_> = timeline
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| entry["configurationItem"]["configurationItemStatus"].clone())
        .collect();
    assert_eq!(statuses, ["ResourceDiscovered", "OK"]);
    let events = &timeline[1]["relatedEvents"];
    assert_eq!(events.as_array().map(Vec::len), Some(1), "only the one that wrote, here, of this service: {events}");
    assert_eq!((events[0]["eventId"].as_str(), events[0]["sourceIp"].as_str()), (Some("w"), Some("203.0.113.5")));
    assert_eq!(events[0]["sessionIssuer"], format!("arn:aws:iam::{ACCOUNT}:role/Admin"));
    assert_eq!(timeline[1]["configurationItemDiff"]["changeType"], "UPDATE");
    let rows = haechi.text(&["resources", "timeline", "sg-1", "--format", "csv"], 0);
    let last = rows.lines().last().expect("a row");
    assert!(last.contains("AuthorizeSecurityGroupIngress (assumed-role/Admin/alice)"), "{rows}");
    assert!(
        last.contains("+Configuration.IpPermissions.1") && last.contains("-Configuration.IpPermissions.0"),
        "{rows}"
    );
    assert!(haechi.text(&["resources", "timeline", "sg-1"], 0).contains("Who changed it"));
    let korean = haechi.text(&["resources", "timeline", "sg-1", "--lang", "ko"], 0);
    assert!(korean.contains("변경한 주체"), "{korean}");
    let lines = haechi.text(&["resources", "timeline", "sg-1", "--format", "jsonl", "--limit", "1", "--page", "2"], 0);
    assert_eq!(lines.lines().count(), 1);
    let late = haechi.json(&["resources", "timeline", "sg-1", "--from", "2026-11-02", "--format", "json"], 0);
    assert_eq!((late.as_array().map(Vec::len), &late[0]["version"]), (Some(1), &json!(2)));
    // Events of files that are read again add nothing.
    haechi.run(&["assess", "second.json", "--cloudtrail", "trail", "--fail-on", "never"], 0);
    let again = haechi.json(&["resources", "timeline", "sg-1", "--format", "json"], 0);
    assert_eq!(again[1]["relatedEvents"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_resource_is_shown_as_it_was() {
    let haechi = two_versions();
    let cidr = |arguments: &[&str]| {
        let item = haechi.json(&[&["resources", "show", "sg-1"], arguments].concat(), 0);
        item["configuration"]["ipPermissions"][0]["ipv4Ranges"][0]["cidrIp"].as_str().map(str::to_owned)
    };
    assert_eq!(cidr(&[]).as_deref(), Some("0.0.0.0/0"));
    assert_eq!(cidr(&["--as-of", "2026-11-02T17:59+09:00"]).as_deref(), Some("10.0.0.0/8"));
    assert_eq!(cidr(&["--as-of", "2026-11-02T18:00+09:00"]).as_deref(), Some("0.0.0.0/0"));
    let error = |arguments: &[&str]| String::from_utf8(haechi.run(arguments, 2).stderr).expect("UTF-8");
    let early = error(&["resources", "show", "sg-1", "--as-of", "2026-10-01"]);
    assert!(early.contains("first seen at 2026-11-01T09:00:00Z"), "{early}");
    let wrong = error(&["resources", "show", "sg-1", "--as-of", "tomorrow"]);
    assert!(wrong.contains("--as-of: tomorrow is no moment"), "{wrong}");
    assert!(error(&["resources", "show", "nothing"]).contains("nothing that was recorded is called nothing"));
}

#[test]
fn differences_and_relations() {
    let haechi = two_versions();
    let diff = haechi.text(&["resources", "diff", "web"], 0);
    assert!(diff.contains("-            \"cidrIp\": \"10.0.0.0/8\"") || diff.contains("\"10.0.0.0/8\""), "{diff}");
    assert!(diff.starts_with("--- sg-1 v1 2026-11-01T09:00:00Z\n+++ sg-1 v2"), "{diff}");
    assert!(!diff.contains('\u{1b}'), "no colour where there is no terminal");
    let by_time =
        haechi.json(&["resources", "diff", "sg-1", "--from", "2026-11-01T10:00Z", "--to", "2", "--format", "json"], 0);
    let by_number = haechi.json(&["resources", "diff", "sg-1", "--from", "1", "--to", "v2", "--format", "json"], 0);
    assert_eq!(by_time, by_number);
    assert!(by_number["changedProperties"].to_string().contains("0.0.0.0/0"), "{by_number}");
    let same = haechi.text(&["resources", "diff", "sg-1", "--from", "2", "--to", "2"], 0);
    assert_eq!(same, "");
    let error = String::from_utf8(haechi.run(&["resources", "diff", "sg-1", "--to", "7"], 2).stderr).expect("UTF-8");
    assert!(error.contains("there is no version 7: 2 are kept"), "{error}");
    let related = haechi.json(&["resources", "related", "sg-1", "--format", "json"], 0);
    let text = related.to_string();
    assert!(text.contains("\"outgoing\"") && text.contains("Is contained in Vpc") && text.contains("vpc-1"), "{text}");
    let incoming = haechi.text(&["resources", "related", "vpc-1", "--format", "csv"], 0);
    assert!(
        incoming.lines().any(|line| line.starts_with("incoming,Is contained in Vpc,AWS::EC2::SecurityGroup,sg-1")),
        "{incoming}"
    );
}

#[test]
fn lists_are_narrowed() {
    let haechi = two_versions();
    let ids = |arguments: &[&str]| {
        let text = haechi.text(&[&["resources", "list", "--format", "jsonl"], arguments].concat(), 0);
        let id = |line: &str| {
            serde_json::from_str::<Value>(line).expect("JSON")["resourceId"].as_str().expect("an id").to_owned()
        };
        text.lines().map(id).filter(|id| id != ACCOUNT).collect::<Vec<_>>()
    };
    assert_eq!(ids(&[]), ["sg-1", "vpc-1"]);
    assert_eq!(ids(&["--tag", "env=prod"]), ["sg-1"]);
    assert_eq!(ids(&["--resource", "we?"]), ["sg-1"]);
    assert_eq!(ids(&["--type", "AWS::EC2::VPC"]), ["vpc-1"]);
    assert_eq!(ids(&["--region", "eu-west-1"]), Vec::<String>::new());
    assert_eq!(ids(&["--deleted"]), Vec::<String>::new());
    assert_eq!(ids(&["--as-of", "2026-10-01"]), Vec::<String>::new());
    assert_eq!(
        ids(&["--as-of", "2026-11-01T12:00Z", "--limit", "1", "--type", "AWS::EC2::VPC,AWS::EC2::SecurityGroup"]),
        ["sg-1"]
    );
}

#[test]
fn what_is_old_is_forgotten() {
    let haechi = two_versions();
    let would = haechi.json(&["purge", "--before", "2026-11-03", "--dry-run", "--format", "json"], 0);
    assert_eq!((&would["summary"]["versions"], &would["dryRun"]), (&json!(1), &json!(true)));
    haechi.run(&["purge", "--before", "2026-11-03"], 0);
    let timeline = haechi.json(&["resources", "timeline", "sg-1", "--format", "json"], 0);
    assert_eq!(timeline.as_array().map(Vec::len), Some(1), "{timeline}");
    haechi.run(&["resources", "show", "sg-1", "--as-of", "2026-11-03"], 0);
    let error = String::from_utf8(haechi.run(&["purge", "--before", "2999-01-01"], 2).stderr).expect("UTF-8");
    assert!(error.contains("lies ahead"), "{error}");
    haechi.run(&["purge"], 2);
}

#[test]
fn wrong_logs_are_named() {
    let haechi = two_versions();
    std::fs::write(haechi.folder().join("bad.json"), "{\"Records\":[{\"eventID\":\"x\"}]}").expect("written");
    let arguments =
        ["assess", "second.json", "--cloudtrail", "bad.json", "--fail-on", "never", "--strict", "--format", "json"];
    let output = haechi.run(&arguments, 2);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(report["unreadable"].to_string().contains("bad.json"), "{}", report["unreadable"]);
    let error = String::from_utf8(haechi.run(&["assess", "--cloudtrail", "none.json"], 2).stderr).expect("UTF-8");
    assert!(error.contains("none.json"), "{error}");
}

/// A recorder at work: its lines as they come.
pub struct Recorder {
    process: Child,
    lines: Receiver<Value>,
}

impl Recorder {
    pub fn start(haechi: &Haechi, arguments: &[&str]) -> Self {
        let arguments = [&["record", "--region", "us-east-1", "--format", "json"], arguments].concat();
        let mut process = haechi.command(&arguments).stdout(Stdio::piped()).spawn().expect("the recorder starts");
        let (sender, lines) = channel();
        let output = BufReader::new(process.stdout.take().expect("its output"));
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let Ok(value) = serde_json::from_str(&line) else { continue };
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        Self { process, lines }
    }

    /// The next line of a kind.
    #[track_caller]
    pub fn next(&self, pass: &str) -> Value {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(240) {
            match self.lines.recv_timeout(Duration::from_secs(240)) {
                Ok(line) if line["pass"] == pass => return line,
                Ok(line) => println!("{line}"),
                Err(error) => panic!("no `{pass}`: {error}"),
            }
        }
        panic!("no `{pass}` in time");
    }

    /// The next line, if one comes in time.
    pub fn heard(&self, within: Duration) -> Option<Value> {
        self.lines.recv_timeout(within).ok()
    }

    /// Ends it as the system would.
    #[track_caller]
    pub fn end(mut self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
        let status = self.process.wait().expect("it ends");
        assert_eq!(status.code(), Some(0));
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // It has ended already when all went well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const SETUP: &str = "
ec2 = client('ec2')
group = ec2.create_security_group(GroupName='watched', Description='d')['GroupId']
volume = ec2.create_volume(AvailabilityZone='us-east-1a', Size=8)['VolumeId']
client('s3').create_bucket(Bucket='trail-logs')
queue = client('sqs').create_queue(QueueName='changes')['QueueUrl']
open(sys.argv[2], 'w').write('\\n'.join([group, volume, queue]))
";

#[test]
fn the_recorder_reacts_to_what_it_hears() {
    let Some(moto) = Moto::start() else { return };
    let haechi = Haechi::at(&moto.endpoint);
    let told = haechi.folder().join("ids");
    moto.statements(&SETUP.replace("sys.argv[2]", &format!("{:?}", told.display().to_string())));
    let text = std::fs::read_to_string(&told).expect("ids");
    let [group, volume, queue] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
    std::fs::create_dir(haechi.folder().join("trail")).expect("a folder");
    let arguments = [
        "--every",
        "5s",
        "--full-every",
        "1h",
        "--from",
        "trail",
        "--from",
        queue,
        "--from",
        "s3://trail-logs/AWSLogs/",
    ];
    let recorder = Recorder::start(&haechi, &arguments);
    let full = recorder.next("full");
    assert!(full["result"]["items"]["new"].as_u64() > Some(5), "{full}");
    let other = String::from_utf8(haechi.run(&["record", "--every", "1h"], 2).stderr).expect("UTF-8");
    assert!(other.contains("another recorder is at work"), "{other}");

    // An event in a folder: a group is opened.
    moto.statements(&format!(
        "client('ec2').authorize_security_group_ingress(GroupId='{group}', IpPermissions=[dict(IpProtocol='tcp', FromPort=22, ToPort=22, IpRanges=[dict(CidrIp='0.0.0.0/0')])])"
    ));
    let in_account = |mut event: Value| {
        event["recipientAccountId"] = json!("123456789012");
        event["eventTime"] = json!(haechi_model::Timestamp::from_seconds(
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_secs() as i64
        ));
        event
    };
    let opened = in_account(event("1", "", "AuthorizeSecurityGroupIngress", json!({"groupId": group})));
    write(&haechi.folder().join("trail/1.json"), &json!({"Records": [opened]}));
    assert_eq!(recorder.next("heard")["writes"], 1);
    let listed = recorder.next("listings");
    assert_eq!((&listed["resources"]["changed"], &listed["listings"]["failed"]), (&json!(1), &json!(0)), "{listed}");
    let found = haechi.json(&["findings", "list", "--resource", group, "--format", "json"], 0).to_string();
    assert!(found.contains("INCOMING_SSH_DISABLED"), "what changed was judged: {found}");

    // A notice in a queue of a log in S3: a volume is deleted, another made.
    let deleted = in_account(event("2", "", "DeleteVolume", json!({"volumeId": volume})));
    let key = "AWSLogs/123456789012/CloudTrail/us-east-1/2026/11/22/x.json";
    write(&haechi.folder().join("log"), &json!({"Records": [deleted]}));
    let notice = json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "trail-logs"}, "object": {"key": key}}}]});
    write(&haechi.folder().join("notice"), &notice);
    let path = |name: &str| haechi.folder().join(name).display().to_string();
    moto.statements(&format!(
        "client('ec2').delete_volume(VolumeId='{volume}')
client('s3').put_object(Bucket='trail-logs', Key='{key}', Body=open({:?}).read())
client('sqs').send_message(QueueUrl='{queue}', MessageBody=open({:?}).read())",
        path("log"),
        path("notice")
    ));
    assert_eq!(recorder.next("heard")["writes"], 1);
    let listed = recorder.next("listings");
    assert_eq!(listed["resources"]["deleted"], 1, "{listed}");

    // An item of AWS Config is put as it is.
    let change =
        json!({"messageType": "ConfigurationItemChangeNotification", "configurationItem": vpc("2026-11-22T00:00:00Z")});
    write(
        &haechi.folder().join("change"),
        &json!({"Type": "Notification", "TopicArn": "t", "Message": change.to_string()}),
    );
    moto.statements(&format!(
        "client('sqs').send_message(QueueUrl='{queue}', MessageBody=open({:?}).read())",
        path("change")
    ));
    let mut heard = recorder.next("heard");
    while heard["items"] == 0 {
        heard = recorder.next("heard");
    }
    assert_eq!(heard["items"], 1);
    recorder.end();

    let timeline = haechi.json(&["resources", "timeline", group, "--format", "json"], 0);
    assert_eq!(timeline.as_array().map(Vec::len), Some(2), "{timeline}");
    assert_eq!(timeline[1]["relatedEvents"][0]["eventName"], "AuthorizeSecurityGroupIngress");
    let timeline = haechi.json(&["resources", "timeline", volume, "--format", "json"], 0);
    let last = timeline.as_array().and_then(|entries| entries.last()).expect("an entry");
    assert_eq!(last["configurationItem"]["configurationItemStatus"], "ResourceDeleted");
    assert_eq!(last["relatedEvents"][0]["eventName"], "DeleteVolume");
    assert!(haechi.text(&["resources", "list", "--deleted", "--format", "csv"], 0).contains(volume));
    haechi.run(&["resources", "show", "vpc-1"], 0);

    // It goes on where it was: three new logs of two accounts are heard, one of them late, and nothing twice.
    let keys = [
        "AWSLogs/123456789012/CloudTrail/us-east-1/2026/11/22/w.json",
        "AWSLogs/123456789012/CloudTrail/us-east-1/2026/11/23/a.json",
        "AWSLogs/000000000000/CloudTrail/us-east-1/2026/11/22/z.json",
    ];
    for (number, key) in keys.iter().enumerate() {
        let tagged = in_account(event(&format!("t{number}"), "", "CreateTags", json!({"resourceId": group})));
        write(&haechi.folder().join("tagged"), &json!({"Records": [tagged]}));
        let put = format!(
            "client('s3').put_object(Bucket='trail-logs', Key='{key}', Body=open({:?}).read())",
            path("tagged")
        );
        moto.statements(&put);
    }
    let again = Recorder::start(&haechi, &arguments);
    again.next("full");
    assert_eq!(again.next("heard")["writes"], 3);
    again.next("listings");
    let quiet = Instant::now();
    while quiet.elapsed() < Duration::from_secs(8) {
        if let Ok(line) = again.lines.recv_timeout(Duration::from_secs(1)) {
            panic!("heard again: {line}");
        }
    }
    again.end();
    let timeline = haechi.json(&["resources", "timeline", group, "--format", "json"], 0);
    assert_eq!(timeline.as_array().map(Vec::len), Some(2), "no doubled version: {timeline}");
}
