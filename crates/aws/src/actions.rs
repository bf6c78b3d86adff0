//! Which IAM action an operation needs: a table of the cases where the two names differ.
//! `haechi doctor` builds the read-only policy from it, and a denial names the action by it.

use crate::shapes;

/// Operations whose IAM action is not `<prefix>:<Operation>`.
const DIFFERENT: &[(&str, &str, &str)] = &[
    ("s3", "DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("s3", "GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration"),
    ("s3", "GetBucketCors", "s3:GetBucketCORS"),
    ("s3", "GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    ("s3", "GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
    ("s3", "GetBucketNotificationConfiguration", "s3:GetBucketNotification"),
    ("s3", "GetBucketReplication", "s3:GetReplicationConfiguration"),
    ("s3", "GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"),
    ("s3", "GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    ("s3", "HeadBucket", "s3:ListBucket"),
    ("s3", "HeadObject", "s3:GetObject"),
    ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
    ("s3", "ListObjects", "s3:ListBucket"),
    ("s3", "ListObjectsV2", "s3:ListBucket"),
    ("s3", "ListObjectVersions", "s3:ListBucketVersions"),
    ("s3", "ListBucketAnalyticsConfigurations", "s3:GetAnalyticsConfiguration"),
    ("s3", "ListBucketIntelligentTieringConfigurations", "s3:GetIntelligentTieringConfiguration"),
    ("s3", "ListBucketInventoryConfigurations", "s3:GetInventoryConfiguration"),
    ("s3", "ListBucketMetricsConfigurations", "s3:GetMetricsConfiguration"),
    ("s3", "PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("s3control", "GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock"),
    ("s3express", "GetBucketEncryption", "s3express:GetEncryptionConfiguration"),
    ("s3express", "GetBucketLifecycleConfiguration", "s3express:GetLifecycleConfiguration"),
    ("s3express", "ListDirectoryBuckets", "s3express:ListAllMyDirectoryBuckets"),
];

/// Services whose IAM prefix is neither the name that the shapes have nor the one that they sign with.
const PREFIXES: &[(&str, &str)] = &[("cloudwatch", "cloudwatch")];

/// Services whose IAM actions are HTTP methods: all that Haechi calls there is GET.
const BY_METHOD: &[&str] = &["apigateway", "apigatewayv2"];

/// The IAM action that an operation needs, such as `s3:ListAllMyBuckets` for `s3` `ListBuckets`.
pub fn iam_action(service: &str, operation: &str) -> String {
    if let Some((_, _, action)) = DIFFERENT.iter().find(|(s, o, _)| *s == service && *o == operation) {
        return (*action).to_owned();
    }
    if BY_METHOD.contains(&service) {
        return "apigateway:GET".to_owned();
    }
    let signed = || shapes::service(service).map_or(service, |known| known.signing_name());
    let prefix = PREFIXES.iter().find(|(s, _)| *s == service).map_or_else(signed, |(_, prefix)| prefix);
    format!("{prefix}:{operation}")
}

#[cfg(test)]
mod tests {
    use super::iam_action;

    #[test]
    fn names_the_action() {
        let check = |service: &str, operation: &str, want: &str| {
            assert_eq!(iam_action(service, operation), want);
        };
        check("s3", "ListBuckets", "s3:ListAllMyBuckets");
        check("s3", "GetBucketPolicy", "s3:GetBucketPolicy");
        check("s3", "HeadBucket", "s3:ListBucket");
        check("s3", "DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock");
        check("s3control", "GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock");
        check("elbv2", "DescribeListeners", "elasticloadbalancing:DescribeListeners");
        check("logs", "DescribeLogGroups", "logs:DescribeLogGroups");
        check("cloudwatch", "DescribeAlarms", "cloudwatch:DescribeAlarms");
        check("nowhere", "DoIt", "nowhere:DoIt");
        check("efs", "DescribeFileSystems", "elasticfilesystem:DescribeFileSystems");
        check("sso-admin", "ListInstances", "sso:ListInstances");
        check("opensearch", "DescribeDomains", "es:DescribeDomains");
        check("apigatewayv2", "GetApis", "apigateway:GET");
        check("s3express", "ListDirectoryBuckets", "s3express:ListAllMyDirectoryBuckets");
        check("s3express", "GetBucketPolicy", "s3express:GetBucketPolicy");
        check("s3express-control", "ListTagsForResource", "s3express:ListTagsForResource");
        check("dynamodbstreams", "ListStreams", "dynamodb:ListStreams");
    }
}
