-- Plans of changes, who approved them, what was done call by call; and notices that go out at least once.
CREATE TABLE h_plans (
    id        BLOB    PRIMARY KEY,            -- the hash of the body
    playbook  TEXT    NOT NULL,
    account   TEXT    NOT NULL,
    region    TEXT    NOT NULL,
    finding   TEXT,                           -- the id of what it answers to
    made      INTEGER NOT NULL,
    limit_key TEXT,                           -- what the playbook's limit is counted for
    due       INTEGER,                        -- when its undo is due; set when it is applied
    body      TEXT    NOT NULL                -- JSON: the whole plan
) WITHOUT ROWID;
CREATE INDEX h_plans_limit ON h_plans (limit_key);

CREATE TABLE h_plan_approvals (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    plan   BLOB    NOT NULL REFERENCES h_plans,
    who    TEXT    NOT NULL,
    reason TEXT    NOT NULL,
    at     INTEGER NOT NULL
);
CREATE INDEX h_plan_approvals_plan ON h_plan_approvals (plan);

-- One row an attempt at a step, written before the call and completed after it.
CREATE TABLE h_plan_records (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    plan    BLOB    NOT NULL REFERENCES h_plans,
    step    INTEGER NOT NULL,
    deed    TEXT    NOT NULL,                 -- apply, undo
    outcome TEXT    NOT NULL,                 -- unknown until the end is written
    began   INTEGER NOT NULL,
    ended   INTEGER,
    body    TEXT    NOT NULL                  -- JSON: the call, the state before and after, the answer
);
CREATE INDEX h_plan_records_plan ON h_plan_records (plan);

CREATE TABLE h_notices (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    destination TEXT    NOT NULL,
    event       TEXT    NOT NULL,             -- the event's id: one notice of it a destination
    finding     TEXT    NOT NULL,
    state       TEXT    NOT NULL,             -- waiting, delivered, dead
    attempts    INTEGER NOT NULL,
    made        INTEGER NOT NULL,
    next        INTEGER NOT NULL,             -- not before this moment
    delivered   INTEGER,
    error       TEXT,
    body        TEXT    NOT NULL,             -- JSON: the event
    UNIQUE (destination, event)
);
CREATE INDEX h_notices_state ON h_notices (state, next);
