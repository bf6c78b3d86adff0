//! What Haechi ships with: every detection file is read and none is refused.

use haechi_content::Content;

#[test]
fn every_detection_file_is_sound() {
    let detections = Content::embedded().detections();
    let problems: Vec<_> = detections.problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(!detections.known.is_empty());
}
