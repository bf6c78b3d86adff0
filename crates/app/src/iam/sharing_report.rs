//! The tables of `haechi iam sharing`: legs, answers, what is shared, who assumes which role.

use haechi_access::external::{Opening, Source};
use haechi_access::sharing::{
    Fix, Leg, LegState, Purpose, Sharing, SharingLayer, SharingNote, TrustAnswer, TrustEdge, TrustNote, Trusts,
};
use haechi_model::Message;
use haechi_report::{Cell, Column, Fit, Table};
use serde_json::json;

/// How many names one sentence has.
const NAMED: usize = 3;

/// An answer a row, with all its legs.
pub(super) fn records(answers: &[Sharing]) -> Table {
    let keys = [
        "purpose",
        "answer",
        "resource",
        "resourceType",
        "owner",
        "account",
        "principal",
        "asked",
        "able",
        "missing",
        "legs",
        "notes",
    ];
    let row = |answer: &Sharing| {
        let missing = answer.legs.iter().filter(|leg| leg.state == LegState::Missing && !leg.remedy);
        vec![
            Cell::from(answer.purpose.name()),
            Cell::from(answer.answer.name()),
            Cell::Text(answer.resource.clone()),
            Cell::from(answer.resource_type),
            Cell::Text(answer.owner.clone()),
            Cell::Text(answer.account.clone()),
            Cell::Text(answer.principal.clone()),
            Cell::Number(i64::try_from(answer.asked).unwrap_or(i64::MAX)),
            Cell::List(answer.able.clone()),
            Cell::List(missing.map(|leg| leg.id.clone()).collect()),
            Cell::Json(json!(answer.legs)),
            Cell::List(answer.notes.iter().map(|note| note.name().to_owned()).collect()),
        ]
    };
    Table {
        columns: keys.into_iter().map(|key| Column::named(key.to_owned(), Fit::Middle)).collect(),
        rows: answers.iter().map(row).collect(),
        empty: Message::new("sharing-none").with("looked", 0),
        notes: Vec::new(),
    }
}

/// Several purposes: an answer a row, and what is missing of it.
pub(super) fn purposes_table(answers: &[Sharing]) -> Table {
    let row = |answer: &Sharing| {
        let lacking = groups(answer).into_iter().filter(|group| group.state < LegState::There && !group.remedy);
        let texts: Vec<String> =
            lacking.filter(|group| group.state == answer.answer).map(|group| group.what()).collect();
        vec![
            purpose_word(answer.purpose),
            answer_word(answer.answer),
            Cell::Text(short(&answer.principal)),
            Cell::List(texts),
        ]
    };
    let mut notes: Vec<Message> = Vec::new();
    for message in answers.iter().flat_map(fixes).chain(answers.iter().flat_map(remarks)) {
        if !notes.contains(&message) {
            notes.push(message);
        }
    }
    Table {
        columns: vec![
            Column::new("purpose", "sharing-column-may", Fit::Whole),
            Column::new("answer", "sharing-column-answer", Fit::Whole),
            Column::new("principal", "access-column-principal", Fit::Middle),
            Column::new("missing", "sharing-column-hangs", Fit::Wrap),
        ],
        rows: answers.iter().map(row).collect(),
        empty: Message::new("sharing-none").with("looked", 0),
        notes,
    }
}

/// One purpose: what it takes, a row for what is alike.
pub(super) fn legs_table(answer: &Sharing) -> Table {
    let row = |group: Group<'_>| {
        vec![state_word(&group), layer_word(group.layer), Cell::Text(group.what()), Cell::Text(group.evidence)]
    };
    Table {
        columns: vec![
            Column::new("state", "sharing-column-state", Fit::Whole),
            Column::new("layer", "sharing-column-layer", Fit::Whole),
            Column::new("what", "sharing-column-what", Fit::Wrap),
            Column::new("evidence", "sharing-column-evidence", Fit::Wrap),
        ],
        rows: groups(answer).into_iter().map(row).collect(),
        empty: Message::new("sharing-none").with("looked", 0),
        notes: std::iter::once(sentence(answer)).chain(fixes(answer)).chain(remarks(answer)).collect(),
    }
}

/// Legs of one layer that are alike.
struct Group<'a> {
    layer: SharingLayer,
    state: LegState,
    remedy: bool,
    evidence: String,
    legs: Vec<&'a Leg>,
}

impl Group<'_> {
    /// `kms:Decrypt, ReEncrypt*`, or what the thing is.
    fn what(&self) -> String {
        let mut names: Vec<String> = Vec::new();
        let mut service = "";
        for leg in &self.legs {
            let Some((own, name)) = leg.action.split_once(':') else {
                names.push(if leg.id == leg.layer.name() { last(&leg.resource).to_owned() } else { leg.id.clone() });
                continue;
            };
            let name = self.family(name);
            let text = if own == service { name.to_owned() } else { format!("{own}:{name}") };
            service = own;
            if !names.iter().any(|known| known.rsplit(':').next() == Some(name)) {
                names.push(text);
            }
        }
        names.join(", ")
    }

    /// `ReEncrypt*` for both of its actions, where both are in the group. A grant has to name each.
    fn family<'n>(&self, name: &'n str) -> &'n str {
        let has = |name: &str| self.legs.iter().any(|leg| leg.action.strip_prefix("kms:") == Some(name));
        match name {
            _ if self.layer == SharingLayer::Grant => name,
            "ReEncryptFrom" | "ReEncryptTo" if has("ReEncryptFrom") && has("ReEncryptTo") => "ReEncrypt*",
            "GenerateDataKey" | "GenerateDataKeyWithoutPlaintext"
                if has("GenerateDataKey") && has("GenerateDataKeyWithoutPlaintext") =>
            {
                "GenerateDataKey*"
            }
            _ => name,
        }
    }
}

fn groups(answer: &Sharing) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for leg in &answer.legs {
        let evidence = evidence(leg);
        let is_alike = |group: &&mut Group<'_>| {
            group.layer == leg.layer
                && group.state == leg.state
                && group.remedy == leg.remedy
                && group.evidence == evidence
                && group.legs[0].action.is_empty() == leg.action.is_empty()
        };
        match groups.iter_mut().find(is_alike) {
            Some(group) => group.legs.push(leg),
            None => {
                groups.push(Group {
                    layer: leg.layer,
                    state: leg.state,
                    remedy: leg.remedy,
                    evidence,
                    legs: vec![leg],
                });
            }
        }
    }
    groups.sort_by_key(|group| (group.remedy, group.layer));
    groups
}

/// What a leg rests on, in a line.
fn evidence(leg: &Leg) -> String {
    if leg.state == LegState::Unknown {
        return leg.unrecorded.join(", ");
    }
    if leg.because.is_empty() {
        return if leg.keys.is_empty() { leg.detail.clone() } else { leg.keys.join(", ") };
    }
    let mut places: Vec<String> = Vec::new();
    for reason in &leg.because {
        let statement = reason.sid.clone().unwrap_or_else(|| format!("#{}", reason.statement + 1));
        // Of a key there is one policy.
        let policy = if leg.layer == SharingLayer::KeyPolicy { String::new() } else { format!("{} ", reason.policy) };
        let place = format!("{policy}{statement}:{}", reason.line);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let keys = if leg.keys.is_empty() { String::new() } else { format!(" ({})", leg.keys.join(", ")) };
    places.join(", ") + &keys
}

fn sentence(answer: &Sharing) -> Message {
    let who = short(&answer.principal);
    match answer.answer {
        LegState::There => Message::new("sharing-there").with("who", who),
        LegState::Theirs => Message::new("sharing-theirs").with("account", answer.account.as_str()),
        LegState::Conditional => Message::new("sharing-conditional").with("who", who),
        LegState::Unknown => Message::new("sharing-unknown").with("who", who),
        LegState::Missing => {
            let missing = answer.legs.iter().filter(|leg| leg.state == LegState::Missing && !leg.remedy);
            Message::new("sharing-missing").with("who", who).with("count", missing.count())
        }
    }
}

/// What would put the missing there, each fix once.
fn fixes(answer: &Sharing) -> Vec<Message> {
    let mut notes = Vec::new();
    for group in groups(answer) {
        let Some(fix) = group.legs[0].fix else { continue };
        let leg = group.legs[0];
        let message = Message::new(fix_id(fix))
            .with("what", group.what())
            .with("resource", last(&leg.resource))
            .with("who", short(&leg.principal))
            .with("account", answer.account.as_str())
            .with("where", group.evidence.as_str());
        if !notes.contains(&message) {
            notes.push(message);
        }
    }
    notes
}

const fn fix_id(fix: Fix) -> &'static str {
    match fix {
        Fix::ShareImage => "sharing-fix-share-image",
        Fix::ShareSnapshot => "sharing-fix-share-snapshot",
        Fix::ShareDatabaseSnapshot => "sharing-fix-share-database-snapshot",
        Fix::ShareWithAccount => "sharing-fix-share-with-account",
        Fix::EnableImage => "sharing-fix-enable-image",
        Fix::ReencryptWithOwnKey => "sharing-fix-reencrypt-with-own-key",
        Fix::EnableKey => "sharing-fix-enable-key",
        Fix::AllowInKeyPolicy => "sharing-fix-allow-in-key-policy",
        Fix::CreateGrant => "sharing-fix-create-grant",
        Fix::AllowInIdentity => "sharing-fix-allow-in-identity",
        Fix::AllowInBoundary => "sharing-fix-allow-in-boundary",
        Fix::AllowInScp => "sharing-fix-allow-in-scp",
        Fix::AllowInRcp => "sharing-fix-allow-in-rcp",
        Fix::RemoveDeny => "sharing-fix-remove-deny",
        Fix::CopyFirst => "sharing-fix-copy-first",
        Fix::CannotCopyProduct => "sharing-fix-cannot-copy-product",
        Fix::CreateServiceLinkedRole => "sharing-fix-create-service-linked-role",
    }
}

fn remarks(answer: &Sharing) -> Vec<Message> {
    let mut notes = Vec::new();
    if answer.legs.iter().any(|leg| leg.remedy) {
        notes.push(Message::new("sharing-note-grant-itself"));
    }
    if answer.asked > 1 && !answer.able.is_empty() {
        let more = if answer.able.len() > NAMED { ", ..." } else { "" };
        let names: Vec<String> = answer.able.iter().take(NAMED).map(|arn| short(arn)).collect();
        notes.push(
            Message::new("sharing-able")
                .with("count", answer.able.len())
                .with("asked", answer.asked)
                .with("names", names.join(", ") + more),
        );
    }
    for note in &answer.notes {
        notes.push(match note {
            SharingNote::OwnAccount => Message::new("sharing-note-own-account"),
            SharingNote::PublicThoughBlocked => Message::new("sharing-note-public-though-blocked"),
            SharingNote::ProductCode => Message::new("sharing-note-product-code"),
            SharingNote::AssociatedKey => Message::new("sharing-note-associated-key"),
            SharingNote::OwnKeyForCopy => Message::new("sharing-note-own-key-for-copy"),
            SharingNote::LacksLeast => Message::new("sharing-note-lacks-least").with("asked", answer.asked),
        });
    }
    notes
}

const fn purpose_word(purpose: Purpose) -> Cell {
    let (raw, id) = match purpose {
        Purpose::Launch => ("launch", "sharing-may-launch"),
        Purpose::Copy => ("copy", "sharing-may-copy"),
        Purpose::Decrypt => ("decrypt", "sharing-may-decrypt"),
        Purpose::ReadBlocks => ("read-blocks", "sharing-may-read-blocks"),
        Purpose::AutoScaling => ("auto-scaling", "sharing-may-auto-scaling"),
        Purpose::Restore => ("restore", "sharing-may-restore"),
        Purpose::Encrypt => ("encrypt", "sharing-may-encrypt"),
        Purpose::Grant => ("grant", "sharing-may-grant"),
    };
    Cell::Word { raw, id }
}

const fn answer_word(answer: LegState) -> Cell {
    let (raw, id) = match answer {
        LegState::There => ("there", "sharing-answer-there"),
        LegState::Theirs => ("theirs", "sharing-answer-theirs"),
        LegState::Conditional => ("conditional", "sharing-answer-conditional"),
        LegState::Unknown => ("unknown", "sharing-answer-unknown"),
        LegState::Missing => ("missing", "sharing-answer-missing"),
    };
    Cell::Word { raw, id }
}

const fn state_word(group: &Group<'_>) -> Cell {
    let (raw, id) = match (group.state, group.remedy) {
        (LegState::There, true) => ("there", "sharing-state-can-grant"),
        (LegState::There, false) => ("there", "sharing-state-there"),
        (LegState::Theirs, _) => ("theirs", "sharing-state-theirs"),
        (LegState::Conditional, _) => ("conditional", "sharing-state-conditional"),
        (LegState::Unknown, _) => ("unknown", "sharing-state-unknown"),
        (LegState::Missing, true) => ("missing", "sharing-state-cannot-grant"),
        (LegState::Missing, false) => ("missing", "sharing-state-missing"),
    };
    Cell::Word { raw, id }
}

const fn layer_word(layer: SharingLayer) -> Cell {
    let (raw, id) = match layer {
        SharingLayer::LaunchPermission => ("launch-permission", "sharing-layer-launch-permission"),
        SharingLayer::CreateVolumePermission => ("create-volume-permission", "sharing-layer-create-volume-permission"),
        SharingLayer::RestoreAttribute => ("restore-attribute", "sharing-layer-restore-attribute"),
        SharingLayer::Resource => ("resource", "sharing-layer-resource"),
        SharingLayer::Key => ("key", "sharing-layer-key"),
        SharingLayer::KeyPolicy => ("key-policy", "sharing-layer-key-policy"),
        SharingLayer::Grant => ("grant", "access-layer-grant"),
        SharingLayer::Rcp => ("rcp", "access-layer-rcp"),
        SharingLayer::Identity => ("identity", "access-layer-identity"),
        SharingLayer::Boundary => ("boundary", "access-layer-boundary"),
        SharingLayer::Scp => ("scp", "access-layer-scp"),
    };
    Cell::Word { raw, id }
}

/// What is shared: the type with the id, with whom, and by what.
pub(super) fn shares_table(openings: &[Opening], looked: usize, edges: usize) -> Table {
    let row = |opening: &Opening| {
        vec![
            Cell::from(opening.resource_type.trim_start_matches("AWS::")),
            Cell::Text(last(&opening.resource).to_owned()),
            Cell::Text(opening.account.clone()),
            super::external::who(opening.kind),
            Cell::Text(short(&opening.outsider)),
            Cell::Text(source(&opening.source)),
        ]
    };
    let public = openings.iter().filter(|opening| opening.public).count();
    let mut notes = vec![
        Message::new("sharing-counts").with("count", openings.len()).with("public", public).with("looked", looked),
    ];
    if edges > 0 {
        notes.push(Message::new("sharing-roles-too").with("count", edges));
    }
    Table {
        columns: vec![
            Column::new("resourceType", "external-column-type", Fit::Middle),
            Column::new("resource", "access-column-resource", Fit::Middle),
            Column::new("account", "column-account", Fit::Spare),
            Column::new("outsiderKind", "sharing-column-with", Fit::Middle),
            Column::new("outsider", "external-column-outsider", Fit::Middle),
            Column::new("by", "sharing-column-by", Fit::End),
        ],
        rows: openings.iter().map(row).collect(),
        empty: Message::new("sharing-none").with("looked", looked),
        notes,
    }
}

/// What shares it, without what the other columns tell.
fn source(source: &Source) -> String {
    match source {
        Source::Statement { sid, index, line, .. } => {
            let statement = sid.clone().unwrap_or_else(|| format!("#{}", index + 1));
            format!("{statement}:{line}")
        }
        Source::Grant { .. } => "KMS grant".to_owned(),
        Source::Share { kind, .. } => (*kind).to_owned(),
        Source::Unrecorded => String::new(),
    }
}

/// Edges of trust: whole names for machines, short ones for people.
pub(super) fn trust_table(found: &Trusts, name: fn(&str) -> String) -> Table {
    let row = |edge: &TrustEdge| {
        vec![
            trust_word(edge.answer),
            Cell::from(edge.kind.name()),
            Cell::Text(name(&edge.from)),
            Cell::Text(edge.from_account.clone()),
            Cell::Text(name(&edge.role)),
            Cell::Text(edge.account.clone()),
            Cell::List(edge.notes.iter().map(|note| note.name().to_owned()).collect()),
            Cell::List(edge.actions.clone()),
            Cell::List(edge.holders.clone()),
            Cell::List(edge.keys.clone()),
            Cell::Json(json!(edge.known)),
            Cell::Json(json!(edge.statement)),
        ]
    };
    let weak = found.edges.iter().filter(|edge| edge.notes.iter().any(|note| note.is_weak())).count();
    let mut notes = vec![
        Message::new("sharing-trust-counts")
            .with("count", found.edges.len())
            .with("roles", found.roles)
            .with("weak", weak),
    ];
    for (note, id) in [
        (TrustNote::NoExternalId, "sharing-trust-no-external-id"),
        (TrustNote::NoSource, "sharing-trust-no-source"),
        (TrustNote::NoSubject, "sharing-trust-no-subject"),
        (TrustNote::WideSubject, "sharing-trust-wide-subject"),
        (TrustNote::Unused, "sharing-trust-unused"),
    ] {
        if found.edges.iter().any(|edge| edge.notes.contains(&note)) {
            notes.push(Message::new(id).with("note", note.name()));
        }
    }
    if !found.unrecorded.is_empty() {
        let more = if found.unrecorded.len() > NAMED { ", ..." } else { "" };
        let names: Vec<&str> = found.unrecorded.iter().take(NAMED).map(String::as_str).collect();
        notes.push(Message::new("sharing-trust-unrecorded").with("names", names.join(", ") + more));
    }
    Table {
        columns: vec![
            Column::new("answer", "access-column-answer", Fit::Whole),
            Column::named("kind".to_owned(), Fit::Machine),
            Column::new("from", "sharing-column-from", Fit::Middle),
            Column::named("fromAccount".to_owned(), Fit::Machine),
            Column::new("role", "sharing-column-role", Fit::Middle),
            Column::named("account".to_owned(), Fit::Machine),
            Column::new("notes", "sharing-column-notes", Fit::Whole),
            Column::named("actions".to_owned(), Fit::Machine),
            Column::named("holders".to_owned(), Fit::Machine),
            Column::new("keys", "access-column-depends", Fit::Spare),
            Column::named("known".to_owned(), Fit::Machine),
            Column::named("statement".to_owned(), Fit::Machine),
        ],
        rows: found.edges.iter().map(row).collect(),
        empty: Message::new("sharing-trust-none").with("roles", found.roles),
        notes,
    }
}

const fn trust_word(answer: TrustAnswer) -> Cell {
    let (raw, id) = match answer {
        TrustAnswer::Yes => ("yes", "access-yes"),
        TrustAnswer::Theirs => ("theirs", "sharing-state-theirs"),
        TrustAnswer::Conditional => ("conditional", "access-conditional"),
        TrustAnswer::Undecidable => ("undecidable", "access-undecidable"),
        TrustAnswer::No => ("no", "access-no"),
    };
    Cell::Word { raw, id }
}

/// The end of an ARN, which tells what it is.
fn last(arn: &str) -> &str {
    if arn.starts_with("arn:") { arn.splitn(6, ':').nth(5).unwrap_or(arn) } else { arn }
}

/// `111122223333:role/app`.
pub(super) fn short(arn: &str) -> String {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "iam" | "sts", _, account, name] => format!("{account}:{name}"),
        ["arn", _, "organizations", _, _, name] => name.to_owned(),
        _ => arn.to_owned(),
    }
}
