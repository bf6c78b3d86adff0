//! What is known of each resource type: its members, whether it is global, what only Haechi collects.

use std::collections::BTreeMap;

use haechi_model::ResourceType;

use crate::source::nearest;

/// One resource type.
#[derive(Debug, Clone, Default)]
pub struct TypeInfo {
    /// The type belongs to no region (IAM, the account itself).
    pub global: bool,
    /// The members below `configuration` and `supplementaryConfiguration`, keyed by those two names.
    pub members: Members,
    /// Paths that AWS Config does not record and Haechi's collector adds.
    pub extended: Vec<String>,
}

impl TypeInfo {
    /// Adds a dotted path below the item, such as `configuration.name`.
    pub fn add(&mut self, path: &str, kind: Option<&str>, extended: bool) {
        self.members.add(path, kind);
        if extended && !self.extended.iter().any(|known| known == path) {
            self.extended.push(path.to_owned());
        }
    }

    /// True when AWS Config does not record the member and Haechi's collector adds it.
    pub fn is_extended(&self, path: &str) -> bool {
        self.extended
            .iter()
            .any(|known| path.strip_prefix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    }
}

/// The known members of an object; lists are transparent.
#[derive(Debug, Clone, Default)]
pub struct Members {
    pub children: BTreeMap<String, Members>,
    /// Anything may stand below: tags, policy documents, maps with keys of the user's own.
    pub open: bool,
    /// The published type of a leaf, such as `string`, `integer`, `boolean`, `date`.
    pub kind: Option<String>,
}

impl Members {
    pub fn child(&self, key: &str) -> Option<&Members> {
        self.children.get(key)
    }

    /// Adds a dotted path, making what lies on the way.
    pub fn add(&mut self, path: &str, kind: Option<&str>) {
        let leaf = path.split('.').fold(self, |at, key| at.children.entry(key.to_owned()).or_default());
        leaf.kind = leaf.kind.take().or(kind.map(str::to_owned));
        if matches!(kind, Some("map" | "any")) {
            leaf.open = true;
        }
    }
}

/// All resource types that Haechi knows members of.
#[derive(Debug, Clone, Default)]
pub struct TypeCatalogue {
    pub types: BTreeMap<ResourceType, TypeInfo>,
}

impl TypeCatalogue {
    pub fn get(&self, resource_type: &ResourceType) -> Option<&TypeInfo> {
        self.types.get(resource_type)
    }

    /// The known type whose name is nearest to an unknown one.
    pub fn nearest(&self, unknown: &str) -> Option<&ResourceType> {
        let name = nearest(unknown, self.types.keys().map(ResourceType::as_str))?;
        self.types.keys().find(|known| known.as_str() == name)
    }

    pub fn is_global(&self, resource_type: &ResourceType) -> bool {
        self.get(resource_type).is_some_and(|info| info.global)
    }
}
