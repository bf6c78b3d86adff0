-- The public schema of the history: versions, coverage and changes (docs/store.md).

-- The body of any version: the chain of differences is walked down to a whole body, and back up.
CREATE VIEW h_version_bodies AS
SELECT v.item, v.captured, v.sequence,
       (WITH RECURSIVE down (id, base, steps) AS (
            SELECT c.id, c.base, 0 FROM h_contents AS c WHERE c.id = v.content
            UNION ALL
            SELECT c.id, c.base, steps + 1 FROM down JOIN h_contents AS c ON c.id = down.base WHERE steps < 64),
        up (steps, body) AS (
            SELECT down.steps,
                   coalesce(haechi_body(c.body, c.size, c.dictionary),
                            haechi_body(c.body, c.size, c.dictionary,
                                        (SELECT d.body FROM h_dictionaries AS d WHERE d.id = c.dictionary)))
            FROM down JOIN h_contents AS c ON c.id = down.id WHERE down.base IS NULL
            UNION ALL
            SELECT up.steps - 1, haechi_difference(c.body, c.size, up.body)
            FROM up JOIN down ON down.steps = up.steps - 1 JOIN h_contents AS c ON c.id = down.id)
        SELECT body FROM up WHERE steps = 0) AS body
FROM h_versions AS v WHERE v.content IS NOT NULL;

-- Each version with the state of the one before: null where there is none.
CREATE VIEW h_steps AS
SELECT v.*, (SELECT b.status FROM h_versions AS b
             WHERE b.item = v.item AND (b.captured, b.sequence) < (v.captured, v.sequence)
             ORDER BY b.captured DESC, b.sequence DESC LIMIT 1) AS before
FROM h_versions AS v;

CREATE VIEW versions AS
SELECT s.organization, s.partition, s.account AS accountId, a.accountName, a.ouPath, s.region AS awsRegion,
       s.type AS resourceType, i.resource_id AS resourceId, i.name AS resourceName, i.arn,
       haechi_time(v.captured) AS capturedAt, haechi_time(v.recorded) AS recordedAt,
       haechi_time(max(v.captured, coalesce(v.confirmed, v.captured),
                       iif(v.captured = i.captured AND v.sequence = i.sequence,
                           coalesce(s.listed_at, v.captured), v.captured))) AS confirmedAt,
       CASE WHEN v.status = 0 AND coalesce(v.before, 3) >= 3 THEN 'ResourceDiscovered'
            WHEN v.status = 1 AND coalesce(v.before, 3) < 3 THEN 'OK'
            ELSE CASE v.status WHEN 0 THEN 'OK' WHEN 1 THEN 'ResourceDiscovered' WHEN 2 THEN 'ResourceNotRecorded'
                               WHEN 3 THEN 'ResourceDeleted' ELSE 'ResourceDeletedNotRecorded' END
       END AS configurationItemStatus,
       CASE WHEN v.status >= 3 THEN 'DELETE' WHEN coalesce(v.before, 3) >= 3 THEN 'CREATE' ELSE 'UPDATE' END AS changeType,
       v.run, (SELECT lower(hex(c.hash)) FROM h_contents AS c WHERE c.id = v.content) AS contentHash,
       coalesce(b.body -> 'tags', '{}') AS tags,
       b.body ->> 'availabilityZone' AS availabilityZone,
       b.body ->> 'resourceCreationTime' AS resourceCreationTime,
       b.body -> 'configuration' AS configuration,
       b.body -> 'supplementaryConfiguration' AS supplementaryConfiguration,
       b.body -> 'relationships' AS relationships
FROM h_steps AS v
JOIN h_items AS i ON i.id = v.item
JOIN h_scopes AS s ON s.id = i.scope
LEFT JOIN h_version_bodies AS b ON b.item = v.item AND b.captured = v.captured AND b.sequence = v.sequence
LEFT JOIN accounts AS a ON a.accountId = s.account;

CREATE VIEW coverage AS
SELECT s.organization, s.partition, s.account AS accountId, a.accountName, a.ouPath, s.region AS awsRegion,
       s.type AS resourceType, c.body ->> 'state' AS state, c.body ->> 'resources' AS resources,
       c.body ->> 'code' AS errorCode, coalesce(c.body ->> 'message', c.body ->> 'reason') AS reason,
       c.body ->> 'operation' AS operation, c.body ->> 'missingAction' AS missingAction,
       c.first_run AS firstRun, c.last_run AS lastRun,
       c.first_run = (SELECT max(n.first_run) FROM h_coverage AS n WHERE n.scope = c.scope) AS latest
FROM h_coverage AS c
JOIN h_scopes AS s ON s.id = c.scope
LEFT JOIN accounts AS a ON a.accountId = s.account;

CREATE VIEW changes AS
SELECT s.organization, s.partition, s.account AS accountId, a.accountName, a.ouPath, s.region AS awsRegion,
       s.type AS resourceType, x.resource_id AS resourceId, haechi_time(e.at) AS eventTime, e.name AS eventName,
       e.source AS eventSource, e.principal_arn AS principalArn, e.principal_type AS principalType,
       e.session_issuer AS sessionIssuer, e.source_ip AS sourceIPAddress, e.user_agent AS userAgent,
       e.error_code AS errorCode, e.event_id AS eventId, e.account AS eventAccountId, e.region AS eventRegion
FROM h_changes AS x
JOIN h_change_events AS e ON e.id = x.event
JOIN h_scopes AS s ON s.id = x.scope
LEFT JOIN accounts AS a ON a.accountId = s.account;
