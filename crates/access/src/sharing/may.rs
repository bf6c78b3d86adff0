//! The questions: what each purpose takes, as AWS documents it for shared images, snapshots and keys.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::candidates::{Other, other};
use super::goods::{Good, GoodKind, Goods};
use super::legs::{Asker, Depth, Known, Request, join, plain};
use super::{Fix, Leg, LegState, Purpose, Sharing, SharingError, SharingLayer, SharingNote, shared, worst};
use crate::world::{Target, World};

/// What whoever uses an encrypted image or snapshot of another account has to be allowed on its key.
const KEY_USE: [&str; 7] = [
    "kms:DescribeKey",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
];
/// For the snapshot of a database, the same with Encrypt.
const DATABASE_KEY_USE: [&str; 7] = [
    "kms:DescribeKey",
    "kms:CreateGrant",
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
];
/// What the service-linked role of Auto Scaling has to be granted.
const AUTO_SCALING: [&str; 8] = [
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:DescribeKey",
    "kms:CreateGrant",
];
const SERVICE_LINKED_ROLE: &str = "service-linked-role";
const AUTO_SCALING_PATH: &str = ":role/aws-service-role/autoscaling.amazonaws.com/";
/// In one call the encryption context of EBS has this key.
const EBS_CONTEXT: &str = "aws:ebs:id";

/// May somebody of another account (an account's id, or the ARN of a user or role) do it?
///
/// # Errors
/// The word names nobody, or the purpose is none of such a thing.
pub fn may(world: &World, goods: &Goods, good: &Good, with: &str, purpose: Purpose) -> Result<Sharing, SharingError> {
    if !Purpose::of(good.kind).contains(&purpose) {
        return Err(SharingError::WrongPurpose { purpose: purpose.name(), kind: good.kind.name() });
    }
    let holders = holders(goods, good);
    let keys: Vec<Box<str>> = match good.kind {
        GoodKind::Key => vec![good.arn.clone()],
        _ => holders.iter().flat_map(|holder| shared::keys(goods, holder, "").1).collect(),
    };
    let other = other(world, with, &keys)?;
    let mut asking = Asking {
        world,
        goods,
        good,
        holders,
        account: &other.account,
        purpose,
        notes: BTreeSet::new(),
        scaling: RefCell::default(),
    };
    let mut sharing = asking.answer(&other);
    if *good.account == *other.account {
        asking.notes.insert(SharingNote::OwnAccount);
    }
    sharing.notes = asking.notes.into_iter().collect();
    Ok(sharing)
}

/// The snapshots that the keys are asked of: those of an image, or the thing itself.
fn holders<'g>(goods: &'g Goods, good: &'g Good) -> Vec<&'g Good> {
    match good.kind {
        GoodKind::Image => good.snapshots.iter().filter_map(|(id, _)| goods.snapshot(good, id)).collect(),
        GoodKind::Key => Vec::new(),
        _ => vec![good],
    }
}

type ByKeyAndRole = BTreeMap<(Box<str>, String), Vec<Leg>>;

struct Asking<'a> {
    world: &'a World,
    goods: &'a Goods,
    good: &'a Good,
    holders: Vec<&'a Good>,
    account: &'a str,
    purpose: Purpose,
    notes: BTreeSet<SharingNote>,
    /// What the service-linked role of Auto Scaling may, by key and role.
    scaling: RefCell<ByKeyAndRole>,
}

impl Asking<'_> {
    fn answer(&mut self, other: &Other<'_>) -> Sharing {
        let fixed = self.fixed();
        // Whom to show is told by the states alone; evidence is gathered for that one.
        let mut best: Option<(usize, (LegState, Reverse<usize>))> = None;
        let mut able = Vec::new();
        for (place, asker) in other.askers.iter().enumerate() {
            let legs = self.requests(asker, Depth::States);
            let state = worst(&legs).min(worst(&fixed));
            if state >= LegState::Conditional {
                able.push(asker.name.clone());
            }
            let lacking = legs.iter().filter(|leg| leg.state < LegState::Conditional).count();
            let grade = (worst(&legs), Reverse(lacking));
            if best.is_none_or(|(_, known)| grade > known) {
                best = Some((place, grade));
            }
        }
        let asker = best.map(|(place, _)| &other.askers[place]);
        let mut legs = fixed;
        legs.extend(asker.map(|asker| self.requests(asker, Depth::Whole)).unwrap_or_default());
        let answer = worst(&legs);
        if !other.named && answer == LegState::Missing && other.askers.len() > 1 {
            self.notes.insert(SharingNote::LacksLeast);
        }
        let mut principal = asker.map(|asker| asker.name.clone()).unwrap_or_default();
        let mut asked = other.askers.len();
        // It is the service-linked role that launches: the account's others are asked only who may give it a grant.
        let scaler = legs.iter().find(|leg| leg.id == SERVICE_LINKED_ROLE);
        if let Some(scaler) = scaler.filter(|_| !legs.iter().any(|leg| leg.remedy)) {
            self.notes.remove(&SharingNote::LacksLeast);
            (principal, asked) = (scaler.resource.clone(), 1);
            able = if answer >= LegState::Conditional { vec![scaler.resource.clone()] } else { Vec::new() };
        }
        Sharing {
            resource: self.good.arn.to_string(),
            resource_type: self.good.kind.name(),
            owner: self.good.account.to_string(),
            purpose: self.purpose,
            account: self.account.to_owned(),
            answer,
            principal,
            asked,
            able,
            legs,
            notes: Vec::new(),
        }
    }

    /// The legs that are the same whoever asks.
    fn fixed(&mut self) -> Vec<Leg> {
        let mut notes = Vec::new();
        let mut legs = Vec::new();
        let good = self.good;
        let share = |thing: &Good, notes: &mut Vec<SharingNote>| {
            shared::share(self.world, self.goods, thing, self.account, notes)
        };
        match (good.kind, self.purpose) {
            (GoodKind::Key, _) => {}
            (GoodKind::Image, Purpose::Decrypt | Purpose::ReadBlocks) => {
                legs.extend(self.holders.iter().map(|holder| share(holder, &mut notes)));
            }
            (GoodKind::Image, Purpose::Copy) => {
                legs.push(share(good, &mut notes));
                // Who copies reads the storage, and that is shared by itself.
                legs.extend(self.holders.iter().map(|holder| share(holder, &mut notes)));
                if good.product && *good.account != *self.account {
                    let mut leg = plain("image-without-product-code", SharingLayer::Resource, &good.arn);
                    leg.state = LegState::Missing;
                    leg.fix = Some(Fix::CannotCopyProduct);
                    legs.push(leg);
                }
            }
            _ => legs.push(share(good, &mut notes)),
        }
        if good.kind == GoodKind::Image {
            legs.extend(shared::image_state(good));
            legs.extend(self.unrecorded_snapshots());
            if good.product {
                notes.push(SharingNote::ProductCode);
            }
        }
        for holder in &self.holders {
            legs.extend(shared::keys(self.goods, holder, self.account).0);
        }
        let is_encrypted = self.holders.iter().any(|holder| !shared::keys(self.goods, holder, "").1.is_empty());
        if self.purpose == Purpose::Copy && is_encrypted && *good.account != *self.account {
            notes.push(SharingNote::OwnKeyForCopy);
        }
        if self.purpose == Purpose::Restore && is_encrypted && *good.account != *self.account {
            let mut leg = plain("snapshot-unencrypted", SharingLayer::Resource, &good.arn);
            leg.state = LegState::Missing;
            leg.fix = Some(Fix::CopyFirst);
            legs.push(leg);
        }
        self.notes.extend(notes);
        legs
    }

    /// Snapshots that the image names and the record lacks: their keys are not known.
    fn unrecorded_snapshots(&self) -> Vec<Leg> {
        let lacks = |(id, encrypted): &&(Box<str>, Option<bool>)| {
            self.goods.snapshot(self.good, id).is_none()
                && (*encrypted != Some(false) || !matches!(self.purpose, Purpose::Launch | Purpose::AutoScaling))
        };
        let leg = |(id, _): &(Box<str>, Option<bool>)| {
            let mut leg = plain("snapshot-recorded", SharingLayer::Resource, &self.good.arn);
            leg.state = LegState::Unknown;
            leg.unrecorded.push(id.to_string());
            leg
        };
        self.good.snapshots.iter().filter(lacks).map(leg).collect()
    }

    /// The requests of one caller, key by key.
    fn requests(&mut self, asker: &Asker<'_>, depth: Depth) -> Vec<Leg> {
        let mut legs = Vec::new();
        let mut done: BTreeSet<Box<str>> = BTreeSet::new();
        if self.good.kind == GoodKind::Key {
            legs.extend(self.own_key(asker, depth));
        }
        for holder in self.holders.clone() {
            let keys = shared::keys(self.goods, holder, self.account).1;
            let mut best: Option<Vec<Leg>> = None;
            for (place, key) in keys.iter().enumerate() {
                if done.contains(key) {
                    best = None;
                    break;
                }
                let found = self.key(asker, key, depth);
                if best.as_ref().is_none_or(|known| worst(&found) > worst(known)) {
                    if place > 0 {
                        self.notes.insert(SharingNote::AssociatedKey);
                    }
                    best = Some(found);
                }
            }
            done.extend(keys);
            legs.extend(best.unwrap_or_default());
        }
        legs.extend(self.service(asker, depth));
        legs
    }

    /// One key: what it has to be, and the use of it.
    fn key(&self, asker: &Asker<'_>, arn: &str, depth: Depth) -> Vec<Leg> {
        let mut legs = shared::key(self.goods, arn);
        if self.purpose == Purpose::AutoScaling {
            legs.extend(self.auto_scaling(asker, arn, depth));
            return legs;
        }
        let actions: &[&str] = match (self.good.kind, self.purpose) {
            (_, Purpose::Restore) => return Vec::new(),
            (_, Purpose::ReadBlocks) => &["kms:DescribeKey", "kms:Decrypt"],
            (GoodKind::DbSnapshot | GoodKind::DbClusterSnapshot, _) => &DATABASE_KEY_USE,
            _ => &KEY_USE,
        };
        let target = self.world.target(arn, None);
        for action in actions {
            legs.extend(self.request(asker, action, &target, &self.through_service(arn, action), depth));
        }
        legs
    }

    fn own_key(&self, asker: &Asker<'_>, depth: Depth) -> Vec<Leg> {
        let arn = &self.good.arn;
        let mut legs = shared::key(self.goods, arn);
        if *self.good.account != *self.account && self.good.key.as_ref().is_some_and(|key| key.aws_managed) {
            legs[0].state = LegState::Missing;
            legs[0].fix = Some(Fix::ReencryptWithOwnKey);
            return legs;
        }
        let actions: &[&str] = match self.purpose {
            Purpose::Encrypt => &["kms:Encrypt", "kms:GenerateDataKey"],
            Purpose::Grant => &["kms:CreateGrant"],
            _ => &["kms:Decrypt"],
        };
        let target = self.world.target(arn, None);
        for action in actions {
            legs.extend(self.request(asker, action, &target, &self.about_key(arn), depth));
        }
        legs
    }

    fn request(&self, asker: &Asker<'_>, action: &str, target: &Target<'_>, known: &Known, depth: Depth) -> Vec<Leg> {
        let mut legs = Request { world: self.world, asker, action, target, known, depth }.legs();
        // A missing permission may be granted where nobody asked for the grants.
        let unasked = target.recorded.is_some_and(|key| &*key.resource_type == "AWS::KMS::Key" && !key.grants_recorded);
        for leg in legs.iter_mut().filter(|_| unasked) {
            let is_side = matches!(leg.layer, SharingLayer::KeyPolicy | SharingLayer::Identity);
            if is_side && leg.state == LegState::Missing && leg.fix != Some(Fix::RemoveDeny) {
                leg.state = LegState::Unknown;
                leg.unrecorded.push(format!("grants of {}", target.resource.arn()));
            }
        }
        legs
    }

    fn about_key(&self, arn: &str) -> Known {
        let mut known = Known::open();
        if let Some(facts) = self.goods.key(arn).and_then(|key| key.key.as_ref()) {
            for (key, value) in &facts.keys {
                known.context.set(key, value);
            }
            known.context.set_all("kms:ResourceAliases", facts.aliases.iter().map(String::as_str));
        }
        known
    }

    /// The call that EC2 or RDS makes with the caller's permissions.
    fn through_service(&self, arn: &str, action: &str) -> Known {
        let mut known = self.about_key(arn);
        let is_database = matches!(self.good.kind, GoodKind::DbSnapshot | GoodKind::DbClusterSnapshot);
        // Through which service the EBS direct APIs call is not documented.
        if self.purpose != Purpose::ReadBlocks {
            let service = if is_database { "rds" } else { "ec2" };
            known.set("kms:ViaService", &format!("{service}.{}.amazonaws.com", self.good.region));
            known.set("aws:ViaAWSService", "true");
        }
        match action {
            "kms:CreateGrant" => {
                known.set("kms:GrantIsForAWSResource", "true");
            }
            "kms:DescribeKey" => {}
            _ if !is_database => {
                known.set_all("kms:EncryptionContextKeys", &[EBS_CONTEXT]);
            }
            _ => {}
        }
        known
    }

    /// What the service-linked role of Auto Scaling needs, and whether the caller may give it.
    fn auto_scaling(&self, asker: &Asker<'_>, arn: &str, depth: Depth) -> Vec<Leg> {
        let (role, is_there) = self.service_linked_role(asker);
        let mut legs = Vec::new();
        let mut exists = plain(SERVICE_LINKED_ROLE, SharingLayer::Resource, &role);
        match is_there {
            Some(true) => {}
            Some(false) => {
                exists.state = LegState::Missing;
                exists.fix = Some(Fix::CreateServiceLinkedRole);
            }
            None => exists.state = LegState::Theirs,
        }
        legs.push(exists);
        let target = self.world.target(arn, None);
        // They are the same whoever of the account is asked.
        let known = self.scaling.borrow().get(&(arn.into(), role.clone())).cloned();
        let of_role = known.unwrap_or_else(|| {
            let made = self.of_scaler(&role, arn, &target);
            self.scaling.borrow_mut().insert((arn.into(), role.clone()), made.clone());
            made
        });
        legs.extend(of_role);
        if legs.iter().any(|leg| leg.layer == SharingLayer::Grant && leg.state < LegState::Conditional) {
            let mut known = self.about_key(arn);
            // Whoever creates this grant calls KMS itself.
            known.set("kms:GrantIsForAWSResource", "false").set("kms:GranteePrincipal", &role);
            let operations: Vec<&str> = AUTO_SCALING.iter().filter_map(|action| action.strip_prefix("kms:")).collect();
            known.set_all("kms:GrantOperations", &operations).absent("kms:ViaService");
            let own = self.request(asker, "kms:CreateGrant", &target, &known, depth);
            legs.extend(own.into_iter().map(|leg| Leg { remedy: true, ..leg }));
        }
        legs
    }

    /// What the service-linked role may do with a key.
    fn of_scaler(&self, role: &str, arn: &str, target: &Target<'_>) -> Vec<Leg> {
        let mut legs = Vec::new();
        let Ok(subject) = self.world.subject(role) else { return legs };
        let scaler = Asker { subject, name: role.to_owned(), theirs: false, unknown: &[] };
        let is_own = *self.good.account == *self.account;
        for action in AUTO_SCALING {
            let known = self.through_service(arn, action);
            let found = self.request(&scaler, action, target, &known, Depth::Whole);
            let denied = found.iter().any(|leg| leg.fix == Some(Fix::RemoveDeny));
            let granted = found.iter().any(|leg| leg.layer == SharingLayer::Grant);
            // In its own account the key policy may name the role. Of another account, the role's own policies would
            // have to allow it too, and nobody can edit those.
            if granted || denied || (is_own && worst(&found) >= LegState::Conditional) {
                legs.extend(found);
                continue;
            }
            let mut leg =
                Request { world: self.world, asker: &scaler, action, target, known: &known, depth: Depth::Whole }
                    .leg(SharingLayer::Grant);
            leg.state = LegState::Missing;
            leg.fix = Some(Fix::CreateGrant);
            match target.recorded {
                None => leg.unrecorded.push(arn.to_owned()),
                Some(key) if !key.grants_recorded => leg.unrecorded.push(format!("grants of {arn}")),
                Some(_) => {}
            }
            if !leg.unrecorded.is_empty() {
                (leg.state, leg.fix) = (LegState::Unknown, None);
            }
            legs.push(leg);
        }
        legs
    }

    /// The role's ARN, and whether it is there; none: nobody recorded the account.
    fn service_linked_role(&self, asker: &Asker<'_>) -> (String, Option<bool>) {
        if asker.name.contains(AUTO_SCALING_PATH) {
            return (asker.name.clone(), asker.subject.principal.map(|_| true));
        }
        let prefix = format!("::{}{AUTO_SCALING_PATH}", self.account);
        let mut roles = self.world.principals().iter().filter(|role| role.arn().contains(&prefix));
        let has_grant = |role: &&crate::world::Principal| {
            let keys = self.holders.iter().flat_map(|holder| shared::keys(self.goods, holder, "").1);
            let mut grants = keys.filter_map(|key| self.world.resource(&key)).flat_map(|key| &key.grants);
            grants.any(|grant| grant.grantee() == role.arn())
        };
        if let Some(role) = roles.clone().find(has_grant).or_else(|| roles.next()) {
            return (role.arn().to_owned(), Some(true));
        }
        let partition = self.good.arn.split(':').nth(1).unwrap_or("aws");
        let role = format!("arn:{partition}:iam::{}{AUTO_SCALING_PATH}AWSServiceRoleForAutoScaling", self.account);
        let known = self.world.account(self.account).is_some_and(|own| own.principals > 0 && own.gap.is_none());
        (role, known.then_some(false))
    }

    /// The caller's request to EC2 or RDS.
    fn service(&self, asker: &Asker<'_>, depth: Depth) -> Vec<Leg> {
        let good = self.good;
        let partition = good.arn.split(':').nth(1).unwrap_or("aws");
        let own = |name: &str| format!("arn:{partition}:ec2:{}:{}:{name}", good.region, self.account);
        let snapshots = || self.holders.iter().map(|holder| holder.arn.to_string());
        let anywhere = |kind: &str| format!("arn:{partition}:ec2:{}::{kind}/*", good.region);
        let (actions, resources): (&[&str], Vec<String>) = match (good.kind, self.purpose) {
            (GoodKind::Key, _) | (_, Purpose::AutoScaling) => return Vec::new(),
            (_, Purpose::Launch) => {
                let made = ["instance/*", "volume/*", "network-interface/*", "subnet/*", "security-group/*"];
                let made = made.into_iter().map(own);
                (&["ec2:RunInstances"], std::iter::once(good.arn.to_string()).chain(made).collect())
            }
            (GoodKind::Image, Purpose::Copy) => {
                let made = std::iter::once(anywhere("image"));
                (&["ec2:CopyImage"], std::iter::once(good.arn.to_string()).chain(snapshots()).chain(made).collect())
            }
            (GoodKind::Snapshot, Purpose::Copy) => {
                (&["ec2:CopySnapshot"], snapshots().chain([anywhere("snapshot")]).collect())
            }
            (GoodKind::DbSnapshot, Purpose::Restore) => {
                (&["rds:RestoreDBInstanceFromDBSnapshot"], vec![good.arn.to_string()])
            }
            (GoodKind::DbClusterSnapshot, Purpose::Restore) => {
                (&["rds:RestoreDBClusterFromSnapshot"], vec![good.arn.to_string()])
            }
            (GoodKind::DbSnapshot, _) => (&["rds:CopyDBSnapshot"], vec![good.arn.to_string()]),
            (GoodKind::DbClusterSnapshot, _) => (&["rds:CopyDBClusterSnapshot"], vec![good.arn.to_string()]),
            (_, Purpose::ReadBlocks) => (&["ebs:ListSnapshotBlocks", "ebs:GetSnapshotBlock"], snapshots().collect()),
            _ => (&["ec2:CreateVolume"], snapshots().chain([own("volume/*")]).collect()),
        };
        actions.iter().flat_map(|action| self.on_all(asker, action, &resources, depth)).collect()
    }

    /// One action on several resources, each of which it needs.
    fn on_all(&self, asker: &Asker<'_>, action: &str, resources: &[String], depth: Depth) -> Vec<Leg> {
        let mut legs: Vec<Leg> = Vec::new();
        for arn in resources {
            let mut known = Known::open();
            if action.starts_with("ec2:") {
                known.set("ec2:Region", &self.good.region);
            }
            if arn.contains(":image/ami-") {
                known.set("ec2:Owner", &self.good.account);
                known.set("ec2:ImageID", &self.good.id);
            }
            // The share stands for a policy of the owner's: only the caller's side is asked.
            let target = Target { rcps: &[], ..self.world.target(arn, None) };
            for leg in self.request(asker, action, &target, &known, depth) {
                match legs.iter_mut().find(|old| old.layer == leg.layer) {
                    Some(old) => join(old, leg),
                    None => legs.push(leg),
                }
            }
        }
        legs
    }
}
