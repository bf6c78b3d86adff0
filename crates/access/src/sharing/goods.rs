//! What can be shared: images, snapshots, KMS keys, as the record has them.

use std::collections::{BTreeMap, BTreeSet};

use haechi_model::{ConfigurationItem, Node};

use crate::external::{Share, Shares};
use crate::world::lacking;

/// The kinds of what can be shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GoodKind {
    Image,
    Snapshot,
    DbSnapshot,
    DbClusterSnapshot,
    Key,
}

impl GoodKind {
    /// The resource type.
    pub fn name(self) -> &'static str {
        match self {
            GoodKind::Image => "AWS::EC2::Image",
            GoodKind::Snapshot => "AWS::EC2::Snapshot",
            GoodKind::DbSnapshot => "AWS::RDS::DBSnapshot",
            GoodKind::DbClusterSnapshot => "AWS::RDS::DBClusterSnapshot",
            GoodKind::Key => "AWS::KMS::Key",
        }
    }

    const ALL: [GoodKind; 5] =
        [GoodKind::Image, GoodKind::Snapshot, GoodKind::DbSnapshot, GoodKind::DbClusterSnapshot, GoodKind::Key];
}

/// Whether what it holds is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    No,
    /// With one of these keys: any of them opens it. Empty: the record does not tell which.
    Keys(Vec<Box<str>>),
    Unknown,
}

/// A recorded thing that can be shared.
#[derive(Clone, Debug)]
pub struct Good {
    pub kind: GoodKind,
    pub id: Box<str>,
    pub name: Box<str>,
    /// As policies name it.
    pub arn: Box<str>,
    pub account: Box<str>,
    pub region: Box<str>,
    pub(crate) encryption: Encryption,
    /// Of an image: the snapshots of its volumes, each with what the image says of its encryption.
    pub(crate) snapshots: Vec<(Box<str>, Option<bool>)>,
    /// Of images, snapshots and keys: their state by AWS's word. Empty: not recorded.
    pub(crate) state: Box<str>,
    /// Of an image: it has a product code, of AWS Marketplace for one.
    pub(crate) product: bool,
    /// Of a key.
    pub(crate) key: Option<KeyFacts>,
    /// Why it is not known with whom it is shared.
    pub(crate) unread: Option<String>,
}

/// What conditions may ask of a key.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyFacts {
    pub aws_managed: bool,
    pub aliases: Vec<String>,
    /// `kms:KeySpec` and such, with their values.
    pub keys: Vec<(&'static str, String)>,
}

/// Everything recorded that can be shared, with whom it is, and what the accounts block.
#[derive(Debug, Default)]
pub struct Goods {
    goods: Vec<Good>,
    by_name: BTreeMap<Box<str>, BTreeSet<usize>>,
    pub(crate) shares: Shares,
    /// `block-all-sharing` and such, by account and region.
    snapshot_blocks: BTreeMap<(Box<str>, Box<str>), Box<str>>,
    image_blocks: BTreeMap<(Box<str>, Box<str>), Box<str>>,
}

impl Goods {
    /// The types of items that it is made of.
    pub fn types() -> impl Iterator<Item = &'static str> {
        GoodKind::ALL.into_iter().map(GoodKind::name).chain(["AWS::::Account"])
    }

    /// Takes an item, each resource once.
    pub fn add(&mut self, item: &ConfigurationItem) {
        if item.status().is_deleted() {
            return;
        }
        self.shares.add(item);
        let resource_type = item.key().resource_type.as_str();
        if resource_type == "AWS::::Account" {
            return self.add_blocks(item);
        }
        let Some(kind) = GoodKind::ALL.into_iter().find(|kind| kind.name() == resource_type) else { return };
        let good = good(item, kind);
        let place = self.goods.len();
        let mut names: BTreeSet<Box<str>> = [good.arn.clone(), good.id.clone(), good.name.clone()].into();
        names.extend(item.arn().map(Box::from));
        if let Some(key) = &good.key {
            let head = good.arn.split(":key/").next().unwrap_or_default();
            names
                .extend(key.aliases.iter().flat_map(|alias| [alias.as_str().into(), format!("{head}:{alias}").into()]));
        }
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            self.by_name.entry(name).or_default().insert(place);
        }
        self.goods.push(good);
    }

    fn add_blocks(&mut self, item: &ConfigurationItem) {
        let place: (Box<str>, Box<str>) = (item.key().account_id.as_str().into(), item.key().region.as_str().into());
        if let Some(state) = text(item, "snapshotBlockPublicAccessState") {
            self.snapshot_blocks.insert(place.clone(), state.into());
        }
        if let Some(state) = text(item, "imageBlockPublicAccessState") {
            self.image_blocks.insert(place, state.into());
        }
    }

    /// What a word means: an ARN, an id, a name, a key's alias. Several: the word does not tell which.
    pub fn find(&self, word: &str) -> Vec<&Good> {
        self.by_name.get(word).into_iter().flatten().map(|place| &self.goods[*place]).collect()
    }

    pub fn all(&self) -> impl ExactSizeIterator<Item = &Good> {
        self.goods.iter()
    }

    /// The snapshot of an image, which lies in its region.
    pub(crate) fn snapshot(&self, image: &Good, id: &str) -> Option<&Good> {
        self.find(id).into_iter().find(|good| good.kind == GoodKind::Snapshot && good.region == image.region)
    }

    pub(crate) fn key(&self, arn: &str) -> Option<&Good> {
        self.find(arn).into_iter().find(|good| good.kind == GoodKind::Key)
    }

    pub(crate) fn shares_of(&self, good: &Good) -> impl Iterator<Item = &Share> {
        let is_of = |share: &&Share| {
            share.resource_type == good.kind.name()
                && share.account == good.account
                && share.region == good.region
                && share.arn.ends_with(&*good.id)
        };
        self.shares.all.iter().filter(is_of)
    }

    pub(crate) fn snapshot_block(&self, good: &Good) -> Option<&str> {
        self.snapshot_blocks.get(&(good.account.clone(), good.region.clone())).map(|state| &**state)
    }

    pub(crate) fn image_block(&self, good: &Good) -> Option<&str> {
        self.image_blocks.get(&(good.account.clone(), good.region.clone())).map(|state| &**state)
    }
}

fn text<'a>(item: &'a ConfigurationItem, name: &str) -> Option<&'a str> {
    item.configuration()?.get(name)?.as_str().filter(|text| !text.is_empty())
}

fn flag(item: &ConfigurationItem, name: &str) -> Option<bool> {
    item.configuration()?.get(name)?.as_bool()
}

fn good(item: &ConfigurationItem, kind: GoodKind) -> Good {
    let key = item.key();
    let id: Box<str> = key.resource_id.as_ref().into();
    let region: Box<str> = key.region.as_str().into();
    let own = item.arn().unwrap_or_default();
    let partition = own.split(':').nth(1).unwrap_or("aws");
    // Policies name images and EBS snapshots without their account.
    let arn = match kind {
        GoodKind::Image => format!("arn:{partition}:ec2:{region}::image/{id}").into(),
        GoodKind::Snapshot => format!("arn:{partition}:ec2:{region}::snapshot/{id}").into(),
        _ => own.into(),
    };
    let shared_by = match kind {
        GoodKind::Image => "configuration.launchPermissions",
        GoodKind::Snapshot => "configuration.createVolumePermissions",
        GoodKind::DbSnapshot => "supplementaryConfiguration.DBSnapshotAttributes",
        GoodKind::DbClusterSnapshot => "supplementaryConfiguration.DBClusterSnapshotAttributes",
        GoodKind::Key => "supplementaryConfiguration.Policy",
    };
    Good {
        kind,
        name: item.resource_name().unwrap_or_default().into(),
        account: key.account_id.as_str().into(),
        encryption: encryption(item, kind, partition),
        snapshots: if kind == GoodKind::Image { snapshots(item) } else { Vec::new() },
        state: text(item, if kind == GoodKind::Key { "keyState" } else { "state" }).unwrap_or_default().into(),
        product: item
            .root()
            .path(["configuration", "productCodes"])
            .is_some_and(|codes| codes.elements().next().is_some()),
        key: (kind == GoodKind::Key).then(|| key_facts(item)),
        unread: lacking(item, shared_by),
        id,
        arn,
        region,
    }
}

fn encryption(item: &ConfigurationItem, kind: GoodKind, partition: &str) -> Encryption {
    let member = match kind {
        GoodKind::Image | GoodKind::Key => return Encryption::No,
        GoodKind::DbClusterSnapshot => "storageEncrypted",
        GoodKind::Snapshot | GoodKind::DbSnapshot => "encrypted",
    };
    match flag(item, member) {
        Some(false) => Encryption::No,
        None => Encryption::Unknown,
        Some(true) => {
            let associated = item.root().path(["configuration", "associatedKmsKeys"]);
            let others =
                associated.into_iter().flat_map(Node::elements).filter_map(|key| key.get("kmsKeyId")?.as_str());
            let whole = |name: &str| {
                let head = format!("arn:{partition}:kms:{}:{}", item.key().region, item.key().account_id);
                if name.starts_with("arn:") { name.into() } else { format!("{head}:key/{name}").into() }
            };
            Encryption::Keys(text(item, "kmsKeyId").into_iter().chain(others).map(whole).collect())
        }
    }
}

fn snapshots(item: &ConfigurationItem) -> Vec<(Box<str>, Option<bool>)> {
    let mappings = item.root().path(["configuration", "blockDeviceMappings"]);
    let one = |mapping: Node<'_>| {
        let ebs = mapping.get("ebs")?;
        Some((ebs.get("snapshotId")?.as_str()?.into(), ebs.get("encrypted").and_then(Node::as_bool)))
    };
    let mut found: Vec<(Box<str>, Option<bool>)> =
        mappings.into_iter().flat_map(Node::elements).filter_map(one).collect();
    found.sort();
    found.dedup();
    found
}

fn key_facts(item: &ConfigurationItem) -> KeyFacts {
    let aliases = item.root().path(["supplementaryConfiguration", "Aliases"]);
    let mut keys = Vec::new();
    for (key, member) in [("kms:KeySpec", "keySpec"), ("kms:KeyUsage", "keyUsage"), ("kms:KeyOrigin", "origin")] {
        keys.extend(text(item, member).map(|value| (key, value.to_owned())));
    }
    keys.extend(flag(item, "multiRegion").map(|value| ("kms:MultiRegion", value.to_string())));
    KeyFacts {
        aws_managed: text(item, "keyManager") == Some("AWS"),
        aliases: aliases.into_iter().flat_map(Node::elements).filter_map(Node::as_str).map(str::to_owned).collect(),
        keys,
    }
}
