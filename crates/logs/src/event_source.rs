//! Which resources an event's source looks after: `elasticfilesystem.amazonaws.com` is EFS.

use haechi_model::ResourceType;

/// An event source by its first word, such as `ec2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventSource<'a>(&'a str);

/// Sources that are called otherwise than the service in AWS Config's types (in lower case, without hyphens).
const NAMES: [(&str, &[&str]); 28] = [
    ("acm-pca", &["acmpca"]),
    ("airflow", &["mwaa"]),
    ("apigateway", &["apigateway", "apigatewayv2"]),
    ("application-autoscaling", &["applicationautoscaling"]),
    ("cognito-identity", &["cognito"]),
    ("cognito-idp", &["cognito"]),
    ("dms", &["dms"]),
    ("elasticfilesystem", &["efs"]),
    ("elasticloadbalancing", &["elasticloadbalancing", "elasticloadbalancingv2"]),
    ("elasticmapreduce", &["emr"]),
    ("emr-containers", &["emrcontainers"]),
    ("es", &["elasticsearch", "opensearch", "opensearchservice"]),
    ("events", &["events", "eventschemas"]),
    ("firehose", &["kinesisfirehose"]),
    ("globalaccelerator", &["globalaccelerator"]),
    ("inspector2", &["inspectorv2"]),
    ("kafka", &["msk"]),
    ("kinesisanalytics", &["kinesisanalytics", "kinesisanalyticsv2"]),
    ("logs", &["logs"]),
    ("macie2", &["macie"]),
    ("mediapackage-vod", &["mediapackage"]),
    ("monitoring", &["cloudwatch"]),
    ("mq", &["amazonmq"]),
    ("route53resolver", &["route53resolver"]),
    ("s3", &["s3", "s3express"]),
    ("ses", &["ses"]),
    ("states", &["stepfunctions"]),
    ("waf-regional", &["wafregional"]),
];

/// Services whose events name `us-east-1` (or the like in other partitions) and whose resources are global.
const GLOBAL: [&str; 9] =
    ["iam", "organizations", "cloudfront", "route53", "globalaccelerator", "shield", "waf", "wafv2", "networkmanager"];

impl<'a> EventSource<'a> {
    /// Of an `eventSource` such as `ec2.amazonaws.com`.
    pub fn of(source: &'a str) -> Self {
        Self(source.split('.').next().unwrap_or(source))
    }

    pub const fn word(self) -> &'a str {
        self.0
    }

    /// True when its calls can change resources of the type: every service may tag what belongs to others.
    pub fn changes(self, resource_type: &ResourceType) -> bool {
        if self.0 == "tagging" {
            return true;
        }
        let service = resource_type.service().to_ascii_lowercase();
        // Block public access of an account, for one, is S3's and the account's.
        match NAMES.iter().find(|(name, _)| *name == self.0) {
            Some((_, services)) => services.contains(&service.as_str()),
            None => self.0.bytes().filter(|letter| *letter != b'-').eq(service.bytes()),
        }
    }

    /// True when the service has resources that belong to no region.
    pub fn is_global(self) -> bool {
        GLOBAL.contains(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_know_their_types() {
        for (source, resource_type, fits) in [
            ("ec2.amazonaws.com", "AWS::EC2::SecurityGroup", true),
            ("ec2.amazonaws.com", "AWS::S3::Bucket", false),
            ("s3.amazonaws.com", "AWS::S3::Bucket", true),
            ("elasticfilesystem.amazonaws.com", "AWS::EFS::FileSystem", true),
            ("elasticloadbalancing.amazonaws.com", "AWS::ElasticLoadBalancingV2::LoadBalancer", true),
            ("network-firewall.amazonaws.com", "AWS::NetworkFirewall::Firewall", true),
            ("monitoring.amazonaws.com", "AWS::CloudWatch::Alarm", true),
            ("es.amazonaws.com", "AWS::OpenSearch::Domain", true),
            ("tagging.amazonaws.com", "AWS::Lambda::Function", true),
            ("kms.amazonaws.com", "AWS::KMS::Key", true),
        ] {
            let resource_type = ResourceType::parse(resource_type).unwrap();
            assert_eq!(EventSource::of(source).changes(&resource_type), fits, "{source} {resource_type}");
        }
        assert!(EventSource::of("iam.amazonaws.com").is_global() && !EventSource::of("ec2.amazonaws.com").is_global());
    }
}
