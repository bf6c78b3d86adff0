//! A decision as one JSON record: for machines, so never translated. docs/iam.md describes it.

use std::io::{self, Write};

use haechi_iam::{Because, Decision, Effect, Fault, Layer, LayerEffect, LayerVerdict, Missing, Prepared, Question};
use serde::Serialize;
use serde_json::Value;

/// The record of a decision without its explanation.
#[derive(Serialize)]
struct Short<'a> {
    id: &'a Value,
    decision: &'static str,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a Value,
    decision: &'static str,
    layers: Layers<'a>,
    because: Vec<Deciding<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Lacking<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<&'a str>,
    conditional: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<haechi_iam::FixedRule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<Wrong<'a>>,
}

/// The layers that are there, by name.
#[derive(Serialize, Default)]
struct Layers<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    scp: Option<OneLayer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rcp: Option<OneLayer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<OneLayer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<OneLayer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<OneLayer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<OneLayer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    boundary: Option<OneLayer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<OneLayer<'a>>,
}

#[derive(Serialize)]
struct OneLayer<'a> {
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exemption: Option<haechi_iam::Exemption>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    levels: Vec<OneLevel<'a>>,
}

#[derive(Serialize)]
struct OneLevel<'a> {
    target: &'a str,
    verdict: &'static str,
}

#[derive(Serialize)]
struct Deciding<'a> {
    layer: &'static str,
    effect: &'static str,
    policy: &'a str,
    statement: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
}

#[derive(Serialize)]
struct Lacking<'a> {
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
}

#[derive(Serialize)]
struct Wrong<'a> {
    policy: &'a str,
    statement: usize,
    effect: &'static str,
    line: usize,
    column: usize,
    message: String,
}

#[derive(Serialize)]
struct Unanswered<'a> {
    id: &'a Value,
    error: Trouble,
}

#[derive(Serialize)]
struct Trouble {
    line: usize,
    message: String,
}

/// The decision alone.
pub(crate) fn write_short(question: &Question<'_>, id: &Value, out: &mut dyn Write) -> io::Result<()> {
    write_line(&Short { id, decision: question.decide().verdict().name() }, out)
}

/// The decision with its explanation.
pub(crate) fn write_whole(question: &Question<'_>, id: &Value, out: &mut dyn Write) -> io::Result<()> {
    let Decision { verdict, conditional, layers, because, missing, unknown, rule, .. } = question.explain();
    let answer = Answer {
        id,
        decision: verdict.name(),
        layers: by_name(&layers),
        because: because.iter().map(deciding).collect(),
        missing: missing.iter().map(lacking).collect(),
        unknown,
        conditional,
        rule,
        faults: question.faults().map(wrong).collect(),
    };
    write_line(&answer, out)
}

/// A line that asks nothing that can be answered.
pub(crate) fn write_error(id: &Value, line: usize, message: String, out: &mut dyn Write) -> io::Result<()> {
    write_line(&Unanswered { id, error: Trouble { line, message } }, out)
}

fn write_line(record: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, record)?;
    out.write_all(b"\n")
}

fn by_name<'a>(verdicts: &[LayerVerdict<'a>]) -> Layers<'a> {
    let mut layers = Layers::default();
    for one in verdicts {
        let slot = match one.layer {
            Layer::Scp => &mut layers.scp,
            Layer::Rcp => &mut layers.rcp,
            Layer::Endpoint => &mut layers.endpoint,
            Layer::Session => &mut layers.session,
            Layer::Resource => &mut layers.resource,
            Layer::Identity => &mut layers.identity,
            Layer::Boundary => &mut layers.boundary,
            Layer::Grant => &mut layers.grant,
        };
        let layer = slot.get_or_insert_with(|| OneLayer {
            verdict: one.effect.name(),
            exemption: match one.effect {
                LayerEffect::Exempt(exemption) => Some(exemption),
                _ => None,
            },
            levels: Vec::new(),
        });
        if let Some(target) = one.target {
            layer.levels.push(OneLevel { target, verdict: one.effect.name() });
            if rank(one.effect.name()) > rank(layer.verdict) {
                layer.verdict = one.effect.name();
            }
        }
    }
    layers
}

/// Of several levels the one that stands most in the way speaks for all.
fn rank(verdict: &str) -> usize {
    let order = ["Exempt", "Allows", "MayAllow", "MayDeny", "DoesNotAllow", "Denies"];
    order.iter().position(|name| *name == verdict).unwrap_or(0)
}

fn effect_name(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    }
}

fn deciding<'a>(because: &Because<'a>) -> Deciding<'a> {
    let file = because.policy.file();
    Deciding {
        layer: because.layer.name(),
        effect: effect_name(because.effect),
        policy: because.policy.name(),
        statement: because.statement,
        sid: because.sid(),
        file,
        line: file.and_then(|_| because.position()).map(|position| position.line),
    }
}

fn lacking<'a>(missing: &Missing<'a>) -> Lacking<'a> {
    let target = match missing {
        Missing::Level { target, .. } => Some(*target),
        _ => None,
    };
    Lacking { what: missing.name(), target }
}

fn wrong<'a>((policy, fault): (&'a Prepared, &'a Fault)) -> Wrong<'a> {
    Wrong {
        policy: policy.name(),
        statement: fault.statement,
        effect: effect_name(fault.effect),
        line: fault.position.line,
        column: fault.position.column,
        message: fault.kind.to_string(),
    }
}
