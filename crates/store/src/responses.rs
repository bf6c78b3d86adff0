//! Plans of changes to AWS, who approved them, and what was done: written before each call and after it, never
//! overwritten by a later attempt.

use haechi_model::{ContentHash, Timestamp};
use rusqlite::params;
use serde_json::Value;

use crate::Result;
use crate::database::Row;
use crate::error::StoreError;
use crate::fault::{Fault, from_json, to_json};
use crate::findings::id_range;
use crate::lock::{RunLock, beside};
use crate::open::{Kind, Store};
use crate::open_postgres::AdvisoryLock;

/// A plan as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPlan {
    /// The hash of the body.
    pub id: ContentHash,
    pub playbook: String,
    pub account: String,
    pub region: String,
    /// The id of what it answers to.
    pub finding: Option<String>,
    pub made: Timestamp,
    /// What the playbook's limit is counted for.
    pub limit_key: Option<String>,
    /// When its undo is due.
    pub due: Option<Timestamp>,
    /// The plan's own text.
    pub body: String,
}

/// Who let a plan be applied, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    pub who: String,
    pub reason: String,
    pub at: Timestamp,
}

/// One attempt at one step.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanRecord {
    pub step: i64,
    pub deed: String,
    pub outcome: String,
    pub began: Timestamp,
    pub ended: Option<Timestamp>,
    pub body: Value,
}

/// Held while a plan is applied or undone: one at a time in a store.
#[derive(Debug)]
pub struct ResponseLock {
    _lock: Held,
}

enum Held {
    Nothing,
    File(#[expect(dead_code, reason = "held, not read")] RunLock),
    Postgres(#[expect(dead_code, reason = "held, not read")] AdvisoryLock),
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Held")
    }
}

const PLAN: &str = "SELECT id, playbook, account, region, finding, made, limit_key, due, body FROM h_plans";

fn plan_of(row: &Row<'_>) -> Result<StoredPlan, Fault> {
    let time = |micros: Option<i64>| micros.map(Timestamp::from_micros);
    Ok(StoredPlan {
        id: ContentHash::from_bytes(row.get(0)?),
        playbook: row.get(1)?,
        account: row.get(2)?,
        region: row.get(3)?,
        finding: row.get(4)?,
        made: Timestamp::from_micros(row.get(5)?),
        limit_key: row.get(6)?,
        due: time(row.get(7)?),
        body: row.get(8)?,
    })
}

impl Store {
    /// Keeps a plan; one that is there already stays as it is.
    pub fn put_plan(&mut self, plan: &StoredPlan) -> Result<()> {
        let written = self.in_transaction(|connection| {
            connection.execute(
                "INSERT INTO h_plans (id, playbook, account, region, finding, made, limit_key, due, body)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                params![
                    plan.id.bytes(),
                    plan.playbook,
                    plan.account,
                    plan.region,
                    plan.finding,
                    plan.made.as_micros(),
                    plan.limit_key,
                    plan.due.map(Timestamp::as_micros),
                    plan.body
                ],
            )?;
            Ok(())
        });
        self.told(written)
    }

    /// A plan by its id or as much of its beginning as is unique.
    pub fn plan(&self, id_or_prefix: &str) -> Result<StoredPlan> {
        let found = self.snapshot(|| {
            let (from, to) = id_range(id_or_prefix)?;
            self.all(&format!("{PLAN} WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 5"), params![from, to], plan_of)
        });
        let mut found = found?;
        let wanted = id_or_prefix.to_owned();
        match found.len() {
            0 => Err(StoreError::NotFound { what: "plan", wanted }),
            1 => Ok(found.remove(0)),
            number => {
                let examples = found.iter().map(|plan| plan.id.to_string()).collect();
                Err(StoreError::Ambiguous { what: "plan", wanted, found: number, examples })
            }
        }
    }

    /// All plans, the newest first.
    pub fn plans(&self) -> Result<Vec<StoredPlan>> {
        self.told(self.all(&format!("{PLAN} ORDER BY made DESC, id"), (), plan_of))
    }

    /// The plans that a limit counts.
    pub fn plans_of_limit(&self, limit_key: &str) -> Result<Vec<StoredPlan>> {
        self.told(self.all(&format!("{PLAN} WHERE limit_key = ? ORDER BY made, id"), [limit_key], plan_of))
    }

    /// Says when the undo of a plan is due; none: never.
    pub fn set_plan_due(&mut self, plan: ContentHash, due: Option<Timestamp>) -> Result<()> {
        let written = self.in_transaction(|connection| {
            let due = due.map(Timestamp::as_micros);
            connection.execute("UPDATE h_plans SET due = ? WHERE id = ?", params![due, plan.bytes()])?;
            Ok(())
        });
        self.told(written)
    }

    pub fn approve_plan(&mut self, plan: ContentHash, approval: &Approval) -> Result<()> {
        let written = self.in_transaction(|connection| {
            connection.execute(
                "INSERT INTO h_plan_approvals (plan, who, reason, at) VALUES (?, ?, ?, ?)",
                params![plan.bytes(), approval.who, approval.reason, approval.at.as_micros()],
            )?;
            Ok(())
        });
        self.told(written)
    }

    /// The approvals of a plan, oldest first.
    pub fn plan_approvals(&self, plan: ContentHash) -> Result<Vec<Approval>> {
        self.told(self.all(
            "SELECT who, reason, at FROM h_plan_approvals WHERE plan = ? ORDER BY id",
            [plan.bytes()],
            |row| Ok(Approval { who: row.get(0)?, reason: row.get(1)?, at: Timestamp::from_micros(row.get(2)?) }),
        ))
    }

    /// A call is about to be made; the number is the record's. It is on disk when this returns.
    pub fn begin_plan_record(&mut self, plan: ContentHash, record: &PlanRecord) -> Result<i64> {
        let written = self.in_transaction(|connection| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO h_plan_records (plan, step, deed, outcome, began, ended, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
            )?;
            Ok(insert.insert(params![
                plan.bytes(),
                record.step,
                record.deed,
                record.outcome,
                record.began.as_micros(),
                record.ended.map(Timestamp::as_micros),
                to_json(&record.body)?
            ])?)
        });
        self.told(written)
    }

    /// What came of it.
    pub fn end_plan_record(&mut self, number: i64, record: &PlanRecord) -> Result<()> {
        let written = self.in_transaction(|connection| {
            let ended = record.ended.map(Timestamp::as_micros);
            let changed = connection.execute(
                "UPDATE h_plan_records SET outcome = ?, ended = ?, body = ? WHERE id = ?",
                params![record.outcome, ended, to_json(&record.body)?, number],
            )?;
            match changed {
                1 => Ok(()),
                _ => Err(StoreError::NotFound { what: "record", wanted: number.to_string() }.into()),
            }
        });
        self.told(written)
    }

    /// What was done of a plan, in the order in which it was begun.
    pub fn plan_records(&self, plan: ContentHash) -> Result<Vec<PlanRecord>> {
        self.told(self.all(
            "SELECT step, deed, outcome, began, ended, body FROM h_plan_records WHERE plan = ? ORDER BY id",
            [plan.bytes()],
            |row| {
                Ok(PlanRecord {
                    step: row.get(0)?,
                    deed: row.get(1)?,
                    outcome: row.get(2)?,
                    began: Timestamp::from_micros(row.get(3)?),
                    ended: row.get::<Option<i64>>(4)?.map(Timestamp::from_micros),
                    body: from_json(&row.get::<String>(5)?, "a record of a plan")?,
                })
            },
        ))
    }

    /// Waits until nobody else applies or undoes a plan of this store, but not for ever.
    pub fn lock_responses(&self) -> Result<ResponseLock> {
        let held = match self.kind {
            Kind::Memory => Held::Nothing,
            Kind::File => Held::File(RunLock::take(&beside(&self.path, "-respond"), self.patience)?),
            Kind::Postgres => Held::Postgres(self.told(self.responding_lock())?),
        };
        Ok(ResponseLock { _lock: held })
    }
}
