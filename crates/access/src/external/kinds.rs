//! The kinds of resources that can be opened to outside, as IAM Access Analyzer lists them.

use haechi_iam::ResourceKind;

/// How a kind is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// By its policy: the actions of a service on these types of resources, each with what follows its ARN.
    ByPolicy(&'static str, &'static [(&'static str, &'static str)], ResourceKind),
    /// By the trust policies of roles.
    ByTrust,
    /// By whom it is shared with.
    ByShare,
    /// It has no policy of its own and cannot be shared.
    NeverShared,
}

/// A kind of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalKind {
    /// As Access Analyzer writes it.
    pub name: &'static str,
    pub looked: Looked,
}

const fn by_policy(
    name: &'static str,
    service: &'static str,
    types: &'static [(&'static str, &'static str)],
    kind: ResourceKind,
) -> ExternalKind {
    ExternalKind { name, looked: Looked::ByPolicy(service, types, kind) }
}

const fn kind(name: &'static str, looked: Looked) -> ExternalKind {
    ExternalKind { name, looked }
}

/// All seventeen.
pub const EXTERNAL_KINDS: [ExternalKind; 17] = [
    by_policy("AWS::S3::Bucket", "s3", &[("bucket", ""), ("object", "/*")], ResourceKind::S3Bucket),
    by_policy("AWS::S3Express::DirectoryBucket", "s3express", &[("bucket", "")], ResourceKind::S3Bucket),
    kind("AWS::IAM::Role", Looked::ByTrust),
    kind("AWS::IAM::User", Looked::NeverShared),
    by_policy("AWS::SQS::Queue", "sqs", &[("queue", "")], ResourceKind::SqsQueue),
    by_policy("AWS::SNS::Topic", "sns", &[("topic", "")], ResourceKind::SnsTopic),
    by_policy(
        "AWS::Lambda::Function",
        "lambda",
        &[("function", ""), ("function alias", ":*"), ("function version", ":*")],
        ResourceKind::LambdaFunction,
    ),
    by_policy("AWS::Lambda::LayerVersion", "lambda", &[("layerVersion", "")], ResourceKind::Other),
    by_policy("AWS::KMS::Key", "kms", &[("key", "")], ResourceKind::KmsKey),
    by_policy("AWS::SecretsManager::Secret", "secretsmanager", &[("Secret", "")], ResourceKind::Other),
    by_policy("AWS::EFS::FileSystem", "elasticfilesystem", &[("file-system", "")], ResourceKind::Other),
    kind("AWS::EC2::Snapshot", Looked::ByShare),
    by_policy("AWS::ECR::Repository", "ecr", &[("repository", "")], ResourceKind::Other),
    kind("AWS::RDS::DBSnapshot", Looked::ByShare),
    kind("AWS::RDS::DBClusterSnapshot", Looked::ByShare),
    by_policy("AWS::DynamoDB::Table", "dynamodb", &[("table", ""), ("index", "/index/*")], ResourceKind::Other),
    by_policy("AWS::DynamoDB::Stream", "dynamodb", &[("stream", "")], ResourceKind::Other),
];

/// The kind of a name, whole (`AWS::S3::Bucket`) or its last part, in any letter case.
pub fn external_kind(name: &str) -> Option<&'static ExternalKind> {
    EXTERNAL_KINDS.iter().find(|kind| {
        kind.name.eq_ignore_ascii_case(name)
            || kind.name.rsplit("::").next().is_some_and(|last| last.eq_ignore_ascii_case(name))
    })
}
