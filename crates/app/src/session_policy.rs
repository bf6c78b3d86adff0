//! What a session in another account may do at most, whatever its role could: AWS's read-only policies, less the
//! reading of data.

use haechi_model::Partition;
use serde_json::json;

/// AWS's managed policies that together allow what collectors ask. A session may do what one of them and the role
/// allow.
const MANAGED: [&str; 2] = ["ReadOnlyAccess", "SecurityAudit"];

/// What those allow and Haechi never does: to read objects, rows, messages, logs, secrets and code.
pub const DATA: [&str; 39] = [
    "athena:GetQueryResults*",
    "cassandra:Select",
    "codecommit:GetBlob",
    "codecommit:GetFile",
    "codecommit:GetFolder",
    "codecommit:GitPull",
    "connect:GetContact*",
    "dynamodb:BatchGet*",
    "dynamodb:GetItem",
    "dynamodb:GetRecords",
    "dynamodb:PartiQLSelect",
    "dynamodb:Query",
    "dynamodb:Scan",
    "ebs:GetSnapshotBlock",
    "ec2:GetConsoleOutput",
    "ec2:GetConsoleScreenshot",
    "ec2:GetPasswordData",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "glacier:GetJobOutput",
    "kinesis:Get*Records",
    "kinesis:SubscribeToShard",
    "kms:Decrypt",
    "lambda:InvokeFunction",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:GetLogRecord",
    "logs:GetQueryResults",
    "logs:StartLiveTail",
    "logs:StartQuery",
    "rds:DownloadDBLogFilePortion",
    "redshift-data:*",
    "s3:GetObject*",
    "s3-object-lambda:GetObject*",
    "secretsmanager:*GetSecretValue",
    "sqs:ReceiveMessage",
    "ssm:GetParameter*",
    "workmail:GetRawMessageContent",
];

/// The ARNs of the managed policies of a partition.
pub fn narrowing_arns(partition: &Partition) -> Vec<String> {
    MANAGED.iter().map(|name| format!("arn:{partition}:iam::aws:policy/{name}")).collect()
}

/// The policy of a session: it allows nothing by itself, and denies what reads data.
pub fn narrowing() -> String {
    let statement = json!([{"Effect": "Deny", "Action": DATA.as_slice(), "Resource": "*"}]);
    json!({"Version": "2012-10-17", "Statement": statement}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pattern of an action, as IAM compares it: without regard to case.
    fn fits(pattern: &str, action: &str) -> bool {
        haechi_store::glob_matches(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
    }

    #[test]
    fn nothing_that_is_collected_is_denied() {
        let policy = crate::doctor::audit_policy().unwrap();
        let statements = policy["Statement"].as_array().unwrap();
        let actions = statements.iter().flat_map(|statement| statement["Action"].as_array().unwrap());
        for action in actions.map(|action| action.as_str().unwrap()) {
            let denied: Vec<_> = DATA.iter().filter(|pattern| fits(pattern, action)).collect();
            assert!(denied.is_empty(), "{action} is denied by {denied:?}");
        }
        assert!(fits("s3:GetObject*", "s3:GetObjectVersion"));
    }

    #[test]
    fn it_is_as_short_as_sts_wants_it() {
        let arns: usize = narrowing_arns(&Partition::aws()).iter().map(String::len).sum();
        assert!(narrowing().len() + arns <= 2048, "{} and {arns}", narrowing().len());
    }
}
