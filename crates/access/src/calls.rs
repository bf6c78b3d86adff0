//! Calls of a log: who called, and which actions that asked for. Shared by everything that reads CloudTrail's events for
//! permissions.

use std::collections::HashMap;

use haechi_iam::catalogue::{ActionInfo, Catalogue, EventAction, EventRules};
use haechi_model::event::{Event, FieldError, Fields, Slot, core};

use crate::whatif::Told;

/// The fields that tell who called, and what for.
#[derive(Clone, Debug)]
pub(crate) struct CallSlots {
    pub kind: Slot,
    pub arn: Slot,
    pub issuer: Slot,
    pub invoked_by: Slot,
    pub event_type: Slot,
    /// Request parameters that decide between actions.
    deciding: Vec<Slot>,
}

impl CallSlots {
    pub fn add(fields: &mut Fields, rules: &EventRules) -> Result<CallSlots, FieldError> {
        Ok(CallSlots {
            kind: fields.add("userIdentity.type")?,
            arn: fields.add("userIdentity.arn")?,
            issuer: fields.add("userIdentity.sessionContext.sessionIssuer.arn")?,
            invoked_by: fields.add("userIdentity.invokedBy")?,
            event_type: fields.add("eventType")?,
            deciding: rules.deciding_paths().map(|path| fields.add(&path)).collect::<Result<_, _>>()?,
        })
    }

    /// Writes what tells callers apart.
    pub fn write_caller(&self, event: &Event<'_>, key: &mut Vec<u8>) {
        key.clear();
        key.extend_from_slice(raw(event, self.kind));
        key.push(0);
        let issuer = raw(event, self.issuer);
        let arn = raw(event, self.arn);
        key.extend_from_slice(if issuer.is_empty() { arn } else { issuer });
        key.push(0);
        key.extend_from_slice(raw(event, core::CALLER));
        if issuer.is_empty() && arn.is_empty() {
            key.extend_from_slice(raw(event, self.invoked_by));
        }
    }

    /// Writes what tells calls apart by the actions they ask for.
    pub fn write_call(&self, event: &Event<'_>, key: &mut Vec<u8>) {
        key.clear();
        key.extend_from_slice(event.source().as_bytes());
        key.push(b':');
        key.extend_from_slice(event.name().as_bytes());
        for slot in &self.deciding {
            key.push(u8::from(event.get(*slot).is_some_and(|value| !value.is_null())));
        }
    }

    /// Whether an event is a call at all.
    pub fn is_call(&self, event: &Event<'_>) -> bool {
        event.text(self.event_type).is_none_or(|kind| kind == "AwsApiCall")
    }

    /// The user, role or root user whose policies a call was made under; none: a service, somebody outside of IAM.
    pub fn principal(&self, event: &Event<'_>) -> Option<PrincipalName> {
        if event.text(self.kind).as_deref() == Some("AWSService") {
            return None;
        }
        let named = |slot| event.text(slot).as_deref().and_then(PrincipalName::of);
        // A federated user's issuer is the user who asked for the credentials: its policies count.
        named(self.issuer).or_else(|| named(self.arn))
    }
}

/// The JSON text of a field.
pub(crate) fn raw<'e>(event: &Event<'e>, slot: Slot) -> &'e [u8] {
    event.get(slot).filter(|value| !value.is_null()).map_or(&b""[..], |value| value.as_json().as_bytes())
}

/// Whether an error code says that the caller was not allowed to.
pub(crate) fn is_denial(code: &str) -> bool {
    ["AccessDenied", "UnauthorizedOperation", "NotAuthorized", "AuthorizationError", "Unauthorized", "Forbidden"]
        .iter()
        .any(|word| code.contains(word))
}

/// Whether a call passes without any policy that allows it.
pub(crate) fn needs_no_permission(action: ActionInfo<'_>) -> bool {
    action.service().prefix() == "sts" && matches!(action.name(), "GetCallerIdentity" | "GetSessionToken")
}

/// A principal as logs and policies both know it: names of users and of roles are unique in an account, whatever their
/// path and letter case; a session is its role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalName {
    account: Box<str>,
    kind: NameKind,
    /// In lower case.
    name: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum NameKind {
    User,
    Role,
    Root,
}

impl PrincipalName {
    /// Of the ARN of a user, role, session or root user; none: it is of something else.
    pub fn of(arn: &str) -> Option<PrincipalName> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, service @ ("iam" | "sts"), _, account, resource] = parts[..] else { return None };
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let (kind, name) = match (service, resource.split_once('/')) {
            ("iam", Some(("user", path))) => (NameKind::User, last(path)),
            ("iam", Some(("role", path))) => (NameKind::Role, last(path)),
            ("sts", Some(("assumed-role", rest))) => {
                (NameKind::Role, rest.split('/').next().unwrap_or_default().to_ascii_lowercase())
            }
            ("iam", None) if resource == "root" => (NameKind::Root, String::new()),
            _ => return None,
        };
        let whole = account.len() == 12 && (kind == NameKind::Root || !name.is_empty());
        whole.then(|| PrincipalName { account: account.into(), kind, name: name.into() })
    }

    pub fn account(&self) -> &str {
        &self.account
    }
}

/// The kinds of calls of a log, each looked up in the rules once.
pub(crate) struct CallKinds<'c> {
    catalogue: &'c Catalogue,
    rules: &'c EventRules,
    known: HashMap<Box<[u8]>, u32>,
    kinds: Vec<(Box<str>, EventAction<'c>)>,
    buffer: Vec<u8>,
}

/// Names of calls that are kept at most; then it begins anew: a hostile log may make up any.
const KEPT: usize = 1 << 16;

impl<'c> CallKinds<'c> {
    pub fn new(catalogue: &'c Catalogue, rules: &'c EventRules) -> CallKinds<'c> {
        CallKinds { catalogue, rules, known: HashMap::new(), kinds: Vec::new(), buffer: Vec::new() }
    }

    /// The event's name (`s3:ListObjects`), and what it asked for.
    pub fn of(&mut self, event: &Event<'_>, fields: &Fields, slots: &CallSlots) -> (&str, &EventAction<'c>) {
        slots.write_call(event, &mut self.buffer);
        let at = match self.known.get(&self.buffer[..]) {
            Some(at) => *at,
            None => {
                if self.kinds.len() >= KEPT {
                    self.known.clear();
                    self.kinds.clear();
                }
                let at = u32::try_from(self.kinds.len()).expect("few kinds are kept");
                let told = Told { event, fields };
                let action = self.rules.action(self.catalogue, event.source(), event.name(), &told);
                let source = event.source().split(".amazonaws.com").next().unwrap_or_default();
                self.known.insert(self.buffer.as_slice().into(), at);
                self.kinds.push((format!("{source}:{}", event.name()).into(), action));
                at
            }
        };
        let (name, action) = &self.kinds[at as usize];
        (name, action)
    }
}
