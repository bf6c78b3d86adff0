//! Reading items: what the builder takes of users, roles, groups, policies, organizations and resources.

use haechi_iam::{GrantConstraint, KmsGrant};
use haechi_model::{ConfigurationItem, Node};

use super::holders::{lacking, policy_text};

/// A policy that is named or inline, as an item says.
pub(crate) struct Named {
    pub name: String,
    pub text: String,
}

pub(crate) fn text<'a>(node: Option<Node<'a>>) -> Option<&'a str> {
    node.and_then(Node::as_str).filter(|text| !text.is_empty())
}

/// A member of the configuration, in either spelling of its first letter.
pub(crate) fn member<'a>(item: &'a ConfigurationItem, name: &str) -> Option<Node<'a>> {
    let configuration = item.configuration()?;
    configuration.get(name).or_else(|| {
        let mut upper = name.to_owned();
        upper[..1].make_ascii_uppercase();
        configuration.get(&upper)
    })
}

/// Why a member of the configuration is missing, if it could not be read.
pub(crate) fn lacks(item: &ConfigurationItem, name: &str) -> Option<String> {
    lacking(item, &format!("configuration.{name}"))
}

/// The inline policies in a list of `{policyName, policyDocument}`.
pub(crate) fn inline(item: &ConfigurationItem, list: &str) -> Vec<Named> {
    let elements = member(item, list).into_iter().flat_map(Node::elements);
    elements
        .filter_map(|policy| {
            Some(Named {
                name: either(policy, "policyName")?.as_str()?.to_owned(),
                text: policy_text(either(policy, "policyDocument")?)?,
            })
        })
        .collect()
}

/// ARNs of the managed policies that are attached.
pub(crate) fn attached(item: &ConfigurationItem) -> Vec<Box<str>> {
    let elements = member(item, "attachedManagedPolicies").into_iter().flat_map(Node::elements);
    elements.filter_map(|policy| Some(Box::from(either(policy, "policyArn")?.as_str()?))).collect()
}

fn either<'a>(node: Node<'a>, name: &str) -> Option<Node<'a>> {
    node.get(name).or_else(|| {
        let mut upper = name.to_owned();
        upper[..1].make_ascii_uppercase();
        node.get(&upper)
    })
}

/// The document of a managed policy that is in force.
pub(crate) fn default_version(item: &ConfigurationItem) -> Option<String> {
    let wanted = text(member(item, "defaultVersionId"));
    let is_default = |version: &Node<'_>| {
        either(*version, "isDefaultVersion").and_then(Node::as_bool) == Some(true)
            || (wanted.is_some() && text(either(*version, "versionId")) == wanted)
    };
    let version = member(item, "policyVersionList")?.elements().find(is_default)?;
    policy_text(either(version, "document")?)
}

/// The document of one version of a policy.
pub(crate) fn version_text(version: Node<'_>) -> Option<Node<'_>> {
    either(version, "document")
}

/// Tags of an item, or of its configuration as IAM's API gives them.
pub(crate) fn tags(item: &ConfigurationItem) -> Vec<(Box<str>, Box<str>)> {
    let own: Vec<_> = item.tags().map(|(key, value)| (Box::from(key), Box::from(value))).collect();
    if !own.is_empty() {
        return own;
    }
    let pairs = member(item, "tags").into_iter().flat_map(Node::elements);
    pairs
        .filter_map(|tag| Some((Box::from(either(tag, "key")?.as_str()?), Box::from(either(tag, "value")?.as_str()?))))
        .collect()
}

/// Grants on a KMS key, as ListGrants writes them.
pub(crate) fn grants(item: &ConfigurationItem, key: &str) -> Vec<KmsGrant> {
    let list = item.root().path(["supplementaryConfiguration", "Grants"]);
    list.into_iter().flat_map(Node::elements).filter_map(|grant| one_grant(grant, key)).collect()
}

fn one_grant(grant: Node<'_>, key: &str) -> Option<KmsGrant> {
    let named = |name: &str| text(either(grant, name));
    let grantee = named("granteePrincipal").or_else(|| named("granteeServicePrincipal"))?;
    let operations = either(grant, "operations").into_iter().flat_map(Node::elements).filter_map(Node::as_str);
    let mut constraints = Vec::new();
    if let Some(given) = either(grant, "constraints") {
        let pairs = |name: &str| {
            let node = either(given, name)?;
            Some(node.members().filter_map(|(key, value)| Some((key.into(), value.as_str()?.into()))).collect())
        };
        constraints.extend(pairs("encryptionContextSubset").map(GrantConstraint::EncryptionContextSubset));
        constraints.extend(pairs("encryptionContextEquals").map(GrantConstraint::EncryptionContextEquals));
        constraints.extend(text(either(given, "sourceArn")).map(|arn| GrantConstraint::SourceArn(arn.into())));
    }
    let id = text(either(grant, "grantId")).unwrap_or_default();
    Some(KmsGrant::new(id, key, grantee, operations, constraints))
}
