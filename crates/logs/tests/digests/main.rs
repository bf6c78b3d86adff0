//! Chains of digests, made with a key of the test's own and changed in every way: what the judge says of each.

mod world;

use haechi_logs::Limits;
use haechi_logs::digest::{
    Chain, ChainEvent, Digest, DigestName, Found, FoundDigest, GapCause, PublicKeys, Reason, Signature, text_of,
};
use haechi_model::Timestamp;
use world::{BUCKET, HOUR, Key, Trail, World, public_keys};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Whether digests are looked at in the bucket, or as copies without metadata.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Bucket,
    Copies,
}

/// What the judge says of all that is no log, a line each, by the hour.
fn judge(world: &World, keys: &[&Key], seen: Seen) -> Vec<String> {
    let keys = PublicKeys::parse(public_keys(keys).to_string().as_bytes()).unwrap();
    let mut found: Vec<_> =
        world.objects.iter().filter_map(|(key, it)| Some((DigestName::parse(key)?, key, it))).collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    let mut chain = Chain::default();
    let mut events = Vec::new();
    for (name, key, object) in found {
        let read = text_of(object.bytes.as_slice(), Limits::default())
            .map_err(|damage| Reason::Damaged(damage.to_string()))
            .and_then(|text| Digest::parse(&text).map_err(|error| Reason::Damaged(error.to_string())));
        let metadata = |name: &str| object.metadata.get(name).cloned();
        let signature = metadata("signature").map(|hex| Signature { hex, algorithm: metadata("signature-algorithm") });
        let found = match seen {
            Seen::Bucket => FoundDigest {
                found: Found::Object { bucket: BUCKET.to_owned(), key: key.clone() },
                name,
                read,
                signature,
            },
            Seen::Copies => FoundDigest { found: Found::File(format!("copy/{key}")), name, read, signature: None },
        };
        chain.push(found, &keys, &mut events);
    }
    chain.finish(&keys, &mut events);
    events.iter().map(told).collect()
}

fn told(event: &ChainEvent) -> String {
    let hour = |at: &Timestamp| at.to_string()[11..16].to_owned();
    match event {
        ChainEvent::Judged { name, reason, .. } => {
            let reason = match reason {
                None => "valid".to_owned(),
                Some(Reason::Damaged(_)) => "damaged".to_owned(),
                Some(Reason::Moved { .. }) => "moved".to_owned(),
                Some(Reason::NoKey { fingerprint, .. }) => format!("no key {fingerprint}"),
                Some(reason) => format!("{reason:?}").to_lowercase(),
            };
            format!("{} {reason}", hour(&name.end))
        }
        ChainEvent::Missing { key, end, reason, .. } => {
            assert_eq!(DigestName::parse(key).map(|name| name.end), Some(*end), "{key}");
            assert!(key.contains(&end.date().replace('-', "/")), "{key}");
            let why = if *reason == Reason::Hour { "by the hour" } else { "named" };
            format!("{} missing, {why}", hour(end))
        }
        ChainEvent::MissingMore { count, .. } => format!("{count} more missing"),
        ChainEvent::Begins { at, .. } => format!("{} begins", hour(at)),
        ChainEvent::Gap(gap) => {
            let cause = match gap.cause {
                GapCause::Off => "off",
                GapCause::Missing => "missing",
                GapCause::Apart => "apart",
            };
            format!("{} to {} {cause}", hour(&gap.from), hour(&gap.to))
        }
    }
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

/// Six hours, 10:01 to 15:01, and what is changed of them.
fn check(change: impl FnOnce(&mut World, &[String]), in_bucket: &[&str], of_copies: &[&str]) {
    let key = Key::new("k1");
    let mut world = World::default();
    let (digests, _) = world.hours(&Trail::new("111122223333", "eu-west-1"), &key, at("2026-11-22T10:01:31Z"), 6, 2);
    change(&mut world, &digests);
    let valid = |lines: Vec<String>| sorted(lines.into_iter().filter(|line| !line.ends_with(" valid")).collect());
    assert_eq!(valid(judge(&world, &[&key], Seen::Bucket)), in_bucket, "in the bucket");
    assert_eq!(valid(judge(&world, &[&key], Seen::Copies)), of_copies, "copies");
}

const NEWEST: &str = "15:01 nosignature";

#[test]
fn what_is_as_it_was_is_valid() {
    let key = Key::new("k1");
    let mut world = World::default();
    world.hours(&Trail::new("111122223333", "eu-west-1"), &key, at("2026-11-22T22:01:31Z"), 4, 0);
    let expected = ["22:01 valid", "23:01 valid", "00:01 valid", "01:01 valid"];
    assert_eq!(judge(&world, &[&key], Seen::Bucket), expected);
    assert_eq!(judge(&world, &[&key], Seen::Copies)[..3], expected[..3], "over midnight");
    check(|_, _| (), &[], &[NEWEST]);
}

#[test]
fn a_text_that_was_changed() {
    // Of copies, the digest before it has no other to speak for it.
    let of_copies = ["11:01 nosignature", "12:01 damaged", NEWEST];
    let long_hash = |text: String| text.replacen("hashValue\":\"", "hashValue\":\"0", 1);
    check(|world, digests| world.change(&digests[2], long_hash), &["12:01 damaged"], &of_copies);
    let no_logs = |text: String| text.replace("\"logFiles\":[{", "\"logFiles\":[],\"was\":[{");
    check(|world, digests| world.change(&digests[2], no_logs), &["12:01 signature"], &["12:01 signature", NEWEST]);
    let rubbish = |_| "{}".to_owned();
    check(|world, digests| world.change(&digests[2], rubbish), &["12:01 damaged"], &of_copies);
    let cut = |world: &mut World, digests: &[String]| world.objects.get_mut(&digests[2]).unwrap().bytes.truncate(100);
    check(cut, &["12:01 damaged"], &of_copies);
}

#[test]
fn a_signature_that_was_changed() {
    let other = |world: &mut World, digests: &[String]| {
        world.objects.get_mut(&digests[2]).unwrap().metadata.insert("signature".to_owned(), "00".repeat(256));
    };
    check(other, &["12:01 metadata"], &[NEWEST]);
    let none = |world: &mut World, digests: &[String]| world.objects.get_mut(&digests[5]).unwrap().metadata.clear();
    check(none, &[NEWEST], &[NEWEST]);
    let algorithm = |world: &mut World, digests: &[String]| {
        let metadata = &mut world.objects.get_mut(&digests[5]).unwrap().metadata;
        metadata.insert("signature-algorithm".to_owned(), "MD5withRSA".to_owned());
    };
    check(algorithm, &["15:01 algorithm"], &[NEWEST]);
}

#[test]
fn a_digest_that_lies_elsewhere() {
    // The digest of an hour in the place of another: both are CloudTrail's.
    let replayed = |world: &mut World, digests: &[String]| {
        let older = world.objects[&digests[1]].clone();
        world.objects.insert(digests[3].clone(), older);
    };
    check(replayed, &["13:01 moved"], &["12:01 nosignature", "13:01 moved", NEWEST]);
}

#[test]
fn digests_that_were_deleted() {
    let one = |world: &mut World, digests: &[String]| drop(world.objects.remove(&digests[2]));
    check(
        one,
        &["11:01 to 12:01 missing", "12:01 missing, named"],
        &["11:01 nosignature", "11:01 to 12:01 missing", "12:01 missing, named", NEWEST],
    );
    // Two in a row: the one that is named, and the one of the hour before it.
    let two =
        |world: &mut World, digests: &[String]| digests[2..4].iter().for_each(|key| drop(world.objects.remove(key)));
    check(
        two,
        &["11:01 to 13:01 missing", "12:01 missing, by the hour", "13:01 missing, named"],
        &["11:01 nosignature", "11:01 to 13:01 missing", "12:01 missing, by the hour", "13:01 missing, named", NEWEST],
    );
    let first = |world: &mut World, digests: &[String]| drop(world.objects.remove(&digests[0]));
    check(first, &["10:01 begins"], &["10:01 begins", NEWEST]);
}

#[test]
fn many_digests_that_were_deleted() {
    let key = Key::new("k1");
    let mut world = World::default();
    let trail = Trail::new("111122223333", "eu-west-1");
    let (digests, _) = world.hours(&trail, &key, at("2026-11-01T10:01:31Z"), 200, 0);
    digests[1..199].iter().for_each(|key| drop(world.objects.remove(key)));
    let lines = judge(&world, &[&key], Seen::Bucket);
    assert_eq!(lines.iter().filter(|line| line.ends_with("by the hour")).count(), 100);
    assert!(lines.contains(&"97 more missing".to_owned()), "{lines:?}");
}

#[test]
fn validation_that_was_off() {
    let key = Key::new("k1");
    let mut world = World::default();
    let trail = Trail::new("111122223333", "eu-west-1");
    world.hours(&trail, &key, at("2026-11-22T10:01:31Z"), 2, 1);
    world.restart(&trail);
    world.hours(&trail, &key, at("2026-11-22T16:01:31Z"), 2, 1);
    let lines = sorted(judge(&world, &[&key], Seen::Bucket));
    let valid = ["10:01 valid", "11:01 to 15:01 off", "11:01 valid", "16:01 valid", "17:01 valid"];
    assert_eq!(lines, valid);
}

#[test]
fn keys_that_change_and_keys_that_are_not_there() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let mut world = World::default();
    let trail = Trail::new("111122223333", "eu-west-1");
    world.hours(&trail, &old, at("2026-11-22T10:01:31Z"), 2, 1);
    world.hours(&trail, &new, at("2026-11-22T12:01:31Z"), 2, 1);
    assert!(judge(&world, &[&old, &new], Seen::Bucket).iter().all(|line| line.ends_with("valid")));
    let lines = judge(&world, &[&new], Seen::Bucket);
    assert_eq!(lines, ["10:01 no key old", "11:01 no key old", "12:01 valid", "13:01 valid"]);
    // A key that is not CloudTrail's, under its name.
    let forged = Key::new("old");
    let lines = judge(&world, &[&forged, &new], Seen::Bucket);
    assert_eq!(lines[..2], ["10:01 signature", "11:01 signature"]);
}

#[test]
fn a_hash_tells_even_without_a_key() {
    let key = Key::new("k1");
    let mut world = World::default();
    let (digests, _) = world.hours(&Trail::new("111122223333", "eu-west-1"), &key, at("2026-11-22T10:01:31Z"), 3, 1);
    world.change(&digests[1], |text| format!("{text} "));
    assert_eq!(judge(&world, &[], Seen::Copies), ["10:01 no key k1", "11:01 chain", "12:01 nosignature"]);
}

#[test]
fn backfill_digests_have_a_chain_of_their_own_and_no_hours() {
    let key = Key::new("k1");
    let mut world = World::default();
    let trail = Trail::new("111122223333", "eu-west-1");
    for hour in [0, 1, 7, 30] {
        world.digest(&trail, &key, at("2026-11-20T10:01:31Z").plus_micros(hour * HOUR), &[], true);
    }
    assert_eq!(judge(&world, &[&key], Seen::Bucket), ["10:01 valid", "11:01 valid", "17:01 valid", "16:01 valid"]);
    let third = trail.digest_key(at("2026-11-20T17:01:31Z"), true);
    world.objects.remove(&third);
    let lines = judge(&world, &[&key], Seen::Bucket);
    assert_eq!(sorted(lines), ["10:01 valid", "11:01 valid", "16:01 valid", "17:01 missing, named"]);
}
