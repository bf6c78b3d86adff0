//! Finds the blocks of a `.tf` file: their labels and where they begin. No value is read, but for the
//! `source` of a module; strings, heredocs, templates and comments are passed over as HCL has them.

/// A block at the top of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// `resource`, `module`, ...
    pub keyword: String,
    pub labels: Vec<String>,
    /// From 1; columns count characters.
    pub line: u32,
    pub column: u32,
    /// The `source` of the block, when it is a plain text.
    pub source: Option<String>,
}

/// The blocks of a file. A file that is not well formed gives those up to the fault.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut scanner = Scanner { text, at: 0, line: 1, line_start: 0 };
    let mut found = Vec::new();
    while scanner.skip_space() {
        let (line, column) = (scanner.line, scanner.column());
        let Some(keyword) = scanner.word() else {
            scanner.token();
            continue;
        };
        let mut labels = Vec::new();
        loop {
            scanner.skip_blanks();
            match scanner.peek() {
                Some(b'"') => match scanner.string() {
                    Some(label) => labels.push(label),
                    None => return found,
                },
                Some(b) if b.is_ascii_alphabetic() || b == b'_' => labels.extend(scanner.word()),
                _ => break,
            }
        }
        if scanner.peek() == Some(b'{') {
            scanner.bump();
            let source = scanner.body();
            found.push(Block { keyword, labels, line, column, source });
        }
    }
    found
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    line_start: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        &self.text.as_bytes()[self.at.min(self.text.len())..]
    }

    fn bump(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        if byte == b'\n' {
            self.line += 1;
            self.line_start = self.at;
        }
        Some(byte)
    }

    fn column(&self) -> u32 {
        let before = self.text.get(self.line_start..self.at).unwrap_or_default();
        u32::try_from(before.chars().count()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Blanks within a line.
    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.bump();
        }
    }

    /// White space and comments; false at the end.
    fn skip_space(&mut self) -> bool {
        loop {
            match self.rest() {
                [] => return false,
                [b' ' | b'\t' | b'\r' | b'\n', ..] => {
                    self.bump();
                }
                [b'#', ..] | [b'/', b'/', ..] => self.line_comment(),
                [b'/', b'*', ..] => self.block_comment(),
                _ => return true,
            }
        }
    }

    fn line_comment(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.bump();
        }
    }

    fn block_comment(&mut self) {
        while !self.rest().is_empty() && !self.rest().starts_with(b"*/") {
            self.bump();
        }
        self.bump();
        self.bump();
    }

    fn word(&mut self) -> Option<String> {
        let start = self.at;
        let first = self.peek()?;
        if !(first.is_ascii_alphabetic() || first == b'_' || first >= 0x80) {
            return None;
        }
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-') || b >= 0x80) {
            self.bump();
        }
        self.text.get(start..self.at).map(str::to_owned)
    }

    /// A text in quotes, with its escapes as they stand; none when it does not end on its line.
    fn string(&mut self) -> Option<String> {
        self.bump();
        let start = self.at;
        loop {
            match self.rest() {
                [] | [b'\n', ..] => return None,
                [b'\\', _, ..] => {
                    self.bump();
                    self.bump();
                }
                [b'$' | b'%', b'{', ..] if !self.doubled() => {
                    self.bump();
                    self.bump();
                    self.nested(b'}');
                }
                [b'"', ..] => {
                    let inner = self.text.get(start..self.at).map(str::to_owned);
                    self.bump();
                    return inner;
                }
                _ => {
                    self.bump();
                }
            }
        }
    }

    /// `$${` is no template.
    fn doubled(&self) -> bool {
        let bytes = self.text.as_bytes();
        self.at > 0 && bytes[self.at - 1] == bytes[self.at] && !(self.at > 1 && bytes[self.at - 2] == bytes[self.at])
    }

    /// One token whatever it is: a text, a heredoc, a comment or a byte.
    fn token(&mut self) {
        match self.rest() {
            [b'"', ..] => {
                self.string();
            }
            [b'#', ..] | [b'/', b'/', ..] => self.line_comment(),
            [b'/', b'*', ..] => self.block_comment(),
            [b'<', b'<', ..] => self.heredoc(),
            _ => {
                self.bump();
            }
        }
    }

    /// Up to the bracket that closes what is open; brackets nest without recursion, but for templates in texts.
    fn nested(&mut self, close: u8) {
        let mut waiting = vec![close];
        while let (Some(byte), Some(&wanted)) = (self.peek(), waiting.last()) {
            match byte {
                _ if byte == wanted => {
                    self.bump();
                    waiting.pop();
                }
                b'{' => self.open(b'}', &mut waiting),
                b'[' => self.open(b']', &mut waiting),
                b'(' => self.open(b')', &mut waiting),
                b'"' => {
                    // A text within a template: passed over byte by byte, so that depth costs no stack.
                    self.bump();
                    while let Some(byte) = self.peek() {
                        self.bump();
                        match byte {
                            b'\\' => {
                                self.bump();
                            }
                            b'"' | b'\n' => break,
                            _ => {}
                        }
                    }
                }
                _ => self.token(),
            }
        }
    }

    fn open(&mut self, close: u8, waiting: &mut Vec<u8>) {
        self.bump();
        waiting.push(close);
    }

    /// `<<EOT` up to the line that is its word alone.
    fn heredoc(&mut self) {
        self.bump();
        self.bump();
        if self.peek() == Some(b'-') {
            self.bump();
        }
        let Some(word) = self.word() else { return };
        self.line_comment();
        while self.bump().is_some() {
            let line = self.text.get(self.at..).unwrap_or_default().lines().next().unwrap_or_default();
            if line.trim() == word {
                self.line_comment();
                return;
            }
            self.line_comment();
        }
    }

    /// The body of a block after its brace; its `source`, when it is a plain text.
    fn body(&mut self) -> Option<String> {
        let mut source = None;
        let mut waiting: Vec<u8> = Vec::new();
        let mut fresh = true;
        while self.peek().is_some() {
            if !self.skip_space() {
                break;
            }
            match self.peek() {
                Some(b'}') if waiting.is_empty() => {
                    self.bump();
                    return source;
                }
                Some(byte @ (b'}' | b']' | b')')) => {
                    self.bump();
                    if waiting.last() == Some(&byte) {
                        waiting.pop();
                    }
                }
                Some(b'{') => self.open(b'}', &mut waiting),
                Some(b'[') => self.open(b']', &mut waiting),
                Some(b'(') => self.open(b')', &mut waiting),
                Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80 => {
                    let word = self.word();
                    if waiting.is_empty() && fresh && word.as_deref() == Some("source") {
                        self.skip_blanks();
                        if self.peek() == Some(b'=') {
                            self.bump();
                            self.skip_blanks();
                            if self.peek() == Some(b'"') {
                                source = self.string().filter(|text| !text.contains("${")).or(source);
                            }
                        }
                    }
                }
                _ => self.token(),
            }
            fresh = true;
        }
        source
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks_are_found_wherever_braces_hide() {
        let text = r#"
# resource "aws_vpc" "comment" {
/* resource "aws_vpc" "comment2" { */
locals { a = "}" }
  resource "aws_s3_bucket" "a" {
    bucket = "x-${var.b == "}" ? "{" : "y"}-$${not}"
    policy = <<-EOT
      { "}}": resource "x" "y" {
    EOT
    tags = { a = 1, b = [1, "]"] } // }
  }
module "logs" {
  source = "./modules/logs" # here
  x = { source = "no" }
}
resource aws_vpc plain { }
resource "aws_vpc" "가" {}
"#;
        let found: Vec<_> = blocks(text)
            .into_iter()
            .map(|block| (block.keyword, block.labels.join("."), block.line, block.column, block.source))
            .collect();
        let want = |keyword: &str, labels: &str, line, column, source: Option<&str>| {
            (keyword.to_owned(), labels.to_owned(), line, column, source.map(str::to_owned))
        };
        assert_eq!(
            found,
            [
                want("locals", "", 4, 1, None),
                want("resource", "aws_s3_bucket.a", 5, 3, None),
                want("module", "logs", 12, 1, Some("./modules/logs")),
                want("resource", "aws_vpc.plain", 16, 1, None),
                want("resource", "aws_vpc.가", 17, 1, None),
            ]
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_hang(text in "(resource|\"|\\{|\\}|<<E\n|E\n|\\$\\{|#|/\\*|\\*/|\\\\|a|가|\n| ){0,60}") {
            let _ = blocks(&text);
        }
    }
}
