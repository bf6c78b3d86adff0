-- Plans of changes, who approved them, what was done call by call; and notices that go out at least once.
CREATE TABLE h_plans (
    id        BYTEA  PRIMARY KEY,             -- the hash of the body
    playbook  TEXT COLLATE "C" NOT NULL,
    account   TEXT COLLATE "C" NOT NULL,
    region    TEXT COLLATE "C" NOT NULL,
    finding   TEXT COLLATE "C",               -- the id of what it answers to
    made      BIGINT NOT NULL,
    limit_key TEXT COLLATE "C",               -- what the playbook's limit is counted for
    due       BIGINT,                         -- when its undo is due; set when it is applied
    body      TEXT COLLATE "C" NOT NULL       -- JSON: the whole plan
);
CREATE INDEX h_plans_limit ON h_plans (limit_key);

CREATE TABLE h_plan_approvals (
    id     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan   BYTEA  NOT NULL REFERENCES h_plans,
    who    TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    at     BIGINT NOT NULL
);
CREATE INDEX h_plan_approvals_plan ON h_plan_approvals (plan);

-- One row an attempt at a step, written before the call and completed after it.
CREATE TABLE h_plan_records (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan    BYTEA  NOT NULL REFERENCES h_plans,
    step    BIGINT NOT NULL,
    deed    TEXT COLLATE "C" NOT NULL,        -- apply, undo
    outcome TEXT COLLATE "C" NOT NULL,        -- unknown until the end is written
    began   BIGINT NOT NULL,
    ended   BIGINT,
    body    TEXT COLLATE "C" NOT NULL         -- JSON: the call, the state before and after, the answer
);
CREATE INDEX h_plan_records_plan ON h_plan_records (plan);

CREATE TABLE h_notices (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    destination TEXT COLLATE "C" NOT NULL,
    event       TEXT COLLATE "C" NOT NULL,    -- the event's id: one notice of it a destination
    finding     TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL,    -- waiting, delivered, dead
    attempts    BIGINT NOT NULL,
    made        BIGINT NOT NULL,
    next        BIGINT NOT NULL,              -- not before this moment
    delivered   BIGINT,
    error       TEXT COLLATE "C",
    body        TEXT COLLATE "C" NOT NULL,    -- JSON: the event
    UNIQUE (destination, event)
);
CREATE INDEX h_notices_state ON h_notices (state, next);
