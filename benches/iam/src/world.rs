//! The whole way: items of a large organization with a fixed seed become a world, everybody in it is asked about, and
//! all escalation paths are searched.

use std::fs;
use std::time::Instant;

use anyhow::{Result, ensure};
use haechi_access::paths::{Certainty, Search, Things, paths};
use haechi_access::{Answer, Guardrails, World, who_can};
use haechi_content::escalation::{Escalation, escalations};
use haechi_iam::{Action, Context};
use haechi_model::ConfigurationItem;
use serde_json::{Value, json};

use crate::processor;

const ACCOUNTS: usize = 200;
const UNITS: usize = 20;
const MANAGEMENT: &str = "111100000000";

/// Numbers that look random and are the same at every run (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize % most
    }
}

fn account(at: usize) -> String {
    format!("{:012}", 111_100_000_000 + at)
}

/// An account whose principals another account's roles trust.
fn account_before(at: usize) -> String {
    account((at + ACCOUNTS - 1) % ACCOUNTS)
}

fn item(account: &str, kind: &str, id: &str, arn: &str, configuration: &Value) -> Result<ConfigurationItem> {
    let name = arn.rsplit(['/', ':']).next().unwrap_or(id);
    let value = json!({"version": "1.3", "accountId": account, "awsRegion": "global", "resourceType": kind,
        "resourceId": id, "resourceName": name, "arn": arn, "configurationItemCaptureTime": "2026-11-20T03:00:00Z",
        "configurationItemStatus": "OK", "tags": {"team": format!("t{}", number_of(id) % 7)},
        "configuration": configuration, "supplementaryConfiguration": {}});
    Ok(ConfigurationItem::from_value(&value)?)
}

/// The number at the end of an id.
fn number_of(id: &str) -> usize {
    id.trim_start_matches(|letter: char| !letter.is_ascii_digit()).parse().unwrap_or_default()
}

/// A policy that no other equals: about one service, one team's bucket, one role.
fn policy(number: usize, random: &mut Random) -> Value {
    let services = ["ec2", "sqs", "sns", "dynamodb", "lambda", "logs", "kms", "ecs", "ssm", "states"];
    let service = services[random.below(services.len())];
    let team = random.below(12);
    let actions =
        if random.below(50) == 0 { json!("s3:*") } else { json!(["s3:GetObject", "s3:PutObject", "s3:ListBucket"]) };
    let condition = match random.below(10) {
        0 => json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        _ => json!({"StringEquals": {"aws:PrincipalTag/team": format!("t{}", number % 7)}}),
    };
    let mut statements = json!([
        {"Sid": "Own", "Effect": "Allow", "Action": [format!("{service}:*"), "cloudwatch:PutMetricData"], "Resource": "*"},
        {"Sid": "Bucket", "Effect": "Allow", "Action": actions,
         "Resource": [format!("arn:aws:s3:::team-{team}"), format!("arn:aws:s3:::team-{team}/*")],
         "Condition": condition},
        {"Sid": format!("Keep{number}"), "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}]);
    // Now and then somebody may pass or assume a role, or write policies.
    let (account, other) = (account(number % ACCOUNTS), random.below(2_000));
    let more = match random.below(60) {
        0 => json!({"Sid": "Pass", "Effect": "Allow", "Resource": "*",
            "Action": ["iam:PassRole", "ec2:RunInstances", "lambda:CreateFunction", "lambda:InvokeFunction"]}),
        1 => json!({"Sid": "Assume", "Effect": "Allow", "Action": "sts:AssumeRole",
            "Resource": format!("arn:aws:iam::*:role/p-{other}*")}),
        2 => json!({"Sid": "Write", "Effect": "Allow", "Action": ["iam:PutRolePolicy", "iam:AttachUserPolicy"],
            "Resource": format!("arn:aws:iam::{account}:*/p-{other}*"), "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}),
        3 if random.below(4) == 0 => json!({"Sid": "Admin", "Effect": "Allow", "Action": "*", "Resource": "*"}),
        _ => return json!({"Version": "2012-10-17", "Statement": statements}),
    };
    statements.as_array_mut().into_iter().for_each(|all| all.push(more.clone()));
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn organization(add: &mut dyn FnMut(ConfigurationItem)) -> Result<()> {
    let mut org = |kind: &str, id: &str, configuration: Value| -> Result<()> {
        let arn = format!("arn:aws:organizations::{MANAGEMENT}:x/o-1/{id}");
        add(item(MANAGEMENT, &format!("AWS::Organizations::{kind}"), id, &arn, &configuration)?);
        Ok(())
    };
    let scp = |id: &str, content: &Value, targets: &[String]| json!({"Id": id, "Name": id, "Type": "SERVICE_CONTROL_POLICY", "Content": content.to_string(), "TargetIds": targets});
    org("Organization", "o-1", json!({"FeatureSet": "ALL", "ManagementAccountId": MANAGEMENT}))?;
    org("Root", "r-1", json!({"PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]}))?;
    let mut everywhere = vec!["r-1".to_owned()];
    for unit in 0..UNITS {
        let id = format!("ou-{unit}");
        org("OrganizationalUnit", &id, json!({"Id": id, "Name": id, "ParentId": "r-1"}))?;
        let content = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*",
            "Resource": format!("arn:aws:s3:::unit-{unit}-private/*")}]});
        org("Policy", &format!("p-{unit}"), scp(&format!("p-{unit}"), &content, std::slice::from_ref(&id)))?;
        everywhere.push(id);
    }
    for at in 0..ACCOUNTS {
        let parents = if at == 0 { "r-1".to_owned() } else { format!("ou-{}", at % UNITS) };
        org("Account", &account(at), json!({"State": "ACTIVE", "ParentIds": [parents]}))?;
        everywhere.push(account(at));
    }
    let full = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    org("Policy", "p-FullAWSAccess", scp("p-FullAWSAccess", &full, &everywhere))?;
    let regions = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny",
        "NotAction": ["iam:*", "sts:*", "s3:*"], "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}}]});
    org("Policy", "p-regions", scp("p-regions", &regions, &["r-1".to_owned()]))
}

fn people(principals: usize, policies: usize, add: &mut dyn FnMut(ConfigurationItem)) -> Result<()> {
    let mut random = Random(5);
    let managed = policies / 2;
    for number in 0..managed {
        let account = account(number % ACCOUNTS);
        let arn = format!("arn:aws:iam::{account}:policy/managed-{number}");
        let version =
            json!({"document": policy(number, &mut random).to_string(), "versionId": "v1", "isDefaultVersion": true});
        let configuration = json!({"defaultVersionId": "v1", "policyVersionList": [version]});
        add(item(&account, "AWS::IAM::Policy", &format!("ANPA{number}"), &arn, &configuration)?);
    }
    for at in 0..ACCOUNTS {
        let account = account(at);
        let limit =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]});
        let version = json!({"document": limit.to_string(), "versionId": "v1", "isDefaultVersion": true});
        let configuration = json!({"policyVersionList": [version]});
        let arn = format!("arn:aws:iam::{account}:policy/limit");
        add(item(&account, "AWS::IAM::Policy", &format!("ANPAlimit{at}"), &arn, &configuration)?);
    }
    let service = ["ec2.amazonaws.com", "lambda.amazonaws.com", "ecs-tasks.amazonaws.com"];
    for number in 0..principals {
        let account_at = number % ACCOUNTS;
        let account = account(account_at);
        let inline = (policies - managed).div_ceil(principals.max(1));
        let inline: Vec<Value> = (0..inline)
            .map(|nth| json!({"policyName": "own", "policyDocument": policy(number * 31 + nth, &mut random).to_string()}))
            .collect();
        let attached: Vec<Value> = (0..3)
            .map(|_| {
                // One of the account's own.
                let at = random.below(managed / ACCOUNTS) * ACCOUNTS + account_at;
                json!({"policyName": "managed", "policyArn": format!("arn:aws:iam::{account}:policy/managed-{at}")})
            })
            .collect();
        let mut configuration = json!({"attachedManagedPolicies": attached});
        if number % 5 == 0 {
            let arn = format!("arn:aws:iam::{account}:policy/limit");
            configuration["permissionsBoundary"] = json!({"permissionsBoundaryArn": arn});
        }
        let (kind, path, id) = if number % 4 == 0 { ("User", "user", "AIDA") } else { ("Role", "role", "AROA") };
        if kind == "User" {
            configuration["userPolicyList"] = json!(inline);
            configuration["groupList"] = json!([]);
        } else {
            configuration["rolePolicyList"] = json!(inline);
            let mut trusted = vec![
                json!({"Effect": "Allow", "Principal": {"Service": service[number % 3]}, "Action": "sts:AssumeRole"}),
            ];
            if number % 10 == 1 {
                trusted.push(json!({"Effect": "Allow", "Principal": {"AWS": account_before(account_at)}, "Action": "sts:AssumeRole"}));
            }
            let trust = json!({"Version": "2012-10-17", "Statement": trusted});
            configuration["assumeRolePolicyDocument"] = json!(trust.to_string());
        }
        let arn = format!("arn:aws:iam::{account}:{path}/p-{number}");
        add(item(&account, &format!("AWS::IAM::{kind}"), &format!("{id}{number}"), &arn, &configuration)?);
    }
    Ok(())
}

/// Functions and instances with roles, which may be taken over.
fn things(principals: usize, add: &mut dyn FnMut(ConfigurationItem)) -> Result<()> {
    for number in (0..principals).filter(|number| number % 4 != 0).step_by(10) {
        let account = account(number % ACCOUNTS);
        let role = format!("arn:aws:iam::{account}:role/p-{number}");
        let arn = format!("arn:aws:lambda:us-east-1:{account}:function:f-{number}");
        add(item(&account, "AWS::Lambda::Function", &format!("f-{number}"), &arn, &json!({"role": role}))?);
    }
    Ok(())
}

fn bucket(add: &mut dyn FnMut(ConfigurationItem)) -> Result<()> {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": [account(1), account(2), "999999999999"]}, "Action": "s3:Get*",
         "Resource": "arn:aws:s3:::team-7/*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::team-7/*",
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]});
    let mut value = item(&account(7), "AWS::S3::Bucket", "team-7", "arn:aws:s3:::team-7", &json!({}))?.to_value();
    value["supplementaryConfiguration"]["BucketPolicy"] = json!({"policyText": policy.to_string()});
    add(ConfigurationItem::from_value(&value)?);
    Ok(())
}

/// Builds the world, and tells times and memory.
fn build(principals: usize, policies: usize) -> Result<(World, Things, Vec<Escalation>)> {
    ensure!(policies >= 2 * ACCOUNTS, "there are {ACCOUNTS} accounts: ask for {} policies or more", 2 * ACCOUNTS);
    let (catalogue, problems) = escalations();
    ensure!(problems.is_empty(), "{problems:?}");
    let mut found = Things::of(&catalogue);
    let before = resident();
    let mut builder = World::builder();
    let (mut reading, mut items) = (std::time::Duration::ZERO, 0);
    let mut add = |item: ConfigurationItem| {
        items += 1;
        let start = Instant::now();
        builder.add(&item);
        found.add(&item);
        reading += start.elapsed();
    };
    organization(&mut add)?;
    people(principals, policies, &mut add)?;
    things(principals, &mut add)?;
    bucket(&mut add)?;
    let start = Instant::now();
    let world = builder.build()?;
    println!(
        "{items} items, {} principals, {} policies: read in {reading:?}, joined in {:?}, {} MiB",
        world.principals().len(),
        world.prepared_policies(),
        start.elapsed(),
        (resident() - before) >> 20,
    );
    Ok((world, found, catalogue))
}

/// Asks who can read a bucket.
pub fn ask(principals: usize, policies: usize) -> Result<()> {
    let (world, ..) = build(principals, policies)?;
    let action = Action::parse("s3:GetObject")?;
    let (target, context) = (world.target("arn:aws:s3:::team-7/*", None), Context::open());
    for _ in 0..5 {
        let (found, seconds) = processor::seconds(|| who_can(&world, &action, &target, &context, Guardrails::Counted))?;
        let counts = [Answer::Yes, Answer::Conditional, Answer::Undecidable].map(|answer| found.count(answer));
        println!(
            "asked {}: {counts:?} yes, conditional, undecidable in {:.1} ms of one core",
            found.asked,
            seconds * 1e3
        );
    }
    Ok(())
}

/// Searches all escalation paths.
pub fn search(principals: usize, policies: usize) -> Result<()> {
    let (world, things, catalogue) = build(principals, policies)?;
    for _ in 0..5 {
        let (found, seconds) = processor::seconds(|| paths(&world, &things, &catalogue, &Search::default()))?;
        let certain = found.paths.iter().filter(|path| path.certainty == Certainty::Certain).count();
        println!(
            "searched {}: {} are administrators, {} have a path ({certain} for certain) in {seconds:.2} s of one core",
            found.searched,
            found.admins,
            found.paths.len(),
        );
    }
    Ok(())
}

/// Bytes of memory in use, where the system tells.
fn resident() -> usize {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or_default() * 4096
}
