//! `haechi iam sharing`: may another account launch, copy, decrypt; what is shared; who of elsewhere assumes which role.

use std::ops::ControlFlow;

use haechi_access::external::{Opening, OutsiderKind};
use haechi_access::sharing::{Good, Goods, LegState, Purpose, SharingError, may, shared_with_others, trusts};
use haechi_access::{Organization, World};
use haechi_model::{Message, ResourceType, Timestamp};
use haechi_report::Table;
use haechi_store::{ItemFilter, Store};

use super::external::opening_table;
use super::sharing_report::{legs_table, purposes_table, records, shares_table, short, trust_table};
use super::world::cautions;
use crate::error::{Result, UserError};
use crate::moment::moment;
use crate::{App, in_store};

/// How many names one sentence has.
const NAMED: usize = 3;

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct SharingRequest {
    /// The ARN, id or name of an image, snapshot or key; none: everything that is shared.
    pub resource: Option<String>,
    /// The other account, or a user or role.
    pub with: Option<String>,
    /// `launch`, `copy`...; none of them: all that can be asked of the resource.
    pub may: Vec<String>,
    /// Who may assume which role, instead.
    pub roles: bool,
    /// Accounts whose resources and roles are looked at; empty: all.
    pub accounts: Vec<String>,
    pub as_of: Option<String>,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct SharingAnswers {
    /// For people.
    pub table: Table,
    /// For machines.
    pub records: Table,
    pub cautions: Vec<Message>,
    /// Something that was asked about is missing, or not known to be there.
    pub lacking: bool,
}

impl App {
    /// Sharing across accounts.
    ///
    /// # Errors
    /// A word names nothing that was recorded, or nobody; there is no record.
    pub fn sharing(&self, request: &SharingRequest) -> Result<SharingAnswers> {
        let purposes = request.may.iter().map(|word| purpose(word)).collect::<Result<Vec<_>>>()?;
        let store = self.existing_store()?;
        let at = request.as_of.as_deref().map(|text| moment("as-of", text, self.now())).transpose()?;
        let world = self.world_of(&store, at)?;
        if let Some(account) = request.accounts.iter().find(|account| !world.knows_account(account)) {
            return Err(UserError::said("paths-nobody").arg("name", account).help("advice-resources-list"));
        }
        if request.roles {
            let found = trusts(&world, &request.accounts);
            return Ok(SharingAnswers {
                table: trust_table(&found, short),
                records: trust_table(&found, str::to_owned),
                cautions: cautions(&world),
                lacking: false,
            });
        }
        let goods = goods(&store, at)?;
        match (&request.resource, &request.with) {
            (Some(word), Some(with)) => {
                let good = one(&goods, word)?;
                let purposes = if purposes.is_empty() { Purpose::of(good.kind).to_vec() } else { purposes };
                asked(&world, &goods, good, with, &purposes)
            }
            _ => self.shares(&world, &goods, request, at),
        }
    }

    fn shares(
        &self,
        world: &World,
        goods: &Goods,
        request: &SharingRequest,
        at: Option<Timestamp>,
    ) -> Result<SharingAnswers> {
        let now = at.unwrap_or_else(|| self.now()).to_string();
        let catalogue = self.iam_catalogue()?;
        let (mut openings, looked) = shared_with_others(world, goods, &catalogue, &request.accounts, Some(&now));
        if let Some(word) = &request.resource {
            // Buckets and queues are no goods, and known by their ARN alone.
            let good =
                if openings.iter().any(|opening| opening.resource == *word) { None } else { Some(one(goods, word)?) };
            openings.retain(|opening| good.map_or(opening.resource == *word, |good| is_of(opening, good)));
        }
        if let Some(with) = &request.with {
            openings.retain(|opening| reaches(world, opening, with));
        }
        let edges = trusts(world, &request.accounts).edges.len();
        let table = shares_table(&openings, looked, edges);
        let records = opening_table(&openings, Message::new("sharing-none").with("looked", looked), Vec::new());
        Ok(SharingAnswers { table, records, cautions: cautions(world), lacking: false })
    }
}

fn purpose(word: &str) -> Result<Purpose> {
    Purpose::parse(word)
        .ok_or_else(|| UserError::said("sharing-purpose").arg("word", word).help("advice-sharing-purpose"))
}

fn goods(store: &Store, at: Option<Timestamp>) -> Result<Goods> {
    let mut goods = Goods::default();
    let filter = ItemFilter { as_of: at, ..ItemFilter::default() };
    for name in Goods::types() {
        let resource_type = ResourceType::parse(name).map_err(UserError::verbatim)?;
        let each = |item, _| {
            goods.add(&item);
            ControlFlow::Continue(())
        };
        store.items_of_type(&resource_type, &filter, each).map_err(in_store)?;
    }
    Ok(goods)
}

fn one<'g>(goods: &'g Goods, word: &str) -> Result<&'g Good> {
    match goods.find(word)[..] {
        [good] => Ok(good),
        [] => Err(UserError::said("sharing-nothing").arg("word", word).help("advice-sharing-nothing")),
        ref several => {
            let names: Vec<&str> = several.iter().take(NAMED).map(|good| &*good.arn).collect();
            Err(UserError::said("sharing-several").arg("word", word).arg("names", names.join(", ")))
        }
    }
}

fn is_of(opening: &Opening, good: &Good) -> bool {
    let same_kind = opening.resource_type == good.kind.name() && opening.account == *good.account;
    same_kind && opening.region == *good.region && opening.resource.ends_with(&*good.id)
}

/// Whether an opening is for an account or principal, by name or as one of all.
fn reaches(world: &World, opening: &Opening, with: &str) -> bool {
    let account = if with.starts_with("arn:") { with.split(':').nth(4).unwrap_or_default() } else { with };
    match opening.kind {
        OutsiderKind::Account => opening.outsider == account,
        OutsiderKind::Principal => opening.outsider == with || opening.outsider.split(':').nth(4) == Some(with),
        OutsiderKind::Federated | OutsiderKind::CanonicalUser => opening.outsider == with,
        OutsiderKind::Organization => {
            let id = opening.outsider.rsplit('/').next().unwrap_or_default();
            let is_in = |organization: &Organization| {
                organization.id() == id && organization.node(account).is_some()
                    || organization.path(account).iter().any(|node| *node.id == *id)
            };
            !world.knows_account(account) || world.organizations().iter().any(is_in)
        }
        OutsiderKind::Everyone | OutsiderKind::EveryAccount | OutsiderKind::Unknown => true,
    }
}

fn asked(world: &World, goods: &Goods, good: &Good, with: &str, purposes: &[Purpose]) -> Result<SharingAnswers> {
    let mut answers = Vec::new();
    for purpose in purposes {
        answers.push(may(world, goods, good, with, *purpose).map_err(|error| said(&error, good))?);
    }
    let table = match &answers[..] {
        [only] => legs_table(only),
        several => purposes_table(several),
    };
    let lacking = answers.iter().any(|answer| !matches!(answer.answer, LegState::There | LegState::Theirs));
    Ok(SharingAnswers { table, records: records(&answers), cautions: cautions(world), lacking })
}

fn said(error: &SharingError, good: &Good) -> UserError {
    match error {
        SharingError::NotPrincipal(name) => {
            UserError::said("sharing-not-principal").arg("word", name).help("advice-sharing-with")
        }
        SharingError::NoPrincipal(name) => {
            UserError::said("access-no-principal").arg("name", name).help("advice-resources-list")
        }
        SharingError::WrongPurpose { purpose, kind } => {
            let names: Vec<&str> = Purpose::of(good.kind).iter().map(|purpose| purpose.name()).collect();
            UserError::said("sharing-wrong-purpose")
                .arg("word", purpose)
                .arg("kind", kind)
                .arg("names", names.join(", "))
        }
    }
}
