"""Answers queries over JSON lines with DuckDB: a JSON object a line in, one out. Times only the query itself.

The columns are named with their types, so that DuckDB guesses nothing; it reads of each line what a query
needs. With a `table` the lines are loaded first, which is timed by itself.
"""

import json
import resource
import sys
import time

import duckdb

COLUMNS = {name: "VARCHAR" for name in (
    "accountId", "awsRegion", "resourceType", "resourceId", "resourceName", "arn", "availabilityZone",
    "resourceCreationTime", "configurationItemCaptureTime",
)} | {name: "JSON" for name in ("configuration", "supplementaryConfiguration", "relationships", "tags")}


def used():
    """Seconds of processor time of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main():
    path, threads = sys.argv[1], int(sys.argv[2])
    database = duckdb.connect(config={"threads": threads})
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS.items())
    lines = f"read_json('{path}', format = 'newline_delimited', columns = {{{columns}}}, maximum_object_size = 67108864)"
    for line in sys.stdin:
        asked = json.loads(line)
        begun, before = time.perf_counter(), used()
        if asked.get("load"):
            database.execute(f"CREATE OR REPLACE TABLE items AS SELECT * FROM {lines}")
            rows = []
        else:
            sql = asked["sql"].replace("{items}", "items" if asked.get("table") else lines)
            rows = database.execute(sql).fetchall()
        seconds = time.perf_counter() - begun
        cpu = used() - before
        print(json.dumps({"seconds": seconds, "cpu": cpu, "rows": rows, "version": duckdb.__version__}, default=str), flush=True)


main()
