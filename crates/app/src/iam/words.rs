//! The words of answers in tables: the machine's, and the id of people's.

use haechi_access::{Answer, HolderKind, Reason};
use haechi_iam::{Exemption, FixedRule, Layer, LayerEffect, Missing, Verdict};
use haechi_model::Message;
use haechi_report::Cell;

const fn word(raw: &'static str, id: &'static str) -> Cell {
    Cell::Word { raw, id }
}

pub(crate) const fn answer(answer: Answer) -> Cell {
    match answer {
        Answer::Yes => word("yes", "access-yes"),
        Answer::Conditional => word("conditional", "access-conditional"),
        Answer::Undecidable => word("undecidable", "access-undecidable"),
        Answer::No => word("no", "access-no"),
    }
}

pub(crate) const fn holder(kind: HolderKind) -> Cell {
    match kind {
        HolderKind::Everyone => word("everyone", "access-everyone"),
        HolderKind::EveryAccount => word("every-account", "access-every-account"),
        HolderKind::Outside => word("outside", "access-outside"),
        HolderKind::UnrecordedAccount => word("unrecorded-account", "access-unrecorded-account"),
        HolderKind::Service => word("service", "access-service"),
        HolderKind::Federated => word("federated", "access-federated"),
        HolderKind::Root => word("root", "access-root"),
        HolderKind::User => word("user", "access-user"),
        HolderKind::Role => word("role", "access-role"),
    }
}

pub(crate) const fn layer(layer: Layer) -> Cell {
    match layer {
        Layer::Scp => word("scp", "access-layer-scp"),
        Layer::Rcp => word("rcp", "access-layer-rcp"),
        Layer::Endpoint => word("endpoint", "access-layer-endpoint"),
        Layer::Session => word("session", "access-layer-session"),
        Layer::Resource => word("resource", "access-layer-resource"),
        Layer::Identity => word("identity", "access-layer-identity"),
        Layer::Boundary => word("boundary", "access-layer-boundary"),
        Layer::Grant => word("grant", "access-layer-grant"),
    }
}

pub(crate) const fn effect(effect: LayerEffect) -> Cell {
    match effect {
        LayerEffect::Allows => word("Allows", "access-allows"),
        LayerEffect::MayAllow => word("MayAllow", "access-may-allow"),
        LayerEffect::DoesNotAllow => word("DoesNotAllow", "access-does-not-allow"),
        LayerEffect::Denies => word("Denies", "access-denies"),
        LayerEffect::MayDeny => word("MayDeny", "access-may-deny"),
        LayerEffect::Exempt(exemption) => match exemption {
            Exemption::ManagementAccount => word("Exempt", "access-exempt-management"),
            Exemption::ServiceLinkedRole => word("Exempt", "access-exempt-service-linked"),
            Exemption::NoAccount => word("Exempt", "access-exempt-no-account"),
            Exemption::RootUser => word("Exempt", "access-exempt-root"),
            Exemption::ServiceWithoutRcps => word("Exempt", "access-exempt-service"),
            Exemption::AwsManagedKey => word("Exempt", "access-exempt-aws-key"),
            Exemption::RetireGrant => word("Exempt", "access-exempt-retire-grant"),
        },
    }
}

pub(crate) fn verdict(verdict: Verdict, rests_on_the_unknown: bool) -> Message {
    Message::new(match (verdict, rests_on_the_unknown) {
        (Verdict::Allowed, _) => "access-verdict-allowed",
        (Verdict::ExplicitlyDenied, _) => "access-verdict-explicitly-denied",
        (Verdict::ImplicitlyDenied, false) => "access-verdict-implicitly-denied",
        (Verdict::ImplicitlyDenied, true) => "access-verdict-undecidable",
    })
}

pub(crate) fn missing(missing: &Missing<'_>) -> Message {
    match missing {
        Missing::Level { layer: Layer::Rcp, target } => Message::new("access-missing-rcp").with("target", *target),
        Missing::Level { target, .. } => Message::new("access-missing-scp").with("target", *target),
        Missing::Limit(Layer::Endpoint) => Message::new("access-missing-endpoint"),
        Missing::Limit(Layer::Boundary) => Message::new("access-missing-boundary"),
        Missing::Limit(_) => Message::new("access-missing-session"),
        Missing::Identity => Message::new("access-missing-identity"),
        Missing::Resource => Message::new("access-missing-resource"),
        Missing::IdentityOrResource => Message::new("access-missing-identity-or-resource"),
        Missing::Delegation => Message::new("access-missing-delegation"),
    }
}

pub(crate) fn rule(rule: FixedRule) -> Message {
    Message::new(match rule {
        FixedRule::NeedsNoPermission => "access-rule-needs-no-permission",
        FixedRule::AwsManagedPolicy => "access-rule-aws-managed-policy",
        FixedRule::AwsReservedRole => "access-rule-aws-reserved-role",
        FixedRule::AwsManagedAlias => "access-rule-aws-managed-alias",
        FixedRule::RootAssumesNoRole => "access-rule-root-assumes-no-role",
        FixedRule::RestrictPublicBuckets => "access-rule-restrict-public-buckets",
    })
}

/// A statement in a few words: its policy, and its `Sid` or place.
pub(crate) fn statement(reason: &Reason) -> String {
    match &reason.sid {
        Some(sid) => format!("{}: {sid}", reason.policy),
        None => format!("{}[{}]", reason.policy, reason.statement),
    }
}
