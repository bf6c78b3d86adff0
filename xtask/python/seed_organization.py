#!/usr/bin/env python3
"""Fills a mock AWS API with an organization of three units and six member accounts, each with something in it,
and changes it in a second step. A step of its own gives it people, roles and things to share. The manifest says what
was made and what was changed; it knows nothing of Haechi.

usage: seed_organization.py --endpoint http://127.0.0.1:5000 --step first|second|access --manifest FILE
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

    def access(self, manifest):
        """Ways up, things that outsiders reach, an image that one account shares with another, people and what they may."""
        account = {name: entry["id"] for name, entry in manifest["accounts"].items()}

        def policy(*statements):
            return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})

        def allow(actions, resource="*", **more):
            return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}

        def trust(principal):
            return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})

        playground, shop, data = account["playground"], account["shop-prod"], account["data"]
        iam = self.client("iam", playground)
        iam.create_policy(PolicyName="everything", PolicyDocument=policy(allow("*")))
        iam.create_role(RoleName="pipeline", AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"}))
        iam.attach_role_policy(RoleName="pipeline", PolicyArn=f"arn:aws:iam::{playground}:policy/everything")
        iam.create_user(UserName="builder")
        iam.put_user_policy(UserName="builder", PolicyName="own", PolicyDocument=policy(
            allow(["lambda:CreateFunction", "lambda:InvokeFunction"]), allow("iam:PassRole")))
        self.client("iam", shop).create_role(RoleName="partner", AssumeRolePolicyDocument=trust({"AWS": "arn:aws:iam::999988887777:root"}))
        self.client("s3", shop).put_bucket_policy(Bucket="shop-prod-records", Policy=policy(
            {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop-prod-records/*"}))

        # An image whose key lets the other account, and one whose key does not.
        ec2, kms = self.client("ec2", shop), self.client("kms", shop)
        own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{shop}:root"}, "Action": "kms:*", "Resource": "*"}
        shared = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{data}:root"}, "Resource": "*",
                  "Action": ["kms:DescribeKey", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant"]}
        images = {}
        for name, statements in (("golden", (own, shared)), ("locked", (own,))):
            key = kms.create_key(Description=name, Policy=policy(*statements))["KeyMetadata"]["Arn"]
            volume = ec2.create_volume(AvailabilityZone=f"{HOME}a", Size=8, Encrypted=True, KmsKeyId=key)["VolumeId"]
            snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
            ec2.modify_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", UserIds=[data])
            image = ec2.register_image(Name=name, RootDeviceName="/dev/xvda", BlockDeviceMappings=[
                {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot, "VolumeSize": 8}}])["ImageId"]
            ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": data}]})
            images[name] = {"image": image, "snapshot": snapshot, "key": key}
        self.client("iam", data).put_user_policy(UserName="data-robot", PolicyName="launch", PolicyDocument=policy(
            allow(["ec2:RunInstances", "ec2:CopyImage", "kms:DescribeKey", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant"])))

        sso, directory = self.client("sso-admin"), self.client("identitystore")
        instance = sso.list_instances()["Instances"][0]
        store = instance["IdentityStoreId"]
        users = {name: directory.create_user(IdentityStoreId=store, UserName=name, DisplayName=name, Name={"GivenName": name, "FamilyName": name},
                                             Emails=[{"Value": f"{name}@example.com", "Primary": True}])["UserId"] for name in ("operator", "reader")}
        group = directory.create_group(IdentityStoreId=store, DisplayName="operators")["GroupId"]
        directory.create_group_membership(IdentityStoreId=store, GroupId=group, MemberId={"UserId": users["operator"]})
        sets = {}
        for name, managed in (("Admin", "AdministratorAccess"), ("Reader", "ReadOnlyAccess")):
            sets[name] = sso.create_permission_set(Name=name, InstanceArn=instance["InstanceArn"], SessionDuration="PT8H")["PermissionSet"]["PermissionSetArn"]
            sso.attach_managed_policy_to_permission_set(
                InstanceArn=instance["InstanceArn"], PermissionSetArn=sets[name], ManagedPolicyArn=f"arn:aws:iam::aws:policy/{managed}")
        # The mock provisions only where it is asked from: the management account.
        target = manifest["management"]
        for name, kind, principal in (("Admin", "GROUP", group), ("Reader", "USER", users["reader"])):
            of = {"InstanceArn": instance["InstanceArn"], "PermissionSetArn": sets[name], "TargetId": target, "TargetType": "AWS_ACCOUNT"}
            sso.create_account_assignment(PrincipalType=kind, PrincipalId=principal, **of)
            sso.provision_permission_set(**of)
        return {"images": images, "users": users, "sets": sets, "group": group}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--step", choices=("first", "second", "access"), required=True)
    parser.add_argument("--manifest", required=True)
    arguments = parser.parse_args()
    organization = Organization(arguments.endpoint)
    if arguments.step == "first":
        with open(arguments.manifest, "w", encoding="utf-8") as file:
            json.dump(organization.first(), file, indent=1)
        return
    with open(arguments.manifest, encoding="utf-8") as file:
        manifest = json.load(file)
    if arguments.step == "second":
        organization.second(manifest)
    else:
        manifest["access"] = organization.access(manifest)
        with open(arguments.manifest, "w", encoding="utf-8") as file:
            json.dump(manifest, file, indent=1)


if __name__ == "__main__":
    main()
