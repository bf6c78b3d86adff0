//! Which resources have a policy of their own: where the record keeps it by type, and which of them a request's
//! ARN is about.

use haechi_model::{ConfigurationItem, Node};

/// Where the items of a type keep the resource's policy.
pub(crate) struct Holder {
    pub resource_type: &'static str,
    /// The members, from the item's root down.
    pub path: &'static [&'static str],
}

/// The one table of recorded resource policies. Trust policies of roles are with the principals, policies of VPC
/// endpoints with the endpoints.
pub(crate) const HOLDERS: [Holder; 18] = [
    holder("AWS::S3::Bucket", &["supplementaryConfiguration", "BucketPolicy"]),
    holder("AWS::S3::AccessPoint", &["configuration", "Policy"]),
    holder("AWS::S3Express::DirectoryBucket", &["supplementaryConfiguration", "BucketPolicy"]),
    holder("AWS::KMS::Key", &["supplementaryConfiguration", "Policy"]),
    holder("AWS::SQS::Queue", &["configuration", "Policy"]),
    holder("AWS::SNS::Topic", &["configuration", "Policy"]),
    holder("AWS::Lambda::Function", &["supplementaryConfiguration", "Policy"]),
    holder("AWS::Lambda::LayerVersion", &["supplementaryConfiguration", "Policy"]),
    holder("AWS::SecretsManager::Secret", &["supplementaryConfiguration", "ResourcePolicy"]),
    holder("AWS::ECR::Repository", &["configuration", "RepositoryPolicyText"]),
    holder("AWS::EFS::FileSystem", &["configuration", "FileSystemPolicy"]),
    holder("AWS::Backup::BackupVault", &["configuration", "AccessPolicy"]),
    holder("AWS::DynamoDB::Table", &["supplementaryConfiguration", "ResourcePolicy"]),
    holder("AWS::DynamoDB::Stream", &["supplementaryConfiguration", "ResourcePolicy"]),
    holder("AWS::OpenSearch::Domain", &["configuration", "AccessPolicies"]),
    holder("AWS::Elasticsearch::Domain", &["configuration", "accessPolicies"]),
    holder("AWS::ApiGateway::RestApi", &["configuration", "policy"]),
    holder("AWS::ACMPCA::CertificateAuthority", &["supplementaryConfiguration", "Policy"]),
];

const fn holder(resource_type: &'static str, path: &'static [&'static str]) -> Holder {
    Holder { resource_type, path }
}

pub(crate) fn holder_of_type(resource_type: &str) -> Option<&'static Holder> {
    HOLDERS.iter().find(|holder| holder.resource_type == resource_type)
}

/// What an item says of its policy.
pub(crate) enum Stated {
    /// There is none.
    None,
    Text(String),
    /// It could not be read, and why.
    NotCollected(String),
}

/// The policy that an item keeps at a path: a text, an object, or an object with the text in it.
pub(crate) fn stated(item: &ConfigurationItem, path: &[&str]) -> Stated {
    if let Some(reason) = lacking(item, &path.join(".")) {
        return Stated::NotCollected(reason);
    }
    let Some(node) = item.root().path(path.iter().copied()) else { return Stated::None };
    match policy_text(node) {
        Some(text) if !text.trim().is_empty() => Stated::Text(text),
        _ => Stated::None,
    }
}

/// The text of a policy in whatever form: a text, the document itself, `{"policyText": ...}`.
pub(crate) fn policy_text(node: Node<'_>) -> Option<String> {
    if let Some(text) = node.as_str() {
        return Some(text.to_owned());
    }
    if let Some(inner) = node.get("policyText") {
        return policy_text(inner);
    }
    node.get("Statement").map(|_| node.to_value().to_string())
}

/// Why a member of an item is missing, if it could not be read: it itself, or what it is in.
pub(crate) fn lacking(item: &ConfigurationItem, path: &str) -> Option<String> {
    let is_it = |missing: &str| path == missing || path.strip_prefix(missing).is_some_and(|rest| rest.starts_with('.'));
    item.not_collected().find(|missing| is_it(missing.path)).map(|missing| missing.reason.to_owned())
}

/// The resource whose policy a request is decided by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// Its type has no resource policies.
    NoPolicy,
    /// The ARN of what holds the policy.
    Holder(String),
    /// The ARN is a pattern over several holders.
    Several,
}

/// Kinds of resources that have policies and that the record has no item of, so that theirs are never known.
const NEVER_RECORDED: [(&str, &str); 6] = [
    ("events", "event-bus/"),
    ("kinesis", "stream/"),
    ("glue", "catalog"),
    ("codeartifact", "domain/"),
    ("codeartifact", "repository/"),
    ("s3tables", "bucket/"),
];

/// What holds the policy that bears on requests to this ARN.
pub(crate) fn about(arn: &str) -> About {
    let mut parts = arn.splitn(6, ':');
    let [Some("arn"), Some(partition), Some(service), Some(region), Some(account), Some(name)] =
        std::array::from_fn(|_| parts.next())
    else {
        return About::NoPolicy;
    };
    let whole = |resource: &str| {
        let arn = format!("arn:{partition}:{service}:{region}:{account}:{resource}");
        if arn.contains(['*', '?']) { About::Several } else { About::Holder(arn) }
    };
    // The first so many parts of the name, and what separates them.
    let first = |count: usize, separator: char| {
        let end = name.match_indices(separator).nth(count - 1).map_or(name.len(), |(at, _)| at);
        whole(&name[..end])
    };
    match (service, name) {
        ("s3", name) if name.starts_with("accesspoint/") => first(2, '/'),
        ("s3", _) if region.is_empty() && account.is_empty() => first(1, '/'),
        ("s3express", name) if name.starts_with("bucket/") => whole(name),
        ("sqs" | "secretsmanager", _) => whole(name),
        // A subscription has its topic's name before its own.
        ("sns", _) => first(1, ':'),
        ("kms", name) if name.starts_with("key/") => whole(name),
        ("lambda", name) if name.starts_with("function:") => first(2, ':'),
        // A policy is a version's own.
        ("lambda", name) if name.starts_with("layer:") && name.matches(':').count() == 2 => whole(name),
        ("ecr", name) if name.starts_with("repository/") => whole(name),
        ("elasticfilesystem", name) if name.starts_with("file-system/") => whole(name),
        ("backup", name) if name.starts_with("backup-vault:") => whole(name),
        ("dynamodb", name) if name.starts_with("table/") && !name.contains("/stream/") => first(2, '/'),
        ("dynamodb", name) if name.starts_with("table/") => whole(name),
        ("es", name) if name.starts_with("domain/") => first(2, '/'),
        ("acm-pca", name) if name.starts_with("certificate-authority/") => first(2, '/'),
        ("execute-api", _) => {
            let api = name.split('/').next().unwrap_or_default();
            let arn = format!("arn:{partition}:apigateway:{region}::/restapis/{api}");
            if api.contains(['*', '?']) { About::Several } else { About::Holder(arn) }
        }
        _ if NEVER_RECORDED.iter().any(|(own, kind)| *own == service && name.starts_with(kind)) => whole(name),
        _ => About::NoPolicy,
    }
}
