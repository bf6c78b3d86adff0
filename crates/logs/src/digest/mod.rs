//! CloudTrail's log file validation: reads digests, and says which digests and logs are as CloudTrail delivered them.
//!
//! ```text
//! DigestName::parse(key)                     which chain a digest is of, by its name
//! Digest::parse(text)                        what it says: its time, its logs with their hashes, the digest before it
//! PublicKeys::parse(answer of list-public-keys).verify(..)
//! text_of(file)                              inflates a digest or a log and hashes it, within bounds
//! Chain::new(..).push(digest) .finish()      digests of one chain, oldest first -> one verdict for each, gaps, logs to compare
//! Unnamed                                    logs that no digest names
//! ```
//!
//! Nothing here calls AWS or reads the clock: digests, logs and keys come from whoever has them.

mod chain;
mod document;
mod inflate;
mod keys;
mod name;
mod unnamed;

pub use chain::{Chain, ChainEvent, Found, FoundDigest, Gap, GapCause, Reason, Verdict};
pub use document::{Digest, DigestError, NamedLog, Previous};
pub use inflate::{Damage, TextHash, hash_of, text_of};
pub use keys::{KeysError, PublicKeys, Signature, Signed};
pub use name::DigestName;
pub use unnamed::{Covered, Place, Unnamed};
