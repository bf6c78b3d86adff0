//! Where a service answers in a region: partitions, global services, and the user's own endpoints.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::shapes::{PARTITIONS, Service, service};

/// A partition: `aws`, `aws-cn`, `aws-us-gov`, ...
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Partition {
    /// The partition as it stands in ARNs.
    pub id: String,
    /// What host names end with, such as `amazonaws.com`.
    pub dns_suffix: String,
    /// The region that global services are signed for.
    pub implicit_global_region: String,
    /// All regions that were known when the tables were made, sorted.
    pub regions: Vec<String>,
    region_prefixes: Vec<String>,
    services: HashMap<String, Exception>,
}

/// A service that does not follow `{service}.{region}.{suffix}` in a partition.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Exception {
    global: Option<Fixed>,
    regions: HashMap<String, Fixed>,
}

#[derive(Debug, Deserialize)]
struct Fixed {
    hostname: String,
    region: String,
}

/// The regions of the `aws` partition that are on in every account; the later ones must be turned on.
const ALWAYS_ON: &[&str] = &[
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// All partitions, `aws` first.
pub fn partitions() -> &'static [Partition] {
    static LOADED: OnceLock<Vec<Partition>> = OnceLock::new();
    // A test reads the embedded file; without partitions every call says so.
    LOADED.get_or_init(|| serde_json::from_str(PARTITIONS).unwrap_or_default())
}

impl Partition {
    /// The partition of a region, also of one newer than the tables; `None` for a strange name.
    pub fn of_region(region: &str) -> Option<&'static Self> {
        partitions().iter().find(|partition| partition.regions.iter().any(|known| known == region)).or_else(|| {
            partitions()
                .iter()
                .find(|partition| partition.region_prefixes.iter().any(|prefix| is_region_of(region, prefix)))
        })
    }

    /// True when accounts of the partition start without this region.
    pub fn is_opt_in(&self, region: &str) -> bool {
        self.id == "aws" && !ALWAYS_ON.contains(&region)
    }
}

/// True for `<prefix>-<word>-<digits>`.
fn is_region_of(region: &str, prefix: &str) -> bool {
    let rest = region.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
    let Some((word, digits)) = rest.and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
    is_word && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// True when a service answers for the whole partition, so that one region is enough to ask.
pub fn is_global(name: &str) -> bool {
    let Some(service) = service(name) else {
        return false;
    };
    partitions()
        .iter()
        .filter_map(|partition| partition.services.get(&service.endpoint_prefix))
        .any(|exception| exception.global.is_some())
}

/// Whether a URL was given by the user or follows from the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Aws,
    Custom,
}

/// Where to send a request and what to sign it for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// `https` or `http`.
    pub scheme: String,
    /// Host and, when unusual, port.
    pub authority: String,
    /// What stands before the path, without a slash at its end.
    pub base: String,
    pub signing_region: String,
    pub origin: Origin,
}

impl Endpoint {
    /// The host and path of a request. On AWS's own endpoints a prefix or an S3 bucket goes before the
    /// host name, where the bucket's name allows it; on the user's own, all stays in the path.
    pub fn address(&self, path: &str, host_prefix: Option<&str>, bucket: Option<&str>) -> (String, String) {
        let host = &self.authority;
        if self.origin == Origin::Custom {
            return (host.clone(), format!("{}{path}", self.base));
        }
        if let Some(prefix) = host_prefix {
            return (format!("{prefix}{host}"), path.to_owned());
        }
        if let Some(bucket) = bucket.filter(|bucket| is_host_bucket(bucket))
            && let Some(rest) = path.strip_prefix(&format!("/{bucket}"))
        {
            let slash = if rest.starts_with('/') { "" } else { "/" };
            return (format!("{bucket}.{host}"), format!("{slash}{rest}"));
        }
        (host.clone(), path.to_owned())
    }
}

/// Finds the endpoint of a service. `custom` is the user's URL for it.
///
/// # Errors
/// A sentence: the region or the custom URL is not one.
pub(crate) fn resolve(service: &Service, region: &str, custom: Option<&str>) -> Result<Endpoint, String> {
    let partition = Partition::of_region(region)
        .ok_or_else(|| format!("`{region}` is not an AWS region; regions look like eu-west-1"))?;
    let prefix = &service.endpoint_prefix;
    let exception = partition.services.get(prefix);
    let fixed = exception.and_then(|e| e.global.as_ref().or_else(|| e.regions.get(region)));
    let (host, signing_region) = match fixed {
        Some(fixed) => (fixed.hostname.clone(), fixed.region.clone()),
        None => {
            // Global elsewhere and without an entry here: it answers in the partition's first region.
            let region = if is_global_prefix(prefix) { &partition.implicit_global_region } else { region };
            (format!("{prefix}.{region}.{}", partition.dns_suffix), region.to_owned())
        }
    };
    let Some(custom) = custom else {
        return Ok(Endpoint {
            scheme: "https".to_owned(),
            authority: host,
            base: String::new(),
            signing_region,
            origin: Origin::Aws,
        });
    };
    let url: http::Uri =
        custom.parse().map_err(|error| format!("the endpoint URL `{custom}` is not a URL: {error}"))?;
    let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else {
        return Err(format!("the endpoint URL `{custom}` must start with http:// or https://"));
    };
    if scheme != "http" && scheme != "https" {
        return Err(format!("the endpoint URL `{custom}` must start with http:// or https://"));
    }
    Ok(Endpoint {
        scheme: scheme.to_owned(),
        authority: authority.as_str().to_owned(),
        base: url.path().trim_end_matches('/').to_owned(),
        signing_region,
        origin: Origin::Custom,
    })
}

fn is_global_prefix(prefix: &str) -> bool {
    partitions()
        .iter()
        .filter_map(|partition| partition.services.get(prefix))
        .any(|exception| exception.global.is_some())
}

/// True for a bucket that can stand in a host name under AWS's certificate: no dots.
fn is_host_bucket(bucket: &str) -> bool {
    (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !bucket.starts_with('-')
        && !bucket.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_loads() {
        assert!(partitions().len() >= 7);
        assert_eq!(partitions()[0].id, "aws");
    }

    #[test]
    fn endpoints_of_all_kinds() {
        let check = |name: &str, region: &str, want_host: &str, want_region: &str| {
            let found = resolve(service(name).unwrap(), region, None).unwrap();
            assert_eq!((&*found.authority, &*found.signing_region), (want_host, want_region), "{name} {region}");
        };
        check("ec2", "eu-west-1", "ec2.eu-west-1.amazonaws.com", "eu-west-1");
        check("elbv2", "us-east-1", "elasticloadbalancing.us-east-1.amazonaws.com", "us-east-1");
        check("ec2", "cn-north-1", "ec2.cn-north-1.amazonaws.com.cn", "cn-north-1");
        check("iam", "ap-northeast-2", "iam.amazonaws.com", "us-east-1");
        check("iam", "cn-northwest-1", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1");
        check("iam", "us-gov-east-1", "iam.us-gov.amazonaws.com", "us-gov-west-1");
        check("iam", "eusc-de-east-1", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1");
        check("organizations", "eu-west-1", "organizations.us-east-1.amazonaws.com", "us-east-1");
        check("organizations", "cn-north-1", "organizations.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1");
        check("sts", "eu-west-1", "sts.eu-west-1.amazonaws.com", "eu-west-1");
        check("s3", "us-east-1", "s3.us-east-1.amazonaws.com", "us-east-1");
        check("s3express", "us-east-1", "s3express-control.us-east-1.amazonaws.com", "us-east-1");
        check("dynamodbstreams", "eu-west-1", "streams.dynamodb.eu-west-1.amazonaws.com", "eu-west-1");
        check("s3control", "eu-west-1", "s3-control.eu-west-1.amazonaws.com", "eu-west-1");
        check("ec2", "us-iso-east-1", "ec2.us-iso-east-1.c2s.ic.gov", "us-iso-east-1");
        check("account", "eu-west-1", "account.us-east-1.amazonaws.com", "us-east-1");
    }

    #[test]
    fn a_region_newer_than_the_tables_has_a_partition() {
        let check = |region: &str, want: Option<&str>| {
            assert_eq!(Partition::of_region(region).map(|p| &*p.id), want, "{region}");
        };
        check("eu-moon-7", Some("aws"));
        check("us-gov-moon-1", Some("aws-us-gov"));
        check("cn-moon-1", Some("aws-cn"));
        check("global", None);
        check("eu-west-1.evil.example", None);
        check("", None);
    }

    #[test]
    fn the_users_endpoint_wins_and_keeps_the_signing_region() {
        let iam = service("iam").unwrap();
        let found = resolve(iam, "eu-west-1", Some("http://localhost:5000/base/")).unwrap();
        assert_eq!(found.authority, "localhost:5000");
        assert_eq!(found.base, "/base");
        assert_eq!(found.signing_region, "us-east-1");
        assert!(resolve(iam, "eu-west-1", Some("localhost:5000")).is_err());
        assert!(resolve(iam, "eu-west-1", Some("ftp://x")).is_err());
    }

    #[test]
    fn regions_that_must_be_turned_on() {
        let aws = Partition::of_region("us-east-1").unwrap();
        assert!(aws.is_opt_in("af-south-1") && !aws.is_opt_in("us-east-1"));
        let china = Partition::of_region("cn-north-1").unwrap();
        assert!(!china.is_opt_in("cn-north-1"));
    }

    #[test]
    fn hosts_and_paths() {
        let check = |custom: Option<&str>, path: &str, prefix: Option<&str>, bucket: Option<&str>, want: &str| {
            let found = resolve(service("s3").unwrap(), "eu-west-1", custom).unwrap();
            let (host, path) = found.address(path, prefix, bucket);
            assert_eq!(format!("{host} {path}"), want);
        };
        let own = Some("http://[::1]:9000/s3");
        check(None, "/", None, None, "s3.eu-west-1.amazonaws.com /");
        check(None, "/bucket", None, Some("bucket"), "bucket.s3.eu-west-1.amazonaws.com /");
        check(None, "/bucket/a/b", None, Some("bucket"), "bucket.s3.eu-west-1.amazonaws.com /a/b");
        check(None, "/a.b/k", None, Some("a.b"), "s3.eu-west-1.amazonaws.com /a.b/k");
        check(None, "/Old_Bucket", None, Some("Old_Bucket"), "s3.eu-west-1.amazonaws.com /Old_Bucket");
        check(None, "/v", Some("1."), None, "1.s3.eu-west-1.amazonaws.com /v");
        check(own, "/bucket", None, Some("bucket"), "[::1]:9000 /s3/bucket");
        check(own, "/v", Some("1."), None, "[::1]:9000 /s3/v");
    }

    #[test]
    fn global_services() {
        assert!(is_global("iam") && is_global("organizations") && !is_global("ec2"));
    }
}
