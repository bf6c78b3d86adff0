//! A rule file made ready to judge: its expressions compiled, its paths checked.

use haechi_content::{RuleFile, RuleScope, TypeCatalogue};
use haechi_model::hash::Hasher;
use haechi_model::{ContentHash, ResourceType, Severity};

use crate::compile::Scope;
use crate::error::RuleError;
use crate::parameters::{ParameterError, effective_parameters};
use crate::program::{Check, Op, Program};

/// Most bindings of a rule.
const MAX_BINDINGS: usize = 64;

/// A rule that judges.
#[derive(Debug)]
pub struct CompiledRule {
    pub(crate) id: String,
    pub(crate) severity: Severity,
    pub(crate) scope: RuleScope,
    pub(crate) resources: Vec<ResourceType>,
    pub(crate) controls: Vec<String>,
    /// Names of parameters, in the order in which the program counts them.
    pub(crate) parameters: Vec<String>,
    pub(crate) program: Program,
    /// Of everything that decides a verdict: see [`logic_of`].
    pub(crate) logic: ContentHash,
    neighbours: Vec<ResourceType>,
    asks: bool,
}

/// Compiles one expression of the file and keeps what is wrong with it.
struct Parts<'r, 'c> {
    rule: &'r str,
    scope: Scope<'c>,
    errors: Vec<RuleError>,
}

impl Parts<'_, '_> {
    fn compile(&mut self, part: &str, text: &str) -> Option<Op> {
        match self.scope.compile(text) {
            Ok(op) => Some(op),
            Err(problem) => {
                self.errors.push(RuleError::in_expression(self.rule, part, text, problem));
                None
            }
        }
    }

    fn bind(&mut self, name: &str, text: &str) -> Option<Op> {
        match self.scope.bind(name, text) {
            Ok(op) => Some(op),
            Err(problem) => {
                let part = format!("let.{name}");
                self.errors.push(RuleError::in_expression(self.rule, &part, text, problem));
                None
            }
        }
    }

    fn wrong(&mut self, part: &str, message: impl Into<String>) {
        self.errors.push(RuleError::new(self.rule, part, message));
    }

    fn check(&mut self, text: &str) -> Option<Check> {
        let Some(name) = text.trim().strip_prefix("rust:") else {
            return self.compile("check", text).map(Check::Expression);
        };
        match crate::coded::find(name.trim()) {
            Some(coded) => Some(Check::Coded(coded)),
            None => {
                self.wrong("check", format!("there is no check `{name}` in Rust"));
                None
            }
        }
    }
}

impl CompiledRule {
    /// Compiles a rule; an empty catalogue checks no paths.
    ///
    /// # Errors
    /// Everything that is wrong with the file's logic, not only the first.
    pub fn compile(file: &RuleFile, types: &TypeCatalogue) -> Result<Self, Vec<RuleError>> {
        let account = [ResourceType::account()];
        let subject = if file.scope == RuleScope::Resource { &file.resources[..] } else { &account[..] };
        let names: Vec<&str> = file.parameters.keys().map(String::as_str).collect();
        let scope = Scope::new(types, subject, &file.reads, &names);
        let mut parts = Parts { rule: &file.id, scope, errors: Vec::new() };
        check_types(&mut parts, file, types);
        check_parameters(&mut parts, file);
        let bindings = bindings(&mut parts, file);
        let applies = file.applies.as_ref().map(|text| parts.compile("applies", text));
        let check = parts.check(&file.check);
        let evidence = file.evidence.as_ref().map(|text| parts.compile("evidence", text));
        let mut args = Vec::with_capacity(file.args.len());
        for (name, text) in &file.args {
            let op = parts.compile(&format!("args.{name}"), text);
            args.extend(op.map(|op| (name.clone(), op)));
        }
        let Parts { scope, errors, .. } = parts;
        let Some(check) = check.filter(|_| errors.is_empty()) else { return Err(errors) };
        let mut neighbours = scope.looked_at;
        if matches!(check, Check::Coded(_)) {
            neighbours.extend(file.reads.iter().cloned());
        }
        Ok(Self {
            id: file.id.clone(),
            severity: file.severity,
            scope: file.scope,
            resources: subject.to_vec(),
            controls: file.controls.iter().map(|control| control.id.clone()).collect(),
            parameters: names.into_iter().map(str::to_owned).collect(),
            program: Program {
                bindings,
                applies: applies.flatten(),
                check,
                evidence: evidence.flatten(),
                args,
                variables: scope.variables,
            },
            logic: logic_of(file),
            neighbours: neighbours.into_iter().collect(),
            asks: scope.asks,
        })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The types whose items it judges; the account's for rules about accounts.
    pub fn resources(&self) -> &[ResourceType] {
        &self.resources
    }

    /// Ids in the control catalogues that the rule speaks to.
    pub fn controls(&self) -> &[String] {
        &self.controls
    }

    /// Whether it asks about the whole organization.
    pub fn asks(&self) -> bool {
        self.asks
    }

    /// The types of neighbours that its logic looks at.
    pub fn neighbours(&self) -> &[ResourceType] {
        &self.neighbours
    }
}

/// The hash of what a verdict and its words are made of. A check in Rust changes with the program only.
fn logic_of(file: &RuleFile) -> ContentHash {
    let mut hasher = Hasher::default();
    let mut part = |text: &str| hasher.part(text.as_bytes());
    part(&file.id);
    part(&format!("{:?}", file.scope));
    file.resources.iter().for_each(|of| part(of.as_str()));
    let bindings = file.bindings.iter().map(|(name, text)| (name, text));
    for (name, text) in bindings.chain(&file.args) {
        part(name);
        part(text);
    }
    part(file.applies.as_deref().unwrap_or_default());
    part(&file.check);
    if file.check.trim_start().starts_with("rust:") {
        part(env!("CARGO_PKG_VERSION"));
    }
    part(file.evidence.as_deref().unwrap_or_default());
    hasher.finish()
}

fn bindings(parts: &mut Parts<'_, '_>, file: &RuleFile) -> Vec<Op> {
    if file.bindings.len() > MAX_BINDINGS {
        parts.wrong("let", format!("at most {MAX_BINDINGS} names"));
        return Vec::new();
    }
    parts.scope.expect(file.bindings.iter().map(|(name, _)| name.clone()));
    let mut ops = Vec::with_capacity(file.bindings.len());
    for (place, (name, text)) in file.bindings.iter().enumerate() {
        if file.bindings[..place].iter().any(|(other, _)| other == name) {
            parts.wrong(&format!("let.{name}"), "the name stands twice");
            continue;
        }
        ops.extend(parts.bind(name, text));
    }
    ops
}

fn check_types(parts: &mut Parts<'_, '_>, file: &RuleFile, types: &TypeCatalogue) {
    if types.types.is_empty() {
        return;
    }
    for (part, list) in [("resources", &file.resources), ("reads", &file.reads)] {
        for (place, unknown) in list.iter().enumerate().filter(|(_, of)| types.get(of).is_none()) {
            let mut error =
                RuleError::new(parts.rule, &format!("{part}.{place}"), format!("unknown resource type `{unknown}`"));
            error.help = types.nearest(unknown.as_str()).map(|near| format!("did you mean `{near}`?"));
            parts.errors.push(error);
        }
    }
}

/// The defaults are of their own types and within their own limits.
fn check_parameters(parts: &mut Parts<'_, '_>, file: &RuleFile) {
    match effective_parameters(file, &Default::default()) {
        Ok(_) | Err(ParameterError::Missing { .. }) => {}
        Err(error) => parts.wrong("parameters", error.to_string()),
    }
}
