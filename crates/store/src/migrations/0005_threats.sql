-- What detections found in logs, one row a type, entity, account and region; and the state that detecting goes on from.
CREATE TABLE h_threats (
    id          BLOB    PRIMARY KEY,
    type        TEXT    NOT NULL,
    score       INTEGER NOT NULL,             -- GuardDuty's severity, in tenths
    account     TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    entity_kind TEXT    NOT NULL,
    entity      TEXT    NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    sample      INTEGER NOT NULL,
    recorded    INTEGER NOT NULL,             -- when it was put here first
    body        TEXT    NOT NULL              -- JSON: the whole threat
) WITHOUT ROWID;
CREATE INDEX h_threats_seen ON h_threats (last_seen);

CREATE TABLE h_detect_state (
    part       INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,              -- one more at each write: two who write at once are told
    at         INTEGER NOT NULL,
    body       BLOB    NOT NULL
);

-- Files and objects of logs that were read and kept: a hash of the name and the size.
CREATE TABLE h_log_files (
    id BLOB    PRIMARY KEY,
    at INTEGER NOT NULL
) WITHOUT ROWID;

-- People decide about threats too: the tables of decisions are not bound to one table of findings any more.
CREATE TEMP TABLE moved_assignments AS SELECT * FROM h_assignments;
DROP TABLE h_assignments;
CREATE TABLE h_assignments (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    finding  BLOB    NOT NULL,
    assignee TEXT,                           -- null: no one any more
    by       TEXT    NOT NULL,
    at       INTEGER NOT NULL
);
INSERT INTO h_assignments SELECT * FROM temp.moved_assignments;
DROP TABLE temp.moved_assignments;
CREATE INDEX h_assignments_finding ON h_assignments (finding);

CREATE TEMP TABLE moved_comments AS SELECT * FROM h_comments;
DROP TABLE h_comments;
CREATE TABLE h_comments (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    finding BLOB    NOT NULL,
    by      TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    text    TEXT    NOT NULL
);
INSERT INTO h_comments SELECT * FROM temp.moved_comments;
DROP TABLE temp.moved_comments;
CREATE INDEX h_comments_finding ON h_comments (finding);

CREATE VIEW threats AS
SELECT lower(hex(t.id)) AS id, t.type, t.score / 10.0 AS score,
       CASE WHEN t.score >= 90 THEN 'critical' WHEN t.score >= 70 THEN 'high' WHEN t.score >= 40 THEN 'medium'
            ELSE 'low' END AS severity,
       t.body ->> 'title' AS title, t.body ->> 'origin' AS origin, t.account AS accountId, a.accountName, a.ouPath,
       t.region AS awsRegion, t.entity_kind AS entityKind, t.entity, t.count,
       haechi_time(t.first_seen) AS firstSeen, haechi_time(t.last_seen) AS lastSeen,
       (SELECT assignee FROM h_assignments AS x WHERE x.finding = t.id ORDER BY x.id DESC LIMIT 1) AS assignee,
       coalesce(t.body -> 'attack', '[]') AS attack, coalesce(t.body -> 'factors', '[]') AS factors,
       t.body -> 'evidence' AS evidence, t.body -> 'message' AS message, t.sample
FROM h_threats AS t
LEFT JOIN accounts AS a ON a.accountId = t.account;
