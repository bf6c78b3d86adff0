//! Bodies by content hash: the newest of an item stands whole, older ones as differences from newer ones.
//!
//! Only whole bodies are made differences, and only of another whole body: so no circle can arise.
//! `height` is the longest chain that rests on a body; at [`MAX_HEIGHT`] it stays whole.

use std::io;

use crate::database::Connection;
use haechi_model::ContentHash;
use rusqlite::{OptionalExtension, params};

use crate::codec::{Decoder, Encoder};
use crate::fault::Fault;
use crate::open::Store;

pub(crate) const MAX_HEIGHT: i64 = 16;
/// A chain that is longer than any writer makes is damage, or a circle.
const MAX_CHAIN: usize = 64;

struct Packed {
    dictionary: Option<i64>,
    base: Option<i64>,
    size: i64,
    body: Vec<u8>,
}

fn packed(connection: &Connection, id: i64) -> Result<Packed, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT dictionary, base, size, body FROM h_contents WHERE id = ?")?;
    let found = statement.query_row([id], |row| {
        Ok(Packed { dictionary: row.get(0)?, base: row.get(1)?, size: row.get(2)?, body: row.get(3)? })
    });
    found.optional()?.ok_or_else(|| Fault::Damaged(format!("body {id} is missing")))
}

fn unreadable(id: i64) -> impl Fn(io::Error) -> Fault {
    move |error| Fault::Damaged(format!("body {id} cannot be read: {error}"))
}

pub(crate) fn dictionary(connection: &Connection, id: i64) -> Result<Vec<u8>, Fault> {
    let mut statement = connection.prepare_cached("SELECT body FROM h_dictionaries WHERE id = ?")?;
    Ok(statement.query_row([id], |row| row.get(0))?)
}

/// Reads a body through the chain of its differences.
pub(crate) fn read(connection: &Connection, decoder: &Decoder, id: i64) -> Result<Vec<u8>, Fault> {
    let mut chain = vec![(id, packed(connection, id)?)];
    while let Some((at, Some(base))) = chain.last().map(|(at, last)| (*at, last.base)) {
        if chain.len() > MAX_CHAIN {
            return Err(Fault::Damaged(format!("body {at} rests on too many others")));
        }
        chain.push((base, packed(connection, base)?));
    }
    let mut body = Vec::new();
    for (at, link) in chain.iter().rev() {
        body = match link.base {
            None => {
                if let Some(wanted) = link.dictionary.filter(|wanted| !decoder.knows(*wanted)) {
                    decoder.learn(wanted, &dictionary(connection, wanted)?).map_err(unreadable(*at))?;
                }
                decoder.whole(&link.body, link.size, link.dictionary)
            }
            Some(_) => decoder.difference(&link.body, link.size, &body),
        }
        .map_err(unreadable(*at))?;
    }
    Ok(body)
}

/// Puts a body as a whole one, and gives its number.
///
/// A body that is there as a difference is made whole again from its own bytes: others may rest on them.
pub(crate) fn put_whole(
    connection: &Connection,
    encoder: &mut Encoder,
    decoder: &Decoder,
    hash: ContentHash,
    body: &[u8],
    dictionary: Option<i64>,
) -> Result<i64, Fault> {
    let mut find = connection.prepare_cached("SELECT id, base FROM h_contents WHERE hash = ?")?;
    let found: Option<(i64, Option<i64>)> =
        find.query_row([hash.bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    match found {
        None => {
            let packed = encoder.whole(body, dictionary)?;
            let mut insert = connection.prepare_cached(
                "INSERT INTO h_contents (hash, dictionary, base, height, size, body) VALUES (?, ?, NULL, 0, ?, ?)",
            )?;
            Ok(insert.insert(params![hash.bytes(), dictionary, body.len() as i64, packed])?)
        }
        Some((id, None)) => Ok(id),
        Some((id, Some(_))) => {
            let body = read(connection, decoder, id)?;
            let packed = encoder.whole(&body, dictionary)?;
            let mut update = connection
                .prepare_cached("UPDATE h_contents SET dictionary = ?, base = NULL, body = ? WHERE id = ?")?;
            update.execute(params![dictionary, packed, id])?;
            Ok(id)
        }
    }
}

/// Makes a whole body a difference from another whole one, where that is shorter.
pub(crate) fn rest_on(
    connection: &Connection,
    encoder: &mut Encoder,
    decoder: &Decoder,
    old: i64,
    new: i64,
) -> Result<(), Fault> {
    let mut find = connection.prepare_cached("SELECT height, base FROM h_contents WHERE id = ?")?;
    let mut shape = |id: i64| find.query_row([id], |row| Ok((row.get::<i64>(0)?, row.get::<Option<i64>>(1)?)));
    let ((old_height, old_base), (new_height, new_base)) = (shape(old)?, shape(new)?);
    if old == new || old_base.is_some() || new_base.is_some() || old_height >= MAX_HEIGHT {
        return Ok(());
    }
    let packed = encoder.difference(&read(connection, decoder, old)?, &read(connection, decoder, new)?)?;
    let mut update = connection.prepare_cached(
        "UPDATE h_contents SET dictionary = NULL, base = ?1, body = ?2 WHERE id = ?3 AND length(body) > length(?2)",
    )?;
    if update.execute(params![new, packed, old])? > 0 && new_height <= old_height {
        let mut raise = connection.prepare_cached("UPDATE h_contents SET height = ? WHERE id = ?")?;
        raise.execute([old_height + 1, new])?;
    }
    Ok(())
}

impl Store {
    /// Unpacks every body that a version has and compares it with its hash.
    pub(crate) fn check_bodies(&self, wrong: &mut Vec<String>) -> Result<(), Fault> {
        let mut statement = self.connection.prepare(
            "SELECT v.content, c.hash, v.captured, v.status, v.seen, s.type, s.account, s.region, i.resource_id
             FROM h_versions v JOIN h_contents c ON c.id = v.content
             JOIN h_items i ON i.id = v.item JOIN h_scopes s ON s.id = i.scope",
        )?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let (id, hash) = (row.get(0)?, ContentHash::from_bytes(row.get(1)?));
            let (captured, status) = (row.get(2)?, row.get(3)?);
            let seen: Option<String> = row.get(4)?;
            if let Err(fault) = crate::bodies::item(self, id, hash, captured, status, seen.as_deref()) {
                let names: [String; 4] = [row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?];
                wrong.push(format!("{}: {}", names.join(" "), fault.told(&self.path)));
            }
        }
        Ok(())
    }
}
