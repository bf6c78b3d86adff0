//! A change of SCPs replayed over CloudTrail's files, beside reading them: `bench-logs make FOLDER` writes such.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use haechi_access::whatif::{Change, Class, Replay, WhatIf};
use haechi_access::{OrgPolicyType, World};
use haechi_iam::EventRules;
use haechi_logs::{Event, Fields, Reader, Receiver, Slot, Summary};
use haechi_model::ConfigurationItem;
use serde_json::{Value, json};

use crate::processor;

const MANAGEMENT: &str = "999900000000";
const ROUNDS: usize = 5;

/// Counts events, and nothing else.
struct Counted(u64);

impl Receiver for Counted {
    fn event(&mut self, _: &Event<'_>) -> ControlFlow<()> {
        self.0 += 1;
        ControlFlow::Continue(())
    }
}

/// Who is in the logs.
struct Callers {
    arn: Slot,
    issuer: Slot,
    found: BTreeSet<String>,
}

impl Receiver for Callers {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        for slot in [self.issuer, self.arn] {
            if let Some(arn) = event.text(slot)
                && !self.found.contains(&*arn)
                && arn.starts_with("arn:aws:iam::")
            {
                self.found.insert(arn.into_owned());
            }
        }
        ControlFlow::Continue(())
    }
}

/// The files of a folder and those below it, in order.
fn files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut entries: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn read(files: &[PathBuf], fields: &Fields, to: &mut dyn Receiver) -> Result<Summary> {
    let mut reader = Reader::new(fields);
    let _ = files.iter().try_for_each(|path| reader.read_file(path, to));
    let summary = reader.finish();
    ensure!(summary.problems.is_empty(), "{:?}", summary.problems);
    Ok(summary)
}

fn item(account: &str, kind: &str, id: &str, arn: &str, configuration: &Value) -> Result<ConfigurationItem> {
    let name = arn.rsplit(['/', ':']).next().unwrap_or(id);
    Ok(ConfigurationItem::from_value(&json!({"version": "1.3", "accountId": account, "awsRegion": "global",
        "resourceType": kind, "resourceId": id, "resourceName": name, "arn": arn,
        "configurationItemCaptureTime": "2026-11-20T03:00:00Z", "configurationItemStatus": "OK",
        "tags": {"team": "red"}, "configuration": configuration, "supplementaryConfiguration": {}}))?)
}

/// An organization of all accounts of the logs, in two units, with every role and user that calls.
fn world(callers: &BTreeSet<String>) -> Result<World> {
    let mut builder = World::builder();
    let mut org = |kind: &str, id: &str, configuration: &Value| -> Result<()> {
        let arn = format!("arn:aws:organizations::{MANAGEMENT}:x/o-1/{id}");
        builder.add(&item(MANAGEMENT, &format!("AWS::Organizations::{kind}"), id, &arn, configuration)?);
        Ok(())
    };
    org("Organization", "o-1", &json!({"FeatureSet": "ALL", "ManagementAccountId": MANAGEMENT}))?;
    org("Root", "r-1", &json!({"PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]}))?;
    let mut everywhere = vec!["r-1".to_owned(), MANAGEMENT.to_owned()];
    for unit in ["ou-a", "ou-b"] {
        org("OrganizationalUnit", unit, &json!({"Id": unit, "Name": unit, "ParentId": "r-1"}))?;
        everywhere.push(unit.to_owned());
    }
    org("Account", MANAGEMENT, &json!({"State": "ACTIVE", "ParentIds": ["r-1"]}))?;
    let accounts: BTreeSet<&str> = callers.iter().filter_map(|arn| arn.split(':').nth(4)).collect();
    for (at, account) in accounts.iter().enumerate() {
        let unit = if at % 2 == 0 { "ou-a" } else { "ou-b" };
        org("Account", account, &json!({"State": "ACTIVE", "ParentIds": [unit]}))?;
        everywhere.push((*account).to_owned());
    }
    let full = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    org(
        "Policy",
        "p-FullAWSAccess",
        &json!({"Id": "p-FullAWSAccess", "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY",
            "Content": full.to_string(), "TargetIds": everywhere}),
    )?;
    for (at, arn) in callers.iter().enumerate() {
        let account = arn.split(':').nth(4).unwrap_or_default();
        let kind = if arn.contains(":role/") { "Role" } else { "User" };
        builder.add(&item(account, &format!("AWS::IAM::{kind}"), &format!("A{at}"), arn, &json!({}))?);
    }
    Ok(builder.build()?)
}

/// What guardrails usually say: regions, the root user, tags, sizes, a bucket, keys that stay where they are.
fn guardrails() -> Value {
    let statements = [
        json!({"Sid": "Regions", "Effect": "Deny", "Resource": "*",
            "NotAction": ["iam:*", "sts:*", "organizations:*", "route53:*", "cloudfront:*", "support:*"],
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1", "ap-northeast-2"]},
                "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrgAdmin"}}}),
        json!({"Sid": "Root", "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}}),
        json!({"Sid": "Users", "Effect": "Deny", "Action": ["iam:CreateUser", "iam:CreateAccessKey"], "Resource": "*"}),
        json!({"Sid": "Sizes", "Effect": "Deny", "Action": "ec2:RunInstances",
            "Resource": "arn:aws:ec2:*:*:instance/*",
            "Condition": {"StringNotLike": {"ec2:InstanceType": ["t3.*", "m7g.*"]}}}),
        json!({"Sid": "Bucket", "Effect": "Deny", "Action": ["s3:GetObject", "s3:DeleteObject"],
            "Resource": "arn:aws:s3:::*-private*/*",
            "Condition": {"StringNotEquals": {"aws:PrincipalTag/team": "blue"}}}),
        json!({"Sid": "Addresses", "Effect": "Deny", "Action": ["secretsmanager:GetSecretValue", "kms:Decrypt"],
            "Resource": "*", "Condition": {"NotIpAddressIfExists": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]},
                "BoolIfExists": {"aws:ViaAWSService": "false"}}}),
    ];
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Reads the folder's events, and replays them, in turn.
pub fn run(folder: &str) -> Result<()> {
    let mut all = Vec::new();
    files(Path::new(folder), &mut all)?;
    let bare = Fields::of_events([])?;
    let mut fields = bare.clone();
    let (arn, issuer) = (fields.add("userIdentity.arn")?, fields.add("userIdentity.sessionContext.sessionIssuer.arn")?);
    let mut callers = Callers { arn, issuer, found: BTreeSet::new() };
    let events = read(&all, &fields, &mut callers)?.events;
    let world = world(&callers.found)?;
    println!("{} files, {events} events, {} roles and users", all.len(), callers.found.len());
    let change = Change::AttachNew {
        name: "guardrails.json".to_owned(),
        policy_type: OrgPolicyType::ServiceControl,
        content: guardrails().to_string(),
        target: "r-1".to_owned(),
    };
    let whatif = WhatIf::new(&world, vec![change])?;
    let (catalogue, rules) = (crate::catalogue()?, EventRules::read(include_str!("../../../content/iam/events.txt"))?);
    let replay = Replay::new(&whatif, &catalogue, &rules)?;
    let mut least = [f64::INFINITY; 3];
    for round in 0..ROUNDS {
        let mut counted = Counted(0);
        let (told, bare_reading) = processor::seconds(|| read(&all, &bare, &mut counted))?;
        ensure!(told?.events == events, "as many events as before");
        let (told, reading) = processor::seconds(|| read(&all, replay.fields(), &mut counted))?;
        ensure!(told?.events == events, "as many events as before");
        let mut replayer = replay.start();
        let (told, replaying) = processor::seconds(|| {
            let mut take = |event: &Event<'_>| {
                replayer.take(event);
                ControlFlow::Continue(())
            };
            read(&all, replay.fields(), &mut take)
        })?;
        ensure!(told?.events == events, "as many events as before");
        let tally = replayer.finish();
        if round == 0 {
            let counted = Class::ALL.map(|class| (class.name(), tally.of_class(class)));
            let there = counted.iter().filter(|(_, events)| *events > 0);
            let kinds: Vec<String> = there.map(|(name, events)| format!("{events} {name}")).collect();
            println!("{} kinds of calls: {}", tally.calls().len(), kinds.join(", "));
        }
        for (least, seconds) in least.iter_mut().zip([bare_reading, reading, replaying]) {
            *least = least.min(seconds);
        }
    }
    let [bare_reading, reading, replaying] = least;
    let of_event = |seconds: f64| seconds * 1e9 / events as f64;
    println!("the least of {ROUNDS} rounds, on one core:");
    println!("  read, the fields of every event: {bare_reading:.2} s, {:.0} ns an event", of_event(bare_reading));
    println!(
        "  read, {} fields that policies and events ask for: {reading:.2} s, {:.0} ns",
        replay.fields().len(),
        of_event(reading)
    );
    println!("  read and replayed: {replaying:.2} s, {:.0} ns", of_event(replaying));
    println!("  of reading: {:.2} and {:.2} times", replaying / bare_reading, replaying / reading);
    Ok(())
}
