//! One action on one bucket, asked of every principal of a large organization: what `who-can` rests on.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use haechi_iam::{Action, Caller, Context, Level, Policies, PolicyKind, Prepared, Question, Resource};

const ACCOUNTS: usize = 50;
const UNITS: usize = 10;

/// A principal with its own policies, among those of the whole organization.
struct Principal {
    caller: Caller,
    account: usize,
    identity: Vec<Arc<Prepared>>,
    boundary: Vec<Arc<Prepared>>,
}

fn prepared(kind: PolicyKind, name: &str, statements: &str) -> Result<Arc<Prepared>> {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    Ok(Arc::new(Prepared::parse(kind, name, &text)?))
}

/// The policies of the organization: most are about other services or other buckets.
fn policy(at: usize) -> Result<Arc<Prepared>> {
    let services = ["ec2", "sqs", "sns", "dynamodb", "lambda", "logs", "kms", "ecs"];
    let service = services[at % services.len()];
    let team = at % 400;
    let own = format!(
        r#"{{"Effect": "Allow", "Action": ["{service}:*", "cloudwatch:PutMetricData"], "Resource": "*"}},
        {{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
          "Resource": ["arn:aws:s3:::team-{team}", "arn:aws:s3:::team-{team}/*"],
          "Condition": {{"StringEquals": {{"aws:PrincipalTag/team": "t{team}"}}}}}},
        {{"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}}"#
    );
    prepared(PolicyKind::Identity, "policy", &own)
}

fn guardrails(unit: usize) -> Result<Vec<Level>> {
    let full = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
    let regions = r#"{"Effect": "Deny", "NotAction": ["iam:*", "sts:*", "s3:*"], "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}}"#;
    let bucket = format!(r#"{{"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::unit-{unit}-private/*"}}"#);
    let levels = [("root", vec![full, regions]), ("unit", vec![full, &bucket]), ("account", vec![full])];
    let level = |(target, statements): (&str, Vec<&str>)| -> Result<Level> {
        let policies: Result<Vec<_>> =
            statements.iter().map(|one| prepared(PolicyKind::ServiceControl, "scp", one)).collect();
        Ok(Level { target: target.into(), policies: policies? })
    };
    levels.into_iter().map(level).collect()
}

/// Asks `principals` principals with `policies` policies between them, and tells how long it took.
pub fn who_can(principals: usize, policies: usize) -> Result<()> {
    let start = Instant::now();
    let all: Vec<Arc<Prepared>> = (0..policies).map(policy).collect::<Result<_>>()?;
    let scps: Vec<Vec<Level>> = (0..UNITS).map(guardrails).collect::<Result<_>>()?;
    let limit =
        prepared(PolicyKind::Boundary, "boundary", r#"{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}"#)?;
    let everybody: Vec<Principal> = (0..principals)
        .map(|at| {
            let account = at % ACCOUNTS;
            let arn = format!("arn:aws:iam::{:012}:role/role-{at}", 111_100_000_000 + account);
            let tag = format!("t{}", at % 400);
            let caller = Caller::from_arn(&arn)?.with_tags([("team", tag.as_str())]);
            // The first is its team's.
            let identity = (0..4).map(|nth| all[(at + nth * 4999) % all.len()].clone()).collect();
            let boundary = if at % 5 == 0 { vec![limit.clone()] } else { Vec::new() };
            Ok(Principal { caller, account, identity, boundary })
        })
        .collect::<Result<_>>()?;
    println!("{policies} policies and {principals} principals prepared in {:?}", start.elapsed());
    let bucket = prepared(
        PolicyKind::Resource,
        "bucket",
        r#"{"Effect": "Allow", "Principal": {"AWS": ["111100000001", "111100000002"]}, "Action": "s3:Get*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}"#,
    )?;
    let resource_policy = [bucket];
    let action = Action::parse("s3:GetObject")?;
    let resource = Resource::any_of("arn:aws:s3:::team-7/*").in_account("111100000007");
    let context = Context::open();
    for _ in 0..5 {
        let start = Instant::now();
        // By Tri: no, maybe, yes.
        let mut counts = [0; 3];
        for principal in &everybody {
            let policies = Policies {
                scps: &scps[principal.account % UNITS],
                resource: &resource_policy,
                identity: &principal.identity,
                boundary: &principal.boundary,
                ..Policies::default()
            };
            let question = Question {
                caller: &principal.caller,
                action: &action,
                resource: &resource,
                context: &context,
                policies,
            };
            counts[question.decide().allowed as usize] += 1;
        }
        let [no, maybe, yes] = counts;
        println!("no {no}, maybe {maybe}, yes {yes} in {:?}", start.elapsed());
    }
    Ok(())
}
