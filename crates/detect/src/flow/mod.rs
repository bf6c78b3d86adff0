//! Flow logs: scans, floods, forced doors, addresses of ill repute, and what an interface never did before.
//!
//! ```text
//! FlowScan     a thread's: orients each line, drops what nobody asks about, adds it to its hour
//! FlowHour     an hour's conversations by interface; merges in any order
//! FlowState    what interfaces did in the hours before; judges an hour when it closes
//! ```

pub(crate) mod contact;
mod hour;
mod judge;
mod rules;
mod state;

use haechi_content::Need;
use haechi_model::event::{Flow, is_public};

use contact::Contact;
use hour::Keep;

use crate::intel::Intel;

pub(crate) use hour::FlowHour;
pub(crate) use judge::protocol;
pub(crate) use rules::FlowRule;
pub(crate) use state::FlowState;

/// Takes the lines of flow logs.
#[derive(Debug)]
pub(crate) struct FlowScan {
    served: Vec<u16>,
    lists: Vec<Need>,
    watched: Watched,
    asks: bool,
}

/// A list as a bit.
pub(crate) fn bit(need: Need) -> u32 {
    1 << (need as u32)
}

impl FlowScan {
    pub(crate) fn new(rules: &[FlowRule], intel: &Intel) -> Self {
        let mut served: Vec<u16> = rules
            .iter()
            .filter(|rule| rule.finds == rules::Finds::BruteForce)
            .flat_map(|rule| rule.ports.iter().copied())
            .collect();
        served.sort_unstable();
        served.dedup();
        let mut lists: Vec<Need> = rules.iter().flat_map(FlowRule::lists).collect();
        lists.sort_unstable();
        lists.dedup();
        lists.retain(|need| intel.list(*need).is_some());
        let mut watched = Watched::default();
        for list in lists.iter().filter_map(|need| intel.list(*need)) {
            list.ranges().for_each(|(first, last)| watched.add(first, last));
        }
        Self { served, lists, watched, asks: !rules.is_empty() }
    }

    /// Adds a line to its hour.
    pub(crate) fn take(&self, flow: &Flow<'_>, intel: &Intel, hour: &mut FlowHour) {
        if !self.asks {
            return;
        }
        let Some(contact) = Contact::of(flow, intel.owners()) else { return };
        // Which side is ours may be open: then either may be the one that is trusted or listed.
        let trusted = |end: u128| intel.is_trusted(contact::address(end));
        if intel.trusts_any() && (trusted(contact.remote) || !contact.sure && trusted(contact.local)) {
            return;
        }
        let keep = Keep {
            served: &self.served,
            lists: self.lists_of(contact.remote, intel),
            local_lists: if contact.sure { 0 } else { self.lists_of(contact.local, intel) },
            owner: intel.owners().of(flow.interface),
            inside: [contact.remote, contact.local].iter().all(|end| !is_public(contact::address(*end))),
        };
        hour.add(flow, &contact, &keep);
    }

    fn lists_of(&self, address: u128, intel: &Intel) -> u32 {
        if !self.watched.may_have(address) {
            return 0;
        }
        let address = contact::address(address);
        let on = |need: &&Need| intel.list(**need).is_some_and(|list| list.has_address(address));
        self.lists.iter().filter(on).fold(0, |bits, need| bits | bit(*need))
    }
}

/// Tells most addresses that are on no list at once: a bit for each /24 of IPv4 and, hashed, for each /48 of IPv6.
#[derive(Debug, Default)]
struct Watched {
    four: Box<[u64]>,
    six: Box<[u64]>,
}

const FOUR: usize = 1 << 24;
const SIX: usize = 1 << 20;

/// The place of an address: a /24 of IPv4, or the hash of a /48.
fn place(address: u128) -> Result<usize, usize> {
    if address >> 32 == 0xFFFF {
        Ok((address >> 8) as usize & (FOUR - 1))
    } else {
        let prefix = (address >> 80) as u64;
        Err((prefix.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44) as usize & (SIX - 1))
    }
}

impl Watched {
    fn add(&mut self, first: u128, last: u128) {
        match (place(first), place(last)) {
            (Ok(first), Ok(last)) => {
                if self.four.is_empty() {
                    self.four = vec![0; FOUR / 64].into();
                }
                (first..=last).for_each(|at| self.four[at / 64] |= 1 << (at % 64));
            }
            _ => {
                if self.six.is_empty() {
                    self.six = vec![0; SIX / 64].into();
                }
                // A range of very many networks: all of them may be on it.
                if (last >> 80) - (first >> 80) > SIX as u128 {
                    self.six.fill(u64::MAX);
                    return;
                }
                for prefix in first >> 80..=last >> 80 {
                    if let Err(at) = place(prefix << 80) {
                        self.six[at / 64] |= 1 << (at % 64);
                    }
                }
            }
        }
    }

    /// False: it is on no list. True: it may be.
    fn may_have(&self, address: u128) -> bool {
        let (bits, at) = match place(address) {
            Ok(at) => (&self.four, at),
            Err(at) => (&self.six, at),
        };
        bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests;
