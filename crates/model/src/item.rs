//! The configuration item: what one resource is, exactly as AWS Config says it.
//!
//! Member names are the API's (`accountId`, `arn`, `version`, `relationshipName`); the spellings
//! of files are folded into them. Strings stay strings, URL-encoded policy documents too.
//! `notCollected` is Haechi's addition: the members that could not be read, and why. So is `source`:
//! where a resource of a plan or a template stands in its file.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::doc::{Doc, DocError, Node};
use crate::hash::ContentHash;
use crate::ids::{AccountId, IdError, Partition, Region, ResourceKey, ResourceType};
use crate::item_read;
use crate::location::SourceLocation;
use crate::time::Timestamp;

/// One version of one resource.
#[derive(Clone)]
pub struct ConfigurationItem {
    key: ResourceKey,
    captured: Timestamp,
    status: ItemStatus,
    doc: Doc,
}

/// AWS Config's configurationItemStatus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ItemStatus {
    #[serde(rename = "OK")]
    Ok,
    ResourceDiscovered,
    ResourceNotRecorded,
    ResourceDeleted,
    ResourceDeletedNotRecorded,
}

impl ItemStatus {
    pub const fn as_str(self) -> &'static str {
        match self {
            ItemStatus::Ok => "OK",
            ItemStatus::ResourceDiscovered => "ResourceDiscovered",
            ItemStatus::ResourceNotRecorded => "ResourceNotRecorded",
            ItemStatus::ResourceDeleted => "ResourceDeleted",
            ItemStatus::ResourceDeletedNotRecorded => "ResourceDeletedNotRecorded",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [
            Self::Ok,
            Self::ResourceDiscovered,
            Self::ResourceNotRecorded,
            Self::ResourceDeleted,
            Self::ResourceDeletedNotRecorded,
        ]
        .into_iter()
        // Old items say Discovered.
        .find(|status| {
            status.as_str().eq_ignore_ascii_case(text) || (text == "Discovered" && *status == Self::ResourceDiscovered)
        })
    }

    /// The resource is gone: the item holds no configuration.
    pub const fn is_deleted(self) -> bool {
        matches!(self, ItemStatus::ResourceDeleted | ItemStatus::ResourceDeletedNotRecorded)
    }
}

/// A relationship that AWS Config states, such as "Is contained in Vpc".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relationship<'a> {
    pub resource_type: &'a str,
    pub resource_id: Option<&'a str>,
    pub resource_name: Option<&'a str>,
    pub name: &'a str,
}

/// A member that could not be read: where it is, and why it is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotCollected<'a> {
    pub path: &'a str,
    pub reason: &'a str,
}

/// The JSON is not a configuration item.
#[derive(Debug, thiserror::Error)]
pub enum ItemError {
    #[error(transparent)]
    Json(#[from] DocError),
    #[error("the item has no `{0}`")]
    Missing(&'static str),
    #[error(transparent)]
    Id(#[from] IdError),
    #[error("`{member}`: `{text}` is not {expected}")]
    Member { member: &'static str, text: String, expected: &'static str },
}

impl ConfigurationItem {
    /// The members that say when and how the resource was seen, not what it is: no part of its content hash.
    pub const SEEN: [&str; 7] = [
        "configurationItemCaptureTime",
        "configurationItemDeliveryTime",
        "configurationStateId",
        "configurationItemMD5Hash",
        "configurationItemStatus",
        "recordingFrequency",
        "source",
    ];

    /// Reads an item from JSON text, in any of AWS's spellings.
    pub fn parse(bytes: &[u8]) -> Result<Self, ItemError> {
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let (builder, api_form) = item_read::read(&mut reader, bytes.len()).map_err(DocError::from)?;
        reader.end().map_err(DocError::from)?;
        Self::from_parts(builder.finish()?, api_form)
    }

    pub fn from_value(value: &Value) -> Result<Self, ItemError> {
        let (builder, api_form) = item_read::read(value, 1024).map_err(DocError::from)?;
        Self::from_parts(builder.finish()?, api_form)
    }

    fn from_parts(doc: Doc, api_form: bool) -> Result<Self, ItemError> {
        let doc = if api_form { item_read::undo_api_text(&doc)? } else { doc };
        let root = doc.root();
        let text = |name: &'static str| root.get(name).and_then(Node::as_str).filter(|text| !text.is_empty());
        let resource_type = ResourceType::parse(text("resourceType").ok_or(ItemError::Missing("resourceType"))?)?;
        let account_id = AccountId::parse(text("accountId").ok_or(ItemError::Missing("accountId"))?)?;
        let region = Region::parse(text("awsRegion").ok_or(ItemError::Missing("awsRegion"))?)?;
        let resource_id =
            text("resourceId").or_else(|| text("resourceName")).ok_or(ItemError::Missing("resourceId"))?;
        let partition = match text("arn").and_then(|arn| arn.split(':').nth(1)) {
            Some(partition) => Partition::parse(partition)?,
            None => Partition::of_region(region.as_str()),
        };
        let captured =
            text("configurationItemCaptureTime").ok_or(ItemError::Missing("configurationItemCaptureTime"))?;
        let captured = Timestamp::parse(captured).map_err(|error| ItemError::Member {
            member: "configurationItemCaptureTime",
            text: error.text,
            expected: "a date and time",
        })?;
        let status = match text("configurationItemStatus") {
            None => ItemStatus::Ok,
            Some(word) => ItemStatus::parse(word).ok_or_else(|| ItemError::Member {
                member: "configurationItemStatus",
                text: word.chars().take(80).collect(),
                expected: "a status of AWS Config such as OK or ResourceDeleted",
            })?,
        };
        let key = ResourceKey { partition, account_id, region, resource_type, resource_id: resource_id.into() };
        Ok(Self { key, captured, status, doc })
    }

    pub fn key(&self) -> &ResourceKey {
        &self.key
    }

    /// When AWS (or Haechi) saw the resource like this.
    pub fn captured(&self) -> Timestamp {
        self.captured
    }

    pub fn status(&self) -> ItemStatus {
        self.status
    }

    /// The whole item: rules walk it from here.
    pub fn root(&self) -> Node<'_> {
        self.doc.root()
    }

    pub fn configuration(&self) -> Option<Node<'_>> {
        self.root().get("configuration")
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.root().get(name).and_then(Node::as_str)
    }

    pub fn arn(&self) -> Option<&str> {
        self.text("arn")
    }

    pub fn resource_name(&self) -> Option<&str> {
        self.text("resourceName")
    }

    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.root()
            .get("tags")
            .into_iter()
            .flat_map(Node::members)
            .filter_map(|(key, value)| Some((key, value.as_str()?)))
    }

    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    pub fn relationships(&self) -> impl Iterator<Item = Relationship<'_>> {
        self.root().get("relationships").into_iter().flat_map(Node::elements).filter_map(|node| {
            let text = |name| node.get(name).and_then(Node::as_str);
            Some(Relationship {
                resource_type: text("resourceType")?,
                resource_id: text("resourceId"),
                resource_name: text("resourceName"),
                name: text("relationshipName").unwrap_or_default(),
            })
        })
    }

    pub fn not_collected(&self) -> impl Iterator<Item = NotCollected<'_>> {
        self.root()
            .get("notCollected")
            .into_iter()
            .flat_map(Node::members)
            .map(|(path, reason)| NotCollected { path, reason: reason.as_str().unwrap_or_default() })
    }

    /// Where the resource stands in the plan or the template that describes it.
    pub fn source(&self) -> Option<SourceLocation> {
        serde_json::from_value(self.root().get("source")?.to_value()).ok()
    }

    /// Names what the resource is, apart from when it was seen: equal hashes mean no change.
    ///
    /// Members are taken in the order of their names: AWS does not promise an order.
    pub fn content_hash(&self) -> ContentHash {
        let mut hasher = crate::hash::Hasher::default();
        hasher.part(if self.status.is_deleted() { b"deleted" } else { b"present" });
        let mut members: Vec<_> = self.root().members().filter(|(name, _)| !Self::SEEN.contains(name)).collect();
        members.sort_by_key(|(name, _)| *name);
        for (name, node) in members {
            hasher.part(name.as_bytes());
            hash_node(node, &mut hasher);
        }
        hasher.finish()
    }

    pub fn to_value(&self) -> Value {
        self.root().to_value()
    }

    /// Bytes in memory.
    pub fn size(&self) -> usize {
        self.doc.size() + size_of::<Self>()
    }
}

fn hash_node(node: Node<'_>, hasher: &mut crate::hash::Hasher) {
    use crate::doc::Kind;
    match node.kind() {
        Kind::Object => {
            hasher.raw(b"{");
            let mut members: Vec<_> = node.members().collect();
            members.sort_by_key(|(name, _)| *name);
            for (name, member) in members {
                hasher.part(name.as_bytes());
                hash_node(member, hasher);
            }
            hasher.raw(b"}");
        }
        Kind::Array => {
            hasher.raw(b"[");
            node.elements().for_each(|element| hash_node(element, hasher));
            hasher.raw(b"]");
        }
        Kind::String => {
            hasher.raw(b"s");
            hasher.part(node.as_str().unwrap_or_default().as_bytes());
        }
        Kind::Null => hasher.raw(b"n"),
        Kind::Bool => hasher.raw(if node.as_bool() == Some(true) { b"t" } else { b"f" }),
        Kind::Number => hasher.part(node.to_value().to_string().as_bytes()),
    }
}

impl fmt::Debug for ConfigurationItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.key, self.captured)
    }
}

impl Serialize for ConfigurationItem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.root().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FILE_FORM: &str = r#"{"configurationItemVersion": "1.3", "awsAccountId": "123456789012", "ARN": "arn:aws-cn:s3:::b",
        "resourceType": "AWS::S3::Bucket", "resourceId": "b", "resourceName": "b", "awsRegion": "cn-north-1",
        "configurationItemCaptureTime": "2026-11-22T09:30:00.000Z", "configurationItemStatus": "OK", "configurationStateId": 15,
        "tags": {"env": "prod"}, "configuration": {"name": "b"},
        "supplementaryConfiguration": {"AccessControlList": "{\"grantList\":[]}", "BucketPolicy": {"policyText": null}},
        "relationships": [{"resourceType": "AWS::KMS::Key", "resourceId": "k", "name": "Is encrypted by"}]}"#;

    const API_FORM: &str = r#"{"version": "1.3", "accountId": "123456789012", "arn": "arn:aws-cn:s3:::b",
        "resourceType": "AWS::S3::Bucket", "resourceId": "b", "resourceName": "b", "awsRegion": "cn-north-1",
        "configurationItemCaptureTime": "2026-11-22T09:30:00.000Z", "configurationItemStatus": "OK", "configurationStateId": "15",
        "tags": {"env": "prod"}, "configuration": "{\"name\": \"b\"}",
        "supplementaryConfiguration": {"AccessControlList": "\"{\\\"grantList\\\":[]}\"", "BucketPolicy": "{\"policyText\":null}"},
        "relationships": [{"resourceType": "AWS::KMS::Key", "resourceId": "k", "relationshipName": "Is encrypted by"}]}"#;

    #[test]
    fn both_spellings_give_one_item() {
        let (file, api) = (
            ConfigurationItem::parse(FILE_FORM.as_bytes()).unwrap(),
            ConfigurationItem::parse(API_FORM.as_bytes()).unwrap(),
        );
        assert_eq!(file.to_value(), api.to_value());
        assert_eq!(file.content_hash(), api.content_hash());
        assert_eq!(file.key().to_string(), "aws-cn/123456789012/cn-north-1/AWS::S3::Bucket/b");
        assert_eq!(file.tag("env"), Some("prod"));
        assert_eq!(file.relationships().next().unwrap().name, "Is encrypted by");
        assert_eq!(
            file.root().path(["supplementaryConfiguration", "AccessControlList"]).unwrap().as_str(),
            Some("{\"grantList\":[]}")
        );
        assert_eq!(ConfigurationItem::from_value(&file.to_value()).unwrap().to_value(), file.to_value());
    }

    #[test]
    fn the_hash_ignores_order_and_time_but_no_content() {
        let base = ConfigurationItem::parse(FILE_FORM.as_bytes()).unwrap();
        let with = |change: &dyn Fn(&mut Value)| {
            let mut value = base.to_value();
            change(&mut value);
            ConfigurationItem::from_value(&value).unwrap().content_hash()
        };
        assert_eq!(with(&|v| v["configurationItemCaptureTime"] = json!("2027-01-01T00:00:00Z")), base.content_hash());
        assert_ne!(with(&|v| v["configuration"]["name"] = json!("c")), base.content_hash());
        assert_ne!(with(&|v| v["configurationItemStatus"] = json!("ResourceDeleted")), base.content_hash());
        assert_ne!(with(&|v| v["notCollected"] = json!({"configuration.x": "AccessDenied"})), base.content_hash());
    }

    #[test]
    fn what_is_missing_is_named() {
        for (member, message) in [
            ("resourceType", "the item has no `resourceType`"),
            ("awsAccountId", "the item has no `accountId`"),
            ("awsRegion", "the item has no `awsRegion`"),
            ("configurationItemCaptureTime", "the item has no `configurationItemCaptureTime`"),
        ] {
            let mut value: Value = serde_json::from_str(FILE_FORM).unwrap();
            value.as_object_mut().unwrap().remove(member);
            assert_eq!(ConfigurationItem::from_value(&value).unwrap_err().to_string(), message);
        }
        let error = ConfigurationItem::parse(br#"{"awsAccountId": "1", "accountId": "2"}"#).unwrap_err().to_string();
        assert!(error.contains("the key `accountId` stands twice"), "{error}");
    }

    #[test]
    fn tags_may_be_a_list() {
        let mut value: Value = serde_json::from_str(FILE_FORM).unwrap();
        value["tags"] = json!([{"key": "env", "tag": "env=prod", "value": "prod"}]);
        assert_eq!(ConfigurationItem::from_value(&value).unwrap().tag("env"), Some("prod"));
    }
}
