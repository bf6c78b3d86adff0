//! Credentials that AWS made for one instance or function, used from somewhere else.
//!
//! Outside AWS: from an address that is not AWS's and that the account's own traffic does not come from (a network is
//! learned when two of its instances, or one on seven days, came from there). Inside AWS: through an endpoint of
//! another account, or from an address of AWS's that neither this credential nor another of the account came from.

use core::net::IpAddr;
use std::collections::BTreeMap;

use haechi_content::Need;
use haechi_model::Threat;
use haechi_model::event::{Event, Fields, Slot};
use serde_json::Value;

use crate::kept::{Kept, joined};
use crate::key::{Key, KeyMap};
use crate::met::Met;
use crate::principal::{Principal, PrincipalKind, network};
use crate::signal::{Signal, hour_of};

/// Where the credentials are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Where {
    InsideAws,
    OutsideAws,
}

/// Whose credentials they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Of {
    Instance,
    /// A function, a task, a job: whatever a service of AWS runs.
    Resource,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Exfiltration {
    pub place: Where,
    pub of: Of,
}

impl Exfiltration {
    /// `where: inside-aws | outside-aws`, `of: instance | resource`.
    pub fn new(parameters: &BTreeMap<String, Value>) -> Result<Self, String> {
        let (mut place, mut of) = (None, Of::Instance);
        for (name, value) in parameters {
            match (name.as_str(), value.as_str()) {
                ("where", Some("inside-aws")) => place = Some(Where::InsideAws),
                ("where", Some("outside-aws")) => place = Some(Where::OutsideAws),
                ("of", Some("instance")) => of = Of::Instance,
                ("of", Some("resource")) => of = Of::Resource,
                _ => {
                    return Err(format!(
                        "`{name}: {value}` is no parameter: where: inside-aws or outside-aws, of: instance or resource"
                    ));
                }
            }
        }
        let place = place.ok_or("`where` is missing: inside-aws or outside-aws")?;
        Ok(Self { place, of })
    }
}

/// Services that make credentials for what they run inside AWS.
const ISSUERS: [&str; 12] = [
    "lambda.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "sagemaker.amazonaws.com",
    "glue.amazonaws.com",
    "codebuild.amazonaws.com",
    "batch.amazonaws.com",
    "tasks.apprunner.amazonaws.com",
    "pods.eks.amazonaws.com",
    "states.amazonaws.com",
    "edgelambda.amazonaws.com",
    "elasticmapreduce.amazonaws.com",
    "bedrock-agentcore.amazonaws.com",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The record of making them.
    Issue,
    Private,
    Aws,
    Outside,
}

/// One use of credentials, or their issue.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    /// The access key; where the event has none, the session.
    pub(crate) key: Key,
    pub(crate) session: Key,
    pub(crate) account: Key,
    pub(crate) address: Key,
    pub(crate) network: Key,
    pub(crate) six: bool,
    pub(crate) way: Way,
    /// The event itself says that a resource of AWS got them.
    pub(crate) said: bool,
    /// Through an endpoint of another account.
    pub(crate) foreign: bool,
}

impl Use {
    pub(crate) fn tuple(&self) -> Key {
        self.key.with(self.address.0).with(self.way as u64 | u64::from(self.foreign) << 8 | u64::from(self.said) << 9)
    }
}

/// The slots that tell of it.
#[derive(Debug, Clone)]
pub struct UseSlots {
    of: Of,
    slots: [Option<Slot>; 4],
}

impl UseSlots {
    pub const PATHS: [&str; 4] = [
        "userIdentity.inScopeOf.issuerType",
        "responseElements.credentials.accessKeyId",
        "vpcEndpointAccountId",
        "userIdentity.sessionContext.ec2RoleDelivery",
    ];

    pub fn bind(what: &Exfiltration, fields: &Fields) -> Self {
        Self { of: what.of, slots: Self::PATHS.map(|path| fields.slot(path)) }
    }

    fn text<'a>(&self, event: &Event<'a>, at: usize) -> Option<std::borrow::Cow<'a, str>> {
        event.text(self.slots[at]?).filter(|text| !text.is_empty())
    }

    /// None: the event tells nothing of such credentials.
    pub(crate) fn of(&self, met: &Met<'_, '_>) -> Option<Use> {
        let (event, who) = (met.event, met.principal()?);
        let account = Key::of(who.account.as_deref().or(event.account()).unwrap_or_default());
        if self.of == Of::Resource && event.name() == "AssumeRole" && who.kind == PrincipalKind::Service {
            let key = Key::of(&self.text(event, 1)?);
            let made = ISSUERS.contains(&who.id.as_ref());
            let none = Key(0);
            let issue = Use {
                key,
                session: none,
                account: Key::of(event.account().unwrap_or_default()),
                address: none,
                network: none,
                six: false,
                way: Way::Issue,
                said: true,
                foreign: false,
            };
            return made.then_some(issue);
        }
        let said = self.is_of(event, who)?;
        let address = met.address()?;
        let way = match () {
            () if !is_public(address) => Way::Private,
            () if met.intel.list(Need::AwsRanges).is_some_and(|list| list.has_address(address)) => Way::Aws,
            () => Way::Outside,
        };
        let session = Key::of(who.session.as_deref().unwrap_or(&who.id));
        let foreign = self.text(event, 2).is_some_and(|owner| who.account.as_deref().is_some_and(|own| own != owner));
        Some(Use {
            key: who.access_key.as_deref().map_or(session, Key::of),
            session,
            account,
            address: Key::of(&address.to_string()),
            network: Key::of(&network(address)),
            six: address.is_ipv6(),
            way,
            said,
            foreign,
        })
    }

    /// Whether they may be credentials of that kind, and whether the event itself says so.
    fn is_of(&self, event: &Event<'_>, who: &Principal<'_>) -> Option<bool> {
        if who.kind != PrincipalKind::Role || who.by_service {
            return None;
        }
        let issued = self.text(event, 0);
        let delivered = self.slots[3].and_then(|slot| event.value(slot)).is_some_and(|value| !value.is_null());
        let instance = who.instance().is_some() || delivered || issued.as_deref() == Some("AWS::EC2::Instance");
        match self.of {
            Of::Instance => instance.then_some(true),
            Of::Resource => (!instance).then(|| issued.is_some_and(|kind| kind.starts_with("AWS::"))),
        }
    }
}

/// An address of the open internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            let [a, b, ..] = four.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(four.is_private()
                || four.is_loopback()
                || four.is_link_local()
                || four.is_unspecified()
                || four.is_multicast()
                || four.is_broadcast()
                || shared)
        }
        IpAddr::V6(six) => {
            let local = six.is_unique_local() || six.is_unicast_link_local();
            !(local || six.is_loopback() || six.is_unspecified() || six.is_multicast())
        }
    }
}

/// A credential that was seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Credential {
    pub(crate) last_hour: i64,
    pub(crate) issued: bool,
    /// The addresses inside AWS that it came from first: of IPv4 and of IPv6.
    pub(crate) homes: [Option<u64>; 2],
}

/// A network, or an address inside AWS, that credentials of an account came from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    pub(crate) place: u64,
    /// The first session that came from there.
    pub(crate) session: u64,
    pub(crate) several: bool,
    pub(crate) first_hour: i64,
    pub(crate) last_day: i64,
    pub(crate) days: u32,
}

/// Places of an account that are remembered.
const PLACES: usize = 256;
/// A credential that was not used for so long has expired.
const CREDENTIAL_HOURS: i64 = 72;
const PLACE_DAYS: i64 = 90;

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ExfiltrationState {
    pub(crate) credentials: KeyMap<Key, Credential>,
    pub(crate) accounts: KeyMap<Key, Vec<Known>>,
}

impl ExfiltrationState {
    pub(crate) fn take(&mut self, what: &Exfiltration, signal: &Signal, found: &Use) -> Option<Threat> {
        let hour = hour_of(signal.mark.time);
        let credential = self.credentials.entry(found.key).or_default();
        credential.last_hour = credential.last_hour.max(hour);
        credential.issued |= found.said;
        let issued = credential.issued;
        let fires = match (what.place, found.way) {
            (_, Way::Issue) => false,
            (Where::InsideAws, _) if found.foreign => true,
            (Where::OutsideAws, Way::Outside) if issued => {
                !self.note(found, found.network.0, hour).is_some_and(|place| place.is_learned(hour))
            }
            (Where::InsideAws, Way::Aws) => {
                let home = &mut credential.homes[usize::from(found.six)];
                let known = *home.get_or_insert(found.address.0) == found.address.0;
                let place = self.note(found, found.address.0, hour);
                // Known: somebody of the account came from there before.
                !known && place.is_none()
            }
            _ => false,
        };
        let kept = Kept::of(signal);
        fires.then(|| joined(&kept, [], 1))
    }

    /// Notes a place; gives what was known of it before.
    fn note(&mut self, found: &Use, place: u64, hour: i64) -> Option<Known> {
        let places = self.accounts.entry(found.account).or_default();
        let day = hour.div_euclid(24);
        match places.iter_mut().find(|known| known.place == place) {
            Some(known) => {
                let before = known.clone();
                known.several |= known.session != found.session.0;
                if known.last_day < day {
                    known.last_day = day;
                    known.days = known.days.saturating_add(1);
                }
                Some(before)
            }
            None => {
                if places.len() >= PLACES {
                    let oldest = (0..places.len()).min_by_key(|at| (places[*at].last_day, places[*at].place));
                    if let Some(at) = oldest {
                        places.swap_remove(at);
                    }
                }
                let session = found.session.0;
                places.push(Known { place, session, several: false, first_hour: hour, last_day: day, days: 1 });
                None
            }
        }
    }

    /// Forgets what is old.
    pub(crate) fn prune(&mut self, hour: i64) {
        self.credentials.retain(|_, credential| credential.last_hour + CREDENTIAL_HOURS >= hour);
        self.accounts.retain(|_, places| {
            places.retain(|place| place.last_day + PLACE_DAYS >= hour.div_euclid(24));
            !places.is_empty()
        });
    }

    pub(crate) fn bytes(&self) -> usize {
        let places: usize = self.accounts.values().map(|places| 48 + size_of::<Known>() * places.capacity()).sum();
        places + self.credentials.capacity() * (size_of::<(Key, Credential)>() + 1)
    }
}

impl Known {
    /// The account's own traffic comes from there.
    fn is_learned(&self, hour: i64) -> bool {
        self.first_hour + 24 <= hour && (self.several || self.days >= 7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_checked() {
        let read = |text: &str| Exfiltration::new(&serde_json::from_str(text).unwrap());
        assert_eq!(read(r#"{"where":"inside-aws"}"#), Ok(Exfiltration { place: Where::InsideAws, of: Of::Instance }));
        assert!(read("{}").is_err() && read(r#"{"where":"home"}"#).is_err() && read(r#"{"were":"x"}"#).is_err());
    }

    #[test]
    fn addresses_of_networks_inside_are_not_public() {
        for (text, public) in [
            ("10.1.2.3", false),
            ("100.64.1.1", false),
            ("169.254.169.254", false),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("198.51.100.1", true),
            ("2600:1f00::1", true),
        ] {
            assert_eq!(is_public(text.parse().unwrap()), public, "{text}");
        }
    }
}
