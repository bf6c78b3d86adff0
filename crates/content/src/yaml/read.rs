//! From the parser's events to the tree, within the limits.

use std::collections::{HashMap, HashSet};

use serde_saphyr::granit_parser::{self, ErrorKind, Event, Parser, ScalarStyle, Span, Tag};

use super::{Limits, Node, NodeValue, Style};
use crate::source::{Diagnostic, Source};

/// A map or list that is being filled.
struct Open {
    node: Node,
    anchor: usize,
    /// The key that waits for its value.
    key: Option<Node>,
    keys: HashSet<String>,
}

struct Reader<'a> {
    source: &'a Source,
    limits: Limits,
    stack: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, (Node, Size)>,
    nodes: usize,
    /// Bytes of texts that are copied for anchors and aliases.
    copied: usize,
}

/// Reads one document.
pub fn read(source: &Source, limits: Limits) -> Result<Node, Diagnostic> {
    let mut documents = parse(source, limits, false)?;
    documents.pop().ok_or_else(|| source.whole("the file is empty"))
}

/// Reads the documents of a file, one after the other. The limits are for all of them together.
pub fn read_all(source: &Source, limits: Limits) -> Result<Vec<Node>, Diagnostic> {
    let documents = parse(source, limits, true)?;
    if documents.is_empty() { Err(source.whole("the file is empty")) } else { Ok(documents) }
}

fn parse(source: &Source, limits: Limits, many: bool) -> Result<Vec<Node>, Diagnostic> {
    if source.text.len() > limits.bytes {
        let (size, most) = (source.text.len(), limits.bytes);
        return Err(source.whole(format!("the file has {size} bytes; at most {most} are read")));
    }
    let mut options = granit_parser::Options::default();
    options.set_emit_comments(false);
    options.flow_nesting_limit = limits.depth;
    options.block_nesting_limit = limits.depth;
    let mut documents = Vec::new();
    let mut reader =
        Reader { source, limits, stack: Vec::new(), root: None, anchors: HashMap::new(), nodes: 0, copied: 0 };
    for next in Parser::new_from_str_with_options(&source.text, options) {
        let (event, span) = next.map_err(|error| reader.scan_error(&error))?;
        if many && matches!(event, Event::DocumentStart(..)) {
            // Anchors are a document's own.
            reader.anchors.clear();
            documents.extend(reader.root.take());
        }
        reader.event(event, span)?;
    }
    documents.extend(reader.root);
    Ok(documents)
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Diagnostic> {
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                Err(self.wrong(span, "a second document begins here").help("keep one document in a file"))
            }
            Event::Scalar(text, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                let value = NodeValue::Scalar { text: text.into_owned(), style };
                let node = self.node(value, tag.as_deref(), span)?;
                self.finished(node, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.open(NodeValue::List(Vec::new()), anchor, tag.as_deref(), span)
            }
            Event::MappingStart(_, anchor, tag) => self.open(NodeValue::Map(Vec::new()), anchor, tag.as_deref(), span),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(mut open) = self.stack.pop() else { return Ok(()) };
                open.node.span.1 = offset(span.end.byte_offset()).max(open.node.span.0);
                self.finished(open.node, open.anchor)
            }
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id) else {
                    return Err(self.wrong(span, "an alias within the part that it stands for"));
                };
                self.nodes += size.nodes;
                self.copied += size.bytes;
                if self.nodes > self.limits.nodes || self.copied > self.limits.bytes {
                    return Err(self.too_many(span));
                }
                let node = node.clone();
                if self.stack.len() + depth(&node) > self.limits.depth {
                    return Err(self.too_deep(span));
                }
                self.finished(node, 0)
            }
            _ => Ok(()),
        }
    }

    fn node(&mut self, value: NodeValue, tag: Option<&Tag>, span: Span) -> Result<Node, Diagnostic> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(self.too_many(span));
        }
        // Tags of YAML itself (`!!str`) only repeat what the style says.
        let custom = tag.filter(|tag| tag.is_custom());
        let start = match custom.and(span.tag_start()) {
            Some(tag) => offset(tag.byte_offset()),
            None => offset(span.start.byte_offset()),
        };
        let end = offset(span.end.byte_offset()).max(start);
        let tag = custom.map(|tag| tag.original().trim_start_matches('!').into());
        Ok(Node { value, tag, span: (start, end) })
    }

    fn open(&mut self, value: NodeValue, anchor: usize, tag: Option<&Tag>, span: Span) -> Result<(), Diagnostic> {
        if self.stack.len() >= self.limits.depth {
            return Err(self.too_deep(span));
        }
        let node = self.node(value, tag, span)?;
        self.stack.push(Open { node, anchor, key: None, keys: HashSet::new() });
        Ok(())
    }

    /// A node is complete: keep it for its aliases and put it where it belongs.
    fn finished(&mut self, node: Node, anchor: usize) -> Result<(), Diagnostic> {
        if anchor > 0 {
            // Copies kept for aliases count too: nested anchors would otherwise multiply memory.
            let size = size(&node);
            self.nodes += size.nodes;
            self.copied += size.bytes;
            if self.nodes > self.limits.nodes || self.copied > self.limits.bytes {
                return Err(self.source.diagnostic(node.span(), self.too_many_text()));
            }
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut open.node.value {
            NodeValue::List(list) => list.push(node),
            NodeValue::Map(entries) => match open.key.take() {
                Some(key) => entries.push((key, node)),
                None => {
                    let Some(text) = node.text() else {
                        return Err(self.source.diagnostic(node.span(), "a key must be a text"));
                    };
                    if text == "<<" {
                        return Err(self
                            .source
                            .diagnostic(node.span(), "merge keys (`<<`) are not supported")
                            .help("write the members out"));
                    }
                    if !open.keys.insert(text.to_owned()) {
                        let message = format!("the key `{}` stands here a second time", short(text));
                        return Err(self.source.diagnostic(node.span(), message));
                    }
                    open.key = Some(node);
                }
            },
            NodeValue::Scalar { .. } => {}
        }
        Ok(())
    }

    fn scan_error(&self, error: &granit_parser::ScanError) -> Diagnostic {
        let at = error.marker().byte_offset().unwrap_or_default();
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            return self.source.diagnostic(at..at + 1, self.too_deep_text());
        }
        let info = error.info();
        self.source.diagnostic(at..at + 1, format!("not valid YAML: {info}"))
    }

    fn wrong(&self, span: Span, message: &str) -> Diagnostic {
        let start = offset(span.start.byte_offset()) as usize;
        self.source.diagnostic(start..span.end.byte_offset().unwrap_or(start), message)
    }

    fn too_many(&self, span: Span) -> Diagnostic {
        self.wrong(span, &self.too_many_text())
    }

    fn too_many_text(&self) -> String {
        let Limits { nodes, bytes, .. } = self.limits;
        format!("the file unfolds to more than {nodes} values or {bytes} bytes")
    }

    fn too_deep(&self, span: Span) -> Diagnostic {
        self.wrong(span, &self.too_deep_text())
    }

    fn too_deep_text(&self) -> String {
        format!("lists and maps are nested more than {} deep", self.limits.depth)
    }
}

fn offset(at: Option<usize>) -> u32 {
    u32::try_from(at.unwrap_or_default()).unwrap_or(u32::MAX)
}

/// What a copy of a node takes.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
}

impl Size {
    fn plus(self, other: Size) -> Size {
        Size { nodes: self.nodes + other.nodes, bytes: self.bytes + other.bytes }
    }
}

fn size(node: &Node) -> Size {
    let own = Size { nodes: 1, bytes: node.text().map_or(0, str::len) };
    match &node.value {
        NodeValue::Scalar { .. } => own,
        NodeValue::List(list) => list.iter().map(size).fold(own, Size::plus),
        NodeValue::Map(entries) => entries.iter().fold(own, |sum, (key, value)| sum.plus(size(key)).plus(size(value))),
    }
}

/// Lists and maps within each other.
fn depth(node: &Node) -> usize {
    match &node.value {
        NodeValue::Scalar { .. } => 0,
        NodeValue::List(list) => 1 + list.iter().map(depth).max().unwrap_or_default(),
        NodeValue::Map(entries) => 1 + entries.iter().map(|(_, value)| depth(value)).max().unwrap_or_default(),
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let limits = Limits { bytes: 1 << 20, nodes: 1000, depth: 16 };
        let error = read(&Source::new("a.yaml", text), limits).unwrap_err();
        assert!(error.short().contains(expected), "{text:.60}: {}", error.short());
    }

    #[test]
    fn refuses_what_cannot_be_bounded_or_is_ambiguous() {
        check("a: 1\na: 2\n", "a.yaml:2:1: the key `a` stands here a second time");
        check("a: 1\n---\nb: 2\n", "a.yaml:2:1: a second document");
        let two = Source::new("a.yaml", "---\na: &x 1\n---\nb: 2\n...\n");
        assert_eq!(read_all(&two, Limits::CONTENT).unwrap().len(), 2);
        let elsewhere = Source::new("a.yaml", "a: &x 1\n---\nb: *x\n");
        assert!(read_all(&elsewhere, Limits::CONTENT).is_err());
        check("a: &x {b: 1}\nc: {<<: *x}\n", "2:5: merge keys");
        check(&"[".repeat(10_000), "nest");
        check(&"- ".repeat(10_000), "nest");
        check(&"{a: ".repeat(10_000), "nest");
        check("a: [1, 2\n", "not valid YAML");
        check("? [a]\n: b\n", "a key must be a text");
        check("", "the file is empty");
        check("a: *b\n", "not valid YAML");
        check("a: &a [*a]\n", "an alias within the part");
        check(&format!("a: \"{}\"", "x".repeat(2 << 20)), "at most 1048576 are read");
    }

    #[test]
    fn an_alias_bomb_ends_at_the_limit() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        check(&bomb, "unfolds to more than 1000 values");
        let aliases = vec!["*a"; 100].join(", ");
        check(&format!("a: &a {}\nb: [{aliases}]\n", "x".repeat(100_000)), "or 1048576 bytes");
        // Each anchor one deeper than the last: shallow in the text, deep in the tree.
        let mut ladder = String::from("a0: &a0 [x]\n");
        for level in 1..40 {
            ladder.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
        }
        check(&ladder, "nested more than 16 deep");
    }

    #[test]
    fn knows_where_things_stand() {
        let source = Source::new("a.yaml", "list:\n  - !Ref Name\n  - {key: 'va''lue', b: |\n    }\n");
        assert!(read(&source, Limits::CONTENT).is_err());
        let source =
            Source::new("a.yaml", "list:\n  - !Ref Name\n  - {key: 'value'}\ncheck: |\n  first\n    && second\n");
        let root = read(&source, Limits::CONTENT).unwrap();
        assert_eq!(root.at(&["list", "0"]).tag.as_deref(), Some("Ref"));
        let value = root.at(&["list", "1", "key"]);
        assert_eq!(&source.text[value.span()], "'value'");
        assert_eq!(source.position(value.place_of(&source, 2)).to_string(), "3:14");
        let check = root.at(&["check"]);
        let offset = check.text().unwrap().find("second").unwrap();
        assert_eq!(&source.text[check.place_of(&source, offset)..][..6], "second");
    }

    #[test]
    fn any_text_is_read_or_refused() {
        use proptest::prelude::*;
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) };
        proptest!(config, |(text in "[ \\-:a!&*{}\\[\\],'\"|>#%@\n\t?~<0-9é]{0,80}")| {
            let source = Source::new("x", text);
            match read(&source, Limits::CONTENT) {
                Ok(node) => { source.text.get(node.span()); }
                Err(error) => { let _ = error.to_string(); }
            }
        });
    }
}
