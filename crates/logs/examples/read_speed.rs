//! How fast CloudTrail files are read: `read_speed PATH...` prints events and bytes a second, beside bare inflating.

use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use haechi_logs::{Event, Fields, LogFiles, Reader};

const FIELDS: [&str; 12] = [
    "userIdentity.type",
    "userIdentity.arn",
    "userIdentity.sessionContext.sessionIssuer.arn",
    "userIdentity.invokedBy",
    "sourceIPAddress",
    "userAgent",
    "errorMessage",
    "requestParameters.bucketName",
    "requestParameters.roleArn",
    "responseElements.credentials.accessKeyId",
    "resources.ARN",
    "additionalEventData.MFAUsed",
];

fn main() {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let files = LogFiles::find(&paths).files;
    let fields = Fields::of_events(FIELDS).expect("paths are right");
    let slots: Vec<_> = FIELDS.iter().filter_map(|path| fields.slot(path)).collect();
    for round in 0..3 {
        let start = Instant::now();
        let mut inflated = 0_usize;
        let mut inflater = libdeflater::Decompressor::new();
        for path in &files {
            let packed = std::fs::read(path).expect("the file can be read");
            if packed.starts_with(&[0x1F, 0x8B]) {
                let length = packed.last_chunk::<4>().map_or(0, |length| u32::from_le_bytes(*length)) as usize;
                let mut text = vec![0; length];
                match inflater.gzip_decompress(&packed, &mut text) {
                    Ok(count) => inflated += count,
                    Err(_) => {
                        text.clear();
                        inflated += flate2::read::MultiGzDecoder::new(&*packed).read_to_end(&mut text).unwrap_or(0);
                    }
                }
            } else {
                inflated += packed.len();
            }
        }
        let bare = start.elapsed();
        let mut reader = Reader::new(&fields);
        let (mut found, start) = (0_u64, Instant::now());
        let _ = reader.read_paths(&paths, &mut |event: &Event<'_>| {
            found += slots.iter().filter(|slot| event.text(**slot).is_some()).count() as u64;
            ControlFlow::Continue(())
        });
        let read = start.elapsed();
        let summary = reader.finish();
        let megabytes = summary.text_bytes as f64 / 1e6;
        println!(
            "round {round}: {} events, {megabytes:.1} MB of text, {found} fields; inflating {:.3} s ({:.0} MB/s, {inflated} bytes), \
             reading {:.3} s ({:.0} MB/s, {:.0} events/s), {:.2} of inflating; {} problems",
            summary.events,
            bare.as_secs_f64(),
            megabytes / bare.as_secs_f64(),
            read.as_secs_f64(),
            megabytes / read.as_secs_f64(),
            summary.events as f64 / read.as_secs_f64(),
            read.as_secs_f64() / bare.as_secs_f64(),
            summary.problems.len(),
        );
    }
}
