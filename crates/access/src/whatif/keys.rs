//! Which condition keys policies ask for, and where an event of CloudTrail tells them.

use std::collections::BTreeSet;

use haechi_iam::catalogue::ActionInfo;
use haechi_iam::{Policy, Prepared, pattern};

/// Where the value of a key is found in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// What is known of the caller or the resource answers it.
    Model,
    Region,
    SourceAddress,
    Endpoint,
    Vpc,
    VpcAddress,
    UserAgent,
    Mfa,
    MfaAge,
    TokenTime,
    Moment,
    ViaService,
    CalledBy,
    UserId,
    SourceIdentity,
    RequestTag,
    TagKeys,
    Tls,
    /// Only requests of services on behalf of others have it.
    ServiceOnly,
    /// A field of the session at this path; without it the request has no such key.
    Session(&'static str),
    /// Only the sessions of roles may have it, and CloudTrail does not tell.
    RoleSession,
    /// A request parameter at this path.
    Parameter(&'static str, WhenMissing),
    /// CloudTrail does not tell.
    Nowhere,
}

/// What it means that a request has no such parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenMissing {
    /// Then the request has no such key.
    Absent,
    /// A default or another resource gives the value.
    Unknown,
}

use WhenMissing::{Absent, Unknown};

/// Keys of the whole of AWS.
const GLOBAL: [(&str, KeySource); 52] = [
    ("aws:requestedregion", KeySource::Region),
    ("aws:sourceip", KeySource::SourceAddress),
    ("aws:sourcevpce", KeySource::Endpoint),
    ("aws:sourcevpc", KeySource::Vpc),
    ("aws:vpcsourceip", KeySource::VpcAddress),
    ("aws:useragent", KeySource::UserAgent),
    ("aws:multifactorauthpresent", KeySource::Mfa),
    ("aws:multifactorauthage", KeySource::MfaAge),
    ("aws:tokenissuetime", KeySource::TokenTime),
    ("aws:currenttime", KeySource::Moment),
    ("aws:epochtime", KeySource::Moment),
    ("aws:viaawsservice", KeySource::ViaService),
    ("aws:calledvia", KeySource::CalledBy),
    ("aws:calledviafirst", KeySource::CalledBy),
    ("aws:calledvialast", KeySource::CalledBy),
    ("aws:userid", KeySource::UserId),
    ("aws:sourceidentity", KeySource::SourceIdentity),
    ("aws:tagkeys", KeySource::TagKeys),
    ("aws:securetransport", KeySource::Tls),
    ("aws:sourceaccount", KeySource::ServiceOnly),
    ("aws:sourcearn", KeySource::ServiceOnly),
    ("aws:sourceorgid", KeySource::ServiceOnly),
    ("aws:sourceorgpaths", KeySource::ServiceOnly),
    ("aws:principalarn", KeySource::Model),
    ("aws:principalaccount", KeySource::Model),
    ("aws:principalorgid", KeySource::Model),
    ("aws:principalorgpaths", KeySource::Model),
    ("aws:principaltype", KeySource::Model),
    ("aws:principalisawsservice", KeySource::Model),
    ("aws:principalservicename", KeySource::Model),
    ("aws:principalservicenameslist", KeySource::Model),
    ("aws:username", KeySource::Model),
    ("aws:resourceaccount", KeySource::Model),
    ("aws:resourceorgid", KeySource::Model),
    ("aws:resourceorgpaths", KeySource::Model),
    ("kms:calleraccount", KeySource::Model),
    ("s3:resourceaccount", KeySource::Model),
    ("iam:resourceaccount", KeySource::Model),
    ("ec2:region", KeySource::Region),
    ("aws:vpceaccount", KeySource::Vpc),
    ("aws:vpceorgid", KeySource::Vpc),
    ("aws:vpceorgpaths", KeySource::Vpc),
    ("aws:sourcevpcarn", KeySource::Vpc),
    ("aws:assumedroot", KeySource::Session("userIdentity.sessionContext.assumedRoot")),
    ("ec2:roledelivery", KeySource::Session("userIdentity.sessionContext.ec2RoleDelivery")),
    ("ec2:sourceinstancearn", KeySource::RoleSession),
    ("glue:roleassumedby", KeySource::RoleSession),
    ("glue:credentialissuingservice", KeySource::RoleSession),
    ("identitystore:userid", KeySource::RoleSession),
    ("lambda:sourcefunctionarn", KeySource::RoleSession),
    ("ssm:sourceinstancearn", KeySource::RoleSession),
    ("aws:federatedprovider", KeySource::RoleSession),
];

/// Whether requests of all services may have a key of one service, in lower case: those of sessions, and those of
/// identity providers (`saml:aud`, `cognito-identity.amazonaws.com:sub`).
fn crosses_services(key: &str) -> bool {
    matches!(KeySource::of(key), KeySource::Session(_) | KeySource::RoleSession)
}

/// Keys of services that a request parameter shows. docs/org-whatif.md lists them.
pub(crate) const PARAMETERS: [(&str, &str, WhenMissing); 30] = [
    ("ec2:instancetype", "requestParameters.instanceType", Unknown),
    ("ec2:metadatahttptokens", "requestParameters.metadataOptions.httpTokens", Unknown),
    ("ec2:volumetype", "requestParameters.volumeType", Unknown),
    ("ec2:volumesize", "requestParameters.size", Unknown),
    ("ec2:encrypted", "requestParameters.encrypted", Unknown),
    ("rds:databaseclass", "requestParameters.dBInstanceClass", Unknown),
    ("rds:databaseengine", "requestParameters.engine", Unknown),
    ("rds:storageencrypted", "requestParameters.storageEncrypted", Unknown),
    ("rds:multiaz", "requestParameters.multiAZ", Unknown),
    ("iam:policyarn", "requestParameters.policyArn", Absent),
    ("iam:permissionsboundary", "requestParameters.permissionsBoundary", Absent),
    ("iam:awsservicename", "requestParameters.aWSServiceName", Absent),
    ("s3:prefix", "requestParameters.prefix", Absent),
    ("s3:delimiter", "requestParameters.delimiter", Absent),
    ("s3:x-amz-acl", "requestParameters.x-amz-acl", Absent),
    ("s3:x-amz-server-side-encryption", "requestParameters.x-amz-server-side-encryption", Absent),
    (
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "requestParameters.x-amz-server-side-encryption-aws-kms-key-id",
        Absent,
    ),
    ("s3:locationconstraint", "requestParameters.CreateBucketConfiguration.LocationConstraint", Absent),
    ("sts:externalid", "requestParameters.externalId", Absent),
    ("sts:rolesessionname", "requestParameters.roleSessionName", Absent),
    ("sts:sourceidentity", "requestParameters.sourceIdentity", Absent),
    ("lambda:functionurlauthtype", "requestParameters.authType", Absent),
    ("organizations:policyid", "requestParameters.policyId", Absent),
    ("organizations:serviceprincipal", "requestParameters.servicePrincipal", Absent),
    ("secretsmanager:name", "requestParameters.name", Absent),
    ("secretsmanager:secretid", "requestParameters.secretId", Absent),
    ("kms:keyspec", "requestParameters.keySpec", Unknown),
    ("kms:keyusage", "requestParameters.keyUsage", Unknown),
    ("elasticloadbalancing:scheme", "requestParameters.scheme", Unknown),
    ("cloudformation:rolearn", "requestParameters.roleARN", Absent),
];

impl KeySource {
    /// Of a key in lower case.
    pub(crate) fn of(key: &str) -> KeySource {
        if let Some((_, source)) = GLOBAL.iter().find(|(known, _)| *known == key) {
            return *source;
        }
        if let Some((_, path, missing)) = PARAMETERS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(key)) {
            return KeySource::Parameter(path, *missing);
        }
        if key.starts_with("aws:requesttag/") {
            KeySource::RequestTag
        } else if key.starts_with("aws:principaltag/") || key.starts_with("aws:resourcetag/") {
            KeySource::Model
        } else if key.split(':').next().is_some_and(|prefix| prefix == "saml" || prefix.contains('.')) {
            KeySource::RoleSession
        } else {
            KeySource::Nowhere
        }
    }

    /// The fields of an event that tell it.
    pub(crate) fn paths(self) -> &'static [&'static str] {
        match self {
            KeySource::SourceAddress | KeySource::VpcAddress => &["sourceIPAddress", "vpcEndpointId"],
            KeySource::Endpoint | KeySource::Vpc => &["vpcEndpointId"],
            KeySource::UserAgent => &["userAgent"],
            KeySource::Mfa | KeySource::MfaAge => &[
                "userIdentity.sessionContext.attributes.mfaAuthenticated",
                "userIdentity.accessKeyId",
                "userIdentity.sessionContext.webIdFederationData.federatedProvider",
                "userIdentity.sessionContext.sessionIssuer.userName",
            ],
            KeySource::TokenTime => {
                &["userIdentity.sessionContext.attributes.creationDate", "userIdentity.accessKeyId"]
            }
            KeySource::Moment => &["eventTime"],
            KeySource::ViaService | KeySource::CalledBy => &["userIdentity.invokedBy"],
            KeySource::UserId => &["userIdentity.principalId"],
            KeySource::SourceIdentity => &["userIdentity.sessionContext.sourceIdentity"],
            KeySource::RequestTag | KeySource::TagKeys => &["requestParameters"],
            KeySource::Tls => &["tlsDetails.tlsVersion"],
            // Every path is looked up by its own name.
            KeySource::Parameter(..) => &["requestParameters"],
            KeySource::RoleSession => &["userIdentity.type"],
            // `Session` has one of its own, which no list can name.
            KeySource::Session(_)
            | KeySource::Region
            | KeySource::Model
            | KeySource::ServiceOnly
            | KeySource::Nowhere => &[],
        }
    }
}

/// A key that is asked for a call of an action.
#[derive(Clone, Debug)]
pub(crate) struct AskedKey {
    /// In lower case.
    pub name: Box<str>,
    pub source: KeySource,
    pub presence: Presence,
}

/// Whether requests for an action have a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// The action does not have it.
    Never,
    /// The table does not know that the action has tags: those that a request shows are there.
    IfTagged,
    Possible,
}

impl AskedKey {
    pub(crate) fn of(name: &str, action: ActionInfo<'_>) -> AskedKey {
        let service = name.split(':').next().unwrap_or_default();
        let is_aws = service == "aws";
        let is_tag = name.starts_with("aws:requesttag/") || name == "aws:tagkeys";
        let presence = if crosses_services(name) {
            Presence::Possible
        } else if !is_aws && service != action.service().prefix() {
            Presence::Never
        } else if !is_aws || is_tag || name.starts_with("aws:resourcetag/") {
            match action.supports_key(name) {
                true => Presence::Possible,
                false if is_tag => Presence::IfTagged,
                false => Presence::Never,
            }
        } else {
            Presence::Possible
        };
        AskedKey { name: name.into(), source: KeySource::of(name), presence }
    }
}

/// The services whose resources matter to policies; none: those of all.
pub(crate) fn services_with_resources<'p>(policies: impl Iterator<Item = &'p Prepared>) -> Option<BTreeSet<String>> {
    let mut services = BTreeSet::new();
    for statement in policies.flat_map(|policy| policy.policy().statements()) {
        let is_asked = statement.resources().any(|resource| resource != "*" || resource.contains("${"))
            || statement.conditions().any(|condition| condition.key().to_ascii_lowercase().contains(":resource"))
            || statement
                .conditions()
                .any(|condition| condition.values().any(|value| value.to_ascii_lowercase().contains("${aws:resource")));
        if !is_asked {
            continue;
        }
        if statement.action_listing() == haechi_iam::Listing::Except {
            return None;
        }
        for action in statement.actions() {
            match action.split_once(':') {
                Some((service, _)) if !service.contains(['*', '?']) => services.insert(service.to_ascii_lowercase()),
                _ => return None,
            };
        }
    }
    Some(services)
}

/// What the statements of policies about an action ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Keys in lower case, sorted.
    pub keys: Vec<Box<str>>,
    /// Whether some statement names resources.
    pub resources: bool,
}

impl Asked {
    /// Of all statements, or of those about an action.
    pub(crate) fn of<'p>(policies: impl Iterator<Item = &'p Prepared>, action: Option<&str>) -> Asked {
        let mut asked = Asked::default();
        for policy in policies {
            let policy = policy.policy();
            for statement in policy.statements() {
                let listed = |action: &str| {
                    let named = statement.actions().any(|pattern| pattern::matches_action(pattern, action));
                    named == (statement.action_listing() == haechi_iam::Listing::Only)
                };
                if action.is_some_and(|action| !listed(action)) {
                    continue;
                }
                asked.resources |= statement.resources().any(|resource| resource != "*");
                for resource in statement.resources() {
                    asked.variables(policy, resource);
                }
                for condition in statement.conditions() {
                    asked.key(condition.key());
                    for value in condition.values() {
                        asked.variables(policy, value);
                    }
                }
            }
        }
        asked.keys.sort();
        asked.keys.dedup();
        asked.resources |= asked.keys.iter().any(|key| key.contains(":resource"));
        asked
    }

    fn key(&mut self, key: &str) {
        self.keys.push(key.to_ascii_lowercase().into());
    }

    fn variables(&mut self, policy: &Policy, text: &str) {
        if policy.version() != haechi_iam::Version::V2012 {
            return;
        }
        for variable in text.split("${").skip(1).filter_map(|rest| rest.split('}').next()) {
            let key = variable.split(',').next().unwrap_or_default().trim();
            if key.contains(':') {
                self.key(key);
            }
        }
    }
}
