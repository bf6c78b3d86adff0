//! What is shared otherwise than by a policy: images and snapshots, with accounts, organizations, units or everybody.

use std::collections::HashMap;

use haechi_model::{ConfigurationItem, Node};

/// Whom something is shared with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum With {
    /// Whoever has an account.
    EveryAccount,
    Account(String),
    /// The accounts of an organization, by its ARN.
    Organization(String),
    /// The accounts of a unit and of those below it, by its ARN.
    Unit(String),
}

/// One thing that is shared with somebody.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    pub resource_type: &'static str,
    pub arn: Box<str>,
    pub account: Box<str>,
    pub region: Box<str>,
    pub with: With,
    /// What it lets do.
    pub actions: &'static [&'static str],
    /// `LAUNCH_PERMISSION`, `CREATE_VOLUME_PERMISSION`, `RESTORE_ATTRIBUTE`.
    pub source: &'static str,
    pub detail: String,
}

/// Collects what is shared, item by item.
#[derive(Debug, Default)]
pub struct Shares {
    pub(crate) all: Vec<Share>,
    /// Kinds with how many items there were.
    pub(super) looked: HashMap<&'static str, usize>,
    /// What could not be read, with the reason.
    pub(crate) unread: Vec<(String, String)>,
}

const TYPES: [&str; 4] =
    ["AWS::EC2::Image", "AWS::EC2::Snapshot", "AWS::RDS::DBSnapshot", "AWS::RDS::DBClusterSnapshot"];

impl Shares {
    /// The types of items that tell of shares.
    pub fn types() -> impl Iterator<Item = &'static str> {
        TYPES.into_iter()
    }

    pub fn add(&mut self, item: &ConfigurationItem) {
        if item.status().is_deleted() {
            return;
        }
        let Some(name) = TYPES.iter().find(|name| **name == item.key().resource_type.as_str()) else { return };
        *self.looked.entry(name).or_default() += 1;
        match *name {
            "AWS::EC2::Image" => self.add_image(item),
            "AWS::EC2::Snapshot" => self.add_volume(item),
            "AWS::RDS::DBSnapshot" => self.add_database(item, "AWS::RDS::DBSnapshot", "DBSnapshotAttributes"),
            _ => self.add_database(item, "AWS::RDS::DBClusterSnapshot", "DBClusterSnapshotAttributes"),
        }
    }

    fn lacks(&mut self, item: &ConfigurationItem, path: &str) -> bool {
        let is_it =
            |missing: &str| path == missing || path.strip_prefix(missing).is_some_and(|rest| rest.starts_with('.'));
        let found = item.not_collected().find(|missing| is_it(missing.path)).map(|missing| missing.reason.to_owned());
        if let (Some(reason), Some(arn)) = (&found, item.arn()) {
            self.unread.push((arn.to_owned(), reason.clone()));
        }
        found.is_some()
    }

    fn push(
        &mut self,
        item: &ConfigurationItem,
        resource_type: &'static str,
        with: With,
        actions: &'static [&'static str],
        source: (&'static str, String),
    ) {
        let key = item.key();
        self.all.push(Share {
            resource_type,
            arn: item.arn().unwrap_or(&key.resource_id).into(),
            account: key.account_id.as_str().into(),
            region: key.region.as_str().into(),
            with,
            actions,
            source: source.0,
            detail: source.1,
        });
    }

    fn add_image(&mut self, item: &ConfigurationItem) {
        if self.lacks(item, "configuration.launchPermissions") {
            return;
        }
        const ACTIONS: &[&str] = &["ec2:RunInstances"];
        let permissions = item.configuration().and_then(|node| node.get("launchPermissions"));
        for permission in permissions.into_iter().flat_map(Node::elements) {
            let text = |name: &str| permission.get(name).and_then(Node::as_str);
            let (with, detail) = if let Some(group) = text("group") {
                (With::EveryAccount, format!("group {group}"))
            } else if let Some(account) = text("userId") {
                (With::Account(account.to_owned()), format!("userId {account}"))
            } else if let Some(arn) = text("organizationArn") {
                (With::Organization(arn.to_owned()), format!("organizationArn {arn}"))
            } else if let Some(arn) = text("organizationalUnitArn") {
                (With::Unit(arn.to_owned()), format!("organizationalUnitArn {arn}"))
            } else {
                continue;
            };
            self.push(item, "AWS::EC2::Image", with, ACTIONS, ("LAUNCH_PERMISSION", detail));
        }
    }

    fn add_volume(&mut self, item: &ConfigurationItem) {
        if self.lacks(item, "configuration.createVolumePermissions") {
            return;
        }
        const ACTIONS: &[&str] = &["ec2:CreateVolume", "ec2:CopySnapshot"];
        let permissions = item.configuration().and_then(|node| node.get("createVolumePermissions"));
        for permission in permissions.into_iter().flat_map(Node::elements) {
            let text = |name: &str| permission.get(name).and_then(Node::as_str);
            let (with, detail) = match (text("group"), text("userId")) {
                (Some(group), _) => (With::EveryAccount, format!("group {group}")),
                (None, Some(account)) => (With::Account(account.to_owned()), format!("userId {account}")),
                (None, None) => continue,
            };
            self.push(item, "AWS::EC2::Snapshot", with, ACTIONS, ("CREATE_VOLUME_PERMISSION", detail));
        }
    }

    fn add_database(&mut self, item: &ConfigurationItem, resource_type: &'static str, member: &str) {
        if self.lacks(item, &format!("supplementaryConfiguration.{member}")) {
            return;
        }
        let actions: &'static [&'static str] = match resource_type {
            "AWS::RDS::DBSnapshot" => &["rds:RestoreDBInstanceFromDBSnapshot", "rds:CopyDBSnapshot"],
            _ => &["rds:RestoreDBClusterFromSnapshot", "rds:CopyDBClusterSnapshot"],
        };
        let attributes = item.root().path(["supplementaryConfiguration", member]);
        for attribute in attributes.into_iter().flat_map(Node::elements) {
            if attribute.get("attributeName").and_then(Node::as_str) != Some("restore") {
                continue;
            }
            for value in attribute.get("attributeValues").into_iter().flat_map(Node::elements).filter_map(Node::as_str)
            {
                let with = if value == "all" { With::EveryAccount } else { With::Account(value.to_owned()) };
                self.push(item, resource_type, with, actions, ("RESTORE_ATTRIBUTE", format!("restore {value}")));
            }
        }
    }
}
