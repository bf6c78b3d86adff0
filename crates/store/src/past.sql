-- The public views as of a moment, for one query: temporary, and before the others of their names.
-- A body of the past is often a difference from a newer one: the chain is walked down to a whole body,
-- and back up from difference to difference.

CREATE TEMP VIEW h_past_versions AS
SELECT i.id, i.resource_id, v.captured, v.status, v.content, c.hash, i.scope
FROM main.h_items AS i
JOIN main.h_versions AS v ON v.item = i.id AND (v.captured, v.sequence) =
    (SELECT n.captured, n.sequence FROM main.h_versions AS n
     WHERE n.item = i.id AND n.captured <= :at ORDER BY n.captured DESC, n.sequence DESC LIMIT 1)
JOIN main.h_contents AS c ON c.id = v.content
WHERE v.status < 3;

CREATE TEMP VIEW h_past AS
SELECT p.id, p.resource_id, p.captured, p.status, p.hash, s.organization, s.partition, s.account, s.region, s.type,
       (WITH RECURSIVE down (id, base, steps) AS (
            SELECT c.id, c.base, 0 FROM main.h_contents AS c WHERE c.id = p.content
            UNION ALL
            SELECT c.id, c.base, steps + 1 FROM down JOIN main.h_contents AS c ON c.id = down.base WHERE steps < 64),
        up (steps, body) AS (
            SELECT down.steps,
                   coalesce(haechi_body(c.body, c.size, c.dictionary),
                            haechi_body(c.body, c.size, c.dictionary,
                                        (SELECT d.body FROM main.h_dictionaries AS d WHERE d.id = c.dictionary)))
            FROM down JOIN main.h_contents AS c ON c.id = down.id WHERE down.base IS NULL
            UNION ALL
            SELECT up.steps - 1, haechi_difference(c.body, c.size, up.body)
            FROM up JOIN down ON down.steps = up.steps - 1 JOIN main.h_contents AS c ON c.id = down.id)
        SELECT body FROM up WHERE steps = 0) AS body
FROM h_past_versions AS p
JOIN main.h_scopes AS s ON s.id = p.scope;

CREATE TEMP VIEW accounts AS
SELECT account AS accountId, name AS accountName, ou_path AS ouPath, body ->> 'state' AS state,
       body -> 'tags' AS tags, organization, haechi_time(as_of) AS asOf
FROM main.h_accounts AS a
WHERE as_of = (SELECT max(as_of) FROM main.h_accounts AS b WHERE b.account = a.account AND b.as_of <= :at);

CREATE TEMP VIEW resources AS
SELECT b.organization, b.partition, b.account AS accountId, a.accountName, a.ouPath, b.region AS awsRegion,
       b.type AS resourceType, b.resource_id AS resourceId, b.body ->> 'resourceName' AS resourceName,
       b.body ->> 'arn' AS arn, haechi_time(b.captured) AS configurationItemCaptureTime,
       CASE b.status WHEN 0 THEN 'OK' WHEN 1 THEN 'ResourceDiscovered' ELSE 'ResourceNotRecorded' END
           AS configurationItemStatus,
       lower(hex(b.hash)) AS contentHash, coalesce(b.body -> 'tags', '{}') AS tags,
       b.body ->> 'availabilityZone' AS availabilityZone,
       b.body ->> 'resourceCreationTime' AS resourceCreationTime,
       b.body -> 'configuration' AS configuration,
       b.body -> 'supplementaryConfiguration' AS supplementaryConfiguration,
       b.body -> 'relationships' AS relationships
FROM h_past AS b LEFT JOIN temp.accounts AS a ON a.accountId = b.account;

CREATE TEMP VIEW relationships AS
SELECT b.organization, b.partition, b.account AS accountId, b.region AS awsRegion, b.type AS resourceType,
       b.resource_id AS resourceId, r.value ->> 'relationshipName' AS relationshipName,
       r.value ->> 'resourceType' AS relatedType, r.value ->> 'resourceId' AS relatedId,
       r.value ->> 'resourceName' AS relatedName
FROM h_past AS b, json_each(b.body, '$.relationships') AS r;
