"""Filters and groups logs with DuckDB: one question over one folder, one JSON object as the answer.

duckdb_logs.py native|lines|flow FOLDER THREADS. Columns are named with their types, so that DuckDB guesses nothing.
"""

import json
import resource
import sys
import time

import duckdb

EVENT = {name: "VARCHAR" for name in (
    "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent", "errorCode", "errorMessage",
    "requestID", "eventID", "eventType", "recipientAccountId", "eventCategory",
)} | {name: "JSON" for name in ("userIdentity", "requestParameters", "responseElements", "resources")}

DENIED = """
    SELECT {source}, {name}, {code}, count(*) FROM {events}
    WHERE {code} IN ('AccessDenied', 'Client.UnauthorizedOperation') GROUP BY ALL ORDER BY ALL
"""

FLOW = {
    "version": "VARCHAR", "account-id": "VARCHAR", "interface-id": "VARCHAR", "srcaddr": "VARCHAR", "dstaddr": "VARCHAR",
    "srcport": "VARCHAR", "dstport": "VARCHAR", "protocol": "VARCHAR", "packets": "VARCHAR", "bytes": "VARCHAR",
    "start": "BIGINT", "end": "BIGINT", "action": "VARCHAR", "log-status": "VARCHAR",
}


def question(what, folder):
    """The query; of the question of flows only a count of its groups and their sum is told."""
    if what == "native":
        fields = ", ".join(f"{name} {kind}" for name, kind in EVENT.items())
        files = f"""(SELECT unnest(Records) AS r FROM read_json('{folder}/cloudtrail/**/*.json.gz',
            columns = {{Records: 'STRUCT({fields})[]'}}))"""
        return DENIED.format(source="r.eventSource", name="r.eventName", code="r.errorCode", events=files)
    if what == "lines":
        columns = ", ".join(f"{name}: '{kind}'" for name, kind in EVENT.items())
        files = f"""read_json('{folder}/lines/*.jsonl.gz', format = 'newline_delimited', columns = {{{columns}}})"""
        return DENIED.format(source="eventSource", name="eventName", code="errorCode", events=files)
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in FLOW.items())
    return f"""SELECT count(*), sum(n) FROM (SELECT srcaddr, dstport, count(*) AS n
        FROM read_csv('{folder}/flow/**/*.log.gz', delim = ' ', header = true, columns = {{{columns}}})
        WHERE action = 'REJECT' GROUP BY ALL)"""


def main():
    what, folder, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    database = duckdb.connect(config={"threads": threads})
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    rows = database.execute(question(what, folder)).fetchall()
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({
        "wall": wall, "cpu": cpu, "peak": after.ru_maxrss * 1024, "rows": rows, "version": duckdb.__version__,
    }, default=int))


main()
