"""Makes the calls of `bench-collect haechi` with botocore: lists volumes, security groups and keys, and looks at each key.

Usage: botocore_collect.py ENDPOINT. Prints calls, resources, CPU seconds and peak memory of this process.
"""
import os
import resource
import sys

import botocore.session

session = botocore.session.get_session()


def client(service):
    return session.create_client(
        service,
        region_name="us-east-1",
        endpoint_url=sys.argv[1],
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


before = os.times()
calls = resources = 0
ec2, kms = client("ec2"), client("kms")
for operation, name in (("describe_volumes", "Volumes"), ("describe_security_groups", "SecurityGroups")):
    for page in ec2.get_paginator(operation).paginate():
        calls += 1
        resources += len(page[name])
aliases = {}
for page in kms.get_paginator("list_aliases").paginate():
    calls += 1
    for alias in page["Aliases"]:
        aliases.setdefault(alias.get("TargetKeyId"), []).append(alias["AliasName"])
for page in kms.get_paginator("list_keys").paginate():
    calls += 1
    for key in page["Keys"]:
        kms.describe_key(KeyId=key["KeyId"])
        kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")
        calls += 2
        resources += 1
after = os.times()
cpu = after.user + after.system - before.user - before.system
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(f"botocore: {resources} resources, {calls} calls, {cpu:.2f} s CPU, {after.elapsed - before.elapsed:.2f} s, {peak} MiB peak")
