#!/usr/bin/env python3
"""Fills a mock AWS API with an account that has good and bad things in every service that Haechi judges,
and writes a manifest that says, rule by rule, which resources are wrong.

The manifest is worked out here, from what was made, by AWS Config's definition of each rule: it knows
nothing of Haechi. Two runs with the same arguments make the same account.

usage: seed_moto.py --endpoint http://127.0.0.1:5000 [--region us-east-1] [--scale 1] [--manifest FILE]
"""
import argparse
import collections
import io
import json
import zipfile

import boto3
from botocore.config import Config

ANYONE = {"Effect": "Allow", "Principal": "*"}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Seed:
    def __init__(self, endpoint, region, scale):
        self.region, self.scale = region, scale
        self.session = boto3.Session("testing", "testing", region_name=region)
        self.config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=60)
        self.endpoint, self.clients = endpoint, {}
        self.account = self.client("sts").get_caller_identity()["Account"]
        self.wrong = collections.defaultdict(list)
        self.judged = collections.defaultdict(list)
        self.counts = collections.Counter()

    def client(self, service):
        if service not in self.clients:
            self.clients[service] = self.session.client(service, endpoint_url=self.endpoint, config=self.config)
        return self.clients[service]

    def expect(self, rule, resource, good):
        """The rule judges this resource; `good` says how."""
        self.judged[rule].append(resource)
        if not good:
            self.wrong[rule].append(resource)

    def fill(self):
        for part in (self.account_facts, self.policies, self.users, self.keys, self.buckets, self.network,
                     self.instances, self.volumes, self.databases, self.trails, self.functions, self.balancers,
                     self.detectors, self.other_keys):
            part()

    def account_facts(self):
        iam = self.client("iam")
        iam.update_account_password_policy(
            MinimumPasswordLength=8, RequireSymbols=True, RequireNumbers=True, RequireUppercaseCharacters=False,
            RequireLowercaseCharacters=True, MaxPasswordAge=180, PasswordReusePrevention=3)
        self.expect("IAM_PASSWORD_POLICY", self.account, False)
        self.client("ec2").enable_ebs_encryption_by_default()
        self.expect("EC2_EBS_ENCRYPTION_BY_DEFAULT", self.account, True)

    def policies(self):
        iam = self.client("iam")
        documents = {
            "admin": ({"Effect": "Allow", "Action": "*", "Resource": "*"}, False),
            "s3-full": ({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, True),
            "deny-all": ({"Effect": "Deny", "Action": "*", "Resource": "*"}, True),
            "read-one": ({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::one/*"}, True),
        }
        for k in range(self.scale):
            for name, (statement, good) in documents.items():
                iam.create_policy(PolicyName=f"{name}-{k}", PolicyDocument=policy(statement))
                self.counts["AWS::IAM::Policy"] += 1
                self.expect("IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS", f"{name}-{k}", good)
        trust = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
        for k in range(12 * self.scale):
            iam.create_role(RoleName=f"role-{k}", AssumeRolePolicyDocument=trust)
            self.counts["AWS::IAM::Role"] += 1

    def users(self):
        iam = self.client("iam")
        iam.create_group(GroupName="staff")
        inline = policy({"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"})
        for k in range(20 * self.scale):
            name = f"user-{k}"
            iam.create_user(UserName=name)
            self.counts["AWS::IAM::User"] += 1
            console, mfa, attached, inlined = k % 2 == 0, k % 3 == 0, k % 5 == 0, k % 7 == 1
            if console:
                iam.create_login_profile(UserName=name, Password="Sup3r-Secret!" + str(k))
            if mfa:
                serial = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
                iam.enable_mfa_device(UserName=name, SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321")
            for j in range(min(k % 4, 2)):
                key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
                if j == 1:
                    iam.update_access_key(UserName=name, AccessKeyId=key, Status="Inactive")
            if attached:
                iam.attach_user_policy(UserName=name, PolicyArn=f"arn:aws:iam::{self.account}:policy/read-one-0")
            if inlined:
                iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=inline)
            iam.add_user_to_group(GroupName="staff", UserName=name)
            self.expect("IAM_USER_MFA_ENABLED", name, mfa)
            if console:
                self.expect("MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS", name, mfa)
            self.expect("IAM_USER_NO_POLICIES_CHECK", name, not attached and not inlined)
            # All keys were made a moment ago.
            self.expect("ACCESS_KEYS_ROTATED", name, True)

    def keys(self):
        kms = self.client("kms")
        self.key_arns = []
        for k in range(8 * self.scale):
            key = kms.create_key(Description=f"key {k}")["KeyMetadata"]
            self.key_arns.append(key["Arn"])
            self.counts["AWS::KMS::Key"] += 1
            if k % 2 == 0:
                kms.enable_key_rotation(KeyId=key["KeyId"])
            if k % 8 == 5:
                kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
            self.expect("CMK_BACKING_KEY_ROTATION_ENABLED", key["KeyId"], k % 2 == 0)

    def other_keys(self):
        """Keys that the mock made by itself on the way and calls the customer's."""
        kms = self.client("kms")
        known = {arn.rsplit("/", 1)[1] for arn in self.key_arns}
        for key in kms.list_keys(Limit=1000)["Keys"]:
            metadata = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
            if key["KeyId"] not in known and metadata["KeyManager"] == "CUSTOMER":
                self.expect("CMK_BACKING_KEY_ROTATION_ENABLED", key["KeyId"], kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"])

    def buckets(self):
        s3 = self.client("s3")
        s3.create_bucket(Bucket="seed-logs")
        grant = {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::seed-logs/*"}
        s3.put_bucket_policy(Bucket="seed-logs", Policy=policy(grant))
        self.bucket_expectations("seed-logs", {})
        for k in range(30 * self.scale):
            name = f"seed-{k}"
            s3.create_bucket(Bucket=name)
            facts = {
                "acl": {1: "public-read", 11: "write", 21: "authenticated-read"}.get(k % 30),
                "public_policy": k % 10 == 2, "write_policy": k % 30 == 3, "blocked": k % 3 == 0, "kms": k % 4 == 0,
                "versioned": k % 3 != 1, "logged": k % 2 == 0, "tls": k % 5 == 0, "half_tls": k % 30 == 7,
            }
            arn = f"arn:aws:s3:::{name}"
            if facts["acl"] == "write":
                s3.put_bucket_acl(Bucket=name, GrantWrite='uri="http://acs.amazonaws.com/groups/global/AllUsers"')
            elif facts["acl"]:
                s3.put_bucket_acl(Bucket=name, ACL=facts["acl"])
            statements = []
            if facts["public_policy"]:
                statements.append({**ANYONE, "Sid": "read", "Action": "s3:GetObject", "Resource": f"{arn}/*"})
            if facts["write_policy"]:
                statements.append({**ANYONE, "Sid": "write", "Action": "s3:PutObject", "Resource": f"{arn}/*"})
            deny = {"Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
            if facts["tls"]:
                statements.append({**deny, "Sid": "tls", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]})
            if facts["half_tls"]:
                # Only one user is held to TLS: everybody else is not.
                statements.append({**deny, "Sid": "half", "Principal": {"AWS": f"arn:aws:iam::{self.account}:user/user-0"}, "Action": "s3:*", "Resource": [arn, f"{arn}/*"]})
            if statements:
                s3.put_bucket_policy(Bucket=name, Policy=policy(*statements))
            if facts["blocked"]:
                s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration={
                    "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True})
            if facts["kms"]:
                s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [
                    {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.key_arns[0]}}]})
            if facts["versioned"]:
                s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
            if facts["logged"]:
                s3.put_bucket_logging(Bucket=name, BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "seed-logs", "TargetPrefix": f"{name}/"}})
            self.bucket_expectations(name, facts)

    def bucket_expectations(self, name, facts):
        """The account itself blocks nothing: only the bucket's own block counts."""
        self.counts["AWS::S3::Bucket"] += 1
        fact = lambda key: facts.get(key)
        blocked = fact("blocked")
        self.expect("S3_BUCKET_PUBLIC_READ_PROHIBITED", name, blocked or not (fact("acl") in ("public-read", "authenticated-read") or fact("public_policy")))
        self.expect("S3_BUCKET_PUBLIC_WRITE_PROHIBITED", name, blocked or not (fact("acl") == "write" or fact("write_policy")))
        self.expect("S3_BUCKET_LOGGING_ENABLED", name, bool(fact("logged")))
        self.expect("S3_BUCKET_VERSIONING_ENABLED", name, bool(fact("versioned")))
        self.expect("S3_BUCKET_SSL_REQUESTS_ONLY", name, bool(fact("tls")))
        self.expect("S3_BUCKET_REPLICATION_ENABLED", name, False)

    def network(self):
        ec2 = self.client("ec2")
        self.subnets, self.vpcs, self.groups = [], [], []
        for existing in ec2.describe_vpcs()["Vpcs"]:
            self.expect("VPC_FLOW_LOGS_ENABLED", existing["VpcId"], False)
        for k in range(3 * self.scale):
            vpc = ec2.create_vpc(CidrBlock=f"10.{k % 250}.0.0/16")["Vpc"]["VpcId"]
            self.vpcs.append(vpc)
            gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
            ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
            table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
            ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
            for j in range(4):
                subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{k % 250}.{j}.0/24", AvailabilityZone=self.region + "ab"[j % 2])["Subnet"]["SubnetId"]
                self.subnets.append((subnet, vpc))
            if k % 3 == 0:
                ec2.create_flow_logs(ResourceIds=[vpc], ResourceType="VPC", TrafficType="ALL", LogDestinationType="s3", LogDestination="arn:aws:s3:::seed-logs")
            self.counts.update({"AWS::EC2::VPC": 1, "AWS::EC2::InternetGateway": 1, "AWS::EC2::RouteTable": 1, "AWS::EC2::Subnet": 4})
            self.expect("VPC_FLOW_LOGS_ENABLED", vpc, k % 3 == 0)
        for group in ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]:
            # A default group is made with rules that let its own members in and everything out.
            self.expect("VPC_DEFAULT_SECURITY_GROUP_CLOSED", group["GroupId"], False)
            for rule in ("INCOMING_SSH_DISABLED", "RESTRICTED_INCOMING_TRAFFIC"):
                self.expect(rule, group["GroupId"], True)
        self.security_groups(ec2)

    def security_groups(self, ec2):
        world, world6, private = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}, {"IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
        blocked = (20, 21, 3389, 3306, 4333)
        for k in range(48 * self.scale):
            vpc = self.vpcs[k % len(self.vpcs)]
            group = ec2.create_security_group(GroupName=f"group-{k}", Description="seed", VpcId=vpc)["GroupId"]
            self.groups.append((group, vpc))
            self.counts["AWS::EC2::SecurityGroup"] += 1
            low = (22, 3389, 3306, 443, 20, 8080, 21, 4333)[k % 8]
            source, low, high = [(world, low, low), (private, low, low), (world6, low, low), (None, low, low), (world, None, None), (world, low - 5, low + 5)][k % 6]
            permission = {"IpProtocol": "-1"} if low is None else {"IpProtocol": "tcp", "FromPort": low, "ToPort": high}
            permission.update(source if source is not None else {"UserIdGroupPairs": [{"GroupId": group}]})
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
            is_open = source is world or source is world6
            has = lambda port: low is None or low <= port <= high
            self.expect("INCOMING_SSH_DISABLED", group, not (is_open and has(22)))
            self.expect("RESTRICTED_INCOMING_TRAFFIC", group, not (is_open and any(has(port) for port in blocked)))
            if is_open:
                # No port is authorized by default; a group that is open to nobody is not judged.
                self.expect("VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS", group, False)

    def instances(self):
        ec2 = self.client("ec2")
        ami = ec2.register_image(Name="seed-image", RootDeviceName="/dev/xvda")["ImageId"]
        for k in range(12 * self.scale):
            subnet, vpc = self.subnets[k % len(self.subnets)]
            group = next(group for group, of in self.groups if of == vpc)
            public, token = k % 4 < 2, k % 2 == 1
            instance = ec2.run_instances(
                ImageId=ami, InstanceType="t3.micro", MinCount=1, MaxCount=1, MetadataOptions={"HttpTokens": "required" if token else "optional", "HttpEndpoint": "enabled"},
                NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group], "AssociatePublicIpAddress": public}])["Instances"][0]["InstanceId"]
            self.counts["AWS::EC2::Instance"] += 1
            self.expect("EC2_INSTANCE_NO_PUBLIC_IP", instance, not public)
            self.expect("EC2_IMDSV2_CHECK", instance, token)
            self.expect("INSTANCES_IN_VPC", instance, True)

    def volumes(self):
        ec2 = self.client("ec2")
        attached = {mapping["Ebs"]["VolumeId"] for page in ec2.get_paginator("describe_instances").paginate() for reservation in page["Reservations"]
                    for instance in reservation["Instances"] for mapping in instance.get("BlockDeviceMappings", [])}
        instances = [instance["InstanceId"] for page in ec2.get_paginator("describe_instances").paginate() for reservation in page["Reservations"] for instance in reservation["Instances"]]
        encrypted = {volume["VolumeId"]: volume["Encrypted"] for page in ec2.get_paginator("describe_volumes").paginate() for volume in page["Volumes"]}
        for volume in attached:
            self.expect("ENCRYPTED_VOLUMES", volume, encrypted[volume])
        ec2.disable_ebs_encryption_by_default()
        for k in range(20 * self.scale):
            volume = ec2.create_volume(AvailabilityZone=self.region + "a", Size=8, Encrypted=k % 2 == 0)["VolumeId"]
            self.counts["AWS::EC2::Volume"] += 1
            if k % 5 < 2:
                ec2.attach_volume(VolumeId=volume, InstanceId=instances[k % len(instances)], Device=f"/dev/sd{'fghijklmnop'[k % 11]}")
                self.expect("ENCRYPTED_VOLUMES", volume, k % 2 == 0)
            if k % 4 == 0:
                snapshot = ec2.create_snapshot(VolumeId=volume, Description="seed")["SnapshotId"]
                self.counts["AWS::EC2::Snapshot"] += 1
                if k % 8 == 0:
                    ec2.modify_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", GroupNames=["all"])
                self.expect("EBS_SNAPSHOT_PUBLIC_RESTORABLE_CHECK", snapshot, k % 8 != 0)
        ec2.enable_ebs_encryption_by_default()
        # The mock makes a snapshot of its own for the image, and a key for encrypted volumes.
        known = set(self.judged["EBS_SNAPSHOT_PUBLIC_RESTORABLE_CHECK"])
        for snapshot in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
            if snapshot["SnapshotId"] not in known:
                self.expect("EBS_SNAPSHOT_PUBLIC_RESTORABLE_CHECK", snapshot["SnapshotId"], True)

    def databases(self):
        rds = self.client("rds")
        subnets = [subnet for subnet, vpc in self.subnets if vpc == self.vpcs[0]]
        rds.create_db_subnet_group(DBSubnetGroupName="seed", DBSubnetGroupDescription="seed", SubnetIds=subnets)
        for k in range(8 * self.scale):
            name, public, encrypted, backup = f"db-{k}", k % 4 == 0, k % 2 == 0, 0 if k % 5 == 4 else 7
            rds.create_db_instance(
                DBInstanceIdentifier=name, DBInstanceClass="db.t3.micro", Engine="mysql", AllocatedStorage=20, MasterUsername="seed", MasterUserPassword="pw123456789",
                PubliclyAccessible=public, StorageEncrypted=encrypted, BackupRetentionPeriod=backup, DBSubnetGroupName="seed")
            self.counts["AWS::RDS::DBInstance"] += 1
            self.expect("RDS_INSTANCE_PUBLIC_ACCESS_CHECK", name, not public)
            self.expect("RDS_STORAGE_ENCRYPTED", name, encrypted)
            self.expect("DB_INSTANCE_BACKUP_ENABLED", name, backup > 0)
            if k % 2 == 0:
                snapshot = f"snapshot-{k}"
                rds.create_db_snapshot(DBSnapshotIdentifier=snapshot, DBInstanceIdentifier=name)
                self.counts["AWS::RDS::DBSnapshot"] += 1
                if k % 4 == 0:
                    rds.modify_db_snapshot_attribute(DBSnapshotIdentifier=snapshot, AttributeName="restore", ValuesToAdd=["all"])
                self.expect("RDS_SNAPSHOTS_PUBLIC_PROHIBITED", snapshot, k % 4 != 0)
                self.expect("RDS_SNAPSHOT_ENCRYPTED", snapshot, encrypted)
        for snapshot in rds.describe_db_snapshots(SnapshotType="automated")["DBSnapshots"]:
            self.expect("RDS_SNAPSHOTS_PUBLIC_PROHIBITED", snapshot["DBSnapshotIdentifier"], True)
            self.expect("RDS_SNAPSHOT_ENCRYPTED", snapshot["DBSnapshotIdentifier"], snapshot["Encrypted"])

    def trails(self):
        trail = self.client("cloudtrail")
        self.client("s3").put_bucket_policy(Bucket="seed-logs", Policy=policy({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:*", "Resource": ["arn:aws:s3:::seed-logs", "arn:aws:s3:::seed-logs/*"]}))
        trail.create_trail(Name="main", S3BucketName="seed-logs", IsMultiRegionTrail=True, EnableLogFileValidation=False, IncludeGlobalServiceEvents=True)
        trail.start_logging(Name="main")
        trail.create_trail(Name="sealed", S3BucketName="seed-logs", IsMultiRegionTrail=False, EnableLogFileValidation=True, KmsKeyId=self.key_arns[0])
        self.counts["AWS::CloudTrail::Trail"] += 2
        self.expect("CLOUD_TRAIL_ENCRYPTION_ENABLED", "main", False)
        self.expect("CLOUD_TRAIL_ENCRYPTION_ENABLED", "sealed", True)
        for name in ("main", "sealed"):
            self.expect("CLOUD_TRAIL_CLOUD_WATCH_LOGS_ENABLED", name, False)
        self.expect("CLOUD_TRAIL_ENABLED", self.account, True)
        self.expect("MULTI_REGION_CLOUD_TRAIL_ENABLED", self.account, True)
        self.expect("CLOUDTRAIL_S3_DATAEVENTS_ENABLED", self.account, False)

    def functions(self):
        functions = self.client("lambda")
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", "def handler(event, context):\n    return None\n")
        role = f"arn:aws:iam::{self.account}:role/role-0"
        for k in range(6 * self.scale):
            name = f"function-{k}"
            inside = {"SubnetIds": [self.subnets[0][0]], "SecurityGroupIds": [self.groups[0][0]]} if k % 2 else {}
            functions.create_function(FunctionName=name, Runtime="python3.12", Role=role, Handler="app.handler", Code={"ZipFile": code.getvalue()}, VpcConfig=inside,
                                      Environment={"Variables": {"PASSWORD": "hunter2supersecret"}})
            self.counts["AWS::Lambda::Function"] += 1
            if k % 3 == 0:
                functions.add_permission(FunctionName=name, StatementId="public", Action="lambda:InvokeFunction", Principal="*")
            elif k % 3 == 1:
                functions.add_permission(FunctionName=name, StatementId="own", Action="lambda:InvokeFunction", Principal="events.amazonaws.com",
                                         SourceArn=f"arn:aws:events:{self.region}:{self.account}:rule/nightly")
            self.expect("LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED", name, k % 3 != 0)
            self.expect("LAMBDA_INSIDE_VPC", name, k % 2 == 1)
        for _ in range(2):
            functions.publish_layer_version(LayerName="seed-tools", Content={"ZipFile": code.getvalue()}, CompatibleRuntimes=["python3.12"])
            self.counts["AWS::Lambda::LayerVersion"] += 1

    def balancers(self):
        elb = self.client("elbv2")
        subnets = [subnet for subnet, vpc in self.subnets if vpc == self.vpcs[0]][:2]
        group = elb.create_target_group(Name="seed", Protocol="HTTP", Port=80, VpcId=self.vpcs[0])["TargetGroups"][0]["TargetGroupArn"]
        for k in range(3 * self.scale):
            name = f"balancer-{k}"
            arn = elb.create_load_balancer(Name=name, Subnets=subnets, Type="application")["LoadBalancers"][0]["LoadBalancerArn"]
            self.counts["AWS::ElasticLoadBalancingV2::LoadBalancer"] += 1
            if k % 3 == 0:
                elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": "access_logs.s3.enabled", "Value": "true"}, {"Key": "access_logs.s3.bucket", "Value": "seed-logs"}])
            redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
            action = redirect if k % 3 == 1 else {"Type": "forward", "TargetGroupArn": group}
            elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[action])
            self.counts["AWS::ElasticLoadBalancingV2::Listener"] += 1
            self.expect("ELB_LOGGING_ENABLED", name, k % 3 == 0)
            self.expect("ALB_HTTP_TO_HTTPS_REDIRECTION_CHECK", name, k % 3 == 1)

    def detectors(self):
        self.client("guardduty").create_detector(Enable=True)
        self.counts["AWS::GuardDuty::Detector"] += 1
        config = self.client("config")
        config.put_configuration_recorder(ConfigurationRecorder={"name": "default", "roleARN": f"arn:aws:iam::{self.account}:role/role-0", "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True}})
        config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "seed-logs"})
        config.start_configuration_recorder(ConfigurationRecorderName="default")
        self.counts["AWS::Config::ConfigurationRecorder"] += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--manifest")
    arguments = parser.parse_args()
    seed = Seed(arguments.endpoint, arguments.region, arguments.scale)
    seed.fill()
    manifest = {"account": seed.account, "region": arguments.region, "counts": seed.counts,
                "rules": {rule: {"judged": sorted(seed.judged[rule]), "nonCompliant": sorted(seed.wrong[rule])} for rule in sorted(seed.judged)}}
    if arguments.manifest:
        with open(arguments.manifest, "w") as file:
            json.dump(manifest, file, indent=1)
    print(json.dumps({"account": seed.account, "resources": sum(seed.counts.values()), "rules": len(manifest["rules"])}))


if __name__ == "__main__":
    main()
