-- What detections found in logs, one row a type, entity, account and region; and the state that detecting goes on from.
CREATE TABLE h_threats (
    id          BYTEA  PRIMARY KEY,
    type        TEXT COLLATE "C" NOT NULL,
    score       BIGINT NOT NULL,              -- GuardDuty's severity, in tenths
    account     TEXT COLLATE "C" NOT NULL,
    region      TEXT COLLATE "C" NOT NULL,
    entity_kind TEXT COLLATE "C" NOT NULL,
    entity      TEXT COLLATE "C" NOT NULL,
    first_seen  BIGINT NOT NULL,
    last_seen   BIGINT NOT NULL,
    count       BIGINT NOT NULL,
    sample      BIGINT NOT NULL,
    recorded    BIGINT NOT NULL,              -- when it was put here first
    body        TEXT COLLATE "C" NOT NULL     -- JSON: the whole threat
);
CREATE INDEX h_threats_seen ON h_threats (last_seen);

CREATE TABLE h_detect_state (
    part       BIGINT PRIMARY KEY,
    generation BIGINT NOT NULL,               -- one more at each write: two who write at once are told
    at         BIGINT NOT NULL,
    body       BYTEA  NOT NULL
);

-- Files and objects of logs that were read and kept: a hash of the name and the size.
CREATE TABLE h_log_files (
    id BYTEA  PRIMARY KEY,
    at BIGINT NOT NULL
);

-- People decide about threats too: the tables of decisions are not bound to one table of findings any more.
ALTER TABLE h_assignments DROP CONSTRAINT IF EXISTS h_assignments_finding_fkey;
ALTER TABLE h_comments DROP CONSTRAINT IF EXISTS h_comments_finding_fkey;

CREATE VIEW threats AS
SELECT encode(t.id, 'hex') AS id, t.type, t.score / 10.0 AS score,
       CASE WHEN t.score >= 90 THEN 'critical' WHEN t.score >= 70 THEN 'high' WHEN t.score >= 40 THEN 'medium'
            ELSE 'low' END AS severity,
       b.body ->> 'title' AS title, b.body ->> 'origin' AS origin, t.account AS accountId, a.accountName, a.ouPath,
       t.region AS awsRegion, t.entity_kind AS entityKind, t.entity, t.count,
       haechi_time(t.first_seen) AS firstSeen, haechi_time(t.last_seen) AS lastSeen,
       (SELECT assignee FROM h_assignments AS x WHERE x.finding = t.id ORDER BY x.id DESC LIMIT 1) AS assignee,
       coalesce(b.body -> 'attack', '[]') AS attack, coalesce(b.body -> 'factors', '[]') AS factors,
       b.body -> 'evidence' AS evidence, b.body -> 'message' AS message, t.sample
FROM h_threats AS t
JOIN (SELECT id, replace(body, '\u0000', '\u2400')::jsonb AS body FROM h_threats) AS b ON b.id = t.id
LEFT JOIN accounts AS a ON a.accountId = t.account;
