//! The kinds of logs that AWS accounts write.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which log an event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Log {
    /// CloudTrail: management, data, Insights and network activity events.
    #[serde(rename = "cloudtrail")]
    CloudTrail,
    /// Flow logs of VPCs and transit gateways.
    VpcFlow,
    /// Route 53 Resolver query logs.
    ResolverQuery,
    /// Kubernetes audit logs of EKS.
    EksAudit,
    /// S3 server access logs.
    S3Access,
    /// Logins to databases: Aurora MySQL audit logs, PostgreSQL connection logs.
    RdsLogin,
    /// AWS WAF logs.
    Waf,
}

impl Log {
    pub const ALL: [Log; 7] =
        [Log::CloudTrail, Log::VpcFlow, Log::ResolverQuery, Log::EksAudit, Log::S3Access, Log::RdsLogin, Log::Waf];

    pub const fn as_str(self) -> &'static str {
        match self {
            Log::CloudTrail => "cloudtrail",
            Log::VpcFlow => "vpc-flow",
            Log::ResolverQuery => "resolver-query",
            Log::EksAudit => "eks-audit",
            Log::S3Access => "s3-access",
            Log::RdsLogin => "rds-login",
            Log::Waf => "waf",
        }
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Log {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|log| log.as_str() == text);
        known.ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|log| log.as_str()).collect();
            format!("`{text}` is no log: {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_everywhere() {
        for log in Log::ALL {
            assert_eq!(serde_json::to_value(log).unwrap(), log.as_str());
            assert_eq!(log.as_str().parse(), Ok(log));
        }
        assert!("CloudTrail".parse::<Log>().is_err());
    }
}
