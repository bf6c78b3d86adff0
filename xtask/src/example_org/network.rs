//! VPCs with their subnets, route tables, network ACLs, security groups, gateways and flow logs.

use serde_json::{Value, json};

use super::builder::{Character, Snapshot, related};

/// What a security group lets in: protocol, from, to, source.
type Ingress = (&'static str, Option<i64>, Option<i64>, &'static str);

fn groups(character: Character) -> Vec<(&'static str, &'static str, Vec<Ingress>)> {
    let tcp = |port: i64, source| ("tcp", Some(port), Some(port), source);
    match character {
        Character::Careful => {
            vec![("vpn-only", "Administration through the VPN", vec![tcp(22, "10.8.0.0/16"), tcp(443, "10.0.0.0/8")])]
        }
        Character::Mixed => vec![
            ("web-public", "Load balancer", vec![tcp(443, "0.0.0.0/0"), tcp(443, "::/0"), tcp(80, "0.0.0.0/0")]),
            ("app", "Application servers", vec![tcp(8080, "10.20.0.0/16")]),
            ("db", "Databases", vec![tcp(3306, "10.20.0.0/16")]),
            ("bastion-old", "Bastion, before the VPN", vec![tcp(22, "0.0.0.0/0")]),
        ],
        Character::Careless => vec![
            ("anything-goes", "Workshop", vec![("-1", None, None, "0.0.0.0/0")]),
            ("rdp", "Windows test", vec![tcp(3389, "0.0.0.0/0")]),
            ("ports-1000-4000", "Old test rig", vec![("tcp", Some(1000), Some(4000), "::/0")]),
        ],
    }
}

fn permission(ingress: &Ingress) -> Value {
    let (protocol, from, to, source) = *ingress;
    let v6 = source.contains(':');
    let mut permission = json!({
        "ipProtocol": protocol, "ipv6Ranges": [], "prefixListIds": [], "userIdGroupPairs": [], "ipv4Ranges": [], "ipRanges": [],
    });
    if let (Some(from), Some(to)) = (from, to) {
        permission["fromPort"] = json!(from);
        permission["toPort"] = json!(to);
    }
    if v6 {
        permission["ipv6Ranges"] = json!([{"cidrIpv6": source}]);
    } else {
        permission["ipv4Ranges"] = json!([{"cidrIp": source}]);
        permission["ipRanges"] = json!([source]);
    }
    permission
}

fn add_group(snapshot: &mut Snapshot, vpc: &str, name: &str, description: &str, ingress: Vec<Value>, owner: &str) {
    let id = snapshot.id("sg");
    let arn = snapshot.arn("ec2", &format!("security-group/{id}"));
    let everything = permission(&("-1", None, None, "0.0.0.0/0"));
    let configuration = json!({
        "description": description, "groupName": name, "ipPermissions": ingress, "ownerId": snapshot.account.id, "groupId": id,
        "ipPermissionsEgress": if name == "default" && ingress_is_closed(&ingress) { json!([]) } else { json!([everything]) }, "tags": [], "vpcId": vpc,
    });
    let tags = if owner.is_empty() { json!({}) } else { json!({"owner": owner}) };
    let relationships = json!([related("AWS::EC2::VPC", vpc, "Is contained in Vpc")]);
    snapshot.add(
        "AWS::EC2::SecurityGroup",
        &id.clone(),
        arn,
        configuration,
        json!({"resourceName": name, "tags": tags, "relationships": relationships}),
    );
}

fn ingress_is_closed(ingress: &[Value]) -> bool {
    ingress.is_empty()
}

pub fn fill(snapshot: &mut Snapshot) {
    let home = snapshot.region == super::REGIONS[0];
    let (careful, careless) = (snapshot.is(Character::Careful), snapshot.is(Character::Careless));
    snapshot.listed(&["AWS::EC2::FlowLog", "AWS::EC2::NetworkInterface"]);
    let vpc = snapshot.id("vpc");
    let net = if careful {
        10
    } else if careless {
        30
    } else {
        20
    };
    let owner = snapshot.account.id;
    let arn = snapshot.arn("ec2", &format!("vpc/{vpc}"));
    let configuration = json!({
        "cidrBlock": format!("10.{net}.0.0/16"), "dhcpOptionsId": snapshot.id("dopt"), "state": "available", "vpcId": vpc, "ownerId": owner,
        "instanceTenancy": "default", "ipv6CidrBlockAssociationSet": [], "isDefault": !home, "tags": [],
        "cidrBlockAssociationSet": [{"associationId": snapshot.id("vpc-cidr-assoc"), "cidrBlock": format!("10.{net}.0.0/16"), "cidrBlockState": {"state": "associated"}}],
    });
    snapshot.add("AWS::EC2::VPC", &vpc.clone(), arn, configuration, json!({"tags": {"Name": snapshot.account.name}}));
    if careful || (home && !careless) {
        flow_log(snapshot, &vpc);
    }
    let gateway = snapshot.id("igw");
    let arn = snapshot.arn("ec2", &format!("internet-gateway/{gateway}"));
    snapshot.add(
        "AWS::EC2::InternetGateway",
        &gateway.clone(),
        arn,
        json!({"attachments": [{"state": "available", "vpcId": vpc}], "internetGatewayId": gateway, "ownerId": owner, "tags": []}),
        json!({"relationships": [related("AWS::EC2::VPC", &vpc, "Is attached to Vpc")]}),
    );
    for (at, zone) in ["a", "c"].iter().enumerate() {
        subnet(snapshot, &vpc, net, at, zone);
    }
    route_table(snapshot, &vpc, &gateway, net);
    network_acl(snapshot, &vpc);
    // The default group of a careful account lets nothing in or out.
    let own = permission(&("-1", None, None, "10.0.0.0/8"));
    add_group(snapshot, &vpc, "default", "default VPC security group", if careful { vec![] } else { vec![own] }, "");
    if home {
        for (name, description, ingress) in groups(snapshot.account.character) {
            let permissions = ingress.iter().map(permission).collect();
            add_group(snapshot, &vpc, name, description, permissions, if careless { "" } else { "network" });
        }
    }
}

fn flow_log(snapshot: &mut Snapshot, vpc: &str) {
    let id = snapshot.id("fl");
    let arn = snapshot.arn("ec2", &format!("vpc-flow-log/{id}"));
    let configuration = json!({
        "creationTime": "2025-02-03T08:00:00.000Z", "deliverLogsStatus": "SUCCESS", "flowLogId": id, "flowLogStatus": "ACTIVE", "resourceId": vpc,
        "trafficType": "ALL", "logDestinationType": "s3", "logDestination": "arn:aws:s3:::example-org-flow-logs", "maxAggregationInterval": 600, "tags": [],
    });
    snapshot.add(
        "AWS::EC2::FlowLog",
        &id.clone(),
        arn,
        configuration,
        json!({"relationships": [related("AWS::EC2::VPC", vpc, "Is associated with ")]}),
    );
}

fn subnet(snapshot: &mut Snapshot, vpc: &str, net: i32, at: usize, zone: &str) {
    let (id, zone) = (snapshot.id("subnet"), format!("{}{zone}", snapshot.region));
    let arn = snapshot.arn("ec2", &format!("subnet/{id}"));
    let configuration = json!({
        "availabilityZone": zone, "availableIpAddressCount": 240, "cidrBlock": format!("10.{net}.{at}.0/24"), "defaultForAz": false, "mapPublicIpOnLaunch": at == 0 && !snapshot.is(Character::Careful),
        "state": "available", "subnetId": id, "vpcId": vpc, "ownerId": snapshot.account.id, "assignIpv6AddressOnCreation": false, "ipv6CidrBlockAssociationSet": [], "tags": [], "subnetArn": arn,
    });
    snapshot.add(
        "AWS::EC2::Subnet",
        &id.clone(),
        arn,
        configuration,
        json!({"availabilityZone": zone, "relationships": [related("AWS::EC2::VPC", vpc, "Is contained in Vpc")]}),
    );
}

fn route_table(snapshot: &mut Snapshot, vpc: &str, gateway: &str, net: i32) {
    let id = snapshot.id("rtb");
    let arn = snapshot.arn("ec2", &format!("route-table/{id}"));
    let configuration = json!({
        "associations": [{"main": true, "routeTableAssociationId": snapshot.id("rtbassoc"), "routeTableId": id, "associationState": {"state": "associated"}}],
        "propagatingVgws": [], "routeTableId": id, "vpcId": vpc, "ownerId": snapshot.account.id, "tags": [],
        "routes": [
            {"destinationCidrBlock": format!("10.{net}.0.0/16"), "gatewayId": "local", "origin": "CreateRouteTable", "state": "active"},
            {"destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway, "origin": "CreateRoute", "state": "active"},
        ],
    });
    snapshot.add(
        "AWS::EC2::RouteTable",
        &id.clone(),
        arn,
        configuration,
        json!({"relationships": [related("AWS::EC2::VPC", vpc, "Is contained in Vpc")]}),
    );
}

fn network_acl(snapshot: &mut Snapshot, vpc: &str) {
    let id = snapshot.id("acl");
    let arn = snapshot.arn("ec2", &format!("network-acl/{id}"));
    let entry = |egress: bool, number: i64, action: &str| json!({"cidrBlock": "0.0.0.0/0", "egress": egress, "protocol": "-1", "ruleAction": action, "ruleNumber": number});
    let configuration = json!({
        "associations": [], "isDefault": true, "networkAclId": id, "vpcId": vpc, "ownerId": snapshot.account.id, "tags": [],
        "entries": [entry(true, 100, "allow"), entry(true, 32767, "deny"), entry(false, 100, "allow"), entry(false, 32767, "deny")],
    });
    snapshot.add(
        "AWS::EC2::NetworkAcl",
        &id.clone(),
        arn,
        configuration,
        json!({"relationships": [related("AWS::EC2::VPC", vpc, "Is contained in Vpc")]}),
    );
}
