//! From the text of the table (content/iam/actions.txt tells its form) to the catalogue.

use std::borrow::Cow;

use super::{
    AccessLevel, ActionRow, Catalogue, Cell, KeyRow, KeyType, KeyValues, Need, Run, ServiceRow, TypeRow, UseRow,
    compare,
};

/// The version of the table's form.
const FORM: &str = "haechi-iam-data\t1";

/// A table is about 1 MiB; positions in it are 32 bits.
const MAX_BYTES: usize = 256 << 20;

/// The table can't be read: the line, from 1, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct CatalogueError {
    pub line: usize,
    pub what: &'static str,
}

impl Catalogue {
    /// Reads a table.
    ///
    /// # Errors
    /// It is not of the form that `cargo run -p xtask -- iam-data` writes, or of a newer one.
    pub fn read(text: impl Into<Cow<'static, str>>) -> Result<Catalogue, CatalogueError> {
        let text = text.into();
        if text.len() > MAX_BYTES {
            return Err(CatalogueError { line: 1, what: "the table is too large" });
        }
        let mut reader = Reader::new(&text);
        for line in text.split('\n') {
            reader.line += 1;
            reader.read(line.strip_suffix('\r').unwrap_or(line))?;
            reader.at += line.len() + 1;
        }
        let Reader { formed, mut table, .. } = reader;
        if !formed {
            return Err(CatalogueError { line: 1, what: "this is no table of IAM actions" });
        }
        table.text = text;
        table.find_many_valued();
        Ok(table)
    }
}

impl Catalogue {
    /// Sorts out the keys of many values, which questions ask for by name.
    fn find_many_valued(&mut self) {
        let many = self.globals.iter().chain(&self.keys).filter(|row| row.values == KeyValues::Many);
        let (patterns, names): (Vec<KeyRow>, Vec<KeyRow>) = many.copied().partition(|row| self.key(row).is_pattern());
        let mut names: Vec<Cell> = names.into_iter().map(|row| row.name).collect();
        names.sort_unstable_by(|left, right| compare(self.str(*left), self.str(*right)));
        names.dedup_by(|left, right| compare(self.str(*left), self.str(*right)).is_eq());
        (self.many, self.many_patterns) = (names, patterns);
    }
}

struct Reader<'t> {
    text: &'t str,
    table: Catalogue,
    /// Number and first byte of the line.
    line: usize,
    at: usize,
    formed: bool,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Reader<'t> {
        // Twenty-two thousand actions in one MiB: room for them at once.
        let table = Catalogue {
            text: Cow::Borrowed(""),
            sources: Vec::new(),
            services: Vec::with_capacity(512),
            actions: Vec::with_capacity(text.len() / 46),
            types: Vec::with_capacity(text.len() / 400),
            keys: Vec::with_capacity(text.len() / 400),
            globals: Vec::with_capacity(64),
            lists: Vec::with_capacity(text.len() / 400),
            listed: Vec::with_capacity(text.len() / 100),
            uses: Vec::with_capacity(text.len() / 46),
            many: Vec::new(),
            many_patterns: Vec::new(),
        };
        Reader { text, table, line: 0, at: 0, formed: false }
    }

    fn wrong(&self, what: &'static str) -> CatalogueError {
        CatalogueError { line: self.line, what }
    }

    fn cell(&self, part: &'t str) -> Cell {
        Cell { start: (part.as_ptr() as usize - self.text.as_ptr() as usize) as u32, len: part.len() as u32 }
    }

    fn read(&mut self, line: &'t str) -> Result<(), CatalogueError> {
        let Some(first) = line.bytes().next() else { return Ok(()) };
        if !first.is_ascii() || first == b'#' {
            return if first == b'#' { Ok(()) } else { Err(self.wrong("a line of an unknown kind")) };
        }
        let rest = &line[1..];
        if !self.formed && first != b'!' {
            return Err(self.wrong("this is no table of IAM actions"));
        }
        match first {
            b'!' if !self.formed => {
                self.formed = rest == FORM;
                if self.formed { Ok(()) } else { Err(self.wrong("the table is of an unknown form")) }
            }
            b'!' => {
                self.table.sources.push(self.cell(rest));
                Ok(())
            }
            b'G' => {
                let key = self.key(rest)?;
                self.table.globals.push(key);
                Ok(())
            }
            b'S' => self.service(rest),
            b'K' | b'L' | b'R' | b'A' if self.table.services.is_empty() => Err(self.wrong("a service must come first")),
            b'K' => {
                let key = self.key(rest)?;
                self.table.keys.push(key);
                self.extend(|lengths, service| service.keys.end = lengths.1);
                Ok(())
            }
            b'L' => self.list(rest),
            b'R' => self.resource_type(rest),
            b'A' => self.action(rest),
            // Kinds of lines that come later do not make the table unreadable.
            _ => Ok(()),
        }
    }

    /// Moves an end of the current service: to the lengths of actions, keys, lists and types.
    fn extend(&mut self, set: impl Fn((u32, u32, u32, u32), &mut ServiceRow)) {
        let table = &mut self.table;
        let lengths =
            (table.actions.len() as u32, table.keys.len() as u32, table.lists.len() as u32, table.types.len() as u32);
        if let Some(service) = table.services.last_mut() {
            set(lengths, service);
        }
    }

    fn service(&mut self, rest: &'t str) -> Result<(), CatalogueError> {
        let (prefix, name) = rest.split_once('\t').unwrap_or((rest, rest));
        if let Some(last) = self.table.services.last() {
            let last = &self.text[last.prefix.start as usize..(last.prefix.start + last.prefix.len) as usize];
            if compare(last, prefix).is_ge() {
                return Err(self.wrong("the services are not sorted"));
            }
        }
        if self.table.services.len() >= usize::from(u16::MAX) {
            return Err(self.wrong("there are too many services"));
        }
        let table = &self.table;
        let empty = |length: usize| Run { start: length as u32, end: length as u32 };
        let row = ServiceRow {
            prefix: self.cell(prefix),
            name: self.cell(name),
            actions: empty(table.actions.len()),
            types: empty(table.types.len()),
            keys: empty(table.keys.len()),
            lists: empty(table.lists.len()),
        };
        self.table.services.push(row);
        Ok(())
    }

    fn key(&self, rest: &'t str) -> Result<KeyRow, CatalogueError> {
        let letter = rest.bytes().next().unwrap_or_default();
        let kind = match letter.to_ascii_uppercase() {
            b'S' => KeyType::String,
            b'A' => KeyType::Arn,
            b'B' => KeyType::Bool,
            b'N' => KeyType::Numeric,
            b'D' => KeyType::Date,
            b'I' => KeyType::IpAddress,
            b'Y' => KeyType::Binary,
            _ => return Err(self.wrong("a condition key of an unknown type")),
        };
        let values = if letter.is_ascii_lowercase() { KeyValues::Many } else { KeyValues::One };
        Ok(KeyRow { name: self.cell(&rest[1..]), kind, values })
    }

    fn list(&mut self, rest: &'t str) -> Result<(), CatalogueError> {
        let start = self.table.listed.len() as u32;
        for number in rest.split(' ') {
            let number = number.parse().map_err(|_| self.wrong("a list that is not of numbers"))?;
            self.table.listed.push(number);
        }
        let end = self.table.listed.len() as u32;
        self.table.lists.push(Run { start, end });
        self.extend(|lengths, service| service.lists.end = lengths.2);
        Ok(())
    }

    fn number(&self, text: &str) -> Result<Option<u16>, CatalogueError> {
        match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| self.wrong("a reference that is not a number")),
        }
    }

    fn resource_type(&mut self, rest: &'t str) -> Result<(), CatalogueError> {
        let mut fields = rest.split('\t');
        let name = fields.next().unwrap_or_default();
        let arn = fields.next().ok_or_else(|| self.wrong("a resource type without an ARN"))?;
        let keys = self.number(fields.next().unwrap_or_default())?;
        let row = TypeRow { name: self.cell(name), arn: self.cell(arn), keys };
        self.table.types.push(row);
        self.extend(|lengths, service| service.types.end = lengths.3);
        Ok(())
    }

    fn action(&mut self, rest: &'t str) -> Result<(), CatalogueError> {
        let mut fields = rest.split('\t');
        let name = fields.next().unwrap_or_default();
        let level = match fields.next().unwrap_or_default() {
            "L" => AccessLevel::List,
            "R" => AccessLevel::Read,
            "W" => AccessLevel::Write,
            "T" => AccessLevel::Tagging,
            "P" => AccessLevel::PermissionsManagement,
            _ => return Err(self.wrong("an action of an unknown access level")),
        };
        let service = self.table.services.len() - 1;
        let types = self.table.services[service].types;
        let start = self.table.uses.len() as u32;
        for one in fields.next().unwrap_or_default().split(' ').filter(|one| !one.is_empty()) {
            let (number, list) = one.split_once(':').unwrap_or((one, ""));
            let bare = number.strip_suffix('*');
            let need = if bare.is_some() { Need::Required } else { Need::Optional };
            let number = self.number(bare.unwrap_or(number))?.unwrap_or(u16::MAX);
            if u32::from(number) >= types.end - types.start {
                return Err(self.wrong("an action of an unknown resource type"));
            }
            let keys = self.number(list)?;
            self.table.uses.push(UseRow { number, need, keys });
        }
        let uses = Run { start, end: self.table.uses.len() as u32 };
        let keys = self.number(fields.next().unwrap_or_default())?;
        let dependents = self.cell(fields.next().unwrap_or(&rest[rest.len()..]));
        let run = self.table.services[service].actions;
        if run.end > run.start {
            let last = self.table.actions[run.end as usize - 1].name;
            let last = &self.text[last.start as usize..(last.start + last.len) as usize];
            if compare(last, name).is_ge() {
                return Err(self.wrong("the actions are not sorted"));
            }
        }
        let row = ActionRow { service: service as u16, level, name: self.cell(name), uses, keys, dependents };
        self.table.actions.push(row);
        self.extend(|lengths, service| service.actions.end = lengths.0);
        Ok(())
    }
}
