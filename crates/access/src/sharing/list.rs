//! Everything that is shared with other accounts, by a policy, a grant or otherwise: external access with a zone of
//! trust of one account, and images beside it.

use haechi_iam::catalogue::Catalogue;

use super::goods::Goods;
use crate::external::{
    EXTERNAL_KINDS, ExternalKind, Looked, NOBODY_ELSE, Opening, Question, Trusted, external, images,
};
use crate::world::World;

/// What is shared, and how many resources were looked at. No accounts: of all. Roles are asked by
/// [`trusts`](super::trusts).
pub fn shared_with_others(
    world: &World,
    goods: &Goods,
    catalogue: &Catalogue,
    accounts: &[String],
    now: Option<&str>,
) -> (Vec<Opening>, usize) {
    let kinds: Vec<&'static ExternalKind> =
        EXTERNAL_KINDS.iter().filter(|kind| kind.looked != Looked::ByTrust).collect();
    let trusted = Trusted { names: vec![NOBODY_ELSE.to_owned()] };
    let question = Question { trusted: &trusted, accounts, kinds: &kinds, now };
    let found = external(world, &goods.shares, catalogue, &question);
    let (of_images, count) = images(world, &goods.shares, catalogue, &question);
    let looked = count + found.looked.iter().map(|(_, count)| count).sum::<usize>();
    let mut openings = found.openings;
    openings.extend(of_images);
    openings.sort_by_cached_key(|opening| {
        (!opening.public, opening.resource_type, opening.resource.clone(), opening.kind, opening.outsider.clone())
    });
    (openings, looked)
}
