//! A set of listings (account, region, type) in few bits: which listings a run has completed.

use std::collections::{BTreeMap, HashMap};

use haechi_model::{AccountId, Region, ResourceType};

/// Some listings of many accounts: a bit each, and every region and type once.
#[derive(Debug, Clone, Default)]
pub struct ListingSet {
    numbers: HashMap<Region, HashMap<ResourceType, usize>>,
    pairs: Vec<(Region, ResourceType)>,
    accounts: BTreeMap<AccountId, Bits>,
}

#[derive(Debug, Clone, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn has(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    fn set(&mut self, at: usize) {
        if self.0.len() <= at / 64 {
            self.0.resize(at / 64 + 1, 0);
        }
        self.0[at / 64] |= 1 << (at % 64);
    }
}

impl ListingSet {
    pub fn insert(&mut self, account: AccountId, region: &Region, resource_type: &ResourceType) {
        let number = match self.number(region, resource_type) {
            Some(number) => number,
            None => {
                let number = self.pairs.len();
                self.pairs.push((region.clone(), resource_type.clone()));
                self.numbers.entry(region.clone()).or_default().insert(resource_type.clone(), number);
                number
            }
        };
        self.accounts.entry(account).or_default().set(number);
    }

    pub fn contains(&self, account: AccountId, region: &Region, resource_type: &ResourceType) -> bool {
        let number = self.number(region, resource_type);
        number.is_some_and(|number| self.accounts.get(&account).is_some_and(|bits| bits.has(number)))
    }

    /// The listings of one account.
    pub fn of(&self, account: AccountId) -> impl Iterator<Item = &(Region, ResourceType)> {
        let bits = self.accounts.get(&account);
        let has = move |at: usize| bits.is_some_and(|bits| bits.has(at));
        self.pairs.iter().enumerate().filter(move |(at, _)| has(*at)).map(|(_, pair)| pair)
    }

    pub fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.accounts.keys().copied()
    }

    /// The regions of its listings.
    pub fn regions(&self) -> impl Iterator<Item = &Region> {
        self.numbers.keys()
    }

    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    fn number(&self, region: &Region, resource_type: &ResourceType) -> Option<usize> {
        self.numbers.get(region)?.get(resource_type).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    fn listing(account: u8, region: u8, kind: u8) -> (AccountId, Region, ResourceType) {
        (
            AccountId::parse(&format!("{account:012}")).unwrap(),
            Region::parse(&format!("eu-west-{region}")).unwrap(),
            ResourceType::parse(&format!("AWS::EC2::T{kind}")).unwrap(),
        )
    }

    proptest! {
        #[test]
        fn it_is_a_set(put in prop::collection::vec((0u8..4, 0u8..5, 0u8..40), 0..200)) {
            let mut set = ListingSet::default();
            let wanted: BTreeSet<_> = put.iter().map(|(a, r, t)| listing(*a, *r, *t)).collect();
            put.iter().map(|(a, r, t)| listing(*a, *r, *t)).for_each(|(a, r, t)| set.insert(a, &r, &t));
            for (a, r, t) in (0..4).flat_map(|a| (0..5).flat_map(move |r| (0..40).map(move |t| listing(a, r, t)))) {
                prop_assert_eq!(set.contains(a, &r, &t), wanted.contains(&(a, r.clone(), t.clone())));
            }
            let all: BTreeSet<_> =
                set.accounts().flat_map(|a| set.of(a).map(move |(r, t)| (a, r.clone(), t.clone())).collect::<Vec<_>>()).collect();
            prop_assert_eq!(all, wanted);
        }
    }
}
