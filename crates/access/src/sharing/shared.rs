//! The legs that are no requests: with whom an image or snapshot is shared, its state, the key it is encrypted with.

use super::goods::{Encryption, Good, GoodKind, Goods};
use super::legs::plain;
use super::{Fix, Leg, LegState, SharingLayer, SharingNote};
use crate::external::{Share, With};
use crate::world::World;

/// Whether an account is among those that something is shared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Covers {
    No,
    /// Shared with an organization, and nobody recorded whether the account is in it.
    Unknown,
    Yes,
}

fn covers(world: &World, share: &Share, account: &str) -> Covers {
    let place = || world.organizations().iter().find(|organization| organization.node(account).is_some());
    match &share.with {
        With::EveryAccount => Covers::Yes,
        With::Account(other) => {
            if other == account {
                Covers::Yes
            } else {
                Covers::No
            }
        }
        With::Organization(arn) => {
            let id = arn.rsplit('/').next().unwrap_or_default();
            match (place(), world.organizations().iter().any(|organization| organization.id() == id)) {
                (Some(own), _) if own.id() == id => Covers::Yes,
                (Some(_), _) | (None, true) => Covers::No,
                (None, false) => Covers::Unknown,
            }
        }
        With::Unit(arn) => {
            let id = arn.rsplit('/').next().unwrap_or_default();
            match (place(), world.organizations().iter().any(|organization| organization.node(id).is_some())) {
                (Some(own), _) if own.path(account).iter().any(|node| *node.id == *id) => Covers::Yes,
                (Some(_), _) | (None, true) => Covers::No,
                (None, false) => Covers::Unknown,
            }
        }
    }
}

/// The leg of the share itself.
pub(super) fn share(world: &World, goods: &Goods, good: &Good, account: &str, notes: &mut Vec<SharingNote>) -> Leg {
    let (layer, fix) = match good.kind {
        GoodKind::Image => (SharingLayer::LaunchPermission, Fix::ShareImage),
        GoodKind::Snapshot => (SharingLayer::CreateVolumePermission, Fix::ShareSnapshot),
        GoodKind::DbSnapshot | GoodKind::DbClusterSnapshot | GoodKind::Key => {
            (SharingLayer::RestoreAttribute, Fix::ShareDatabaseSnapshot)
        }
    };
    let mut leg = plain(layer.name(), layer, &good.arn);
    if *good.account == *account {
        return leg;
    }
    if let Some(reason) = &good.unread {
        leg.state = LegState::Unknown;
        leg.unrecorded.push(format!("{}: {reason}", layer.name()));
        return leg;
    }
    let best =
        goods.shares_of(good).map(|share| (covers(world, share, account), share)).max_by_key(|(covers, _)| *covers);
    let blocked = goods.snapshot_block(good) == Some("block-all-sharing") && good.kind == GoodKind::Snapshot;
    match best {
        Some((Covers::Yes, Share { with: With::EveryAccount, detail, .. })) if blocked => {
            leg.state = LegState::Missing;
            leg.detail = format!("{detail}, snapshotBlockPublicAccessState block-all-sharing");
            leg.fix = Some(Fix::ShareWithAccount);
        }
        Some((Covers::Yes, share)) => {
            leg.detail.clone_from(&share.detail);
            if share.with == With::EveryAccount && is_blocked(goods, good) {
                notes.push(SharingNote::PublicThoughBlocked);
            }
        }
        Some((Covers::Unknown, share)) => {
            leg.state = LegState::Unknown;
            leg.detail.clone_from(&share.detail);
            leg.unrecorded.push(match &share.with {
                With::Organization(arn) | With::Unit(arn) => arn.clone(),
                With::EveryAccount | With::Account(_) => share.detail.clone(),
            });
        }
        Some((Covers::No, _)) | None => {
            leg.state = LegState::Missing;
            leg.fix = Some(fix);
        }
    }
    leg
}

fn is_blocked(goods: &Goods, good: &Good) -> bool {
    let state = match good.kind {
        GoodKind::Image => goods.image_block(good),
        GoodKind::Snapshot => goods.snapshot_block(good),
        _ => None,
    };
    state.is_some_and(|state| state.starts_with("block-"))
}

/// An image has to be available; a disabled one launches nothing.
pub(super) fn image_state(image: &Good) -> Option<Leg> {
    if image.state.is_empty() || &*image.state == "available" {
        return None;
    }
    let mut leg = plain("image-available", SharingLayer::Resource, &image.arn);
    leg.state = LegState::Missing;
    leg.detail = format!("state {}", image.state);
    leg.fix = Some(Fix::EnableImage);
    Some(leg)
}

/// Legs of the keys of one thing, without the requests: that it is encrypted with a key that can be shared.
/// The keys whose use has to be allowed: any of them is enough.
pub(super) fn keys(goods: &Goods, good: &Good, account: &str) -> (Vec<Leg>, Vec<Box<str>>) {
    let mut leg = plain("key-customer-managed", SharingLayer::Key, &good.arn);
    match &good.encryption {
        Encryption::No => (Vec::new(), Vec::new()),
        Encryption::Unknown => {
            leg.state = LegState::Unknown;
            leg.unrecorded.push(format!("encryption of {}", good.arn));
            (vec![leg], Vec::new())
        }
        Encryption::Keys(keys) if keys.is_empty() => {
            leg.state = LegState::Unknown;
            leg.unrecorded.push(format!("key of {}", good.arn));
            (vec![leg], Vec::new())
        }
        Encryption::Keys(keys) => {
            let is_aws_managed =
                |arn: &str| goods.key(arn).and_then(|key| key.key.as_ref()).is_some_and(|facts| facts.aws_managed);
            let (fixed, own): (Vec<&Box<str>>, Vec<&Box<str>>) = keys.iter().partition(|key| is_aws_managed(key));
            if own.is_empty() && *good.account != *account {
                leg.resource = fixed.first().map(|key| key.to_string()).unwrap_or_default();
                leg.state = LegState::Missing;
                leg.detail = aliases(goods, &leg.resource);
                leg.fix = Some(Fix::ReencryptWithOwnKey);
                return (vec![leg], Vec::new());
            }
            let usable = if own.is_empty() { fixed } else { own };
            (Vec::new(), usable.into_iter().cloned().collect())
        }
    }
}

/// That one key is the customer's, and enabled.
pub(super) fn key(goods: &Goods, arn: &str) -> Vec<Leg> {
    let mut managed = plain("key-customer-managed", SharingLayer::Key, arn);
    let mut enabled = plain("key-enabled", SharingLayer::Key, arn);
    match goods.key(arn) {
        None => {
            managed.state = LegState::Unknown;
            managed.unrecorded.push(arn.to_owned());
            vec![managed]
        }
        Some(key) => {
            managed.detail = aliases(goods, arn);
            enabled.detail = format!("keyState {}", key.state);
            match &*key.state {
                "Enabled" => {}
                "" => {
                    enabled.state = LegState::Unknown;
                    enabled.detail.clear();
                    enabled.unrecorded.push(format!("state of {arn}"));
                }
                _ => {
                    enabled.state = LegState::Missing;
                    enabled.fix = Some(Fix::EnableKey);
                }
            }
            vec![managed, enabled]
        }
    }
}

fn aliases(goods: &Goods, arn: &str) -> String {
    goods.key(arn).and_then(|key| key.key.as_ref()).map(|facts| facts.aliases.join(", ")).unwrap_or_default()
}
