//! What is asked for: the action, and the resource with what the organization's record knows of it.

use crate::caller::{OrgPlace, Standing, Tags, lower_tags};
use crate::context::Fact;
use crate::glob::Glob;
use crate::tri::Tri;

/// An action such as `s3:GetObject`, in lower case as policies are compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Action {
    text: Box<str>,
    lower: Box<str>,
    colon: usize,
    wildcard_only: bool,
}

/// The text is no action.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an action: write service:Name, such as s3:GetObject, without wildcards")]
pub struct ActionError(pub String);

impl Action {
    /// # Errors
    /// No `service:Name`, or a wildcard or white space in it.
    pub fn parse(text: &str) -> Result<Action, ActionError> {
        let wrong = || ActionError(text.chars().take(120).collect());
        let colon = text.find(':').ok_or_else(wrong)?;
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'*' | b'?'));
        if !plain || colon == 0 || colon + 1 == text.len() || text[colon + 1..].contains(':') {
            return Err(wrong());
        }
        Ok(Action { text: text.into(), lower: text.to_ascii_lowercase().into(), colon, wildcard_only: false })
    }

    /// Tells that the action has no resource types: only `*` in `Resource` reaches it, as AWS documents.
    #[must_use]
    pub fn without_resource_types(mut self) -> Action {
        self.wildcard_only = true;
        self
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The service prefix, in lower case.
    #[inline]
    pub fn service(&self) -> &str {
        &self.lower[..self.colon]
    }

    /// The name after the colon, in lower case.
    #[inline]
    pub fn name(&self) -> &str {
        &self.lower[self.colon + 1..]
    }

    #[inline]
    pub(crate) fn lower(&self) -> &str {
        &self.lower
    }

    /// Whether it has no resource types.
    pub fn is_wildcard_only(&self) -> bool {
        self.wildcard_only
    }

    /// Which services a policy speaks of is kept as 64 bits; this is the action's.
    #[inline]
    pub(crate) fn service_bit(&self) -> u64 {
        service_bit(self.service())
    }
}

/// The bit of a service prefix in lower case: FNV-1a, folded. Two services may share one.
pub(crate) fn service_bit(lower: &str) -> u64 {
    let hash = lower
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    1 << ((hash ^ (hash >> 32)) & 63)
}

/// How a service reads the policies about a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResourceType {
    Ordinary,
    /// A KMS key: identity policies count only as far as the key policy says.
    KmsKey,
    Bucket,
    /// Block Public Access is always on.
    DirectoryBucket,
}

/// The resource of a question.
#[derive(Clone, Debug)]
pub struct Resource {
    pub(crate) arn: Box<str>,
    pub(crate) account: Option<Box<str>>,
    pub(crate) tags: Fact<Tags>,
    pub(crate) org: Fact<OrgPlace>,
    pub(crate) standing: Standing,
    pub(crate) kind: ResourceType,
    /// Whether the ARN is a pattern that stands for many resources.
    pub(crate) set: bool,
    /// The wildcards of the pattern stand for no colon.
    colonless: bool,
    pub(crate) aws_managed_key: bool,
    /// S3's attribute-based access control is off, so that tags are no condition keys.
    pub(crate) tags_ignored: bool,
    region: Option<Box<str>>,
}

/// Services with one endpoint in the commercial partition, and the region that it is in.
const GLOBAL_SERVICES: [(&str, &str); 23] = [
    ("iam", "us-east-1"),
    ("organizations", "us-east-1"),
    ("cloudfront", "us-east-1"),
    ("route53", "us-east-1"),
    ("route53domains", "us-east-1"),
    ("account", "us-east-1"),
    ("globalaccelerator", "us-west-2"),
    ("networkmanager", "us-west-2"),
    ("route53-recovery-control-config", "us-west-2"),
    ("route53-recovery-readiness", "us-west-2"),
    ("artifact", "us-east-1"),
    ("billing", "us-east-1"),
    ("billingconductor", "us-east-1"),
    ("budgets", "us-east-1"),
    ("ce", "us-east-1"),
    ("freetier", "us-east-1"),
    ("invoicing", "us-east-1"),
    ("notifications-contacts", "us-east-1"),
    ("savingsplans", "us-east-1"),
    ("shield", "us-east-1"),
    ("support", "us-east-1"),
    ("tax", "us-east-1"),
    ("waf", "us-east-1"),
];

/// The region that all calls of a service go to, if there is such a one in the partition.
pub(crate) fn global_region(service: &str, partition: &str) -> Option<&'static str> {
    match (partition, service) {
        ("aws", _) => GLOBAL_SERVICES.iter().find(|(global, _)| *global == service).map(|(_, region)| *region),
        ("aws-cn", "iam" | "support") => Some("cn-north-1"),
        ("aws-cn", "account" | "budgets" | "ce" | "cloudfront" | "organizations" | "route53") => Some("cn-northwest-1"),
        ("aws-us-gov", "iam" | "networkmanager" | "organizations" | "route53" | "support") => Some("us-gov-west-1"),
        _ => None,
    }
}

impl Resource {
    /// A resource by its ARN; `*` for actions without one.
    pub fn new(arn: &str) -> Resource {
        let parts = crate::value::arn_parts(arn);
        let kind = match parts {
            Some([_, _, "kms", _, _, key]) if key.starts_with("key/") => ResourceType::KmsKey,
            Some([_, _, "s3", "", "", _]) => ResourceType::Bucket,
            Some([_, _, "s3express", _, _, name]) if name.starts_with("bucket/") => ResourceType::DirectoryBucket,
            _ => ResourceType::Ordinary,
        };
        let [_, partition, service, region, account, _] = parts.unwrap_or_default();
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let region = match region {
            "" => global_region(service, partition).unwrap_or_default(),
            region => region,
        };
        Resource {
            arn: arn.into(),
            account: is_account.then(|| account.into()),
            tags: Fact::Unknown,
            org: Fact::Unknown,
            standing: Standing::Member,
            kind,
            set: false,
            colonless: false,
            aws_managed_key: false,
            tags_ignored: false,
            region: (!region.is_empty() && !region.contains(['*', '?'])).then(|| region.into()),
        }
    }

    /// Some resource among those that a pattern (`arn:aws:s3:::bucket/*`) stands for. A statement about a part of
    /// them gives "maybe".
    pub fn any_of(pattern: &str) -> Resource {
        Resource { set: pattern.contains(['*', '?']), ..Resource::new(pattern) }
    }

    /// Tells that the wildcards of [`Resource::any_of`] stand for ids, in which there is no colon: instances then are
    /// no volumes.
    #[must_use]
    pub fn with_plain_ids(mut self) -> Resource {
        self.colonless = self.set;
        self
    }

    /// Tells the owning account, which the ARNs of S3 do not.
    #[must_use]
    pub fn in_account(mut self, account: &str) -> Resource {
        self.account = Some(account.into());
        self
    }

    /// Tells the region that its calls are made in, which the ARNs of S3 do not.
    #[must_use]
    pub fn in_region(mut self, region: &str) -> Resource {
        self.region = Some(region.into());
        self
    }

    /// Tells all tags.
    #[must_use]
    pub fn with_tags<'t>(mut self, tags: impl IntoIterator<Item = (&'t str, &'t str)>) -> Resource {
        self.tags = Fact::Known(lower_tags(tags));
        self
    }

    /// Tells the owning account's place in its organization; `None`: it is in none.
    #[must_use]
    pub fn with_org(mut self, place: Option<OrgPlace>) -> Resource {
        self.org = place.map_or(Fact::Absent, Fact::Known);
        self
    }

    /// Tells whether the owning account is the management account.
    #[must_use]
    pub fn with_standing(mut self, standing: Standing) -> Resource {
        self.standing = standing;
        self
    }

    /// Tells that it is a KMS key that AWS manages, which RCPs do not affect.
    #[must_use]
    pub fn aws_managed_key(mut self) -> Resource {
        self.aws_managed_key = true;
        self
    }

    /// Tells that attribute-based access control is off for the bucket: its tags are then no condition keys.
    #[must_use]
    pub fn without_bucket_abac(mut self) -> Resource {
        self.tags_ignored = self.kind == ResourceType::Bucket;
        self
    }

    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The owning account, if it is known.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The region of the request, as far as the resource tells it.
    pub(crate) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    #[inline]
    pub(crate) fn matches(&self, pattern: &Glob) -> Tri {
        if self.colonless && !pattern.meets_by_parts(&self.arn) {
            return Tri::No;
        }
        if self.set { pattern.matches_set(&self.arn) } else { pattern.matches(&self.arn).into() }
    }
}
