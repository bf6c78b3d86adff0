//! The condition keys of a call, as far as its event of CloudTrail tells them. What it does not tell stays unknown.

use core::net::IpAddr;
use std::borrow::Cow;
use std::collections::HashMap;

use haechi_iam::Context;
use haechi_iam::catalogue::EventFields;
use haechi_model::event::{Event, Fields, Json, JsonKind, Slot};

use super::keys::{AskedKey, KeySource, Presence, WhenMissing};

/// An event whose fields are found by their paths.
pub(crate) struct Told<'e> {
    pub event: &'e Event<'e>,
    pub fields: &'e dyn Paths,
}

/// Where a field is among those that are read.
pub(crate) trait Paths {
    fn slot(&self, path: &str) -> Option<Slot>;
}

impl Paths for Fields {
    fn slot(&self, path: &str) -> Option<Slot> {
        Fields::slot(self, path)
    }
}

/// The same, for those who ask event by event.
impl Paths for HashMap<Box<str>, Slot> {
    fn slot(&self, path: &str) -> Option<Slot> {
        self.get(path).copied()
    }
}

impl EventFields for Told<'_> {
    fn text(&self, path: &str) -> Option<Cow<'_, str>> {
        let slot = self.fields.slot(path)?;
        if let Some(value) = self.event.value(slot) {
            return value.scalar();
        }
        // In a list of one: of several there is no telling which is meant.
        let (mut found, mut several) = (None, false);
        self.event.each(slot, &mut |value| {
            several |= found.is_some();
            found = found.take().or_else(|| value.text());
        });
        found.filter(|_| !several)
    }

    fn resource_arns(&self, each: &mut dyn FnMut(&str)) {
        // All of them at once, where they were read so.
        if let Some(all) = self.json("resources") {
            for (name, value) in all.elements().flat_map(Json::members) {
                if let ("ARN" | "arn", Some(arn)) = (&*name, value.text()) {
                    each(&arn);
                }
            }
            return;
        }
        for path in ["resources.ARN", "resources.arn"] {
            let Some(slot) = self.fields.slot(path) else { continue };
            self.event.each(slot, &mut |value| {
                if let Some(arn) = value.text() {
                    each(&arn);
                }
            });
        }
    }
}

impl Told<'_> {
    fn json(&self, path: &str) -> Option<Json<'_>> {
        self.event.get(self.fields.slot(path)?)
    }

    /// The keys that are asked for, filled in. `by_service`: the caller is an AWS service. `kind`: the type of the
    /// resource that is asked about.
    pub(crate) fn context(&self, keys: &[AskedKey], by_service: bool, kind: Option<&str>) -> Context {
        let mut context = Context::open();
        for AskedKey { name, source, presence } in keys {
            let is_absent = match presence {
                Presence::Never => true,
                Presence::IfTagged => self.request_tags(kind).is_none_or(|tags| tags.is_empty()),
                Presence::Possible => false,
            };
            if is_absent {
                context.set_absent(name);
            } else {
                self.fill(&mut context, name, *source, by_service, kind);
            }
        }
        context
    }

    fn fill(&self, context: &mut Context, key: &str, source: KeySource, by_service: bool, kind: Option<&str>) {
        match source {
            KeySource::Model => {}
            KeySource::Nowhere => _ = context.set_unknown(key),
            KeySource::Region => given(context, key, self.event.region()),
            KeySource::SourceAddress => match (self.text("vpcEndpointId"), self.address()) {
                // AWS documents that requests through an endpoint have no such key.
                (Some(_), _) => _ = context.set_absent(key),
                (None, address) => given(context, key, address.as_deref()),
            },
            KeySource::Endpoint => known(context, key, self.text("vpcEndpointId").as_deref()),
            KeySource::Vpc if self.text("vpcEndpointId").is_none() => _ = context.set_absent(key),
            KeySource::Vpc => _ = context.set_unknown(key),
            KeySource::VpcAddress => match self.text("vpcEndpointId") {
                Some(_) => given(context, key, self.address().as_deref()),
                None => _ = context.set_absent(key),
            },
            KeySource::UserAgent => {
                let agent = self.text("userAgent");
                given(context, key, agent.as_deref().filter(|agent| !is_aws(agent)));
            }
            // The requests of federated identities have no such key, whatever the log says.
            KeySource::Mfa if self.is_federated() => _ = context.set_absent(key),
            KeySource::Mfa => self.of_session(context, key, "mfaAuthenticated"),
            KeySource::MfaAge => {
                match self.text("userIdentity.sessionContext.attributes.mfaAuthenticated").as_deref() {
                    Some("true") => _ = context.set_unknown(key),
                    _ => self.of_session(context, key, ""),
                }
            }
            KeySource::TokenTime => self.of_session(context, key, "creationDate"),
            KeySource::Moment => {
                let time = self.event.time();
                let seconds = time.as_micros().div_euclid(1_000_000);
                context.set_now(&time.to_string(), seconds);
            }
            KeySource::ViaService => self.via_service(context, key),
            KeySource::CalledBy => match self.text("userIdentity.invokedBy") {
                // The only one that is known: of the list, the first and the last.
                Some(service) if !is_internal(&service) && self.is_user() => match key {
                    "aws:calledvia" => _ = context.set_all(key, [&*service]),
                    _ => _ = context.set(key, &service),
                },
                Some(_) => _ = context.set_unknown(key),
                None => _ = context.set_absent(key),
            },
            KeySource::UserId => given(context, key, self.text("userIdentity.principalId").as_deref()),
            KeySource::SourceIdentity => {
                known(context, key, self.text("userIdentity.sessionContext.sourceIdentity").as_deref());
            }
            KeySource::RequestTag => self.request_tag(context, key, kind),
            KeySource::TagKeys => match self.request_tags(kind) {
                Some(tags) => _ = context.set_all(key, tags.iter().map(|(key, _)| &**key)),
                None => _ = context.set_unknown(key),
            },
            KeySource::Tls if self.json("tlsDetails.tlsVersion").is_some() => _ = context.set(key, "true"),
            // The model: every SDK speaks TLS.
            KeySource::Tls => {}
            KeySource::Session(path) => known(context, key, self.text(path).as_deref()),
            KeySource::RoleSession if self.is_user() => _ = context.set_absent(key),
            KeySource::RoleSession => _ = context.set_unknown(key),
            KeySource::ServiceOnly if by_service => _ = context.set_unknown(key),
            KeySource::ServiceOnly => _ = context.set_absent(key),
            KeySource::Parameter(path, missing) => match (self.text(path), self.parameters()) {
                (Some(value), _) => _ = context.set(key, &value),
                (None, Some(_)) => match self.json(path).map(Json::as_json) {
                    Some(truth @ ("true" | "false")) => _ = context.set(key, truth),
                    _ if missing == WhenMissing::Absent => _ = context.set_absent(key),
                    _ => _ = context.set_unknown(key),
                },
                (None, None) => _ = context.set_unknown(key),
            },
        }
    }

    fn address(&self) -> Option<String> {
        let text = self.text("sourceIPAddress")?;
        text.parse::<IpAddr>().ok().map(|address| address.to_string())
    }

    /// Whether it is an IAM user or the root user, and no role: of a role's session `invokedBy` may name the service
    /// whose role it is, which is no call on behalf of somebody.
    fn is_user(&self) -> bool {
        matches!(self.text("userIdentity.type").as_deref(), Some("IAMUser" | "Root" | "FederatedUser"))
    }

    /// Whether it is a session of an OIDC provider's or IAM Identity Center's; those of other SAML providers cannot be
    /// told from their events.
    fn is_federated(&self) -> bool {
        let issuer = self.text("userIdentity.sessionContext.sessionIssuer.userName");
        self.text("userIdentity.sessionContext.webIdFederationData.federatedProvider").is_some()
            || issuer.is_some_and(|role| role.starts_with("AWSReservedSSO_"))
    }

    fn via_service(&self, context: &mut Context, key: &str) {
        match self.text("userIdentity.invokedBy") {
            None => _ = context.set(key, "false"),
            Some(service) if !is_internal(&service) && self.is_user() => _ = context.set(key, "true"),
            Some(_) => _ = context.set_unknown(key),
        }
    }

    /// A key that only temporary credentials have. `name`: the session's attribute that tells it.
    fn of_session(&self, context: &mut Context, key: &str, name: &str) {
        let told = match name {
            "" => None,
            name => self.text(&format!("userIdentity.sessionContext.attributes.{name}")),
        };
        let long_term = self.text("userIdentity.accessKeyId").is_some_and(|id| id.starts_with("AKIA"));
        match told {
            Some(value) => _ = context.set(key, &value),
            None if long_term || name.is_empty() => _ = context.set_absent(key),
            None => _ = context.set_unknown(key),
        }
    }

    fn request_tag(&self, context: &mut Context, key: &str, kind: Option<&str>) {
        let wanted = &key["aws:requesttag/".len()..];
        match self.request_tags(kind) {
            Some(tags) => {
                let tag = tags.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                known(context, key, tag.map(|(_, value)| &**value));
            }
            None => _ = context.set_unknown(key),
        }
    }

    /// The request's parameters, if the event has them.
    fn parameters(&self) -> Option<Json<'_>> {
        let parameters = self.json("requestParameters")?;
        let whole = parameters.kind() == JsonKind::Object && parameters.get("omitted").is_none();
        whole.then_some(parameters)
    }

    /// The tags that a request gives to resources of a type; none: the event does not have its parameters.
    fn request_tags(&self, kind: Option<&str>) -> Option<Vec<(String, String)>> {
        // A call without parameters has null there.
        if self.json("requestParameters").is_some_and(Json::is_null) {
            return Some(Vec::new());
        }
        let mut tags = Vec::new();
        collect_tags(self.parameters()?, kind, false, 0, &mut tags);
        Some(tags)
    }
}

/// Tags in whatever form a service has them: a list of keys and values, or an object, under a name with `tag` in it.
fn collect_tags(json: Json<'_>, kind: Option<&str>, inside: bool, depth: usize, tags: &mut Vec<(String, String)>) {
    if depth > 6 {
        return;
    }
    match json.kind() {
        JsonKind::Array => json.elements().for_each(|element| collect_tags(element, kind, inside, depth + 1, tags)),
        JsonKind::Object => {
            let member = |names: &[&str]| names.iter().find_map(|name| json.get(name)?.text());
            // Each specification of EC2 is for the resources of one type.
            let specified = member(&["resourceType", "ResourceType"]).filter(|_| inside);
            if let (Some(specified), Some(kind)) = (specified, kind)
                && specified != kind
            {
                return;
            }
            let key = member(&["key", "Key", "tagKey", "TagKey"]);
            if let (true, Some(key)) = (inside, key) {
                let value = member(&["value", "Value", "tagValue", "TagValue"]).unwrap_or_default();
                tags.push((key.into_owned(), value.into_owned()));
                return;
            }
            for (name, value) in json.members() {
                let is_tags = matches!(
                    &*name.to_ascii_lowercase(),
                    "tags" | "tagset" | "tagspecificationset" | "tagspecifications" | "tagging" | "taglist"
                );
                match value.text() {
                    Some(text) if inside && !is_tags => tags.push((name.into_owned(), text.into_owned())),
                    _ if inside || is_tags => collect_tags(value, kind, true, depth + 1, tags),
                    _ => {}
                }
            }
            // `resourceType` stands beside the tags of a specification.
            tags.retain(|(key, _)| key != "resourceType");
        }
        _ => {}
    }
}

fn is_internal(service: &str) -> bool {
    service == "AWS Internal" || service == "AWS Internal/"
}

fn is_aws(agent: &str) -> bool {
    agent.starts_with("AWS Internal") || agent.ends_with(".amazonaws.com")
}

/// A value, or nobody knows.
fn given(context: &mut Context, key: &str, value: Option<&str>) {
    match value {
        Some(value) => context.set(key, value),
        None => context.set_unknown(key),
    };
}

/// A value, or there is none.
fn known(context: &mut Context, key: &str, value: Option<&str>) {
    match value {
        Some(value) => context.set(key, value),
        None => context.set_absent(key),
    };
}
