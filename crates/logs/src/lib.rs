//! Reads logs into events: CloudTrail's files today.
//!
//! ```text
//! Fields::of_events(["userIdentity.arn", "requestParameters.bucketName"]) -> Fields     compiled once
//! Fields::slot("userIdentity.arn") -> Slot
//! Reader::new(&fields)
//!     .read_paths(&paths, &mut |event| ...)   files and folders: .json, .jsonl, .log, plain, .gz or .zst
//!     .read_file / .read_bytes / .read_stream
//!     .read_files_on(&files, &mut receivers)  on as many threads as there are receivers; .on_threads for other inputs
//!     .finish() -> Summary                    files by kind, bytes, events, duplicates, problems, coverage
//! Event: id, time, source, name, account, region, get(slot), text(slot), each(slot, ..), json()
//! ```
//!
//! An event is a view over the record's own bytes: one walk over the record finds the wanted fields and
//! checks the rest, nothing is copied and no map is built. Memory is one file of up to 64 MiB, or a window
//! over a larger one, whatever the number of files.

mod cloudtrail;
mod columns;
pub mod digest;
mod document;
mod duplicates;
mod eks;
mod event_source;
mod files;
mod flow_lines;
mod layout;
mod messages;
mod notice;
mod out;
mod parallel;
mod rds;
mod reader;
mod receiver;
mod resolver;
mod s3_access;
mod sniff;
mod source;
mod summary;
mod tally;
mod waf;
mod window;

pub use columns::column_names;
pub use event_source::EventSource;
pub use files::{LogFiles, is_log};
pub use flow_lines::{DEFAULT_FLOW_FIELDS, FlowFormat, FlowFormatError};
pub use haechi_model::event::{Event, FieldError, Fields, Flow, Json, JsonKind, Place, Slot};
pub use layout::{LATE, LogFilter, LogName, Unwanted};
pub use notice::{NewObject, Notice, NoticeError};
pub use parallel::Inputs;
pub use reader::{DUPLICATE_BYTES, Reader};
pub use receiver::{LogFields, Receiver};
pub use source::Limits;
pub use summary::{FileKind, Problem, Stretch, Summary, TextBytes};
