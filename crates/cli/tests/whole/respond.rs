//! Responses of the whole program against a mock AWS API: planned, approved, applied, seen by somebody else's calls,
//! undone; refused in the middle, killed in the middle, stale, expired, at the limit.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{DENIED_EC2, Fault, Haechi, Moto, Proxy};

/// Plans, and gives the plan's id with the plan.
#[track_caller]
pub fn plan(haechi: &Haechi, arguments: &[&str]) -> (String, Value) {
    let all = [&["respond"], arguments, &["--format", "json"]].concat();
    let value = haechi.json(&all, 0);
    (value["id"].as_str().expect("an id").to_owned(), value)
}

#[track_caller]
pub fn approve(haechi: &Haechi, id: &str) {
    haechi.run(&["respond", "approve", id, "--by", "mina", "--reason", "TICKET-1"], 0);
}

#[track_caller]
pub fn apply(haechi: &Haechi, id: &str) -> Value {
    haechi.json(&["respond", "apply", id, "--format", "json"], 0)
}

#[track_caller]
fn undo(haechi: &Haechi, id: &str) -> Value {
    haechi.json(&["respond", "undo", id, "--by", "mina", "--reason", "over", "--format", "json"], 0)
}

/// What the mock says when asked without Haechi.
#[track_caller]
fn seen(moto: &Moto, expression: &str) -> Value {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().to_str().expect("a path");
    moto.statements(&format!("import json\njson.dump({expression}, open({path:?}, 'w'), default=str)\n"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("an answer")).expect("JSON")
}

#[track_caller]
fn errors(haechi: &Haechi, arguments: &[&str]) -> String {
    String::from_utf8(haechi.run(arguments, 2).stderr).expect("UTF-8")
}

const ACL: &str = "client('ec2').describe_network_acls()['NetworkAcls'][0]";

pub fn denies(moto: &Moto) -> Value {
    let entries = format!(
        "sorted([e.get('CidrBlock', e.get('Ipv6CidrBlock')), e['Egress'], e['RuleNumber']] \
         for e in {ACL}['Entries'] if e['RuleAction'] == 'deny' and e['RuleNumber'] < 32767)"
    );
    seen(moto, &entries)
}

pub fn acl(moto: &Moto) -> String {
    seen(moto, &format!("{ACL}['NetworkAclId']")).as_str().expect("an id").to_owned()
}

#[test]
fn a_block_from_plan_to_undo() {
    let Some(moto) = Moto::start() else { return };
    let haechi = Haechi::at(&moto.endpoint);
    let set = format!("networkAcl={}", acl(&moto));
    let block = ["block-address-network-acl", "--set", "address=192.0.2.44", "--set", &set];
    let (id, planned) = plan(&haechi, &block);
    assert_eq!((&planned["phase"], denies(&moto)), (&json!("planned"), json!([])));
    assert_eq!(planned["plan"]["steps"][0]["parameters"]["RuleNumber"], 99);
    // Nobody has approved it.
    assert!(errors(&haechi, &["respond", "apply", &id]).contains("is not approved"));
    let script = [&["respond"], &block[..], &["--apply"]].concat();
    assert!(errors(&haechi, &script).contains("without a terminal"));
    assert_eq!(denies(&moto), json!([]));
    approve(&haechi, &id[..8]);
    let applied = apply(&haechi, &id);
    assert_eq!(applied["phase"], "applied");
    let both = json!([["192.0.2.44/32", false, 99], ["192.0.2.44/32", true, 99]]);
    assert_eq!(denies(&moto), both);
    assert_eq!(applied["records"][0]["before"], Value::Null);
    assert_eq!(applied["records"][0]["after"]["CidrBlock"], "192.0.2.44/32");
    assert_eq!(applied["approvals"][0]["reason"], "TICKET-1");
    // Once more is no more.
    apply(&haechi, &id);
    assert_eq!(denies(&moto), both);
    // The same block again has nothing to do.
    let (_, again) = plan(&haechi, &block);
    assert_eq!(again["plan"]["steps"], json!([]));
    // IPv6, beside it.
    let (six, _) = plan(&haechi, &["block-address-network-acl", "--set", "address=2001:db8::7", "--set", &set]);
    approve(&haechi, &six);
    apply(&haechi, &six);
    let six_too = json!([["2001:db8::7/128", false, 98], ["2001:db8::7/128", true, 98]]);
    assert_eq!(denies(&moto).as_array().unwrap()[2..], six_too.as_array().unwrap()[..]);
    undo(&haechi, &six);
    assert_eq!(undo(&haechi, &id)["phase"], "undone");
    assert_eq!(denies(&moto), json!([]));
    assert!(errors(&haechi, &["respond", "apply", &id]).contains("was undone"));
    let words = haechi.text(&["respond", "show", &id, "--lang", "ko"], 0);
    assert!(words.contains("실행 취소됨"), "{words}");
    assert!(haechi.text(&["respond", "plans", "--format", "csv"], 0).contains("undone"));
}

#[test]
fn a_stale_plan_is_not_approved_and_not_applied() {
    let Some(moto) = Moto::start() else { return };
    let haechi = Haechi::at(&moto.endpoint);
    let acl = acl(&moto);
    let set = format!("networkAcl={acl}");
    let (one, _) = plan(&haechi, &["block-address-network-acl", "--set", "address=192.0.2.1", "--set", &set]);
    let (two, _) = plan(&haechi, &["block-address-network-acl", "--set", "address=192.0.2.2", "--set", &set]);
    approve(&haechi, &two);
    moto.statements(&format!(
        "client('ec2').create_network_acl_entry(NetworkAclId='{acl}', RuleNumber=99, Protocol='6', RuleAction='deny', Egress=False, CidrBlock='10.0.0.0/8', PortRange={{'From': 22, 'To': 22}})\n"
    ));
    let refused = errors(&haechi, &["respond", "approve", &one, "--by", "mina", "--reason", "x"]);
    assert!(refused.contains("is stale") && refused.contains("facts.ingressNumber"), "{refused}");
    let refused = errors(&haechi, &["respond", "apply", &two]);
    assert!(refused.contains("is stale"), "{refused}");
    assert_eq!(denies(&moto), json!([["10.0.0.0/8", false, 99]]));
}

#[test]
fn a_refused_call_stops_and_can_be_gone_on_from() {
    let Some(moto) = Moto::start() else { return };
    let proxy = Proxy::start(&moto.endpoint);
    let haechi = Haechi::at(&proxy.endpoint);
    let set = format!("networkAcl={}", acl(&moto));
    let (id, _) = plan(&haechi, &["block-address-network-acl", "--set", "address=192.0.2.44", "--set", &set]);
    approve(&haechi, &id);
    proxy.set(&[Fault { marker: "Egress=true", status: "403 Forbidden", body: DENIED_EC2 }]);
    let output = haechi.run(&["respond", "apply", &id, "--format", "json"], 2);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("denyEgress") && said.contains("ec2:CreateNetworkAclEntry"), "{said}");
    let shown: Value = serde_json::from_slice(&output.stdout).expect("what was done is told all the same");
    assert_eq!(shown["phase"], "partly-applied");
    let outcomes: Vec<&Value> = shown["records"].as_array().unwrap().iter().map(|record| &record["outcome"]).collect();
    assert_eq!(outcomes, ["done", "failed"]);
    assert_eq!(denies(&moto), json!([["192.0.2.44/32", false, 99]]));
    proxy.set(&[]);
    assert!(errors(&haechi, &["respond", "apply", &id]).contains("applied in part"));
    haechi.run(&["respond", "apply", &id, "--resume"], 0);
    assert_eq!(denies(&moto).as_array().unwrap().len(), 2);
    undo(&haechi, &id);
    assert_eq!(denies(&moto), json!([]));
}

/// Passes everything on, but never answers the request that holds the marker, though the server gets it.
fn silent_about(upstream: &str, marker: &'static str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let upstream = upstream.trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let upstream = upstream.clone();
            std::thread::spawn(move || pass_on(client, &upstream, marker));
        }
    });
    endpoint
}

fn pass_on(mut client: TcpStream, upstream: &str, marker: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 65536];
    loop {
        let read = client.read(&mut buffer)?;
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned));
        if read == 0 || body.len() >= length.and_then(|length| length.trim().parse().ok()).unwrap_or(0) {
            break;
        }
    }
    let text = String::from_utf8_lossy(&request).replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1);
    let mut server = TcpStream::connect(upstream)?;
    server.write_all(text.as_bytes())?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    if text.contains(marker) {
        std::thread::sleep(Duration::from_secs(60));
    }
    client.write_all(&answer)
}

#[test]
fn killed_in_the_middle_it_knows_what_it_does_not_know() {
    let Some(moto) = Moto::start() else { return };
    let haechi = Haechi::at(&moto.endpoint);
    let set = format!("networkAcl={}", acl(&moto));
    let (id, _) = plan(&haechi, &["block-address-network-acl", "--set", "address=192.0.2.44", "--set", &set]);
    approve(&haechi, &id);
    let silent = silent_about(&moto.endpoint, "Egress=true");
    let mut command = haechi.command(&["respond", "apply", &id]);
    let mut running =
        command.env("AWS_ENDPOINT_URL", &silent).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
    let started = Instant::now();
    while denies(&moto).as_array().unwrap().len() < 2 {
        assert!(started.elapsed() < Duration::from_secs(40), "the second call is not made");
        std::thread::sleep(Duration::from_millis(100));
    }
    running.kill().expect("it is killed");
    running.wait().expect("it ends");
    let shown = haechi.json(&["respond", "show", &id, "--format", "json"], 0);
    assert_eq!((&shown["phase"], &shown["records"][1]["outcome"]), (&json!("partly-applied"), &json!("unknown")));
    assert!(haechi.text(&["respond", "show", &id], 0).contains("unknown"));
    let resumed = haechi.json(&["respond", "apply", &id, "--resume", "--format", "json"], 0);
    assert_eq!(resumed["phase"], "applied");
    assert_eq!(denies(&moto).as_array().unwrap().len(), 2, "it was not made twice");
    undo(&haechi, &id);
    assert_eq!(denies(&moto), json!([]), "it is known to be ours");
}

#[test]
fn what_has_expired_is_due_and_the_limit_counts_what_stands() {
    let Some(moto) = Moto::start() else { return };
    let haechi = Haechi::at(&moto.endpoint);
    let set = format!("networkAcl={}", acl(&moto));
    let block = |address: &str, expires: &str| {
        let address = format!("address={address}");
        let words =
            ["block-address-network-acl", "--set", &address, "--set", &set, "--set", "most=2", "--expires", expires];
        words.map(str::to_owned).to_vec()
    };
    let stand = |address: &str, expires: &str| {
        let words = block(address, expires);
        let (id, _) = plan(&haechi, &words.iter().map(String::as_str).collect::<Vec<_>>());
        approve(&haechi, &id);
        apply(&haechi, &id);
        id
    };
    let first = stand("192.0.2.1", "1s");
    stand("192.0.2.2", "24h");
    let words = block("192.0.2.3", "24h");
    let third: Vec<&str> = std::iter::once("respond").chain(words.iter().map(String::as_str)).collect();
    let refused = errors(&haechi, &third);
    assert!(refused.contains("2 of at most 2"), "{refused}");
    assert_eq!(denies(&moto).as_array().unwrap().len(), 4, "the oldest is not dropped");
    std::thread::sleep(Duration::from_millis(1200));
    let due = haechi.json(&["respond", "due", "--format", "json"], 0);
    let rows = due["rows"].as_array().expect("rows");
    assert_eq!((rows.len(), rows[0]["id"].as_str()), (1, Some(first.as_str())));
    haechi.run(&["respond", "due", "--undo", "--by", "cron"], 0);
    let left = denies(&moto);
    assert!(left.as_array().unwrap().iter().all(|entry| entry[0] == "192.0.2.2/32"), "{left}");
    assert_eq!(haechi.json(&["respond", "due", "--format", "json"], 0)["rows"], json!([]));
    // There is room again.
    haechi.run(&third, 0);
}

#[test]
fn keys_users_roles_buckets_trails_and_ip_sets() {
    let Some(moto) = Moto::start() else { return };
    let haechi = Haechi::at(&moto.endpoint);
    let made = seen(
        &moto,
        "(lambda iam, s3, ct, waf: (iam.create_user(UserName='mina'), iam.create_login_profile(UserName='mina', Password='a-Password-1'), \
         iam.create_role(RoleName='web', AssumeRolePolicyDocument='{}'), s3.create_bucket(Bucket='www-example'), s3.create_bucket(Bucket='logs-example'), \
         ct.create_trail(Name='all', S3BucketName='logs-example'), \
         {'key': iam.create_access_key(UserName='mina')['AccessKey']['AccessKeyId'], \
         'set': waf.create_ip_set(Name='blocked', Scope='REGIONAL', IPAddressVersion='IPV4', Addresses=['203.0.113.9/32'])['Summary']['ARN']})[-1])\
         (client('iam'), client('s3'), client('cloudtrail'), client('wafv2'))",
    );
    let key = made["key"].as_str().expect("a key");
    let set = made["set"].as_str().expect("a set");
    let check = |arguments: &[&str], look: &str, before: Value, after: Value| {
        assert_eq!(seen(&moto, look), before, "{arguments:?}");
        let (id, planned) = plan(&haechi, arguments);
        assert_eq!(planned["plan"]["steps"].as_array().unwrap().len(), 1, "{planned}");
        approve(&haechi, &id);
        assert_eq!(apply(&haechi, &id)["phase"], "applied", "{arguments:?}");
        assert_eq!(seen(&moto, look), after, "{arguments:?}");
        assert_eq!(undo(&haechi, &id)["phase"], "undone", "{arguments:?}");
        assert_eq!(seen(&moto, look), before, "{arguments:?}, undone");
    };
    check(
        &["disable-access-key", "--set", &format!("accessKeyId={key}")],
        "client('iam').list_access_keys(UserName='mina')['AccessKeyMetadata'][0]['Status']",
        json!("Active"),
        json!("Inactive"),
    );
    check(
        &["deny-user", "--set", "userName=mina"],
        "client('iam').list_user_policies(UserName='mina')['PolicyNames']",
        json!([]),
        json!(["HaechiDenyAll"]),
    );
    check(
        &["revoke-role-sessions", "--set", "roleName=web"],
        "client('iam').list_role_policies(RoleName='web')['PolicyNames']",
        json!([]),
        json!(["AWSRevokeOlderSessions"]),
    );
    check(
        &["start-trail-logging", "--set", "trail=all"],
        "client('cloudtrail').get_trail_status(Name='all')['IsLogging']",
        json!(false),
        json!(true),
    );
    check(
        &["block-address-waf", "--set", "address=192.0.2.44", "--set", &format!("ipSet={set}")],
        "sorted(client('wafv2').get_ip_set(Name='blocked', Scope='REGIONAL', Id=client('wafv2').list_ip_sets(Scope='REGIONAL')['IPSets'][0]['Id'])['IPSet']['Addresses'])",
        json!(["203.0.113.9/32"]),
        json!(["192.0.2.44/32", "203.0.113.9/32"]),
    );
    let all = json!({"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true});
    let look = "client('s3').get_public_access_block(Bucket='www-example')['PublicAccessBlockConfiguration']";
    let (id, _) = plan(&haechi, &["block-bucket-public-access", "--set", "bucket=www-example"]);
    approve(&haechi, &id);
    apply(&haechi, &id);
    assert_eq!(seen(&moto, look), all);
    undo(&haechi, &id);
    let (_, again) = plan(&haechi, &["block-bucket-public-access", "--set", "bucket=www-example"]);
    assert_eq!(again["plan"]["steps"][0]["before"], Value::Null, "there is no configuration, as before");
    // A password cannot be given back, and it says so.
    let (id, planned) = plan(&haechi, &["delete-login-profile", "--set", "userName=mina"]);
    assert!(planned["plan"]["steps"][0]["undo"]["never"]["en"].as_str().unwrap().contains("gone for good"));
    approve(&haechi, &id);
    apply(&haechi, &id);
    let kept = undo(&haechi, &id);
    assert_eq!(kept["records"][1]["outcome"], "kept");
    let refused = errors(&haechi, &["respond", "delete-login-profile", "--set", "userName=mina", "--expires", "1h"]);
    assert!(refused.contains("has no undo"), "{refused}");
}

#[test]
fn an_instance_is_isolated_and_set_free() {
    let Some(moto) = Moto::start() else { return };
    let haechi = Haechi::at(&moto.endpoint);
    let instance = seen(
        &moto,
        "(lambda ec2: ec2.run_instances(ImageId='ami-12c6146b', MinCount=1, MaxCount=1, InstanceType='t3.micro')['Instances'][0]['InstanceId'])(client('ec2'))",
    );
    let instance = instance.as_str().expect("an instance");
    let groups = format!(
        "[g['GroupId'] for g in client('ec2').describe_instances(InstanceIds=['{instance}'])['Reservations'][0]['Instances'][0]['NetworkInterfaces'][0]['Groups']]"
    );
    let before = seen(&moto, &groups);
    let protected = format!(
        "client('ec2').describe_instance_attribute(InstanceId='{instance}', Attribute='disableApiTermination')['DisableApiTermination']['Value']"
    );
    let finding = haechi.folder().join("finding.json");
    let event = json!({"source": "aws.guardduty", "detail-type": "GuardDuty Finding", "detail": {
        "id": "0123abcd", "type": "Backdoor:EC2/C&CActivity.B", "accountId": "123456789012", "region": "us-east-1",
        "resource": {"instanceDetails": {"instanceId": instance}}}});
    std::fs::write(&finding, event.to_string()).expect("a file");
    let (id, planned) = plan(&haechi, &["isolate-instance", "--finding-file", finding.to_str().unwrap()]);
    assert_eq!(planned["plan"]["finding"], json!({"id": "0123abcd", "type": "Backdoor:EC2/C&CActivity.B"}));
    let isolate = planned["plan"]["steps"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(isolate["parameters"]["Groups"], json!(["${newGroup of step quarantineGroup}"]));
    approve(&haechi, &id);
    let applied = apply(&haechi, &id);
    assert_eq!(applied["phase"], "applied", "{applied}");
    let after = seen(&moto, &groups);
    assert_ne!(after, before);
    let quarantine = after[0].as_str().expect("a group");
    let rules = seen(
        &moto,
        &format!(
            "(lambda g: [g['GroupName'], g['IpPermissions'], g['IpPermissionsEgress']])(client('ec2').describe_security_groups(GroupIds=['{quarantine}'])['SecurityGroups'][0])"
        ),
    );
    assert_eq!(rules, json!(["haechi-quarantine", [], []]));
    assert_eq!(seen(&moto, &protected), json!(true));
    let snapshots = "[{t['Key']: t['Value'] for t in s['Tags']}['haechi:instance'] for s in client('ec2').describe_snapshots(Filters=[{'Name': 'tag:haechi:purpose', 'Values': ['forensics']}])['Snapshots']]";
    assert_eq!(seen(&moto, snapshots), json!([instance]));
    let undone = undo(&haechi, &id);
    assert_eq!(undone["phase"], "undone", "{undone}");
    assert_eq!((seen(&moto, &groups), seen(&moto, &protected)), (before, json!(false)));
    assert_eq!(seen(&moto, snapshots), json!([instance]), "the evidence stays");
    // The group is made once.
    let (_, again) = plan(&haechi, &["isolate-instance", "--set", &format!("instanceId={instance}")]);
    let calls: Vec<&Value> = again["plan"]["steps"].as_array().unwrap().iter().map(|step| &step["call"]).collect();
    assert!(!calls.contains(&&json!("ec2 CreateSecurityGroup")), "{calls:?}");
}

#[test]
fn wrong_words_change_nothing() {
    let haechi = Haechi::at("http://127.0.0.1:9");
    let error = errors(&haechi, &["respond", "isolate-instanse"]);
    assert!(error.contains("there is no playbook") && error.contains("isolate-instance"), "{error}");
    assert!(errors(&haechi, &["respond", "show", "0000"]).contains("there is no store"));
    let error = errors(&haechi, &["respond", "deny-user", "--set", "user"]);
    assert!(error.contains("is not NAME=VALUE"), "{error}");
    let error = errors(&haechi, &["respond", "deny-user", "--set", "user=mina"]);
    assert!(error.contains("its inputs are userName"), "{error}");
    let policy = haechi.json(&["respond", "deny-user", "--set", "userName=mina", "--policy"], 0);
    assert_eq!(policy["Statement"][1]["Resource"][1], "arn:aws:iam::*:user/mina");
    assert!(haechi.text(&["respond", "list", "--lang", "ja"], 0).contains("インスタンスを隔離する"));
    let shown = haechi.json(&["respond", "list", "deny-user", "--format", "json"], 0);
    assert_eq!(shown["id"], "deny-user");
    // A playbook of the user's own, and one that is wrong.
    let folder = haechi.folder().join("own/playbooks");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("mine.yaml"), "schema: 1\nid: mine\n").expect("a file");
    let own = haechi.folder().join("own");
    let error = errors(&haechi, &["respond", "list", "--content", own.to_str().unwrap()]);
    assert!(error.contains("mine.yaml"), "{error}");
}
