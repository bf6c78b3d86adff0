//! EC2 instances with their volumes and snapshots, Lambda functions and load balancers.

use serde_json::{Value, json};

use super::builder::{Character, Snapshot, policy, related};

pub fn fill(snapshot: &mut Snapshot) {
    snapshot.listed(&[
        "AWS::EC2::Instance",
        "AWS::EC2::Volume",
        "AWS::EC2::Snapshot",
        "AWS::Lambda::Function",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::ElasticLoadBalancingV2::Listener",
    ]);
    if snapshot.region != super::REGIONS[0] {
        return;
    }
    match snapshot.account.character {
        Character::Careful => {
            instance(snapshot, "log-shipper", "10.10.1.10", None, true, true, "security");
            function(snapshot, "rotate-keys", None, true);
        }
        Character::Mixed => {
            instance(snapshot, "web-1", "10.20.0.11", Some("203.0.113.11"), true, true, "shop");
            instance(snapshot, "web-2", "10.20.1.12", None, true, true, "shop");
            instance(snapshot, "batch", "10.20.1.40", None, false, false, "data");
            function(snapshot, "order-created", None, true);
            function(snapshot, "thumbnail", None, false);
            balancer(snapshot, "shop", true, true);
            balancer(snapshot, "intranet", false, false);
        }
        Character::Careless => {
            instance(snapshot, "notebook", "10.30.0.9", Some("198.51.100.23"), false, false, "");
            instance(snapshot, "win-test", "10.30.0.14", Some("198.51.100.77"), false, false, "");
            let open = policy(
                json!([{"Sid": "public", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction",
                "Resource": snapshot.arn("lambda", "function:webhook")}]),
            );
            function(snapshot, "webhook", Some(open), false);
        }
    }
}

fn tags(name: &str, owner: &str) -> Value {
    if owner.is_empty() { json!({"Name": name}) } else { json!({"Name": name, "owner": owner}) }
}

fn instance(
    snapshot: &mut Snapshot,
    name: &str,
    private: &str,
    public: Option<&str>,
    imdsv2: bool,
    encrypted: bool,
    owner: &str,
) {
    let (id, interface, zone) = (snapshot.id("i"), snapshot.id("eni"), format!("{}a", snapshot.region));
    let volume = snapshot.id("vol");
    let vpc = snapshot
        .items
        .iter()
        .find(|item| item["resourceType"] == "AWS::EC2::VPC")
        .map_or(json!(null), |item| item["resourceId"].clone());
    let subnet = snapshot
        .items
        .iter()
        .find(|item| item["resourceType"] == "AWS::EC2::Subnet")
        .map_or(json!(null), |item| item["resourceId"].clone());
    let mut network = json!({
        "networkInterfaceId": interface, "privateIpAddress": private, "status": "in-use", "subnetId": subnet, "vpcId": vpc, "ownerId": snapshot.account.id,
        "groups": [], "ipv6Addresses": [], "sourceDestCheck": true, "interfaceType": "interface",
    });
    let mut configuration = json!({
        "amiLaunchIndex": 0, "imageId": "ami-0a1b2c3d4e5f60718", "instanceId": id, "instanceType": "t3.medium", "launchTime": "2026-04-02T01:10:00.000Z",
        "monitoring": {"state": if imdsv2 { "enabled" } else { "disabled" }}, "placement": {"availabilityZone": zone, "tenancy": "default"}, "privateIpAddress": private,
        "state": {"code": 16, "name": "running"}, "subnetId": subnet, "vpcId": vpc, "architecture": "x86_64", "ebsOptimized": true, "rootDeviceName": "/dev/xvda", "rootDeviceType": "ebs",
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"attachTime": "2026-04-02T01:10:02.000Z", "deleteOnTermination": true, "status": "attached", "volumeId": volume}}],
        "metadataOptions": {"state": "applied", "httpTokens": if imdsv2 { "required" } else { "optional" }, "httpPutResponseHopLimit": 1, "httpEndpoint": "enabled"},
        "securityGroups": [], "tags": [],
    });
    if let Some(address) = public {
        let association = json!({"publicIp": address, "publicDnsName": "", "ipOwnerId": "amazon"});
        configuration["publicIpAddress"] = json!(address);
        network["association"] = association;
    }
    configuration["networkInterfaces"] = json!([network]);
    if imdsv2 {
        configuration["iamInstanceProfile"] =
            json!({"arn": snapshot.arn("iam", "instance-profile/web-server"), "id": snapshot.unique("AIPA")});
    }
    let arn = snapshot.arn("ec2", &format!("instance/{id}"));
    let relationships = json!([
        related("AWS::EC2::NetworkInterface", &interface, "Contains NetworkInterface"),
        related("AWS::EC2::Volume", &volume, "Is attached to Volume")
    ]);
    snapshot.add(
        "AWS::EC2::Instance",
        &id.clone(),
        arn,
        configuration,
        json!({"tags": tags(name, owner), "availabilityZone": zone, "relationships": relationships}),
    );
    attached_volume(snapshot, &volume, &id, encrypted, &zone, owner);
}

fn attached_volume(snapshot: &mut Snapshot, id: &str, instance: &str, encrypted: bool, zone: &str, owner: &str) {
    let arn = snapshot.arn("ec2", &format!("volume/{id}"));
    let mut configuration = json!({
        "attachments": [{"attachTime": "2026-04-02T01:10:02.000Z", "device": "/dev/xvda", "instanceId": instance, "state": "attached", "volumeId": id, "deleteOnTermination": true}],
        "availabilityZone": zone, "createTime": "2026-04-02T01:10:02.000Z", "encrypted": encrypted, "size": 30, "state": "in-use", "volumeId": id, "iops": 3000, "tags": [], "volumeType": "gp3",
    });
    if encrypted {
        configuration["kmsKeyId"] = json!(snapshot.arn("kms", "key/aws-ebs"));
    }
    let relationships = json!([related("AWS::EC2::Instance", instance, "Is attached to Instance")]);
    snapshot.add(
        "AWS::EC2::Volume",
        id,
        arn,
        configuration,
        json!({"tags": tags("root", owner), "availabilityZone": zone, "relationships": relationships}),
    );
    let (copy, careless) = (snapshot.id("snap"), snapshot.is(Character::Careless));
    let arn = snapshot.arn("ec2", &format!("snapshot/{copy}"));
    let permissions = if careless { json!([{"group": "all"}]) } else { json!([]) };
    let configuration = json!({
        "snapshotId": copy, "volumeId": id, "state": "completed", "startTime": "2026-11-01T18:00:00.000Z", "progress": "100%", "ownerId": snapshot.account.id,
        "description": "nightly", "volumeSize": 30, "encrypted": encrypted, "createVolumePermissions": permissions, "tags": [],
    });
    snapshot.add("AWS::EC2::Snapshot", &copy.clone(), arn, configuration, json!({"tags": tags("nightly", owner)}));
}

fn function(snapshot: &mut Snapshot, name: &str, document: Option<Value>, inside_vpc: bool) {
    let arn = snapshot.arn("lambda", &format!("function:{name}"));
    let configuration = json!({
        "functionName": name, "functionArn": arn, "runtime": "python3.13", "role": snapshot.arn("iam", "role/order-function"), "handler": "app.handler", "codeSize": 41200, "timeout": 30,
        "memorySize": 256, "lastModified": "2026-10-30T05:11:00.000+0000", "version": "$LATEST", "tracingConfig": {"mode": "PassThrough"}, "packageType": "Zip", "architectures": ["arm64"],
        "vpcConfig": if inside_vpc { json!({"subnetIds": ["subnet-0aaaaaaaaaaaaaaa1", "subnet-0aaaaaaaaaaaaaaa2"], "securityGroupIds": ["sg-0aaaaaaaaaaaaaaa1"]}) } else { json!({"subnetIds": [], "securityGroupIds": []}) },
        "environment": {"variables": {"TABLE": "(redacted)"}},
    });
    let mut parts = json!({"Tags": {}});
    if let Some(document) = document {
        parts["Policy"] = json!(document.to_string());
    }
    snapshot.add(
        "AWS::Lambda::Function",
        name,
        arn,
        configuration,
        json!({"resourceName": name, "supplementaryConfiguration": parts}),
    );
}

fn balancer(snapshot: &mut Snapshot, name: &str, logs: bool, redirect: bool) {
    let (arn, number) = (
        snapshot.arn("elasticloadbalancing", &format!("loadbalancer/app/{name}/50dc6c495c0c9188")),
        if redirect { "1" } else { "2" },
    );
    let configuration = json!({
        "loadBalancerArn": arn, "loadBalancerName": name, "dNSName": format!("{name}-{number}.{}.elb.amazonaws.com", snapshot.region), "scheme": if redirect { "internet-facing" } else { "internal" },
        "type": "application", "state": {"code": "active"}, "createdTime": "2025-06-01T02:00:00.000Z", "ipAddressType": "ipv4", "securityGroups": [], "availabilityZones": [],
    });
    let attributes = json!([
        {"key": "access_logs.s3.enabled", "value": logs.to_string()}, {"key": "access_logs.s3.bucket", "value": if logs { "shop-lb-logs" } else { "" }},
        {"key": "deletion_protection.enabled", "value": "true"}, {"key": "routing.http.drop_invalid_header_fields.enabled", "value": redirect.to_string()},
    ]);
    snapshot.add(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        &arn.clone(),
        arn.clone(),
        configuration,
        json!({"resourceName": name, "supplementaryConfiguration": {"LoadBalancerAttributes": attributes, "Tags": []}}),
    );
    for port in [80, 443] {
        let listener = arn.replace(":loadbalancer/", ":listener/") + &format!("/f2f7dc8efc522a{port}");
        let action = if port == 80 && redirect {
            json!({"Type": "redirect", "Order": 1, "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "Host": "#{host}", "Path": "/#{path}", "Query": "#{query}", "StatusCode": "HTTP_301"}})
        } else {
            json!({"Type": "forward", "Order": 1, "TargetGroupArn": snapshot.arn("elasticloadbalancing", &format!("targetgroup/{name}/73e2d6bc24d8a067"))})
        };
        let configuration = json!({"ListenerArn": listener, "LoadBalancerArn": arn, "Port": port, "Protocol": if port == 80 { "HTTP" } else { "HTTPS" }, "DefaultActions": [action]});
        snapshot.add("AWS::ElasticLoadBalancingV2::Listener", &listener.clone(), listener, configuration, json!({"relationships": [related("AWS::ElasticLoadBalancingV2::LoadBalancer", &arn, "Is associated with ")]}));
    }
}
