//! The resources of a call, and what guardrails see of them: two calls whose resources the same statements match are
//! alike, however many resources there are.

use std::sync::Arc;

use haechi_iam::catalogue::{ActionInfo, ArnForms, ArnSource, EventResource, NamedResource, Need};
use haechi_iam::{Prepared, Resource};
use haechi_model::event::Event;

use super::context::Told;
use super::keys::Asked;
use super::replay::{AskedAction, KnownCall, Meaning, Numbers, Replay, write_slots};

/// What was worked out of an event's texts, by those texts: most calls are about a resource that was called before.
#[derive(Default)]
pub(super) struct Reaches {
    /// By call, Region and all that the event says of resources: the number of what is seen of them, or that it does not
    /// tell them apart.
    known: Numbers,
    /// By what is seen: its number.
    seen: Numbers,
    /// By call: how often it was looked up, and found.
    worth: Vec<(u32, u32)>,
    texts: Vec<u8>,
    reach: Vec<u8>,
}

/// Texts that are kept at most; then it begins anew.
const KEPT: usize = 1 << 17;
/// What is seen of resources is told apart so often at most: numbers stand in the keys of verdicts, so none is used again.
const SEEN: usize = 1 << 16;
/// Longer texts are worked out each time.
const LONGEST: usize = 1 << 10;
/// After so many look-ups it shows whether a call's resources come again.
const TRIED: u32 = 1 << 10;
/// Instead of a number: the event's own texts have to tell.
const NOT_TOLD: u32 = u32::MAX;

impl Reaches {
    /// Writes the number of what guardrails see of a call's resources, or what the event says of them.
    pub fn write<'w>(
        &mut self,
        replay: &Replay<'w>,
        (number, call): (u32, &KnownCall<'w>),
        event: &Event<'_>,
        key: &mut Vec<u8>,
    ) {
        if call.telling.is_none() {
            return write_slots(&call.resource_slots, event, key);
        }
        let index = number as usize;
        if self.worth.len() <= index {
            self.worth.resize(index + 1, (0, 0));
        }
        let (tried, found) = self.worth[index];
        let is_worth = tried < TRIED || found > tried / 2;
        if is_worth {
            self.texts.clear();
            self.texts.extend_from_slice(&number.to_le_bytes());
            self.texts.extend_from_slice(event.region().unwrap_or_default().as_bytes());
            write_slots(&call.own_slots, event, &mut self.texts);
            write_slots(&call.resource_slots, event, &mut self.texts);
            self.worth[index].0 += 1;
            if let Some(known) = self.known.get(&self.texts[..]) {
                self.worth[index].1 += 1;
                return Self::put(*known, call, event, key);
            }
        }
        let known = self.number(replay, call, event);
        if is_worth && self.texts.len() <= LONGEST {
            if self.known.len() >= KEPT {
                self.known.clear();
            }
            self.known.insert(self.texts.as_slice().into(), known);
        }
        Self::put(known, call, event, key);
    }

    fn put(known: u32, call: &KnownCall<'_>, event: &Event<'_>, key: &mut Vec<u8>) {
        key.extend_from_slice(&known.to_le_bytes());
        if known == NOT_TOLD {
            write_slots(&call.resource_slots, event, key);
        }
    }

    fn number<'w>(&mut self, replay: &Replay<'w>, call: &KnownCall<'w>, event: &Event<'_>) -> u32 {
        self.reach.clear();
        if !replay.write_reach(call, event, &mut self.reach) {
            return NOT_TOLD;
        }
        if let Some(known) = self.seen.get(&self.reach[..]) {
            return *known;
        }
        let number = match u32::try_from(self.seen.len()) {
            Ok(number) if self.seen.len() < SEEN => number,
            _ => return NOT_TOLD,
        };
        self.seen.insert(self.reach.as_slice().into(), number);
        number
    }
}

impl<'w> Replay<'w> {
    /// The SCPs about a call's actions that name resources; none: keys of the resource matter too, or RCPs do.
    pub(super) fn telling(&self, meaning: &Meaning<'_>, asked: &Asked) -> Option<Vec<Arc<Prepared>>> {
        let (Meaning::All(actions) | Meaning::OneOf(actions)) = meaning else { return None };
        if self.rcps || !asked.resources || asked.keys.iter().any(|key| key.contains(":resource")) {
            return None;
        }
        let tells = |policy: &&Arc<Prepared>| {
            actions.iter().any(|asking| {
                let of_it = Asked::of(std::iter::once(&***policy), Some(asking.action.text()));
                of_it.resources
            })
        };
        Some(self.scps.iter().filter(tells).cloned().collect())
    }

    /// Writes what all SCPs have to say of a call's resource; no: that does not tell it.
    fn write_reach(&self, call: &KnownCall<'w>, event: &Event<'_>, key: &mut Vec<u8>) -> bool {
        let (Some(telling), Meaning::All(actions) | Meaning::OneOf(actions)) = (&call.telling, &call.meaning) else {
            return false;
        };
        let told = Told { event, fields: &self.paths };
        let before = key.len();
        for AskedAction { action, info, forms, .. } in actions {
            for asked in self.resources(*info, forms, &told) {
                // Who owns it matters to RCPs and to keys of the resource only.
                let resource = asked.known(Resource::any_of(&asked.arn));
                key.push(u8::from(asked.certain));
                if !telling.iter().all(|policy| policy.write_reach(action, &resource, key)) {
                    key.truncate(before);
                    return false;
                }
            }
            key.push(1);
        }
        true
    }

    /// What a call is about: AWS asks the policies for each of them. `*`: the event does not tell.
    pub(super) fn resources(&self, info: ActionInfo<'w>, forms: &ArnForms<'w>, told: &Told<'_>) -> Vec<AskedArn> {
        let everything = || vec![AskedArn::everything()];
        if info.resources().len() <= 1 {
            return match self.rules.resource(info, told) {
                EventResource::Arn { arn, source } => {
                    vec![AskedArn { arn, certain: true, told: source != ArnSource::Guessed }]
                }
                EventResource::Everything | EventResource::Unknown => everything(),
            };
        }
        let mut named = self.rules.resources(info, forms, told);
        // Where nothing is required the types are alternatives, and what the event names is all there is.
        let has_required = info.resources().any(|one| one.need() == Need::Required);
        let guessed = |one: &NamedResource<'_>| one.source == ArnSource::Guessed && one.need == Need::Optional;
        named.retain(|one| has_required || !guessed(one));
        if named.is_empty() {
            return everything();
        }
        let lacking = info.resources().filter(|one| {
            one.need() == Need::Required && named.iter().all(|known| known.kind.name() != one.resource_type().name())
        });
        // Of a few actions AWS lists alternatives as required: that the call has such a resource is not certain.
        let lacking =
            lacking.map(|one| AskedArn { arn: one.resource_type().arn().pattern(), certain: false, told: false });
        let lacking: Vec<AskedArn> = lacking.collect();
        let named = named.into_iter();
        let named =
            named.map(|one| AskedArn { certain: !guessed(&one), told: one.source != ArnSource::Guessed, arn: one.arn });
        named.chain(lacking).collect()
    }
}

/// A resource of a call, or a pattern that stands for one.
pub(super) struct AskedArn {
    pub arn: String,
    /// Whether the call is certain to have such a resource.
    pub certain: bool,
    /// Whether the event tells it, and no star stands for its id.
    told: bool,
}

impl AskedArn {
    /// The event does not tell it, or there is none.
    pub fn everything() -> AskedArn {
        AskedArn { arn: "*".to_owned(), certain: true, told: true }
    }

    /// The resource with what is known of the ids of those that nothing names.
    pub fn known(&self, resource: Resource) -> Resource {
        if self.told { resource } else { resource.with_plain_ids() }
    }

    /// The account in it.
    pub fn account(&self) -> Option<&str> {
        let account = self.arn.split(':').nth(4)?;
        (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then_some(account)
    }

    /// The type in it: `instance` of `arn:aws:ec2:us-east-1:111122223333:instance/i-0123`.
    pub fn kind(&self) -> Option<&str> {
        let resource = self.arn.splitn(6, ':').nth(5)?;
        resource.split_once(['/', ':']).map(|(kind, _)| kind)
    }
}
