//! Realistic questions from a fixed seed, in the format of `haechi iam simulate --batch`: an organization's
//! guardrails, policies as teams write them, and requests that some of them stop.

use serde_json::{Value, json};

/// SplitMix64: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }
}

const HOME: &str = "111122223333";
const OTHER: &str = "444455556666";
const TEAMS: [&str; 4] = ["red", "blue", "green", "data"];
const PEOPLE: [&str; 4] = ["mina", "yuna", "ken", "ana"];

/// What is asked for: an action on a resource, and keys that such a request has.
struct Asked {
    action: &'static str,
    resource: String,
    service: &'static str,
    keys: Value,
}

fn asked(random: &mut Random) -> Asked {
    let team = *random.pick(&TEAMS);
    let person = *random.pick(&PEOPLE);
    let region = *random.pick(&["us-east-1", "eu-west-1", "ap-northeast-2"]);
    let tag = json!({"aws:ResourceTag/team": team});
    let (action, resource, service, keys) = match random.below(16) {
        0..=3 => {
            let action = *random.pick(&["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]);
            (action, format!("arn:aws:s3:::{team}-data/home/{person}/report.csv"), "s3", json!({}))
        }
        4 => (
            "s3:ListBucket",
            format!("arn:aws:s3:::{team}-data"),
            "s3",
            json!({"s3:prefix": format!("home/{person}/")}),
        ),
        5 => ("ec2:StartInstances", format!("arn:aws:ec2:{region}:{HOME}:instance/i-0a{team}"), "ec2", tag),
        6 => ("ec2:TerminateInstances", format!("arn:aws:ec2:{region}:{HOME}:instance/i-0b{team}"), "ec2", tag),
        7 => ("sqs:SendMessage", format!("arn:aws:sqs:{region}:{HOME}:{team}-jobs"), "sqs", json!({})),
        8 => ("sns:Publish", format!("arn:aws:sns:{region}:{HOME}:{team}-alarms"), "sns", json!({})),
        9 => {
            let via = json!({"kms:ViaService": format!("s3.{region}.amazonaws.com")});
            ("kms:Decrypt", format!("arn:aws:kms:{region}:{HOME}:key/1234abcd-12ab-34cd-56ef-1234567890ab"), "kms", via)
        }
        10 => (
            "sts:AssumeRole",
            format!("arn:aws:iam::{HOME}:role/{team}-deploy"),
            "sts",
            json!({"sts:ExternalId": "7f3a"}),
        ),
        11 => {
            let keys = json!({"dynamodb:LeadingKeys": [person]});
            ("dynamodb:GetItem", format!("arn:aws:dynamodb:{region}:{HOME}:table/{team}-games"), "dynamodb", keys)
        }
        12 => (
            "secretsmanager:GetSecretValue",
            format!("arn:aws:secretsmanager:{region}:{HOME}:secret:{team}/db-AbCdEf"),
            "secretsmanager",
            tag,
        ),
        13 => (
            "lambda:InvokeFunction",
            format!("arn:aws:lambda:{region}:{HOME}:function:{team}-api"),
            "lambda",
            json!({}),
        ),
        14 => (
            "iam:PassRole",
            format!("arn:aws:iam::{HOME}:role/{team}-task"),
            "iam",
            json!({"iam:PassedToService": "ecs-tasks.amazonaws.com"}),
        ),
        _ => (
            "logs:GetLogEvents",
            format!("arn:aws:logs:{region}:{HOME}:log-group:/aws/lambda/{team}:log-stream:a"),
            "logs",
            json!({}),
        ),
    };
    Asked { action, resource, service, keys }
}

fn principal(random: &mut Random) -> Value {
    let arn = |value: String| json!({"type": "Arn", "value": value});
    let person = *random.pick(&PEOPLE);
    let team = *random.pick(&TEAMS);
    match random.below(20) {
        0..=6 => arn(format!("arn:aws:iam::{HOME}:user/{person}")),
        7..=12 => arn(format!("arn:aws:sts::{HOME}:assumed-role/{team}-app/{person}")),
        13 | 14 => arn(format!("arn:aws:iam::{OTHER}:user/{person}")),
        15 | 16 => arn(format!("arn:aws:sts::{OTHER}:assumed-role/partner/{person}")),
        17 => arn(format!("arn:aws:iam::{HOME}:role/{team}-app")),
        18 => json!({"type": "Anonymous"}),
        _ => json!({"type": "Service", "value": "cloudtrail.amazonaws.com"}),
    }
}

fn policy(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Statements as teams attach them to identities.
fn identity_statement(random: &mut Random, asked: &Asked) -> Value {
    let service = asked.service;
    let team = *random.pick(&TEAMS);
    match random.below(14) {
        0 | 1 => json!({"Sid": "ServiceAdmin", "Effect": "Allow", "Action": format!("{service}:*"), "Resource": "*"}),
        2 => {
            json!({"Sid": "ReadOnly", "Effect": "Allow", "Resource": "*", "Action": ["s3:Get*", "s3:List*", "ec2:Describe*",
            "logs:Get*", "logs:FilterLogEvents", "sqs:Get*", "sqs:List*", "sns:List*", "kms:Describe*", "kms:List*",
            "dynamodb:Get*", "dynamodb:Query", "lambda:Get*", "lambda:List*", "iam:Get*", "iam:List*", "cloudwatch:*"]})
        }
        3 | 4 => {
            json!({"Effect": "Allow", "Action": [asked.action, "cloudwatch:PutMetricData"], "Resource": [asked.resource, "arn:aws:s3:::shared/*"]})
        }
        5 => json!({"Sid": "OwnHome", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": "arn:aws:s3:::*-data/home/${aws:username}/*"}),
        6 => {
            json!({"Sid": "OwnPrefix", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{team}-data"),
            "Condition": {"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/*"]}}})
        }
        7 => json!({"Sid": "SameTeam", "Effect": "Allow", "Action": format!("{service}:*"), "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}}),
        8 => json!({"Sid": "Office", "Effect": "Allow", "Action": format!("{service}:*"), "Resource": "*",
            "Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}}}),
        9 => {
            json!({"Sid": "WithMfa", "Effect": "Deny", "Action": ["ec2:TerminateInstances", "s3:DeleteObject", "iam:*"],
            "Resource": "*", "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}})
        }
        10 => {
            json!({"Sid": "LeadingKeys", "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": "*",
            "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}", "mina"]}}})
        }
        11 => {
            json!({"Sid": "AllButIam", "Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"})
        }
        12 => {
            json!({"Sid": "NotProduction", "Effect": "Deny", "Action": "*", "NotResource": ["arn:aws:s3:::*", "arn:aws:*:*:*:*"]})
        }
        _ => {
            json!({"Effect": "Allow", "Action": ["ecs:*", "ecr:GetAuthorizationToken", "ecr:BatchGetImage", "sts:AssumeRole"], "Resource": "*"})
        }
    }
}

fn identity_policies(random: &mut Random, asked: &Asked) -> Vec<Value> {
    let count = 1 + random.below(4);
    let one = |random: &mut Random| {
        let statements = 1 + random.below(3);
        policy((0..statements).map(|_| identity_statement(random, asked)).collect())
    };
    (0..count).map(|_| one(random)).collect()
}

fn resource_policy(random: &mut Random, asked: &Asked) -> Value {
    let resource = if asked.service == "sts" { None } else { Some(asked.resource.as_str()) };
    let statement = |effect: &str, principal: Value, action: &str, condition: Value| {
        let mut statement = json!({"Effect": effect, "Principal": principal, "Action": action});
        if let Some(resource) = resource {
            statement["Resource"] = if asked.service == "kms" { json!("*") } else { json!(resource) };
        }
        if condition != json!({}) {
            statement["Condition"] = condition;
        }
        statement
    };
    let team = *random.pick(&TEAMS);
    let person = *random.pick(&PEOPLE);
    let mut statements = Vec::new();
    if matches!(asked.service, "kms" | "sts") && !random.one_in(4) {
        let all = if asked.service == "kms" { "kms:*" } else { "sts:AssumeRole" };
        statements.push(statement("Allow", json!({"AWS": format!("arn:aws:iam::{HOME}:root")}), all, json!({})));
    }
    match random.below(8) {
        0 => statements.push(statement("Allow", json!({"AWS": format!("arn:aws:iam::{OTHER}:root")}), asked.action, json!({}))),
        1 => statements.push(statement("Allow", json!({"AWS": [format!("arn:aws:iam::{HOME}:user/{person}"), format!("arn:aws:iam::{OTHER}:role/partner")]}), asked.action, json!({}))),
        2 => statements.push(statement("Allow", json!({"AWS": format!("arn:aws:iam::{HOME}:role/{team}-app")}), asked.action, json!({}))),
        3 => statements.push(statement("Allow", json!("*"), asked.action, json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}))),
        4 => statements.push(statement("Allow", json!({"Service": "cloudtrail.amazonaws.com"}), asked.action, json!({"StringEquals": {"aws:SourceAccount": HOME}}))),
        5 => statements.push(statement("Allow", json!({"AWS": format!("arn:aws:sts::{HOME}:assumed-role/{team}-app/{person}")}), asked.action, json!({}))),
        6 => statements.push(statement("Allow", json!("*"), asked.action, json!({}))),
        _ => {}
    }
    if random.one_in(3) && asked.service != "sts" {
        let action = format!("{}:*", asked.service);
        statements.push(statement("Deny", json!("*"), &action, json!({"Bool": {"aws:SecureTransport": "false"}})));
    }
    if statements.is_empty() { Value::Null } else { policy(statements) }
}

fn scps(random: &mut Random) -> Value {
    let full = policy(vec![json!({"Effect": "Allow", "Action": "*", "Resource": "*"})]);
    let regions = policy(vec![json!({"Sid": "Regions", "Effect": "Deny", "Resource": "*",
        "NotAction": ["iam:*", "sts:*", "organizations:*", "route53:*", "cloudfront:*", "support:*", "s3:ListAllMyBuckets"],
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]},
            "ArnNotLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/OrgAdmin", "arn:aws:iam::*:role/aws-reserved/*"]}}})]);
    let protect = policy(vec![
        json!({"Sid": "KeepTrail", "Effect": "Deny", "Action": ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "config:Delete*", "guardduty:Delete*"], "Resource": "*"}),
        json!({"Sid": "NoRoot", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}}),
    ]);
    let listed = policy(vec![json!({"Effect": "Allow", "Resource": "*",
        "Action": ["s3:*", "ec2:*", "sqs:*", "sns:*", "kms:*", "sts:*", "logs:*", "iam:*", "cloudwatch:*"]})]);
    let account = if random.one_in(3) { listed } else { full.clone() };
    json!([
        {"target": "r-1a2b", "policies": [full.clone(), protect]},
        {"target": "ou-1a2b-workloads", "policies": [full, regions]},
        {"target": HOME, "policies": [account]},
    ])
}

fn rcps() -> Value {
    let full = policy(vec![json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})]);
    let perimeter = policy(vec![json!({"Sid": "Perimeter", "Effect": "Deny", "Principal": "*", "Resource": "*",
        "Action": ["s3:*", "sqs:*", "kms:*", "secretsmanager:*"],
        "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}})]);
    json!([{"target": "r-1a2b", "policies": [full.clone(), perimeter]}, {"target": HOME, "policies": [full]}])
}

/// The keys of a request, all of them, so that nobody has to guess.
fn context(random: &mut Random, asked: &Asked, principal: &Value) -> Value {
    let mut context = asked.keys.clone();
    let region = asked.resource.split(':').nth(3).filter(|region| !region.is_empty()).unwrap_or("us-east-1");
    context["aws:RequestedRegion"] = json!(region);
    context["aws:SourceIp"] = json!(*random.pick(&["203.0.113.7", "198.51.100.4", "2001:db8::17"]));
    context["aws:SecureTransport"] = json!(if random.one_in(10) { "false" } else { "true" });
    if principal["type"] == "Arn" {
        let here = principal["value"].as_str().is_some_and(|arn| arn.contains(HOME));
        if here || random.one_in(2) {
            context["aws:PrincipalOrgID"] = json!("o-a1b2c3d4e5");
        }
        if random.one_in(2) {
            context["aws:PrincipalTag/team"] = json!(*random.pick(&TEAMS));
        }
        if random.one_in(2) {
            context["aws:MultiFactorAuthPresent"] = json!(if random.one_in(2) { "true" } else { "false" });
        }
    } else if principal["type"] == "Service" {
        // Haechi knows it of service principals; the peer has to be told.
        context["aws:PrincipalIsAWSService"] = json!("true");
        context["aws:SourceAccount"] = json!(if random.one_in(3) { OTHER } else { HOME });
    }
    context
}

/// The question of that number.
fn question(random: &mut Random, id: usize) -> Value {
    let asked = asked(random);
    let principal = principal(random);
    let value = principal["value"].as_str().unwrap_or_default().to_owned();
    let (own, session) = (principal["type"] == "Arn", value.contains("assumed-role"));
    let identity = if own { identity_policies(random, &asked) } else { Vec::new() };
    let boundary = if own && random.one_in(4) {
        let actions =
            json!(["s3:*", "sqs:*", "logs:*", "dynamodb:*", format!("{}:*", random.pick(&["ec2", "kms", "lambda"]))]);
        vec![policy(vec![json!({"Effect": "Allow", "Action": actions, "Resource": "*"})])]
    } else {
        Vec::new()
    };
    let session_policy = if session && random.one_in(5) {
        policy(vec![
            json!({"Effect": "Allow", "Action": [format!("{}:Get*", asked.service), asked.action], "Resource": "*"}),
        ])
    } else {
        Value::Null
    };
    let in_organization = !random.one_in(3);
    let endpoint = if random.one_in(6) {
        vec![policy(vec![
            json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": ["arn:aws:s3:::*-data*", "arn:aws:sqs:*:*:*"]}),
        ])]
    } else {
        Vec::new()
    };
    json!({
        "id": id,
        "request": {
            "principal": principal,
            "action": asked.action,
            "resource": {"arn": asked.resource, "accountId": HOME},
            "context": context(random, &asked, &principal),
        },
        "identityPolicies": identity,
        "permissionBoundaries": boundary,
        "sessionPolicy": session_policy,
        "scps": if in_organization && own { scps(random) } else { json!([]) },
        "rcps": if in_organization && matches!(asked.service, "s3" | "sqs" | "kms" | "secretsmanager" | "sts" | "logs" | "dynamodb") { rcps() } else { json!([]) },
        "resourcePolicy": if matches!(asked.service, "ec2" | "iam" | "logs") { Value::Null } else { resource_policy(random, &asked) },
        "endpointPolicies": endpoint,
        "settings": {"s3": {"blockPublicAccess": random.one_in(2), "bucketAbacEnabled": false}},
    })
}

/// So many questions, one a line.
pub fn lines(count: usize, seed: u64) -> Vec<String> {
    let mut random = Random(seed);
    (0..count).map(|id| question(&mut random, id).to_string()).collect()
}
