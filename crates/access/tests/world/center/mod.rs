//! IAM Identity Center over hand-made records.

mod assignments;
mod people;
mod review;

use std::sync::{Arc, LazyLock};

use haechi_access::center::{Center, Directory};
use haechi_access::{Documents, World};
use haechi_iam::Catalogue;
use haechi_model::ConfigurationItem;
use serde_json::{Value, json};

use crate::made::{DEV, Items, MANAGEMENT, PROD, allow, trust};

pub static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../content/iam/actions.txt")).unwrap();
    Catalogue::read(text).unwrap()
});

pub const INSTANCE: &str = "arn:aws:sso:::instance/ssoins-1";
pub const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
pub const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
pub const POWER_USER: &str = "arn:aws:iam::aws:policy/PowerUserAccess";

pub fn set_arn(name: &str) -> String {
    format!("arn:aws:sso:::permissionSet/ssoins-1/ps-{name}")
}

fn documents(arn: &str) -> Option<Arc<str>> {
    haechi_content::iam::managed_policy(arn).map(Into::into)
}

/// What a test asks of: a world and a directory.
pub struct Made {
    pub world: World,
    pub directory: Directory,
}

impl Made {
    pub fn of(items: &Items) -> Made {
        let mut directory = Directory::builder();
        let mut world = World::builder().with_documents(Box::new(documents));
        for value in &items.0 {
            let item = ConfigurationItem::from_value(value).expect("an item");
            directory.add(&item);
            world.add(&item);
        }
        Made { world: world.build().expect("a world"), directory: directory.build() }
    }

    pub fn center(&self) -> Center<'_> {
        static DOCUMENTS: LazyLock<Box<Documents>> = LazyLock::new(|| Box::new(documents));
        Center::new(&self.world, &self.directory, &**DOCUMENTS)
    }
}

/// Items of IAM Identity Center.
pub trait Staff {
    fn instance(&mut self) -> &mut Items;
    fn person(&mut self, id: &str, name: &str, members: Value) -> &mut Items;
    fn team(&mut self, id: &str, name: &str, members: &[&str]) -> &mut Items;
    fn set(&mut self, name: &str, members: Value) -> &mut Items;
    fn assigned(&mut self, account: &str, set: &str, kind: &str, id: &str) -> &mut Items;
    /// A role of a permission set as AWS makes it.
    fn reserved(&mut self, account: &str, set: &str, inline: &[Value], managed: &[&str]) -> &mut Items;
}

impl Staff for Items {
    fn instance(&mut self) -> &mut Items {
        let configuration = json!({"InstanceArn": INSTANCE, "IdentityStoreId": "d-1", "OwnerAccountId": MANAGEMENT});
        self.item(MANAGEMENT, "AWS::SSO::Instance", INSTANCE, INSTANCE, configuration);
        self.last()["awsRegion"] = json!("ap-northeast-2");
        self
    }

    fn person(&mut self, id: &str, name: &str, members: Value) -> &mut Items {
        let mut configuration = json!({"IdentityStoreId": "d-1", "UserId": id, "UserName": name,
            "DisplayName": name.to_uppercase(), "UserStatus": "ENABLED",
            "Emails": [{"Value": format!("{name}@example.com"), "Primary": true}]});
        for (key, value) in members.as_object().expect("members") {
            configuration[key] = value.clone();
        }
        let arn = format!("arn:aws:identitystore:::user/{id}");
        self.item(MANAGEMENT, "AWS::IdentityStore::User", id, &arn, configuration);
        self.last()["resourceName"] = json!(name);
        self
    }

    fn team(&mut self, id: &str, name: &str, members: &[&str]) -> &mut Items {
        let members: Vec<Value> = members.iter().map(|id| json!({"MembershipId": "m", "UserId": id})).collect();
        let configuration =
            json!({"IdentityStoreId": "d-1", "GroupId": id, "DisplayName": name, "GroupMemberships": members});
        let arn = format!("arn:aws:identitystore:::group/{id}");
        self.item(MANAGEMENT, "AWS::IdentityStore::Group", id, &arn, configuration);
        self.last()["resourceName"] = json!(name);
        self
    }

    fn set(&mut self, name: &str, members: Value) -> &mut Items {
        let arn = set_arn(name);
        let mut configuration = json!({"InstanceArn": INSTANCE, "PermissionSetArn": arn, "Name": name,
            "SessionDuration": "PT1H", "ManagedPolicies": [], "CustomerManagedPolicyReferences": [],
            "InlinePolicy": "", "OutdatedAccountIds": []});
        for (key, value) in members.as_object().expect("members") {
            configuration[key] = value.clone();
        }
        self.item(MANAGEMENT, "AWS::SSO::PermissionSet", &arn, &arn, configuration);
        self.last()["resourceName"] = json!(name);
        self
    }

    fn assigned(&mut self, account: &str, set: &str, kind: &str, id: &str) -> &mut Items {
        let configuration = json!({"InstanceArn": INSTANCE, "PermissionSetArn": set_arn(set), "PrincipalType": kind,
            "PrincipalId": id, "TargetType": "AWS_ACCOUNT", "TargetId": account});
        let key = format!("{account}/ps-{set}/{kind}/{id}");
        self.item(MANAGEMENT, "AWS::SSO::Assignment", &key, &key, configuration)
    }

    fn reserved(&mut self, account: &str, set: &str, inline: &[Value], managed: &[&str]) -> &mut Items {
        let name = format!("aws-reserved/sso.amazonaws.com/ap-northeast-2/AWSReservedSSO_{set}_0123456789abcdef");
        let provider = json!({"Federated": format!("arn:aws:iam::{account}:saml-provider/AWSSSO_1_DO_NOT_DELETE")});
        self.role(account, &name, &trust(provider), inline, managed);
        if inline.len() == 1 {
            self.last()["configuration"]["rolePolicyList"][0]["policyName"] = json!("AwsSSOInlinePolicy");
        }
        self
    }
}

/// Three accounts; mina is an administrator of PROD by a group and reads DEV by herself.
pub fn office() -> Items {
    let mut items = Items::organization();
    items.instance();
    items.person("u-mina", "mina", json!({})).person("u-juno", "juno", json!({}));
    items.team("g-ops", "Operators", &["u-mina"]).team("g-none", "Nobody", &[]);
    items.set("Admin", json!({"ManagedPolicies": [ADMINISTRATOR]}));
    items.set("Read", json!({"ManagedPolicies": [READ_ONLY]}));
    items.set("Build", json!({"InlinePolicy": allow("s3:PutObject", "*").to_string()}));
    items.assigned(PROD, "Admin", "GROUP", "g-ops").assigned(DEV, "Read", "USER", "u-mina");
    items.reserved(PROD, "Admin", &[], &[ADMINISTRATOR]).reserved(DEV, "Read", &[], &[READ_ONLY]);
    items
}
