-- Base tables are private and begin with h_; the views at the end are the public schema (docs/store.md).
-- Times are microseconds since 1970 in UTC. What is about a resource names its organization, account
-- and region through h_scopes.

CREATE TABLE h_runs (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    state     INTEGER NOT NULL,              -- 0 running, 1 committed, 2 interrupted
    info      TEXT    NOT NULL,              -- JSON: how it began
    finished  INTEGER,
    items     INTEGER NOT NULL DEFAULT 0,
    new       INTEGER NOT NULL DEFAULT 0,
    changed   INTEGER NOT NULL DEFAULT 0,
    same      INTEGER NOT NULL DEFAULT 0,
    older     INTEGER NOT NULL DEFAULT 0,
    deleted   INTEGER NOT NULL DEFAULT 0,
    summary   TEXT    NOT NULL DEFAULT 'null'
);

-- Where and what: every item, coverage, evaluation and finding points to one.
CREATE TABLE h_scopes (
    id           INTEGER PRIMARY KEY,
    organization TEXT NOT NULL,              -- '' when not known
    partition    TEXT NOT NULL,
    account      TEXT NOT NULL,
    region       TEXT NOT NULL,
    type         TEXT NOT NULL,
    listed_at    INTEGER,                    -- the newest complete listing: all current items stood then
    UNIQUE (type, account, region, partition)
);

CREATE TABLE h_dictionaries (
    id   INTEGER PRIMARY KEY,
    type TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL
);

-- Bodies by content hash: whole (base is null) or as a difference from another body.
CREATE TABLE h_contents (
    id         INTEGER PRIMARY KEY,
    hash       BLOB    NOT NULL UNIQUE,
    dictionary INTEGER REFERENCES h_dictionaries (id),
    base       INTEGER REFERENCES h_contents (id),
    height     INTEGER NOT NULL,             -- the longest chain of differences that rests on it
    size       INTEGER NOT NULL,             -- bytes when inflated
    body       BLOB    NOT NULL
);

CREATE TABLE h_items (
    id          INTEGER PRIMARY KEY,
    scope       INTEGER NOT NULL REFERENCES h_scopes (id),
    resource_id TEXT    NOT NULL,
    name        TEXT,
    arn         TEXT,
    tags        TEXT,                        -- JSON object; null when there are none
    captured    INTEGER NOT NULL,            -- with sequence: its version
    sequence    INTEGER NOT NULL,
    status      INTEGER NOT NULL,            -- 0 to 2 it is there, from 3 on it is gone
    hash        BLOB    NOT NULL,
    content     INTEGER REFERENCES h_contents (id),  -- the last body, of a deleted item too
    UNIQUE (scope, resource_id)
);

CREATE TABLE h_versions (
    item     INTEGER NOT NULL REFERENCES h_items (id),
    captured INTEGER NOT NULL,               -- valid time
    sequence INTEGER NOT NULL,               -- tells versions of one moment apart
    recorded INTEGER NOT NULL,               -- record time
    run      INTEGER NOT NULL REFERENCES h_runs (id),
    confirmed INTEGER,                       -- it still stood then, when that is known and later than captured
    status   INTEGER NOT NULL,
    content  INTEGER REFERENCES h_contents (id),     -- null for a deletion
    seen     TEXT,                           -- members that are about the seeing, when they say more than the columns
    PRIMARY KEY (item, captured, sequence)
) WITHOUT ROWID;

-- One row stands for all runs from first_run to last_run that saw the same.
CREATE TABLE h_coverage (
    scope     INTEGER NOT NULL REFERENCES h_scopes (id),
    first_run INTEGER NOT NULL REFERENCES h_runs (id),
    last_run  INTEGER NOT NULL REFERENCES h_runs (id),
    body      TEXT    NOT NULL,              -- JSON: state, gap, number of resources
    PRIMARY KEY (scope, first_run)
) WITHOUT ROWID;

CREATE TABLE h_accounts (
    account      TEXT    NOT NULL,
    as_of        INTEGER NOT NULL,
    organization TEXT    NOT NULL,
    name         TEXT,
    ou_path      TEXT,
    body         TEXT    NOT NULL,           -- JSON: the whole account
    PRIMARY KEY (account, as_of)
) WITHOUT ROWID;

CREATE TABLE h_instances (
    id       INTEGER PRIMARY KEY,
    instance BLOB NOT NULL UNIQUE,
    rule     TEXT NOT NULL,
    body     TEXT NOT NULL                   -- JSON: the whole rule instance
);

CREATE TABLE h_packs (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL                       -- JSON: source and rules
) WITHOUT ROWID;

CREATE TABLE h_evaluations (
    instance     INTEGER NOT NULL REFERENCES h_instances (id),
    scope        INTEGER NOT NULL REFERENCES h_scopes (id),
    resource_id  TEXT    NOT NULL,
    compliance   INTEGER NOT NULL,
    holds_until  INTEGER,
    evaluated_at INTEGER NOT NULL,
    run          INTEGER NOT NULL REFERENCES h_runs (id),
    body         TEXT    NOT NULL,           -- JSON: message, evidence, reads
    PRIMARY KEY (instance, scope, resource_id)
) WITHOUT ROWID;

CREATE TABLE h_findings (
    id           BLOB    PRIMARY KEY,
    scope        INTEGER NOT NULL REFERENCES h_scopes (id),
    resource_id  TEXT    NOT NULL,
    rule         TEXT    NOT NULL,
    instance     BLOB    NOT NULL,
    severity     INTEGER NOT NULL,
    open         INTEGER NOT NULL,           -- 1 open, 0 resolved
    last_seen    INTEGER NOT NULL,
    opened_run   INTEGER NOT NULL REFERENCES h_runs (id),
    resolved_run INTEGER REFERENCES h_runs (id)
) WITHOUT ROWID;

-- Apart from the hot columns: a finding that is merely seen again rewrites only those.
CREATE TABLE h_finding_bodies (
    id   BLOB PRIMARY KEY REFERENCES h_findings (id),
    body TEXT NOT NULL                       -- JSON: the finding without lastSeen
) WITHOUT ROWID;

CREATE TABLE h_suppressions (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    filter    TEXT    NOT NULL,
    reason    TEXT    NOT NULL,
    owner     TEXT    NOT NULL,
    created   INTEGER NOT NULL,
    expires   INTEGER,
    lifted_at INTEGER,
    lifted_by TEXT
);

CREATE TABLE h_assignments (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    finding  BLOB    NOT NULL REFERENCES h_findings (id),
    assignee TEXT,                           -- null: no one any more
    by       TEXT    NOT NULL,
    at       INTEGER NOT NULL
);
CREATE INDEX h_assignments_finding ON h_assignments (finding);

CREATE TABLE h_comments (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    finding BLOB    NOT NULL REFERENCES h_findings (id),
    by      TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    text    TEXT    NOT NULL
);
CREATE INDEX h_comments_finding ON h_comments (finding);

CREATE TABLE h_attestations (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    subject  TEXT    NOT NULL,
    who      TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    evidence TEXT    NOT NULL,
    expires  INTEGER,
    accounts TEXT    NOT NULL                -- JSON array; empty for all
);

-- The public schema. haechi_body inflates a body; a dictionary that is not known yet is handed to it once.

CREATE VIEW accounts AS
SELECT account AS accountId, name AS accountName, ou_path AS ouPath, body ->> 'state' AS state,
       body -> 'tags' AS tags, organization, haechi_time(as_of) AS asOf
FROM h_accounts AS a
WHERE as_of = (SELECT max(as_of) FROM h_accounts AS b WHERE b.account = a.account);

CREATE VIEW h_bodies AS
SELECT i.id, i.resource_id, i.name, i.arn, i.tags, i.captured, i.status, i.hash,
       s.organization, s.partition, s.account, s.region, s.type,
       coalesce(haechi_body(c.body, c.size, c.dictionary),
                haechi_body(c.body, c.size, c.dictionary,
                            (SELECT d.body FROM h_dictionaries AS d WHERE d.id = c.dictionary))) AS body
FROM h_items AS i
JOIN h_scopes AS s ON s.id = i.scope
JOIN h_contents AS c ON c.id = i.content
WHERE i.status < 3;

CREATE VIEW resources AS
SELECT b.organization, b.partition, b.account AS accountId, a.accountName, a.ouPath, b.region AS awsRegion,
       b.type AS resourceType, b.resource_id AS resourceId, b.name AS resourceName, b.arn,
       haechi_time(b.captured) AS configurationItemCaptureTime,
       CASE b.status WHEN 0 THEN 'OK' WHEN 1 THEN 'ResourceDiscovered' ELSE 'ResourceNotRecorded' END
           AS configurationItemStatus,
       lower(hex(b.hash)) AS contentHash, coalesce(b.tags, '{}') AS tags,
       b.body ->> 'availabilityZone' AS availabilityZone,
       b.body ->> 'resourceCreationTime' AS resourceCreationTime,
       b.body -> 'configuration' AS configuration,
       b.body -> 'supplementaryConfiguration' AS supplementaryConfiguration,
       b.body -> 'relationships' AS relationships
FROM h_bodies AS b LEFT JOIN accounts AS a ON a.accountId = b.account;

CREATE VIEW relationships AS
SELECT b.organization, b.partition, b.account AS accountId, b.region AS awsRegion, b.type AS resourceType,
       b.resource_id AS resourceId, r.value ->> 'relationshipName' AS relationshipName,
       r.value ->> 'resourceType' AS relatedType, r.value ->> 'resourceId' AS relatedId,
       r.value ->> 'resourceName' AS relatedName
FROM h_bodies AS b, json_each(b.body, '$.relationships') AS r;

CREATE VIEW findings AS
SELECT lower(hex(f.id)) AS id, b.body ->> 'kind' AS kind, f.rule, lower(hex(f.instance)) AS ruleInstance,
       s.organization, s.partition, s.account AS accountId, b.body ->> '$.subject.accountName' AS accountName,
       b.body ->> '$.subject.ouPath' AS ouPath, s.region AS awsRegion, s.type AS resourceType,
       f.resource_id AS resourceId, b.body ->> '$.subject.resourceName' AS resourceName,
       b.body ->> '$.subject.arn' AS arn, b.body ->> '$.subject.owner' AS owner,
       b.body ->> 'severity' AS severity, b.body ->> 'status' AS status, b.body ->> 'because' AS because,
       b.body ->> 'firstSeen' AS firstSeen, haechi_time(f.last_seen) AS lastSeen, b.body ->> 'due' AS due,
       b.body ->> 'resolvedAt' AS resolvedAt, b.body ->> 'reopened' AS reopened,
       (SELECT assignee FROM h_assignments AS x WHERE x.finding = f.id ORDER BY x.id DESC LIMIT 1) AS assignee,
       coalesce(b.body -> 'controls', '[]') AS controls, b.body -> 'message' AS message,
       coalesce(b.body -> 'evidence', '[]') AS evidence, coalesce(b.body -> 'parameters', '{}') AS parameters,
       f.opened_run AS openedRun, f.resolved_run AS resolvedRun
FROM h_findings AS f
JOIN h_finding_bodies AS b ON b.id = f.id
JOIN h_scopes AS s ON s.id = f.scope;
