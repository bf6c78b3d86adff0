//! Logins of one user from several places at about the same time.

use core::net::IpAddr;
use std::collections::BTreeMap;

use haechi_content::Timespan;
use haechi_model::Threat;
use serde_json::Value;

use crate::intel::{AddressFacts, Intel};
use crate::kept::{Kept, joined};
use crate::key::{Key, KeyMap};
use crate::signal::Signal;

/// Nobody travels faster, in kilometres an hour.
pub const FASTEST: f64 = 1_000.0;
/// Databases of places err by about so many kilometres.
pub const NEAR: f64 = 300.0;

/// The way between two places on the earth, in kilometres.
pub fn distance(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (from, to) = ((from.0.to_radians(), from.1.to_radians()), (to.0.to_radians(), to.1.to_radians()));
    let half = |angle: f64| (angle / 2.0).sin().powi(2);
    let part = half(to.0 - from.0) + from.0.cos() * to.0.cos() * half(to.1 - from.1);
    2.0 * 6_371.0 * part.clamp(0.0, 1.0).sqrt().asin()
}

/// The speed in kilometres an hour, when nobody can have gone from one place to the other in so many microseconds.
pub fn impossible_travel(from: &AddressFacts, to: &AddressFacts, micros: i64) -> Option<f64> {
    let place = |facts: &AddressFacts| Some((facts.latitude?, facts.longitude?));
    let way = distance(place(from)?, place(to)?);
    let hours = (micros.unsigned_abs() as f64 / 3.6e9).max(1.0 / 60.0);
    (way > NEAR && way / hours > FASTEST).then_some(way / hours)
}

/// `within`: how close logins from different countries must be to each other when the places are not known better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Logins {
    pub within: i64,
}

/// Logins that are remembered: no travel takes longer.
const REMEMBERED: i64 = 24 * 3_600_000_000;
/// Logins of one user that are remembered.
const LOGINS: usize = 32;

impl Logins {
    pub fn new(parameters: &BTreeMap<String, Value>) -> Result<Self, String> {
        let mut within = Timespan::of_seconds(3_600);
        for (name, value) in parameters {
            match (name.as_str(), value.as_str()) {
                ("within", Some(text)) => within = text.parse()?,
                _ => return Err(format!("`{name}: {value}` is no parameter: within: 1h")),
            }
        }
        Ok(Self { within: within.seconds() * 1_000_000 })
    }
}

/// A login: from where.
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    pub(crate) address: Key,
    pub(crate) country: Option<Key>,
    pub(crate) place: Option<(f64, f64)>,
}

impl Login {
    pub(crate) fn new(address: IpAddr, intel: &Intel) -> Self {
        let facts = intel.facts(address);
        Self {
            address: Key::of(&address.to_string()),
            country: facts.country.as_deref().map(Key::of),
            place: facts.latitude.zip(facts.longitude),
        }
    }

    /// The two cannot be of one person, so many microseconds apart.
    fn is_elsewhere(&self, other: &Login, micros: i64, within: i64) -> bool {
        match (self.place, other.place) {
            (Some(from), Some(to)) => {
                let (way, hours) = (distance(from, to), (micros.unsigned_abs() as f64 / 3.6e9).max(1.0 / 60.0));
                way > NEAR && way / hours > FASTEST
            }
            _ => {
                let differ = self.country.zip(other.country).is_some_and(|(one, two)| one != two);
                differ && micros.abs() <= within
            }
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LoginState {
    pub(crate) users: KeyMap<Key, Vec<(Login, Kept)>>,
}

impl LoginState {
    pub(crate) fn take(&mut self, what: &Logins, signal: &Signal, login: &Login) -> Option<Threat> {
        let known = self.users.entry(signal.key).or_default();
        known.retain(|(_, kept)| signal.mark.time.since(kept.time()) <= REMEMBERED);
        let last = Kept::of(signal);
        let elsewhere: Vec<&Kept> = (known.iter())
            .filter(|(other, kept)| login.is_elsewhere(other, signal.mark.time.since(kept.time()), what.within))
            .map(|(_, kept)| kept)
            .collect();
        let threat =
            (!elsewhere.is_empty()).then(|| joined(&last, elsewhere.iter().copied(), 1 + elsewhere.len() as u64));
        // The latest of each address is enough.
        known.retain(|(other, _)| other.address != login.address);
        if known.len() >= LOGINS {
            known.remove(0);
        }
        known.push((login.clone(), last));
        threat
    }

    pub(crate) fn prune(&mut self, start: haechi_model::Timestamp) {
        self.users.retain(|_, known| {
            known.retain(|(_, kept)| start.since(kept.time()) <= REMEMBERED);
            !known.is_empty()
        });
    }

    pub(crate) fn bytes(&self) -> usize {
        let of_user = |known: &Vec<(Login, Kept)>| -> usize {
            48 + known.iter().map(|(_, kept)| size_of::<Login>() + kept.bytes()).sum::<usize>()
        };
        self.users.values().map(of_user).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(latitude: f64, longitude: f64) -> AddressFacts {
        AddressFacts { latitude: Some(latitude), longitude: Some(longitude), ..AddressFacts::default() }
    }

    #[test]
    fn nobody_flies_to_london_in_an_hour() {
        let (seoul, london, suwon) = (facts(37.57, 126.98), facts(51.51, -0.13), facts(37.26, 127.03));
        let hour = 3_600_000_000;
        assert!((distance((37.57, 126.98), (51.51, -0.13)) - 8_860.0).abs() < 60.0);
        assert!(impossible_travel(&seoul, &london, hour).is_some_and(|speed| speed > 8_000.0));
        assert!(impossible_travel(&seoul, &london, -hour).is_some(), "in either order");
        assert_eq!(impossible_travel(&seoul, &london, 12 * hour), None);
        assert_eq!(impossible_travel(&seoul, &suwon, 0), None, "too near to tell");
        assert_eq!(impossible_travel(&seoul, &AddressFacts::default(), 0), None);
    }
}
