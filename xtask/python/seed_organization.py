#!/usr/bin/env python3
"""Fills a mock AWS API with an organization of three units and six member accounts, each with something in it,
and changes it in a second step. The manifest says what was made and what was changed; it knows nothing of Haechi.

usage: seed_organization.py --endpoint http://127.0.0.1:5000 --step first|second --manifest FILE
"""
import argparse
import json

import boto3
from botocore.config import Config

ROLE = "HaechiAudit"
HOME, SECOND = "us-east-1", "eu-west-1"
UNITS = ("Security", "Workloads", "Sandbox")
ACCOUNTS = (("log-archive", "Security"), ("audit", "Security"), ("shop-prod", "Workloads"), ("shop-test", "Workloads"),
            ("data", "Workloads"), ("playground", "Sandbox"))
CLOSED = "retired"
GUARD = {"Version": "2012-10-17", "Statement": [{
    "Sid": "KeepTrails", "Effect": "Deny", "Action": ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail"], "Resource": "*"}]}
SSH = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


class Organization:
    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=60)
        self.sessions = {}

    def client(self, service, account=None, region=HOME):
        return self.session(account).client(service, endpoint_url=self.endpoint, region_name=region, config=self.config)

    def session(self, account):
        if account not in self.sessions:
            if account is None:
                session = boto3.Session("testing", "testing", region_name=HOME)
            else:
                answer = self.client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/{ROLE}", RoleSessionName="seed")
                keys = answer["Credentials"]
                session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=HOME)
            self.sessions[account] = session
        return self.sessions[account]

    def first(self):
        organizations = self.client("organizations")
        made = organizations.create_organization(FeatureSet="ALL")["Organization"]
        root = organizations.list_roots()["Roots"][0]["Id"]
        organizations.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
        units = {name: organizations.create_organizational_unit(ParentId=root, Name=name)["OrganizationalUnit"]["Id"]
                 for name in UNITS}
        guard = organizations.create_policy(Name="keep-trails", Description="Trails stay", Type="SERVICE_CONTROL_POLICY",
                                            Content=json.dumps(GUARD))["Policy"]["PolicySummary"]["Id"]
        organizations.attach_policy(PolicyId=guard, TargetId=units["Workloads"])
        accounts = {}
        for name, unit in (*ACCOUNTS, (CLOSED, "Sandbox")):
            account = organizations.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]["AccountId"]
            organizations.move_account(AccountId=account, SourceParentId=root, DestinationParentId=units[unit])
            organizations.tag_resource(ResourceId=account, Tags=[{"Key": "stage", "Value": unit.lower()}])
            accounts[name] = {"id": account, "unit": unit}
        organizations.close_account(AccountId=accounts[CLOSED]["id"])
        for name, _ in ACCOUNTS:
            accounts[name]["resources"] = self.fill(name, accounts[name]["id"])
        return {"organization": made["Id"], "management": made["MasterAccountId"], "root": root, "units": units,
                "policy": guard, "accounts": accounts}

    def fill(self, name, account):
        ec2 = self.client("ec2", account)
        network = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=network, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="web", Description="web", VpcId=network)["GroupId"]
        instance = ec2.run_instances(
            ImageId="ami-12c6146b", InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=subnet, SecurityGroupIds=[group],
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "env", "Value": "prod"}, {"Key": "name", "Value": name}]}],
        )["Instances"][0]["InstanceId"]
        volume = ec2.create_volume(AvailabilityZone=f"{HOME}a", Size=8, Encrypted=False)["VolumeId"]
        far = self.client("ec2", account, SECOND).create_volume(AvailabilityZone=f"{SECOND}a", Size=4, Encrypted=True)["VolumeId"]
        bucket = f"{name}-records"
        self.client("s3", account).create_bucket(Bucket=bucket)
        user = f"{name}-robot"
        self.client("iam", account).create_user(UserName=user)
        key = self.client("kms", account).create_key(Description=name)["KeyMetadata"]["KeyId"]
        table = f"{name}-orders"
        self.client("dynamodb", account).create_table(
            TableName=table, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
        self.client("sns", account).create_topic(Name=f"{name}-alerts")
        self.client("sqs", account).create_queue(QueueName=f"{name}-work")
        return {"vpc": network, "subnet": subnet, "group": group, "instance": instance, "volume": volume, "far": far,
                "bucket": bucket, "user": user, "key": key, "table": table}

    def second(self, manifest):
        accounts = manifest["accounts"]

        def of(name, service, region=HOME):
            return self.client(service, accounts[name]["id"], region)

        things = {name: account.get("resources", {}) for name, account in accounts.items()}
        of("shop-prod", "ec2").authorize_security_group_ingress(GroupId=things["shop-prod"]["group"], IpPermissions=SSH)
        of("shop-test", "ec2").create_tags(Resources=[things["shop-test"]["instance"]], Tags=[{"Key": "env", "Value": "test"}])
        of("data", "s3").delete_bucket(Bucket=things["data"]["bucket"])
        of("audit", "ec2", SECOND).delete_volume(VolumeId=things["audit"]["far"])
        of("playground", "iam").create_user(UserName="newcomer")
        units = manifest["units"]
        self.client("organizations").move_account(
            AccountId=accounts["playground"]["id"], SourceParentId=units["Sandbox"], DestinationParentId=units["Workloads"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--step", choices=("first", "second"), required=True)
    parser.add_argument("--manifest", required=True)
    arguments = parser.parse_args()
    organization = Organization(arguments.endpoint)
    if arguments.step == "first":
        with open(arguments.manifest, "w", encoding="utf-8") as file:
            json.dump(organization.first(), file, indent=1)
    else:
        with open(arguments.manifest, encoding="utf-8") as file:
            organization.second(json.load(file))


if __name__ == "__main__":
    main()
