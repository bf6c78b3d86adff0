//! The files of content/ within the program, as the build script found them.

include!(concat!(env!("OUT_DIR"), "/content_files.rs"));

/// The text of an embedded file; empty when there is none of that path.
pub(crate) fn text(path: &str) -> &'static str {
    let found = FILES.binary_search_by(|(name, _)| (*name).cmp(path));
    found.map_or("", |index| FILES[index].1)
}
