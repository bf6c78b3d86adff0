//! Walks the text of a file and hands out its items one by one, whatever form the file has.
//!
//! Forms: an object with `configurationItems` (snapshot, history, get-resource-config-history) or
//! `configurationItem` (a change notification, also as the `detail` of an EventBridge event), a bare
//! list of items, one item, JSON lines of any of these. `haechi` is our own addition to a snapshot.
//!
//! Nothing here recurses on the depth of the input, and nothing is kept beyond the value at hand.

use std::io::{self, Read};

use memchr::memmem;

use super::scan::{Lines, Scan};
use super::window::{End, Place, Window};

/// Values that may be taken back after a broken one: bounds the bytes that are looked at twice to
/// so many times the limit of an item.
const RESCUES: u32 = 64;
/// Bytes of a key that are kept; longer ones are no key of ours.
const KEY: usize = 256;

/// What a value in a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// An element of `configurationItems`, or the `configurationItem` of a notification.
    Item,
    /// An element of a bare list, or a value on its own: an item, when it looks like one.
    Bare,
    /// An element of `haechi.coverage`.
    Coverage,
    /// An element of `haechi.accounts`.
    Account,
    /// Text beside the items: `configSnapshotId`, `messageType`, `haechi.organization`.
    Text(Label),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    SnapshotId,
    MessageType,
    Organization,
}

/// The walk ends before the end of the input.
pub(crate) enum Halt {
    /// Who listens wants no more.
    Enough,
    Read(io::Error),
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Halt::Read(error)
    }
}

/// A value could not be read: the index in its text where the fault is, 0 when it is the whole value's.
pub(crate) struct Unfit(pub(crate) usize);

/// Takes what a file holds.
pub(crate) trait Listener {
    /// A value with its text, and where it starts. The inner error makes the walk look for its true end.
    fn value(&mut self, part: Part, text: &[u8], start: Place) -> Result<Result<(), Unfit>, Halt>;

    /// Something is wrong; the walk goes on when it can.
    fn wrong(&mut self, part: Option<Part>, what: &str, at: Place) -> Result<(), Halt>;

    /// The file has this list, be it empty.
    fn list(&mut self, part: Part) -> Result<(), Halt>;

    /// The file is none of AWS Config's, by its first bytes.
    fn foreign(&mut self, what: &'static str);
}

/// Where a walk of an object stopped.
enum Object {
    /// It held a list or an item of its own.
    Container,
    /// It is a value by itself.
    Plain,
    /// It is not well formed.
    Malformed(&'static str),
}

/// Which object is walked: an event's `detail` is looked into, once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Top,
    Detail,
}

pub(crate) struct Body<'l, R> {
    window: Window<R>,
    listener: &'l mut dyn Listener,
    rescues: u32,
    /// A list of items or a member of ours was met in the object at hand.
    container: bool,
    items_seen: bool,
}

impl<'l, R: Read> Body<'l, R> {
    pub(crate) fn new(source: R, limit: usize, listener: &'l mut dyn Listener) -> Self {
        let window = Window::new(source, limit);
        Self { window, listener, rescues: RESCUES, container: false, items_seen: false }
    }

    /// Walks all values of the file. White space alone is no value.
    pub(crate) fn walk(mut self) -> Result<(), Halt> {
        self.window.skip_mark()?;
        let mut values = 0u64;
        loop {
            match self.window.peek()? {
                None => return Ok(()),
                Some(b'{') => self.object()?,
                Some(b'[') => {
                    self.window.next()?;
                    self.listener.list(Part::Bare)?;
                    self.elements(Part::Bare)?;
                }
                Some(_) if values == 0 => {
                    self.listener.foreign(super::problem::not_json(self.window.first()));
                    return Ok(());
                }
                Some(_) => return self.wrong(None, "text that is not JSON after the end of the document"),
            }
            values += 1;
        }
    }

    fn wrong(&mut self, part: Option<Part>, what: &str) -> Result<(), Halt> {
        let here = self.window.here();
        self.listener.wrong(part, what, here)
    }

    /// An object that stands on its own.
    fn object(&mut self) -> Result<(), Halt> {
        let lines = self.window.starts_line();
        (self.container, self.items_seen) = (false, false);
        self.window.hold();
        match self.members(lines, Depth::Top)? {
            Object::Container => self.window.let_go(),
            Object::Plain => {
                self.hand_over(Part::Bare)?;
                self.window.let_go();
            }
            Object::Malformed(what) if self.container => {
                self.window.let_go();
                self.wrong(None, what)?;
                let next = lines == Lines::OneValueEach && self.window.peek()? == Some(b'{');
                if !next || self.window.here().column > 1 {
                    return Err(Halt::Enough);
                }
            }
            Object::Malformed(_) if self.window.overgrown() => {
                let start = self.window.held_from();
                self.listener.wrong(Some(Part::Bare), super::problem::TOO_LARGE, start)?;
                return Err(Halt::Enough);
            }
            Object::Malformed(_) => {
                self.window.rewind(0);
                self.value(Part::Bare, lines)?;
            }
        }
        Ok(())
    }

    /// The members of an object that may hold items, from its opening brace to its closing one.
    fn members(&mut self, lines: Lines, depth: Depth) -> Result<Object, Halt> {
        self.window.next()?;
        if self.window.peek()? == Some(b'}') {
            self.window.next()?;
            return Ok(Object::Plain);
        }
        loop {
            let Some(key) = self.key()? else {
                return Ok(Object::Malformed("expected a key in quotes: the file is cut off or damaged here"));
            };
            if let Some(malformed) = self.member(&key, lines, depth)? {
                return Ok(malformed);
            }
            match self.window.peek()? {
                Some(b',') => {
                    self.window.next()?;
                    self.window.peek()?;
                }
                Some(b'}') => {
                    self.window.next()?;
                    return Ok(if self.container { Object::Container } else { Object::Plain });
                }
                Some(_) => return Ok(Object::Malformed("expected `,` or `}`: what follows is not read")),
                None => return Ok(Object::Malformed("the file ends here, inside an object: it was cut off")),
            }
        }
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<Option<Vec<u8>>, Halt> {
        if self.window.peek()? != Some(b'"') {
            return Ok(None);
        }
        self.window.next()?;
        let mut key = Vec::new();
        loop {
            match self.window.next()? {
                None | Some(b'\n') => return Ok(None),
                Some(b'"') => break,
                Some(byte) => {
                    if byte == b'\\' {
                        self.window.next()?;
                    }
                    if key.len() < KEY {
                        key.push(byte);
                    }
                }
            }
        }
        if std::str::from_utf8(&key).is_err() && key.len() < KEY {
            self.wrong(None, "a key is not UTF-8")?;
        }
        if self.window.peek()? != Some(b':') {
            return Ok(None);
        }
        self.window.next()?;
        Ok(Some(key))
    }

    /// One member of a top-level object: walked when it may hold items, else passed over.
    fn member(&mut self, key: &[u8], lines: Lines, depth: Depth) -> Result<Option<Object>, Halt> {
        let next = self.window.peek()?;
        match (key, next) {
            (b"configurationItems" | b"baseConfigurationItems", Some(b'[')) => {
                if std::mem::replace(&mut self.items_seen, true) {
                    self.wrong(None, "`configurationItems` stands twice: the second one is not read")?;
                    return self.pass(lines);
                }
                self.enter(Part::Item)?;
                self.window.next()?;
                self.elements(Part::Item)?;
                Ok(None)
            }
            (b"configurationItem", Some(b'{')) => {
                self.enter(Part::Item)?;
                self.value(Part::Item, lines)?;
                Ok(None)
            }
            (b"detail", Some(b'{')) if depth == Depth::Top => {
                let inner = self.members(lines, Depth::Detail)?;
                Ok(matches!(inner, Object::Malformed(_)).then_some(inner))
            }
            (b"Records", Some(b'[')) if !self.container => {
                self.listener.foreign("a log (`Records`, as CloudTrail writes them), no file of AWS Config");
                Err(Halt::Enough)
            }
            (b"haechi", Some(b'{')) if depth == Depth::Top => {
                self.container = true;
                self.window.let_go();
                self.own(lines)
            }
            (b"configSnapshotId", Some(b'"')) => self.text(Label::SnapshotId, lines),
            (b"messageType", Some(b'"')) => self.text(Label::MessageType, lines),
            (_, Some(_)) => self.pass(lines),
            (_, None) => Ok(Some(Object::Malformed("the file ends here, inside an object: it was cut off"))),
        }
    }

    /// From here on the object is known to hold items: it need not be kept.
    fn enter(&mut self, part: Part) -> Result<(), Halt> {
        self.container = true;
        self.window.let_go();
        self.listener.list(part)
    }

    /// The member `haechi`: coverage, accounts, organization.
    fn own(&mut self, lines: Lines) -> Result<Option<Object>, Halt> {
        self.window.next()?;
        if self.window.peek()? == Some(b'}') {
            self.window.next()?;
            return Ok(None);
        }
        loop {
            let Some(key) = self.key()? else {
                return Ok(Some(Object::Malformed("expected a key in quotes in `haechi`: the file is damaged here")));
            };
            let broken = match (key.as_slice(), self.window.peek()?) {
                (b"coverage", Some(b'[')) => self.own_list(Part::Coverage)?,
                (b"accounts", Some(b'[')) => self.own_list(Part::Account)?,
                (b"organization", Some(b'"')) => self.text(Label::Organization, lines)?,
                _ => self.pass(lines)?,
            };
            if broken.is_some() {
                return Ok(broken);
            }
            match self.window.peek()? {
                Some(b',') => {
                    self.window.next()?;
                }
                Some(b'}') => {
                    self.window.next()?;
                    return Ok(None);
                }
                _ => return Ok(Some(Object::Malformed("expected `,` or `}` in `haechi`: what follows is not read"))),
            }
        }
    }

    fn own_list(&mut self, part: Part) -> Result<Option<Object>, Halt> {
        self.listener.list(part)?;
        self.window.next()?;
        self.elements(part)?;
        Ok(None)
    }

    /// A short text that the listener wants to know.
    fn text(&mut self, label: Label, lines: Lines) -> Result<Option<Object>, Halt> {
        let mut text = Vec::new();
        self.window.next()?;
        loop {
            match self.window.next()? {
                None => return Ok(Some(Object::Malformed("the file ends here, inside a string: it was cut off"))),
                Some(b'"') => break,
                Some(b'\n') if lines == Lines::OneValueEach => {
                    return Ok(Some(Object::Malformed("the line ends here, inside a string")));
                }
                Some(byte) => {
                    if byte == b'\\' {
                        self.window.next()?;
                    }
                    if text.len() < KEY {
                        text.push(byte);
                    }
                }
            }
        }
        let here = self.window.here();
        // A label has no likelier end to look for.
        let _ = self.listener.value(Part::Text(label), &text, here)?;
        Ok(None)
    }

    /// Passes over a value; beside items it is still checked to be JSON.
    fn pass(&mut self, lines: Lines) -> Result<Option<Object>, Halt> {
        let own = self.container;
        if own {
            self.window.hold();
        }
        let mut scan = Scan::new(lines);
        let mut end = self.window.scan(&mut scan)?;
        if end == End::TooLarge {
            self.window.let_go();
            end = self.window.scan(&mut scan)?;
        }
        let malformed = match end {
            End::Truncated => Some(Object::Malformed("the file ends here, inside a value: it was cut off")),
            End::Broken => {
                Some(Object::Malformed("a value before this place has brackets or quotes that do not match"))
            }
            End::Whole | End::TooLarge => None,
        };
        if own && malformed.is_none() {
            let fault = self.window.held().and_then(super::problem::not_a_value);
            if let Some(fault) = fault {
                self.wrong(None, &format!("the value before this place is not JSON: {fault}"))?;
            }
        }
        if own {
            self.window.let_go();
        }
        Ok(malformed)
    }

    /// The elements of a list, after its opening bracket.
    fn elements(&mut self, part: Part) -> Result<(), Halt> {
        let mut expected = false;
        loop {
            match self.window.peek()? {
                None => {
                    self.wrong(None, "the file ends here, inside a list: it was cut off")?;
                    return Err(Halt::Enough);
                }
                Some(b']') => {
                    if expected {
                        self.wrong(None, "expected a value after `,`")?;
                    }
                    self.window.next()?;
                    return Ok(());
                }
                Some(b',' | b'}' | b':') => {
                    self.wrong(None, "expected a value")?;
                    self.window.next()?;
                    continue;
                }
                Some(_) => {
                    let lines = self.window.starts_line();
                    self.value(part, lines)?;
                }
            }
            expected = match self.window.peek()? {
                Some(b',') => {
                    self.window.next()?;
                    true
                }
                Some(b']' | b'}' | b':') | None => false,
                Some(_) => {
                    self.wrong(None, "expected `,` between two values")?;
                    false
                }
            };
        }
    }

    /// One value: found, handed over, and left behind at its end, the true one or the likeliest.
    fn value(&mut self, part: Part, lines: Lines) -> Result<(), Halt> {
        self.window.hold();
        let mut scan = Scan::new(lines);
        match self.window.scan(&mut scan)? {
            End::Whole => {
                self.hand_over(part)?;
            }
            End::Broken => {
                let fault = self.hand_over(part)?;
                self.rescue(fault);
            }
            End::Truncated => {
                let fault = self.hand_over(part)?;
                if !self.rescue(fault) {
                    return Err(Halt::Enough);
                }
            }
            End::TooLarge => {
                let start = self.window.held_from();
                self.listener.wrong(Some(part), super::problem::TOO_LARGE, start)?;
                if !self.rescue(Some(0)) {
                    self.window.let_go();
                    if self.window.scan(&mut scan)? == End::Truncated {
                        self.wrong(None, "the file ends here, inside an item: it was cut off")?;
                        return Err(Halt::Enough);
                    }
                }
            }
        }
        self.window.let_go();
        Ok(())
    }

    /// Gives what is held to the listener: the index where it is wrong, when it is.
    fn hand_over(&mut self, part: Part) -> Result<Option<usize>, Halt> {
        let start = self.window.held_from();
        match self.window.held() {
            Some(text) if !self.window.overgrown() => {
                let text = text.trim_ascii_end();
                Ok(self.listener.value(part, text, start)?.err().map(|Unfit(offset)| offset))
            }
            _ => {
                self.listener.wrong(Some(part), super::problem::TOO_LARGE, start)?;
                Ok(None)
            }
        }
    }

    /// After a value whose end cannot be trusted: goes back to the next value that starts as this one
    /// did (all items of a writer have the same first key), when there is one behind the fault.
    fn rescue(&mut self, fault: Option<usize>) -> bool {
        let (Some(fault), Some(text)) = (fault, self.window.held()) else { return false };
        let Some(colon) = memchr::memchr(b':', &text[..text.len().min(KEY)]) else { return false };
        let (first, behind) = (&text[..=colon], fault.max(1).min(text.len()));
        if first.len() < 4 || !first.starts_with(b"{") || self.rescues == 0 {
            return false;
        }
        let Some(found) = memmem::find(&text[behind..], first) else { return false };
        self.rescues -= 1;
        self.window.rewind(behind + found);
        true
    }
}
