//! A policy of what somebody used: the calls of a log by one user or role, as the least permissions that let them pass.
//! Calls that were denied are left out and counted; what a log cannot show is named.

mod compare;
pub(crate) mod fold;
mod gathered;
mod policy;

use std::collections::HashMap;

use haechi_iam::catalogue::{
    AccessLevel, ActionInfo, ArnMatch, ArnSource, Catalogue, EventAction, EventRules, FormsByService, NamedResource,
    Need, UnloggedRules,
};
use haechi_model::event::{Event, FieldError, Fields, Json, JsonKind, Slot};

use crate::calls::{CallKinds, CallSlots, PrincipalName, is_denial};
use crate::whatif::Told;

pub use compare::{Comparison, compare};
pub use gathered::{ActionUse, Gathered};
pub use policy::{Generated, LONGEST_POLICY, Resources, generate};

use fold::literal;

/// Reads the calls of one principal out of a log.
pub struct Generator<'c> {
    catalogue: &'c Catalogue,
    rules: &'c EventRules,
    forms: FormsByService<'c>,
    unlogged: &'c UnloggedRules,
    principal: PrincipalName,
    partition: Box<str>,
    fields: Fields,
    slots: CallSlots,
    parameters: Slot,
    management: Slot,
    profile: [Slot; 2],
}

/// Callers that are known at most; then it begins anew.
const KEPT: usize = 1 << 16;
/// An ARN that is longer is none.
const LONGEST_ARN: usize = 2048;

impl<'c> Generator<'c> {
    /// # Errors
    /// The rules name too many fields.
    pub fn new(
        catalogue: &'c Catalogue,
        rules: &'c EventRules,
        unlogged: &'c UnloggedRules,
        principal: PrincipalName,
        partition: &str,
    ) -> Result<Self, FieldError> {
        let mut fields = Fields::of_events([])?;
        let slots = CallSlots::add(&mut fields, rules)?;
        for path in rules.paths() {
            fields.add(&path)?;
        }
        for path in ["resources.ARN", "resources.arn"] {
            fields.add(path)?;
        }
        Ok(Generator {
            catalogue,
            rules,
            forms: FormsByService::default(),
            unlogged,
            principal,
            partition: partition.into(),
            parameters: fields.add("requestParameters")?,
            management: fields.add("managementEvent")?,
            profile: [
                fields.add("requestParameters.iamInstanceProfile.arn")?,
                fields.add("requestParameters.iamInstanceProfile.name")?,
            ],
            slots,
            fields,
        })
    }

    /// The fields that events have to be read with.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// What one thread gathers with.
    pub fn start(&self) -> Gatherer<'_, 'c> {
        Gatherer {
            generator: self,
            kinds: CallKinds::new(self.catalogue, self.rules),
            callers: HashMap::new(),
            buffer: Vec::new(),
            gathered: Gathered::default(),
        }
    }
}

/// Takes events, and gathers what the principal used.
pub struct Gatherer<'g, 'c> {
    generator: &'g Generator<'c>,
    kinds: CallKinds<'c>,
    callers: HashMap<Box<[u8]>, bool>,
    buffer: Vec<u8>,
    gathered: Gathered,
}

impl<'c> Gatherer<'_, 'c> {
    /// Takes an event of CloudTrail that was read with [`Generator::fields`].
    pub fn take(&mut self, event: &Event<'_>) {
        let generator = self.generator;
        self.gathered.read(event.time());
        let is_data = is_data_event(event, generator.management);
        let own = self.is_own(event);
        if !own && !is_data {
            return;
        }
        let (name, action) = self.kinds.of(event, &generator.fields, &generator.slots);
        let actions = asked(action);
        if is_data && event.account().is_none_or(|account| account == generator.principal.account()) {
            let services = actions.iter().map(|action| action.service().prefix());
            services.for_each(|service| self.gathered.shows_data_of(service));
        }
        if !own {
            return;
        }
        self.gathered.own(event.time());
        let denied = event.error_code().is_some_and(|code| is_denial(&code));
        match action {
            _ if !generator.slots.is_call(event) => self.gathered.needs_nothing += 1,
            EventAction::NoPermission(_) => self.gathered.needs_nothing += 1,
            EventAction::Unknown => self.gathered.unmapped(name),
            _ if denied => {
                let names: Vec<String> = actions.iter().map(|action| action.full_name()).collect();
                self.gathered.denied(&names.join(" "));
            }
            EventAction::OneOf(_) => {
                self.gathered.ambiguous(&actions);
                actions.iter().for_each(|action| generator.used(*action, event, &mut self.gathered));
            }
            _ => actions.iter().for_each(|action| generator.used(*action, event, &mut self.gathered)),
        }
    }

    /// What was gathered.
    pub fn finish(self) -> Gathered {
        self.gathered
    }

    fn is_own(&mut self, event: &Event<'_>) -> bool {
        let slots = &self.generator.slots;
        slots.write_caller(event, &mut self.buffer);
        if let Some(own) = self.callers.get(&self.buffer[..]) {
            return *own;
        }
        let own = slots.principal(event).is_some_and(|principal| principal == self.generator.principal);
        if self.callers.len() >= KEPT {
            self.callers.clear();
        }
        self.callers.insert(self.buffer.as_slice().into(), own);
        own
    }
}

/// The actions that an event asked for, or may have asked for.
pub(crate) fn asked<'c>(action: &EventAction<'c>) -> Vec<ActionInfo<'c>> {
    match action {
        EventAction::Known(action) => vec![*action],
        EventAction::Several(actions) | EventAction::OneOf(actions) => actions.clone(),
        EventAction::NoPermission(_) | EventAction::Unknown => Vec::new(),
    }
}

/// Whether it is a data event; old events do not say so in their category.
pub(crate) fn is_data_event(event: &Event<'_>, management: Slot) -> bool {
    match event.category() {
        Some(category) => category == "Data",
        None => event.get(management).and_then(haechi_model::event::Json::as_bool) == Some(false),
    }
}

impl<'c> Generator<'c> {
    fn used(&self, action: ActionInfo<'c>, event: &Event<'_>, gathered: &mut Gathered) {
        let told = Told { event, fields: &self.fields };
        let mut named: Vec<NamedResource<'_>> = self.rules.resources(action, &self.forms.of(action.service()), &told);
        named.retain(|one| is_an_arn(&one.arn) && one.kind.arn().meets(&one.arn) == ArnMatch::Some);
        // What only stands for some resource of its type says nothing if one was named.
        let is_some = |one: &NamedResource<'_>| one.source == ArnSource::Guessed && one.arn.contains(['*', '?']);
        if named.iter().any(|one| !is_some(one)) {
            named.retain(|one| !is_some(one) || one.need == Need::Required);
        }
        let names: Vec<(&str, &str, String)> = named
            .iter()
            .map(|one| {
                let pattern = if one.source == ArnSource::Guessed { one.arn.clone() } else { literal(&one.arn) };
                (one.kind.name(), one.kind.arn().as_str(), pattern)
            })
            .collect();
        gathered.used(action, event.time(), event.region(), &names);
        let passes = action.dependent_actions().any(|dependent| dependent.eq_ignore_ascii_case("iam:PassRole"));
        // The table does not tell it of all actions that take a role: what a parameter named for it gives is passed.
        let may_pass = !matches!(action.level(), AccessLevel::List | AccessLevel::Read)
            && !matches!(action.service().prefix(), "iam" | "sts");
        if passes || may_pass {
            self.passed(event, passes, gathered);
        }
    }

    /// Roles that a request passes on: CloudTrail has no event of that.
    fn passed(&self, event: &Event<'_>, any_parameter: bool, gathered: &mut Gathered) {
        let begin = format!("arn:{}:iam::{}:role/", self.partition, self.principal.account());
        if let Some(parameters) = event.get(self.parameters) {
            each_of_roles(parameters, any_parameter, &mut |leaf| {
                if let Some(text) = leaf.text().filter(|text| text.starts_with(&begin) && is_an_arn(text)) {
                    gathered.passed_role(&literal(&text));
                }
            });
        }
        if !any_parameter {
            return;
        }
        for slot in self.profile {
            if let Some(name) = event.text(slot) {
                gathered.profile(name.rsplit('/').next().unwrap_or_default());
            }
        }
    }
}

/// Every value of a parameter whose name, or the name of something that it is in, speaks of a role; or every value.
fn each_of_roles<'a>(node: Json<'a>, wanted: bool, each: &mut dyn FnMut(Json<'a>)) {
    match node.kind() {
        _ if wanted => node.each_leaf(each),
        JsonKind::Array => node.elements().for_each(|element| each_of_roles(element, false, each)),
        JsonKind::Object => node.members().for_each(|(name, member)| {
            each_of_roles(member, name.to_ascii_lowercase().contains("role"), each);
        }),
        _ => {}
    }
}

fn is_an_arn(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'{' | b'}');
    text.len() <= LONGEST_ARN && text.starts_with("arn:") && (text.bytes().all(fits) || text.contains(":s3:::"))
}
