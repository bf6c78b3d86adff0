//! Rule instances, packs and evaluations: written and read.

use std::ops::ControlFlow;

use crate::database::Row;
use haechi_model::{
    Compliance, ContentHash, Evaluation, InstanceId, Message, Read, ResourceKey, RuleInstance, Timestamp,
};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params};
use serde_json::Value as Json;

use crate::Result;
use crate::conditions::{Conditions, text};
use crate::error::StoreError;
use crate::fault::{Fault, from_json, from_text, to_json};
use crate::open::Store;
use crate::read_items::key_of;
use crate::records::{EvaluationCount, EvaluationFilter, PackReference, StoredEvaluation};
use crate::run::RunId;
use crate::scopes;
use crate::writer::RunWriter;

const VERDICTS: [Compliance; 4] =
    [Compliance::Compliant, Compliance::NonCompliant, Compliance::NotApplicable, Compliance::InsufficientData];

fn verdict_number(compliance: Compliance) -> i64 {
    VERDICTS.iter().position(|known| *known == compliance).unwrap_or_default() as i64
}

pub(crate) fn verdict(number: i64) -> Result<Compliance, Fault> {
    let verdict = usize::try_from(number).ok().and_then(|number| VERDICTS.get(number));
    verdict.copied().ok_or_else(|| Fault::Damaged(format!("there is no verdict {number}")))
}

impl RunWriter<'_> {
    /// Makes rule instances known; evaluations refer to them.
    pub fn put_instances(&mut self, instances: &[RuleInstance]) -> Result<()> {
        self.judgements(|run| {
            let mut insert = run.store.connection.prepare_cached(
                "INSERT INTO h_instances (instance, rule, body) VALUES (?, ?, ?) ON CONFLICT (instance) DO NOTHING",
            )?;
            for instance in instances {
                insert.execute(params![instance.id.bytes(), instance.rule, to_json(instance)?])?;
            }
            Ok(())
        })
    }

    /// Puts packs; one of the same name is replaced.
    pub fn put_packs(&mut self, packs: &[PackReference]) -> Result<()> {
        self.judgements(|run| {
            let mut insert = run.store.connection.prepare_cached(
                "INSERT INTO h_packs (name, body) VALUES (?, ?)
                 ON CONFLICT (name) DO UPDATE SET body = excluded.body WHERE h_packs.body <> excluded.body",
            )?;
            for pack in packs {
                insert.execute(params![pack.name, to_json(pack)?])?;
            }
            Ok(())
        })
    }

    /// Puts verdicts; one that stands unchanged keeps the moment and the run in which it was made.
    ///
    /// [`StoreError::NotFound`] when an instance has not been put.
    pub fn put_evaluations(&mut self, evaluations: &[Evaluation], at: Timestamp) -> Result<()> {
        self.judgements(|run| {
            let mut instance = None;
            for evaluation in evaluations {
                let number = match instance {
                    Some((id, number)) if id == evaluation.instance => number,
                    _ => run.instance_number(evaluation.instance, &evaluation.rule)?,
                };
                instance = Some((evaluation.instance, number));
                run.put_evaluation(evaluation, number, at)?;
            }
            Ok(())
        })
    }

    fn instance_number(&self, id: InstanceId, rule: &str) -> Result<i64, Fault> {
        let mut find = self.store.connection.prepare_cached("SELECT id FROM h_instances WHERE instance = ?")?;
        let found: Option<i64> = find.query_row([id.bytes()], |row| row.get(0)).optional()?;
        found.ok_or_else(|| StoreError::NotFound { what: "rule instance", wanted: format!("{id} ({rule})") }.into())
    }

    fn put_evaluation(&mut self, evaluation: &Evaluation, instance: i64, at: Timestamp) -> Result<(), Fault> {
        let scope = self.scopes.of(&self.store.connection, &evaluation.resource)?;
        let mut insert = self.store.connection.prepare_cached(
            "INSERT INTO h_evaluations
                 (instance, scope, resource_id, compliance, holds_until, evaluated_at, run, body)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (instance, scope, resource_id) DO UPDATE SET
                 compliance = excluded.compliance, holds_until = excluded.holds_until,
                 evaluated_at = excluded.evaluated_at, run = excluded.run, body = excluded.body
             WHERE h_evaluations.compliance <> excluded.compliance
                OR h_evaluations.holds_until IS DISTINCT FROM excluded.holds_until
                OR h_evaluations.body <> excluded.body",
        )?;
        insert.execute(params![
            instance,
            scope.id,
            &*evaluation.resource.resource_id,
            verdict_number(evaluation.compliance),
            evaluation.holds_until.map(Timestamp::as_micros),
            at.as_micros(),
            self.id.0,
            to_json(&(&evaluation.message, &evaluation.evidence, &evaluation.reads))?,
        ])?;
        Ok(())
    }

    /// Removes verdicts, such as those on resources that are gone; says how many there were.
    pub fn remove_evaluations(&mut self, evaluations: &[(InstanceId, ResourceKey)]) -> Result<u64> {
        self.judgements(|run| {
            let mut delete = run.store.connection.prepare_cached(
                "DELETE FROM h_evaluations WHERE scope = ? AND resource_id = ?
                    AND instance = (SELECT id FROM h_instances WHERE instance = ?)",
            )?;
            let mut removed = 0;
            for (instance, key) in evaluations {
                if let Some(scope) = scopes::find(&run.store.connection, key)? {
                    removed += delete.execute(params![scope.id, &*key.resource_id, instance.bytes()])?;
                }
            }
            Ok(removed as u64)
        })
    }

    /// Removes the verdicts of all other instances: their rules are gone.
    pub fn keep_only_instances(&mut self, kept: &[InstanceId]) -> Result<u64> {
        self.judgements(|run| {
            let connection = &run.store.connection;
            let known = run.store.all("SELECT id, instance FROM h_instances", (), |row| {
                Ok((row.get::<i64>(0)?, ContentHash::from_bytes(row.get(1)?)))
            })?;
            let kept: std::collections::HashSet<_> = kept.iter().collect();
            let mut delete = connection.prepare_cached("DELETE FROM h_evaluations WHERE instance = ?")?;
            let mut removed = 0;
            for (number, _) in known.iter().filter(|(_, id)| !kept.contains(id)) {
                removed += delete.execute([number])?;
            }
            Ok(removed as u64)
        })
    }
}

const EVALUATION: &str = "SELECT n.instance, n.rule, s.partition, s.account, s.region, s.type, e.resource_id,
        e.compliance, e.holds_until, e.evaluated_at, e.run, e.body
    FROM h_evaluations e JOIN h_instances n ON n.id = e.instance JOIN h_scopes s ON s.id = e.scope";

fn evaluation_of(row: &Row<'_>) -> Result<StoredEvaluation, Fault> {
    let body = row.get_ref(11)?.as_str().map_err(rusqlite::Error::from)?;
    let (message, evidence, reads): (Message, Vec<Json>, Vec<Read>) = from_json(body, "an evaluation")?;
    Ok(StoredEvaluation {
        evaluation: Evaluation {
            instance: ContentHash::from_bytes(row.get(0)?),
            rule: row.get(1)?,
            resource: key_of(row, 2)?,
            compliance: verdict(row.get(7)?)?,
            message,
            evidence,
            reads,
            holds_until: row.get::<Option<i64>>(8)?.map(Timestamp::from_micros),
        },
        evaluated_at: Timestamp::from_micros(row.get(9)?),
        run: RunId(row.get(10)?),
    })
}

impl Store {
    /// All rule instances that were ever put, by rule.
    pub fn instances(&self) -> Result<Vec<RuleInstance>> {
        self.told(self.all("SELECT body FROM h_instances ORDER BY rule, instance", (), |row| {
            from_json(&row.get::<String>(0)?, "a rule instance")
        }))
    }

    pub fn packs(&self) -> Result<Vec<PackReference>> {
        self.told(
            self.all("SELECT body FROM h_packs ORDER BY name", (), |row| from_json(&row.get::<String>(0)?, "a pack")),
        )
    }

    pub fn evaluations(&self, filter: &EvaluationFilter) -> Result<Vec<StoredEvaluation>> {
        let mut found = Vec::new();
        self.each_evaluation(filter, |evaluation| {
            found.push(evaluation);
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// Gives evaluations one at a time, by rule instance and resource.
    pub fn each_evaluation(
        &self,
        filter: &EvaluationFilter,
        mut each: impl FnMut(StoredEvaluation) -> ControlFlow<()>,
    ) -> Result<()> {
        let mut conditions = Conditions::default();
        conditions.any_of("n.instance", filter.instances.iter().map(|id| Value::Blob(id.bytes().to_vec())));
        conditions.any_of("n.rule", filter.rules.iter().map(text));
        conditions.any_of("s.account", filter.accounts.iter().map(|account| text(account.as_str())));
        conditions.any_of("e.compliance", filter.compliance.iter().map(|word| Value::Integer(verdict_number(*word))));
        if let Some(key) = &filter.resource {
            let names = [key.partition.as_str(), key.account_id.as_str(), key.region.as_str()];
            let names = names.into_iter().chain([key.resource_type.as_str(), &*key.resource_id]).map(text);
            let sql = "s.partition = ? AND s.account = ? AND s.region = ? AND s.type = ? AND e.resource_id = ?";
            conditions.add(sql, names);
        }
        let sql = format!(
            "{EVALUATION}{} ORDER BY n.rule, n.instance, s.account, s.region, s.type, e.resource_id",
            conditions.sql()
        );
        self.snapshot(|| {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let mut rows = statement.query(conditions.values())?;
            while let Some(row) = rows.next()? {
                if each(evaluation_of(&row)?).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// How many evaluations there are, by rule instance, account and verdict.
    pub fn evaluation_counts(&self) -> Result<Vec<EvaluationCount>> {
        self.told(self.all(
            "SELECT n.instance, n.rule, s.account, e.compliance, count(*)
             FROM h_evaluations e JOIN h_instances n ON n.id = e.instance JOIN h_scopes s ON s.id = e.scope
             GROUP BY n.id, s.account, e.compliance ORDER BY n.rule, n.instance, s.account, e.compliance",
            (),
            |row| {
                Ok(EvaluationCount {
                    instance: ContentHash::from_bytes(row.get(0)?),
                    rule: row.get(1)?,
                    account_id: from_text(&row.get::<String>(2)?)?,
                    compliance: verdict(row.get(3)?)?,
                    count: row.get::<i64>(4)?.max(0) as u64,
                })
            },
        ))
    }
}
