//! What a terminal shows: a run on one screen, and rows of any other command.

pub(crate) mod difference;
pub(crate) mod layout;
pub(crate) mod list;
pub(crate) mod page;
