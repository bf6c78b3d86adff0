//! The recorded organization as the IAM engine sees it: items streamed out of the store, and what the runs could
//! not read.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use haechi_access::{Answers, Gap, GapKind, PrincipalKind, Target, World, WorldBuilder};
use haechi_model::{AccountId, CoverageState, Message, ResourceType, Timestamp};
use haechi_rules::Access;
use haechi_store::{ItemFilter, Run, RunId, Store};

use crate::error::{Result, UserError};
use crate::moment::moment;
use crate::{App, in_store};

/// The types whose listing has to be whole for all principals to be known.
const PRINCIPALS: [&str; 2] = ["AWS::IAM::User", "AWS::IAM::Role"];
/// Gaps that are named in one sentence; the others are counted.
const NAMED: usize = 3;

impl App {
    /// The recorded organization, now or at a moment.
    ///
    /// # Errors
    /// There is no store, nothing was recorded, or the organization is no tree.
    pub fn world(&self, as_of: Option<&str>) -> Result<World> {
        let at = as_of.map(|text| moment("as-of", text, self.now())).transpose()?;
        self.world_of(&self.existing_store()?, at)
    }

    pub(crate) fn world_of(&self, store: &Store, at: Option<Timestamp>) -> Result<World> {
        let documents = |arn: &str| haechi_content::iam::managed_policy(arn).map(Into::into);
        let mut builder = World::builder().with_documents(Box::new(documents));
        let filter = ItemFilter { as_of: at, ..ItemFilter::default() };
        self.tell_when_asked(store, at, &mut builder)?;
        for name in WorldBuilder::types() {
            let resource_type = ResourceType::parse(name).map_err(UserError::verbatim)?;
            let each = |item, _| {
                builder.add(&item);
                ControlFlow::Continue(())
            };
            store.items_of_type(&resource_type, &filter, each).map_err(in_store)?;
        }
        self.fill_names_and_gaps(store, at, &mut builder)?;
        let world = builder
            .build()
            .map_err(|error| UserError::said("access-no-tree").because(error).help("advice-record-org"))?;
        if world.accounts().len() == 0 {
            return Err(UserError::said("access-nothing").help("advice-record-org"));
        }
        Ok(world)
    }

    /// When AWS itself was last asked for the principals of each account: the items tell of last uses at that time.
    fn tell_when_asked(&self, store: &Store, at: Option<Timestamp>, builder: &mut WorldBuilder) -> Result<()> {
        let live = |run: &Run| run.info.sources.first().is_some_and(|source| source == "live");
        let runs: HashMap<RunId, Timestamp> =
            store.runs().map_err(in_store)?.into_iter().filter(live).map(|run| (run.id, run.info.started)).collect();
        for line in store.coverage_at(at.unwrap_or_else(|| self.now())).map_err(in_store)? {
            let coverage = line.coverage;
            let kind = match coverage.resource_type.as_str() {
                "AWS::IAM::User" => PrincipalKind::User,
                "AWS::IAM::Role" => PrincipalKind::Role,
                _ => continue,
            };
            if let (CoverageState::Complete, Some(started)) = (&coverage.state, runs.get(&line.run)) {
                builder.asked(coverage.account_id.as_str(), kind, *started);
            }
        }
        Ok(())
    }

    /// What is known besides items: the names of accounts, and which listings of principals are whole.
    fn fill_names_and_gaps(&self, store: &Store, at: Option<Timestamp>, builder: &mut WorldBuilder) -> Result<()> {
        for account in store.accounts(at).map_err(in_store)? {
            builder.account_name(account.id.as_str(), account.name.as_deref().unwrap_or_default());
        }
        let mut complete: BTreeMap<AccountId, usize> = BTreeMap::new();
        for line in store.coverage_at(at.unwrap_or_else(|| self.now())).map_err(in_store)? {
            let coverage = line.coverage;
            if !PRINCIPALS.contains(&coverage.resource_type.as_str()) {
                continue;
            }
            let account = coverage.account_id;
            match &coverage.state {
                CoverageState::Complete => *complete.entry(account).or_default() += 1,
                CoverageState::Failed { gap } => {
                    builder.not_listed(account.as_str(), coverage.resource_type.as_str(), &gap.code);
                }
                CoverageState::Skipped { .. } => {}
            }
        }
        for (account, _) in complete.iter().filter(|(_, count)| **count >= PRINCIPALS.len()) {
            builder.listed(account.as_str());
        }
        Ok(())
    }

    /// The same record for the questions of rules, as it stands in the store.
    pub(crate) fn access_of(&self, store: &Store, now: Timestamp) -> Result<Access> {
        let mut builder = Answers::builder();
        for name in builder.types() {
            let resource_type = ResourceType::parse(&name).map_err(UserError::verbatim)?;
            let each = |item, _| {
                builder.add(&item);
                ControlFlow::Continue(())
            };
            store.items_of_type(&resource_type, &ItemFilter::default(), each).map_err(in_store)?;
        }
        self.fill_names_and_gaps(store, None, &mut builder.world)?;
        let catalogue = Arc::new(self.iam_catalogue()?);
        // An organization that is no tree is a gap of the rules that ask, not the end of the run.
        Ok(match builder.build(catalogue, now) {
            Ok(answers) => Access::Known(Arc::new(answers)),
            Err(why) => Access::Failed(why),
        })
    }
}

/// What the reader of any answer has to know of the record.
pub(crate) fn cautions(world: &World) -> Vec<Message> {
    let of = |kind: GapKind| world.gaps().iter().filter(|gap| gap.kind == kind).collect::<Vec<&Gap>>();
    let mut cautions = Vec::new();
    if !of(GapKind::Organization).is_empty() {
        cautions.push(Message::new("access-no-organization"));
    }
    for (kind, id) in [
        (GapKind::OrganizationPolicies, "access-gap-organization-policies"),
        (GapKind::Account, "access-gap-accounts"),
        (GapKind::Listing, "access-gap-listings"),
        (GapKind::ManagedPolicy, "access-gap-managed"),
        (GapKind::Group, "access-gap-groups"),
        (GapKind::PrincipalPolicies, "access-gap-principals"),
        (GapKind::ResourcePolicy, "access-gap-resources"),
        (GapKind::UnreadablePolicy, "access-gap-unreadable"),
        (GapKind::FaultyStatement, "access-gap-faulty"),
    ] {
        let gaps = of(kind);
        if !gaps.is_empty() {
            let names: Vec<&str> = gaps.iter().take(NAMED).map(|gap| &*gap.subject).collect();
            let more = if gaps.len() > NAMED { ", ..." } else { "" };
            let message = Message::new(id).with("count", gaps.len()).with("names", names.join(", ") + more);
            cautions.push(message);
        }
    }
    cautions
}

/// What an answer about a resource leaves out.
pub(crate) fn left_out(target: &Target<'_>) -> impl Iterator<Item = Message> {
    uncounted_grants(target).into_iter().chain(bucket_behind(target)).chain(shares_apart(target))
}

/// Kinds that are opened by shares, not by policies: the service and what the resource's name begins with.
const SHARED: [(&str, &str); 4] =
    [("ec2", "snapshot/"), ("ec2", "image/"), ("rds", "snapshot:"), ("rds", "cluster-snapshot:")];

/// With whom snapshots and images are shared is told elsewhere.
fn shares_apart(target: &Target<'_>) -> Option<Message> {
    let arn = target.resource.arn();
    let [_, _, service, _, _, name] = *arn.splitn(6, ':').collect::<Vec<_>>() else { return None };
    let is_shared = SHARED.iter().any(|(own, begin)| *own == service && name.starts_with(begin));
    is_shared.then(|| Message::new("access-shares-apart").with("name", arn))
}

/// Requests by an access point need the bucket's permission as well, which is a question of its own.
fn bucket_behind(target: &Target<'_>) -> Option<Message> {
    let recorded = target.recorded?;
    let point = recorded.access_point.as_ref()?;
    let message = Message::new("access-bucket-behind").with("bucket", &*point.bucket);
    Some(message.with("point", &*recorded.arn).with("account", &*recorded.account))
}

/// The grants of a key that were not asked for.
fn uncounted_grants(target: &Target<'_>) -> Option<Message> {
    let key = target.recorded.filter(|recorded| &*recorded.resource_type == "AWS::KMS::Key")?;
    (!key.grants_recorded).then(|| Message::new("access-gap-grants").with("name", &*key.arn))
}
