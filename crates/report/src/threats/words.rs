//! The words for what a threat and a story name: kinds of factors, of entities, of logs.

use haechi_model::{EntityKind, Log};

/// The message of a factor's kind or circle, where it has one: others are fields of logs, and stay as they are.
pub(crate) fn factor_word(word: &str) -> Option<&'static str> {
    Some(match word {
        "address" => "factor-kind-address",
        "api" => "factor-kind-api",
        "asn" => "factor-kind-asn",
        "country" => "factor-kind-country",
        "image" => "factor-kind-image",
        "namespace" => "factor-kind-namespace",
        "network" => "factor-kind-network",
        "port" => "factor-kind-port",
        "region" => "factor-kind-region",
        "resource" => "factor-kind-resource",
        "service" => "factor-kind-service",
        "target" => "factor-kind-target",
        "user" => "factor-kind-user",
        "user-agent" => "factor-kind-user-agent",
        "verb" => "factor-kind-verb",
        "volume" => "factor-kind-volume",
        _ => return None,
    })
}

/// Among whom something is new.
pub(crate) fn among_word(word: &str) -> Option<&'static str> {
    Some(match word {
        "account" => "factor-among-account",
        "key" => "factor-among-key",
        "organization" => "factor-among-organization",
        "principal" => "factor-among-principal",
        "role" => "factor-among-role",
        _ => return None,
    })
}

/// The name of a log.
pub(crate) const fn log_word(log: Log) -> &'static str {
    match log {
        Log::CloudTrail => "log-cloudtrail",
        Log::VpcFlow => "log-vpc-flow",
        Log::ResolverQuery => "log-resolver-query",
        Log::EksAudit => "log-eks-audit",
        Log::S3Access => "log-s3-access",
        Log::RdsLogin => "log-rds-login",
        Log::Waf => "log-waf",
    }
}

/// The name of a kind of entity.
pub(crate) const fn entity_word(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Account => "entity-account",
        EntityKind::Principal => "entity-principal",
        EntityKind::Session => "entity-session",
        EntityKind::AccessKey => "entity-access-key",
        EntityKind::Instance => "entity-instance",
        EntityKind::Interface => "entity-interface",
        EntityKind::Address => "entity-address",
        EntityKind::Domain => "entity-domain",
        EntityKind::Bucket => "entity-bucket",
        EntityKind::Key => "entity-key",
        EntityKind::Function => "entity-function",
        EntityKind::Database => "entity-database",
        EntityKind::Cluster => "entity-cluster",
        EntityKind::UserAgent => "entity-user-agent",
        EntityKind::Resource => "entity-resource",
    }
}
