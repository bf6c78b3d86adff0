-- History: who changed what, what points to a resource, and where a name is found.

-- 32 bits of the hash of each id, ARN and name of a resource, current or past: where to look, not an answer.
CREATE TABLE h_names (
    name INTEGER NOT NULL,
    item INTEGER NOT NULL,
    PRIMARY KEY (name, item)
) WITHOUT ROWID;

-- The same for what a resource says that it is related to, in any of its versions.
CREATE TABLE h_relations (
    target INTEGER NOT NULL,
    item   INTEGER NOT NULL,
    PRIMARY KEY (target, item)
) WITHOUT ROWID;

-- CloudTrail events that changed resources.
CREATE TABLE h_change_events (
    id             INTEGER PRIMARY KEY,
    event_id       TEXT    NOT NULL UNIQUE,
    at             INTEGER NOT NULL,
    name           TEXT    NOT NULL,
    source         TEXT    NOT NULL,
    principal_arn  TEXT,
    principal_type TEXT,
    session_issuer TEXT,
    source_ip      TEXT,
    user_agent     TEXT,
    error_code     TEXT,
    region         TEXT    NOT NULL,
    account        TEXT    NOT NULL
);

CREATE TABLE h_changes (
    scope       INTEGER NOT NULL REFERENCES h_scopes (id),
    resource_id TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    event       INTEGER NOT NULL,            -- in h_change_events
    PRIMARY KEY (scope, resource_id, at, event)
) WITHOUT ROWID;
