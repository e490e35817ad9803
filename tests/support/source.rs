//! The source tree as text, for rules about it: files, code without comments, strings and tests.
//!
//! This is no parser. It knows just enough of Rust's tokens to tell code from comments and
//! literals, and it keeps every line where it was.

use std::path::Path;

/// One file of the tree.
#[derive(Debug, Clone)]
pub struct File {
    /// Below the root, with `/`.
    pub path: String,
    /// As written.
    pub text: String,
    /// With comments and literals blanked.
    pub code: String,
    /// `code` with `#[cfg(test)]` items blanked too; empty for a file that is such an item.
    pub shipped: String,
}

/// Files by path, in order.
#[derive(Debug, Clone, Default)]
pub struct Tree(pub Vec<File>);

impl Tree {
    /// A tree of these paths and texts.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let owned = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        Self::build(owned.collect())
    }

    /// The Rust files under the given folders of `root`.
    pub fn read(root: &Path, folders: &[&str]) -> Self {
        let mut files = Vec::new();
        for folder in folders {
            collect(root, &root.join(folder), &mut files);
        }
        files.sort();
        Self::build(files)
    }

    fn build(files: Vec<(String, String)>) -> Self {
        let mut tree: Vec<File> = files
            .into_iter()
            .map(|(path, text)| {
                let code = blank_comments_and_literals(&text);
                let shipped = blank_tests(&code).0;
                File { path, text, code, shipped }
            })
            .collect();
        let of_tests: Vec<String> = tree.iter().flat_map(test_files_of).collect();
        let is_test = |path: &str| {
            of_tests
                .iter()
                .any(|test| path == format!("{test}.rs") || path.starts_with(&format!("{test}/")))
        };
        for file in tree.iter_mut().filter(|file| is_test(&file.path)) {
            file.shipped.clear();
        }
        Self(tree)
    }

    /// The files whose path begins with `prefix`.
    pub fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a File> {
        self.0.iter().filter(move |file| file.path.starts_with(prefix))
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            files.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The paths, without `.rs`, of the modules that a file declares under `#[cfg(test)]`.
fn test_files_of(file: &File) -> Vec<String> {
    let stem = file.path.trim_end_matches(".rs");
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    let own = if matches!(name, "mod" | "lib" | "main") { folder } else { stem };
    let declared = |item: &String| {
        let rest = item.trim_start_matches("pub ").trim().strip_prefix("mod ")?;
        Some(format!("{own}/{}", rest.strip_suffix(';')?.trim()))
    };
    blank_tests(&file.code).1.iter().filter_map(declared).collect()
}

/// The identifiers of blanked code with the offset of each in characters.
pub fn words(code: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (at, c) in code.chars().enumerate() {
        if c.is_alphanumeric() || c == '_' {
            match found.last_mut().filter(|_| open) {
                Some((_, word)) => word.push(c),
                None => found.push((at, c.to_string())),
            }
            open = true;
        } else {
            open = false;
        }
    }
    found
}

/// The offset just behind the bracket that closes the one at `open`.
pub fn behind_closing(code: &[char], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.iter().enumerate().skip(open) {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// Blanks `#[cfg(test)]` items; also answers the text of each item (up to its body).
fn blank_tests(code: &str) -> (String, Vec<String>) {
    const MARK: &str = "#[cfg(test)]";
    let mut chars: Vec<char> = code.chars().collect();
    let mark: Vec<char> = MARK.chars().collect();
    let mut items = Vec::new();
    let mut at = 0;
    while at + mark.len() <= chars.len() {
        if chars[at..at + mark.len()] != mark {
            at += 1;
            continue;
        }
        let mut end = at + mark.len();
        let head = end;
        while end < chars.len() && !matches!(chars[end], '{' | ';') {
            end =
                if matches!(chars[end], '(' | '[') { behind_closing(&chars, end) } else { end + 1 };
        }
        let end = if chars.get(end) == Some(&'{') {
            items.push(chars[head..end].iter().collect());
            behind_closing(&chars, end)
        } else {
            let end = (end + 1).min(chars.len());
            items.push(chars[head..end].iter().collect::<String>().trim().to_owned());
            end
        };
        chars[at..end].iter_mut().filter(|c| **c != '\n').for_each(|c| *c = ' ');
        at = end;
    }
    (chars.into_iter().collect(), items)
}

/// Blanks comments and what is between the quotes of strings and characters.
fn blank_comments_and_literals(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match (chars[at], chars.get(at + 1)) {
            ('/', Some('/')) => end_of_line(&chars, at),
            ('/', Some('*')) => end_of_block(&chars, at),
            ('"', _) => end_of_quoted(&chars, at, '"'),
            ('\'', _) if is_character(&chars, at) => end_of_quoted(&chars, at, '\''),
            ('r', Some('"' | '#')) if !in_word(&chars, at) => end_of_raw(&chars, at),
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

fn in_word(chars: &[char], at: usize) -> bool {
    // `br"…"` is a raw string too.
    let before = at.checked_sub(1).map(|at| chars[at]);
    before.is_some_and(|c| c != 'b' && (c.is_alphanumeric() || c == '_'))
}

fn end_of_line(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |length| at + length)
}

fn end_of_block(chars: &[char], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => depth += 1,
            ('*', Some('/')) => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn end_of_quoted(chars: &[char], start: usize, quote: char) -> usize {
    let mut at = start + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn end_of_raw(chars: &[char], start: usize) -> usize {
    let hashes = chars[start + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(start + 1 + hashes) != Some(&'"') {
        return start; // a raw identifier such as r#type
    }
    let mut at = start + 2 + hashes;
    while at < chars.len() {
        let closing = chars[at + 1..].iter().take_while(|c| **c == '#').count();
        if chars[at] == '"' && closing >= hashes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    chars.len()
}

/// Whether the quote at `at` opens a character and not a lifetime.
fn is_character(chars: &[char], at: usize) -> bool {
    chars.get(at + 1) == Some(&'\\') || chars.get(at + 2) == Some(&'\'')
}
