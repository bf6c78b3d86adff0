//! Where a property stands: in a column that the store keeps beside the body, among the tags, with the
//! version, or in the body.

use crate::syntax::Property;

/// What a store keeps of an item outside of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    AccountId,
    AwsRegion,
    ResourceType,
    ResourceId,
    ResourceName,
    Arn,
    CaptureTime,
    Status,
}

impl Column {
    pub const ALL: [Self; 8] = [
        Self::AccountId,
        Self::AwsRegion,
        Self::ResourceType,
        Self::ResourceId,
        Self::ResourceName,
        Self::Arn,
        Self::CaptureTime,
        Self::Status,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountId => "accountId",
            Self::AwsRegion => "awsRegion",
            Self::ResourceType => "resourceType",
            Self::ResourceId => "resourceId",
            Self::ResourceName => "resourceName",
            Self::Arn => "arn",
            Self::CaptureTime => "configurationItemCaptureTime",
            Self::Status => "configurationItemStatus",
        }
    }
}

/// Members that stand with the version, not in the body.
const SEEN: [&str; 4] =
    ["configurationItemDeliveryTime", "configurationStateId", "configurationItemMD5Hash", "recordingFrequency"];

/// Top-level members that stand in the body.
const IN_BODY: [&str; 7] = [
    "availabilityZone",
    "resourceCreationTime",
    "version",
    "configuration",
    "supplementaryConfiguration",
    "relationships",
    "relatedEvents",
];

/// The top-level members of a configuration item that a query may name.
pub const TOP_LEVEL: [&str; 20] = [
    "accountId",
    "arn",
    "availabilityZone",
    "awsRegion",
    "configuration",
    "configurationItemCaptureTime",
    "configurationItemDeliveryTime",
    "configurationItemMD5Hash",
    "configurationItemStatus",
    "configurationStateId",
    "recordingFrequency",
    "relatedEvents",
    "relationships",
    "resourceCreationTime",
    "resourceId",
    "resourceName",
    "resourceType",
    "supplementaryConfiguration",
    "tags",
    "version",
];

/// What `SELECT *` gives, in AWS's order.
pub(crate) const SCALARS: [&str; 10] = [
    "accountId",
    "awsRegion",
    "arn",
    "availabilityZone",
    "configurationItemCaptureTime",
    "resourceCreationTime",
    "resourceId",
    "resourceName",
    "resourceType",
    "version",
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Column(Column),
    Tags(TagPart),
    /// The slot of a path among the members that stand with the version.
    Seen(usize),
    /// The slot of a path in the body.
    Body(usize),
}

/// Which part of each tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TagPart {
    /// All of them, as AWS shows them: a list of key, value and tag.
    All,
    /// `key=value`.
    Tag,
    Key,
    Value,
    /// The value of one key.
    Of(String),
}

/// Where a path leads, before its slot is known.
pub(crate) enum Place {
    Column(Column),
    Tags(TagPart),
    Seen(Vec<String>),
    Body(Vec<String>),
}

impl Place {
    /// Names of the top level are told apart without regard to case, as AWS does not have two that differ in case only.
    pub(crate) fn of(property: &Property) -> Self {
        let path = &property.path;
        let first = path.first().map_or("", String::as_str);
        let rest = path.get(1..).unwrap_or_default();
        let is = |name: &str| first.eq_ignore_ascii_case(name);
        if let ([], Some(column)) = (rest, Column::ALL.into_iter().find(|column| is(column.as_str()))) {
            return Self::Column(column);
        }
        if is("tags") {
            return Self::Tags(match rest {
                [] => TagPart::All,
                [part] if part == "tag" => TagPart::Tag,
                [part] if part == "key" => TagPart::Key,
                [part] if part == "value" => TagPart::Value,
                // A key with dots in it need not be quoted.
                parts => TagPart::Of(parts.join(".")),
            });
        }
        let spelled = |names: &[&'static str]| names.iter().copied().find(|name| is(name));
        let from = |name: &str| std::iter::once(name.to_owned()).chain(rest.iter().cloned()).collect();
        match (spelled(&SEEN), spelled(&IN_BODY)) {
            (Some(name), _) => Self::Seen(from(name)),
            (None, Some(name)) => Self::Body(from(name)),
            (None, None) => Self::Body(path.clone()),
        }
    }
}
