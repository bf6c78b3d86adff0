//! Who acted: the principal of CloudTrail's `userIdentity`, the caller in other logs, the address and the program.

use core::net::IpAddr;
use std::borrow::Cow;

use haechi_model::event::{Event, Fields, Slot, Value};
use haechi_model::{EntityKind, Log};

/// What kind of identity acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    Root,
    User,
    /// A session of a role.
    Role,
    /// A user that GetFederationToken made.
    Federated,
    IdentityCenter,
    Saml,
    WebIdentity,
    /// A user of AWS Directory Service.
    Directory,
    /// Another AWS account, as the owner of a resource sees it.
    Account,
    /// Nobody signed the request.
    Anonymous,
    /// A service of AWS on its own behalf: never judged by baselines.
    Service,
    /// A user of a cluster or a database.
    Local,
    Unknown,
}

/// An identity that acts, as far as a log tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal<'a> {
    pub kind: PrincipalKind,
    /// The ARN of the user, of the role (not of its session) or of root; where a log has none, what it has.
    pub id: Cow<'a, str>,
    /// The ARN of a session of a role, or of a federated user.
    pub session: Option<Cow<'a, str>>,
    pub access_key: Option<Cow<'a, str>>,
    /// The account of the identity, which may not be the account of the event.
    pub account: Option<Cow<'a, str>>,
    /// A service of AWS made the call with this identity.
    pub by_service: bool,
}

impl<'a> Principal<'a> {
    /// The name of a session: `i-0abc...` of an instance's, a person's of Identity Center's.
    pub fn session_name(&self) -> Option<&str> {
        self.session.as_deref()?.rsplit_once('/').map(|(_, name)| name)
    }

    /// The person or program within a role: a session of Identity Center's roles, or one named after an
    /// address of mail, is somebody's own; of other roles only the role is known.
    pub fn own(&self) -> Option<&str> {
        let name = self.session_name()?;
        let person = self.kind == PrincipalKind::Role && (name.contains('@') || self.id.contains("/AWSReservedSSO_"));
        if person || self.kind == PrincipalKind::Federated { self.session.as_deref() } else { None }
    }

    /// The instance whose credentials these are.
    pub fn instance(&self) -> Option<&str> {
        let name = self.session_name()?;
        let digits = name.strip_prefix("i-")?;
        let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit() && !digit.is_ascii_uppercase());
        (self.kind == PrincipalKind::Role && hex && matches!(digits.len(), 8 | 17)).then_some(name)
    }

    /// False of AWS's own services and of calls that they make for somebody.
    pub fn has_habits(&self) -> bool {
        !self.by_service
            && !matches!(
                self.kind,
                PrincipalKind::Service | PrincipalKind::Anonymous | PrincipalKind::Unknown | PrincipalKind::Account
            )
    }
}

/// Who acted, from where, with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor<'a> {
    pub principal: Option<Principal<'a>>,
    /// The address as the log writes it: also `AWS Internal` or a service's name.
    pub address: Option<Cow<'a, str>>,
    pub user_agent: Option<Cow<'a, str>>,
    pub error: Option<Cow<'a, str>>,
    /// The cluster, the bucket or the database whose log it is.
    pub on: Option<(EntityKind, Cow<'a, str>)>,
}

impl Actor<'_> {
    pub fn ip(&self) -> Option<IpAddr> {
        self.address.as_deref().and_then(ip)
    }
}

/// Reads an address; `::ffff:192.0.2.1` is 192.0.2.1, and a port behind it is no part of it.
pub fn ip(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let parsed: Option<IpAddr> = text.parse().ok();
    parsed
        .or_else(|| text.parse::<core::net::SocketAddr>().ok().map(|both| both.ip()))
        .map(|address| address.to_canonical())
}

/// The network of an address: /24 of IPv4, /48 of IPv6.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(four) => {
            // Asked of most events, so without the ways of `format!`.
            let mut text = String::with_capacity(18);
            for octet in &four.octets()[..3] {
                for (at, place) in [100, 10, 1].into_iter().enumerate() {
                    if *octet >= place || at == 2 {
                        text.push(char::from(b'0' + octet / place % 10));
                    }
                }
                text.push('.');
            }
            text.push_str("0/24");
            text
        }
        IpAddr::V6(six) => {
            let [a, b, c, ..] = six.segments();
            format!("{}/48", core::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// The slots of who acted, in the fields of one log.
#[derive(Debug, Clone)]
pub struct ActorSlots {
    log: Log,
    slots: [Option<Slot>; 20],
}

// The fields of CloudTrail, in the order of the slots.
const TRAIL: [&str; 20] = [
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "userIdentity.type",
    "userIdentity.arn",
    "userIdentity.principalId",
    "userIdentity.accountId",
    "userIdentity.accessKeyId",
    "userIdentity.userName",
    "userIdentity.invokedBy",
    "userIdentity.sessionContext.sessionIssuer.arn",
    "userIdentity.sessionContext.sessionIssuer.type",
    "userIdentity.onBehalfOf.userId",
    "userIdentity.onBehalfOf.identityStoreArn",
    "userIdentity.identityProvider",
    "userIdentity.credentialId",
    "userIdentity.sessionContext.sessionIssuer.accountId",
    "vpcEndpointId",
    "userIdentity.sessionContext.ec2RoleDelivery",
    "sharedEventID",
];
const ADDRESS: usize = 0;
const AGENT: usize = 1;
const ERROR: usize = 2;
const NAME: usize = 3;
/// The cluster, the bucket, the instance: not of CloudTrail.
const ON: usize = 4;

impl ActorSlots {
    /// The fields that tell who acted: address, user agent, error, name, and the rest of CloudTrail's.
    pub fn paths(log: Log) -> &'static [&'static str] {
        match log {
            Log::CloudTrail => &TRAIL[..19],
            Log::VpcFlow => &["srcaddr"],
            Log::ResolverQuery => &["srcaddr", "", "rcode", "srcids.instance"],
            Log::EksAudit => &["sourceIPs", "userAgent", "responseStatus.reason", "user.username", "cluster"],
            Log::S3Access => &["remote_ip", "user_agent", "error_code", "requester", "bucket"],
            Log::RdsLogin => &["address", "application", "outcome", "user", "instance"],
            Log::Waf => &["httpRequest.clientIp"],
        }
    }

    /// Finds them among the fields of this log; such as are not there are not told.
    pub fn bind(log: Log, fields: &Fields) -> Self {
        let mut slots = [None; 20];
        for (slot, path) in slots.iter_mut().zip(Self::paths(log)) {
            *slot = if path.is_empty() { None } else { fields.slot(path) };
        }
        Self { log, slots }
    }

    /// Every slot.
    pub(crate) fn each(&self, each: &mut dyn FnMut(Option<Slot>)) {
        self.slots.iter().for_each(|slot| each(*slot));
    }

    /// The slots that tell whose habits an event shows, from where and with what.
    pub(crate) fn each_habit(&self, each: &mut dyn FnMut(Option<Slot>)) {
        for at in [ADDRESS, AGENT, NAME, 4, 5, 6, 8, 9, 10, 12, 14] {
            each(self.slots[at]);
        }
    }

    fn text<'a>(&self, event: &Event<'a>, at: usize) -> Option<Cow<'a, str>> {
        let slot = self.slots[at]?;
        let text = match event.value(slot) {
            Some(value) if !matches!(value, Value::Json(json) if json.elements().next().is_some()) => value.scalar(),
            // The first of a list.
            _ => {
                let mut first = None;
                event.each_value(slot, &mut |value| {
                    if first.is_none() {
                        first = value.scalar();
                    }
                });
                first
            }
        };
        text.filter(|text| !text.is_empty() && text != "-")
    }

    pub fn address<'a>(&self, event: &Event<'a>) -> Option<Cow<'a, str>> {
        self.text(event, ADDRESS)
    }

    pub fn user_agent<'a>(&self, event: &Event<'a>) -> Option<Cow<'a, str>> {
        self.text(event, AGENT)
    }

    /// CloudTrail's `vpcEndpointId`.
    pub fn endpoint<'a>(&self, event: &Event<'a>) -> Option<Cow<'a, str>> {
        if self.log == Log::CloudTrail { self.text(event, 17) } else { None }
    }

    pub fn actor<'a>(&self, event: &Event<'a>) -> Actor<'a> {
        let error = match self.log {
            Log::RdsLogin => self.text(event, ERROR).filter(|outcome| outcome == "failure"),
            Log::ResolverQuery => self.text(event, ERROR).filter(|code| code != "NOERROR"),
            _ => self.text(event, ERROR),
        };
        Actor {
            principal: self.principal(event),
            address: self.address(event),
            user_agent: self.user_agent(event),
            error,
            on: self.on(event),
        }
    }

    /// What the whole log is of.
    fn on<'a>(&self, event: &Event<'a>) -> Option<(EntityKind, Cow<'a, str>)> {
        let kind = match self.log {
            Log::EksAudit => EntityKind::Cluster,
            Log::S3Access => EntityKind::Bucket,
            Log::RdsLogin => EntityKind::Database,
            _ => return None,
        };
        self.text(event, ON).map(|id| (kind, id))
    }

    pub fn principal<'a>(&self, event: &Event<'a>) -> Option<Principal<'a>> {
        if self.log == Log::CloudTrail {
            return self.trail_principal(event);
        }
        let id = self.text(event, NAME)?;
        let kind = match id.as_ref() {
            "system:anonymous" | "system:unauthenticated" | "Anonymous" => PrincipalKind::Anonymous,
            _ if id.starts_with("svc:") => PrincipalKind::Service,
            _ => PrincipalKind::Local,
        };
        Some(Principal { kind, id, session: None, access_key: None, account: None, by_service: false })
    }

    fn trail_principal<'a>(&self, event: &Event<'a>) -> Option<Principal<'a>> {
        let arn = self.text(event, 4);
        let kind = self.text(event, 3);
        let issuer = self.text(event, 10).filter(|arn| arn.starts_with("arn:"));
        let account = self.text(event, 6);
        let invoked_by = self.text(event, 9);
        let kind = kind_of(kind.as_deref(), arn.as_deref(), account.as_deref(), invoked_by.is_some());
        let session = arn.clone().filter(|_| matches!(kind, PrincipalKind::Role | PrincipalKind::Federated));
        let (user, provider) = (self.text(event, 8), self.text(event, 14));
        let id = match kind {
            PrincipalKind::Role => {
                issuer.or_else(|| arn.as_deref().map(|arn| role_of(arn).map_or(arn.to_owned().into(), Cow::Owned)))
            }
            PrincipalKind::Federated => issuer.filter(|issuer| !issuer.is_empty()).or(arn),
            PrincipalKind::IdentityCenter => {
                let (store, person) = (self.text(event, 13), self.text(event, 12));
                let joined = person.map(|person| match store {
                    Some(store) => Cow::Owned(format!("{store}/user/{person}")),
                    None => person,
                });
                joined.or(arn).or_else(|| self.text(event, 15))
            }
            PrincipalKind::Saml | PrincipalKind::WebIdentity => match (provider, user) {
                (Some(provider), Some(user)) => Some(Cow::Owned(format!("{provider}/{user}"))),
                (_, user) => user.or_else(|| self.text(event, 5)),
            },
            PrincipalKind::Service => invoked_by.clone().or(arn),
            PrincipalKind::Root => arn.or_else(|| account.as_deref().map(|account| Cow::Owned(root(account)))),
            PrincipalKind::Anonymous => Some(Cow::Borrowed("anonymous")),
            _ => arn.or_else(|| self.text(event, 5)).or(user).or_else(|| account.clone()),
        };
        let access_key = self.text(event, 7);
        Some(Principal { kind, id: id?, session, access_key, account, by_service: invoked_by.is_some() })
    }
}

fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

/// The role's ARN, of its session's; the role's path is not known then.
pub(crate) fn role_of(session: &str) -> Option<String> {
    let (head, rest) = session.split_once(":assumed-role/")?;
    let role = rest.split('/').next().filter(|role| !role.is_empty())?;
    Some(format!("{}:role/{role}", head.replacen(":sts:", ":iam:", 1)))
}

/// By `type`; old and cut events may lack it.
fn kind_of(kind: Option<&str>, arn: Option<&str>, account: Option<&str>, invoked: bool) -> PrincipalKind {
    let nobody = |account: Option<&str>| {
        account.is_some_and(|name| name.eq_ignore_ascii_case("anonymous") || name == "ANONYMOUS_PRINCIPAL")
    };
    match kind {
        Some("Root") => PrincipalKind::Root,
        Some("IAMUser") => PrincipalKind::User,
        Some("AssumedRole" | "Role") => PrincipalKind::Role,
        Some("FederatedUser") => PrincipalKind::Federated,
        Some("IdentityCenterUser") => PrincipalKind::IdentityCenter,
        Some("SAMLUser") => PrincipalKind::Saml,
        Some("WebIdentityUser") => PrincipalKind::WebIdentity,
        Some("Directory") => PrincipalKind::Directory,
        Some("AWSAccount") if nobody(account) => PrincipalKind::Anonymous,
        Some("AWSAccount") => PrincipalKind::Account,
        Some("AWSService") => PrincipalKind::Service,
        _ => match arn {
            Some(arn) if arn.contains(":assumed-role/") => PrincipalKind::Role,
            Some(arn) if arn.contains(":user/") => PrincipalKind::User,
            Some(arn) if arn.contains(":federated-user/") => PrincipalKind::Federated,
            Some(arn) if arn.ends_with(":root") => PrincipalKind::Root,
            None if nobody(account) => PrincipalKind::Anonymous,
            None if invoked => PrincipalKind::Service,
            _ => PrincipalKind::Unknown,
        },
    }
}

/// The family of a user agent: the program without its version, so that an update is nothing new.
///
/// `[Boto3/1.26.165 Python/3.10.6 Linux/...]` is `boto3`, the AWS CLI `aws-cli`, a browser `mozilla/firefox`.
pub fn agent_family(agent: &str) -> String {
    let agent = agent.trim().trim_start_matches('[').trim_end_matches(']').trim();
    let word = |text: &str| -> String {
        let name = text.split(['/', ' ', ';', '(', ',', '#']).next().unwrap_or_default();
        name.chars().take(40).collect::<String>().to_ascii_lowercase()
    };
    let first = word(agent);
    match first.as_str() {
        // A service or the console calls itself by a domain.
        _ if first.ends_with(".amazonaws.com") => first,
        "mozilla" => {
            let browsers = ["Edg/", "OPR/", "Firefox/", "Chrome/", "Safari/"];
            let browser = browsers.iter().find(|name| agent.contains(*name));
            browser.map_or(first, |name| format!("mozilla/{}", word(name)))
        }
        // Terraform says the AWS partner network first, and itself later.
        "apn" => match agent.split_whitespace().map(word).find(|word| !matches!(word.as_str(), "apn" | "hashicorp")) {
            Some(next) => format!("apn/{next}"),
            None => first,
        },
        _ => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;
    use std::path::Path;

    use haechi_model::Timestamp;
    use haechi_model::event::{Head, Place, Record};

    fn with<T>(identity: &str, check: impl FnOnce(Option<Principal<'_>>) -> T) -> T {
        let text = format!(r#"{{"sourceIPAddress":"192.0.2.1","userIdentity":{identity}}}"#);
        let fields = Fields::new(ActorSlots::paths(Log::CloudTrail).iter().copied()).unwrap();
        let mut slots = Vec::new();
        fields.read(text.as_bytes(), 0, &mut slots).unwrap();
        let head = Head {
            log: Log::CloudTrail,
            id: "e",
            time: Timestamp::from_seconds(0),
            source: "s3.amazonaws.com",
            name: "GetObject",
            account: None,
            region: None,
        };
        let place = Place { file: Path::new("x"), record: 1 };
        let event = Event { record: Record::of_json(&text, &fields, &slots), head, place };
        let actor = ActorSlots::bind(Log::CloudTrail, &fields).actor(&event);
        assert_eq!(actor.ip(), Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))));
        check(actor.principal)
    }

    fn check(identity: &str, kind: PrincipalKind, id: &str, session: Option<&str>) {
        with(identity, |principal| {
            let principal = principal.unwrap_or_else(|| panic!("{identity} is somebody"));
            assert_eq!((principal.kind, principal.id.as_ref()), (kind, id), "{identity}");
            assert_eq!(principal.session.as_deref(), session, "{identity}");
        });
    }

    #[test]
    fn identities_are_told_apart() {
        check(
            r#"{"type":"Root","accountId":"111122223333"}"#,
            PrincipalKind::Root,
            "arn:aws:iam::111122223333:root",
            None,
        );
        check(
            r#"{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/alice","accountId":111122223333}"#,
            PrincipalKind::User,
            "arn:aws:iam::111122223333:user/alice",
            None,
        );
        let session = "arn:aws:sts::111122223333:assumed-role/app/i-0123456789abcdef0";
        check(
            &format!(
                r#"{{"type":"AssumedRole","arn":"{session}","sessionContext":{{"sessionIssuer":{{"arn":"arn:aws:iam::111122223333:role/path/app"}}}}}}"#
            ),
            PrincipalKind::Role,
            "arn:aws:iam::111122223333:role/path/app",
            Some(session),
        );
        let cut = format!(r#"{{"arn":"{session}","sessionContext":{{"sessionIssuer":{{}}}}}}"#);
        check(&cut, PrincipalKind::Role, "arn:aws:iam::111122223333:role/app", Some(session));
        with(&cut, |who| assert_eq!(who.unwrap().instance(), Some("i-0123456789abcdef0")));
        check(
            r#"{"type":"IdentityCenterUser","accountId":"1","onBehalfOf":{"userId":"u1","identityStoreArn":"arn:aws:identitystore::1:identitystore/d-1"}}"#,
            PrincipalKind::IdentityCenter,
            "arn:aws:identitystore::1:identitystore/d-1/user/u1",
            None,
        );
        check(
            r#"{"type":"SAMLUser","principalId":"x:bob","userName":"bob","identityProvider":"x"}"#,
            PrincipalKind::Saml,
            "x/bob",
            None,
        );
        check(
            r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#,
            PrincipalKind::Service,
            "ec2.amazonaws.com",
            None,
        );
        check(
            r#"{"type":"AWSAccount","principalId":"","accountId":"anonymous"}"#,
            PrincipalKind::Anonymous,
            "anonymous",
            None,
        );
        check(
            r#"{"type":"AWSAccount","principalId":"AIDAX","accountId":"444455556666"}"#,
            PrincipalKind::Account,
            "AIDAX",
            None,
        );
        for nothing in ["{}", "null", "7", r#"{"type":null,"arn":""}"#, "[]"] {
            with(nothing, |principal| assert_eq!(principal, None, "{nothing}"));
        }
    }

    #[test]
    fn people_in_roles_have_habits_of_their_own() {
        let sso = r#"{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/AWSReservedSSO_Admin_1/kim","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::1:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1"}}}"#;
        with(sso, |who| assert_eq!(who.unwrap().own(), Some("arn:aws:sts::1:assumed-role/AWSReservedSSO_Admin_1/kim")));
        let batch = r#"{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/app/batch-17"}"#;
        with(batch, |who| assert_eq!(who.unwrap().own(), None));
        let service =
            r#"{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/app/x","invokedBy":"athena.amazonaws.com"}"#;
        with(service, |who| assert!(!who.unwrap().has_habits()));
    }

    #[test]
    fn programs_have_families() {
        for (agent, family) in [
            ("[Boto3/1.26.165 Python/3.10.6 Linux/5.19 Botocore/1.29.165]", "boto3"),
            ("aws-cli/2.15.0 Python/3.11 Linux/6.5", "aws-cli"),
            ("Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0 Safari/537.36", "mozilla/chrome"),
            ("APN/1.0 HashiCorp/1.0 Terraform/1.1.2 (+https://www.terraform.io)", "apn/terraform"),
            ("health.amazonaws.com", "health.amazonaws.com"),
            ("AWS Internal", "aws"),
            ("", ""),
        ] {
            assert_eq!(agent_family(agent), family, "{agent}");
        }
    }

    #[test]
    fn addresses_have_networks() {
        for (text, wanted) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ] {
            assert_eq!(network(ip(text).unwrap()), wanted);
        }
        assert_eq!(ip("192.0.2.1:443"), ip("192.0.2.1"));
        assert_eq!(ip("AWS Internal"), None);
    }
}
