//! The rules of a run: which packs ask for which rule with which parameters, each as a rule instance.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use haechi_content::pack::{Owner, Pack, ParameterValues, ResolvedRule};
use haechi_content::{Content, ManagedRules, RuleFile};
use haechi_i18n::{Catalog, Language};
use haechi_model::{AccountId, Compliance, InstanceId, Message, ResourceType, RuleInstance, Scope};
use haechi_report::{Counts, MissingRule, PackResult, PackRule};
use haechi_rules::{CompiledRule, Judge, effective_parameters};
use haechi_store::{Attestation, PackReference};
use serde_json::Value;

use crate::error::{Result, UserError};
use crate::judge::Judged;

/// The pack of a run that names none: every rule that Haechi has, with AWS's defaults.
pub const BASELINE: &str = "haechi-baseline";
/// The managed rule that stands for a manual check.
const PROCESS_CHECK: &str = "AWS_CONFIG_PROCESS_CHECK";

pub struct Rulebook {
    compiled: BTreeMap<String, Arc<CompiledRule>>,
    files: BTreeMap<String, RuleFile>,
    instances: BTreeMap<InstanceId, RuleInstance>,
    packs: Vec<BookPack>,
}

struct BookPack {
    name: String,
    source: String,
    rules: Vec<BookRule>,
}

struct BookRule {
    /// `ConfigRuleName`.
    name: String,
    identifier: String,
    kind: BookRuleKind,
}

enum BookRuleKind {
    Judged(InstanceId),
    /// A person says whether it is fulfilled.
    ProcessCheck,
    NotImplemented,
}

/// Reads `NAME=VALUE` words.
pub fn parameter_values(words: &[String]) -> Result<ParameterValues> {
    words.iter().try_fold(ParameterValues::default(), |values, word| match word.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok(values.with(name.trim(), value)),
        _ => Err(UserError::said("error-param-shape").arg("word", word).help("advice-param-shape")),
    })
}

impl Rulebook {
    /// The rules of some packs; without any, of the baseline and of the user's own content.
    pub fn of_packs(content: &Content, packs: &[PathBuf], values: &ParameterValues) -> Result<Self> {
        let mut book =
            Self { compiled: BTreeMap::new(), files: BTreeMap::new(), instances: BTreeMap::new(), packs: Vec::new() };
        if packs.is_empty() {
            book.add_baseline(content)?;
            if let Some(name) = values.values.keys().next() {
                return Err(UserError::said("error-param-without-pack").arg("name", name).help("advice-param-pack"));
            }
            return Ok(book);
        }
        let mut loaded = Vec::new();
        for path in packs {
            let pack = Pack::load(path).map_err(|errors| pack_errors(&path.display().to_string(), &errors))?;
            loaded.push((pack, path.display().to_string()));
        }
        let known: BTreeSet<&str> =
            loaded.iter().flat_map(|(pack, _)| pack.parameters()).map(|parameter| parameter.name.as_str()).collect();
        if let Some(unknown) = values.values.keys().find(|name| !known.contains(name.as_str())) {
            let error = UserError::said("error-param-unknown").arg("name", unknown);
            return Err(match haechi_content::source::nearest(unknown, known.iter().copied()) {
                Some(near) => error.help("advice-near").arg("near", near),
                None => error.help("advice-pack-parameters"),
            });
        }
        for (pack, source) in &loaded {
            book.add_pack(content, pack, source, values)?;
        }
        Ok(book)
    }

    fn add_baseline(&mut self, content: &Content) -> Result<()> {
        let rules = content.rules().map(|rule| {
            let instance = self.instance(content, &rule.file.id, &BTreeMap::new(), None)?;
            Ok(BookRule {
                name: rule.file.id.to_ascii_lowercase().replace('_', "-"),
                identifier: rule.file.id.clone(),
                kind: BookRuleKind::Judged(instance),
            })
        });
        let rules = rules.collect::<Result<Vec<_>>>()?;
        self.packs.push(BookPack { name: BASELINE.to_owned(), source: "built in".to_owned(), rules });
        Ok(())
    }

    fn add_pack(&mut self, content: &Content, pack: &Pack, source: &str, values: &ParameterValues) -> Result<()> {
        // A value for another pack of the same run is not a wrong name here.
        let mut own = values.clone();
        own.values.retain(|name, _| pack.parameters().iter().any(|parameter| parameter.name == *name));
        let resolved = pack.resolve(&own).map_err(|errors| pack_errors(source, &errors))?;
        let mut rules = Vec::new();
        for rule in &resolved.rules {
            let kind = match rule.identifier.as_str() {
                PROCESS_CHECK => BookRuleKind::ProcessCheck,
                id if rule.owner == Owner::Aws && content.rule(id).is_some() => {
                    BookRuleKind::Judged(self.pack_instance(content, rule, source)?)
                }
                _ => BookRuleKind::NotImplemented,
            };
            rules.push(BookRule { name: rule.config_rule_name.clone(), identifier: rule.identifier.clone(), kind });
        }
        let name = self.free_name(pack.name());
        self.packs.push(BookPack { name, source: source.to_owned(), rules });
        Ok(())
    }

    /// Two files of one name are two packs.
    fn free_name(&self, name: &str) -> String {
        let taken = |name: &str| self.packs.iter().any(|pack| pack.name == name);
        let mut free = name.to_owned();
        let mut number = 2;
        while taken(&free) {
            free = format!("{name}-{number}");
            number += 1;
        }
        free
    }

    fn pack_instance(&mut self, content: &Content, rule: &ResolvedRule, source: &str) -> Result<InstanceId> {
        let given = rule.parameters.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect();
        self.instance(content, &rule.identifier, &given, scope_of(content, rule)).map_err(|error| {
            let text = Catalog::new(Language::En).message(&error.what);
            let rule = &rule.config_rule_name;
            UserError::said("error-pack-rule").arg("source", source).arg("rule", rule).arg("text", text)
        })
    }

    fn instance(
        &mut self,
        content: &Content,
        id: &str,
        given: &BTreeMap<String, Value>,
        scope: Option<Scope>,
    ) -> Result<InstanceId> {
        let Some(rule) = content.rule(id) else { return Err(UserError::said("error-no-rule").arg("rule", id)) };
        if !self.compiled.contains_key(id) {
            let compiled = CompiledRule::compile(&rule.file, content.types()).map_err(|errors| {
                let error = UserError::said("error-rule-compile").arg("path", rule.path());
                errors.iter().fold(error, |error, one| error.because(one.render()))
            })?;
            self.compiled.insert(id.to_owned(), Arc::new(compiled));
            self.files.insert(id.to_owned(), rule.file.clone());
        }
        let parameters = effective_parameters(&rule.file, given).map_err(UserError::verbatim)?;
        let instance = RuleInstance::new(id, parameters, scope);
        let key = instance.id;
        self.instances.insert(key, instance);
        Ok(key)
    }

    pub fn judge(&self) -> Judge {
        let pairs = self
            .instances
            .values()
            .filter_map(|instance| Some((self.compiled.get(&instance.rule)?.clone(), instance.clone())));
        Judge::new(pairs.collect())
    }

    pub fn instances(&self) -> impl Iterator<Item = &RuleInstance> {
        self.instances.values()
    }

    pub fn rules(&self) -> impl Iterator<Item = (&str, &RuleFile)> {
        self.files.iter().map(|(id, file)| (id.as_str(), file))
    }

    /// The packs as the store keeps them.
    pub fn references(&self) -> Vec<PackReference> {
        let packs = self.packs.iter().map(|pack| PackReference {
            name: pack.name.clone(),
            source: pack.source.clone(),
            rules: pack
                .rules
                .iter()
                .filter_map(|rule| match rule.kind {
                    BookRuleKind::Judged(instance) => {
                        Some(haechi_store::PackRule { config_rule_name: rule.name.clone(), instance })
                    }
                    _ => None,
                })
                .collect(),
        });
        packs.collect()
    }

    /// Rules that packs ask for and Haechi lacks.
    pub fn missing(&self) -> Vec<MissingRule> {
        let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for pack in &self.packs {
            for rule in pack.rules.iter().filter(|rule| matches!(rule.kind, BookRuleKind::NotImplemented)) {
                missing.entry(&rule.identifier).or_default().insert(&pack.name);
            }
        }
        let words = |names: BTreeSet<&str>| names.into_iter().map(str::to_owned).collect();
        missing.into_iter().map(|(rule, packs)| MissingRule { rule: rule.to_owned(), packs: words(packs) }).collect()
    }

    /// Each pack's rules with their verdicts.
    pub fn results(
        &self,
        judged: &Judged,
        attestations: &[Attestation],
        accounts: &BTreeSet<AccountId>,
    ) -> Vec<PackResult> {
        let results = self.packs.iter().map(|pack| PackResult {
            name: pack.name.clone(),
            rules: pack.rules.iter().map(|rule| rule.result(judged, attestations, accounts)).collect(),
        });
        results.collect()
    }
}

impl BookRule {
    fn result(&self, judged: &Judged, attestations: &[Attestation], accounts: &BTreeSet<AccountId>) -> PackRule {
        let (instance, compliance, counts, note) = match self.kind {
            BookRuleKind::Judged(instance) => {
                let counts = judged.counts_of(instance);
                (Some(instance), overall(counts), counts, None)
            }
            BookRuleKind::ProcessCheck => {
                let (compliance, note) = attested(&self.name, attestations, accounts);
                (None, compliance, Counts::default(), Some(note))
            }
            BookRuleKind::NotImplemented => {
                let managed = ManagedRules::known().get(&self.identifier).is_some();
                let note = Message::new(if managed { "rule-not-implemented" } else { "rule-not-managed" });
                (None, Compliance::InsufficientData, Counts::default(), Some(note))
            }
        };
        PackRule { name: self.name.clone(), rule: self.identifier.clone(), instance, compliance, counts, note }
    }
}

/// A rule's verdict over all it judged, as AWS Config gives it.
fn overall(counts: Counts) -> Compliance {
    match counts {
        Counts { non_compliant: 1.., .. } => Compliance::NonCompliant,
        Counts { insufficient_data: 1.., compliant: 0, .. } => Compliance::InsufficientData,
        Counts { compliant: 1.., .. } => Compliance::Compliant,
        Counts { not_applicable: 1.., .. } => Compliance::NotApplicable,
        _ => Compliance::InsufficientData,
    }
}

/// A process check is fulfilled when attestations that stand speak for every account.
fn attested(name: &str, attestations: &[Attestation], accounts: &BTreeSet<AccountId>) -> (Compliance, Message) {
    let about: Vec<_> =
        attestations.iter().filter(|attestation| attestation.subject.eq_ignore_ascii_case(name)).collect();
    let all = !about.is_empty()
        && accounts.iter().all(|account| about.iter().any(|attestation| attestation.speaks_for(*account)));
    match about.last() {
        Some(last) if all => {
            let note = Message::new("attested").with("who", last.who.clone()).with("at", last.at.date());
            let note = match last.expires {
                Some(expires) => Message { id: "attested-until".to_owned(), ..note }.with("until", expires.date()),
                None => note,
            };
            (Compliance::Compliant, note)
        }
        _ => (Compliance::InsufficientData, Message::new("attestation-needed").with("name", name)),
    }
}

/// What the pack's scope leaves of the rule's own; none when it leaves all.
///
/// A scope that names none of the rule's types is of a periodic rule: AWS judges those by account whatever it says.
fn scope_of(content: &Content, rule: &ResolvedRule) -> Option<Scope> {
    let own = content.rule(&rule.identifier).map(|rule| rule.file.resources.clone()).unwrap_or_default();
    let given = rule.scope.clone().unwrap_or_default();
    let named: Vec<ResourceType> = own.iter().filter(|kind| given.resource_types.contains(kind)).cloned().collect();
    let narrower = !named.is_empty() && named.len() < own.len();
    let scope = Scope { resource_types: if narrower { named } else { Vec::new() }, ..given };
    (scope != Scope::default()).then_some(scope)
}

/// Every error of a pack, each with its place.
pub fn pack_errors(source: &str, errors: &[haechi_content::Diagnostic]) -> UserError {
    let error = UserError::said("error-pack-load").arg("path", source);
    errors.iter().fold(error, |error, one| {
        let told = one.to_string();
        error.because(told.strip_prefix("error: ").unwrap_or(&told))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_resource_makes_a_rule_noncompliant() {
        let counts = |compliant, non_compliant, not_applicable, insufficient_data| Counts {
            compliant,
            non_compliant,
            not_applicable,
            insufficient_data,
        };
        for (counts, verdict) in [
            (counts(5, 1, 0, 3), Compliance::NonCompliant),
            (counts(5, 0, 1, 1), Compliance::Compliant),
            (counts(0, 0, 1, 1), Compliance::InsufficientData),
            (counts(0, 0, 2, 0), Compliance::NotApplicable),
            (counts(0, 0, 0, 0), Compliance::InsufficientData),
        ] {
            assert_eq!(overall(counts), verdict, "{counts:?}");
        }
    }

    #[test]
    fn every_account_must_be_spoken_for() {
        let id = |text| AccountId::parse(text).unwrap();
        let attestation = |accounts: Vec<AccountId>| Attestation {
            subject: "training".to_owned(),
            who: "CISO office".to_owned(),
            at: haechi_model::Timestamp::from_seconds(0),
            evidence: "LMS".to_owned(),
            expires: None,
            accounts,
        };
        let both = [id("111122223333"), id("444455556666")].into();
        assert_eq!(attested("Training", &[attestation(vec![])], &both).0, Compliance::Compliant);
        assert_eq!(
            attested("training", &[attestation(vec![id("111122223333")])], &both).0,
            Compliance::InsufficientData
        );
        assert_eq!(attested("other", &[attestation(vec![])], &both).0, Compliance::InsufficientData);
    }
}
