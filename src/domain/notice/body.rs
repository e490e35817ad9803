//! The form in which a notice is stored and sent, and how it is written and read back.
//!
//! The body is plain text: blocks are parted by an empty line; a block is a paragraph of one line,
//! numbered steps of one line each, or a label with a web address on the line below.

use super::line::one_line;
use crate::texts::{Language, Text, text};

/// A notice in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeText {
    /// One line.
    pub subject: String,
    /// Plain text, see the module's description for its form.
    pub body: String,
}

/// One block of a notice's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block<'a> {
    /// A paragraph.
    Paragraph(&'a str),
    /// Steps to be done in this order, without their numbers.
    Steps(Vec<&'a str>),
    /// A page to open.
    Link {
        /// What the page is for.
        label: &'a str,
        /// Its address; `http` or `https`.
        url: &'a str,
    },
}

impl NoticeText {
    /// The parts of the body, for showing it other than as plain text.
    #[must_use]
    pub fn blocks(&self) -> Vec<Block<'_>> {
        self.body.split("\n\n").map(block).collect()
    }
}

fn block(text: &str) -> Block<'_> {
    if let Some((label, url)) = text.split_once('\n')
        && ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme))
        && !url.contains(char::is_whitespace)
    {
        return Block::Link { label, url };
    }
    let steps: Option<Vec<&str>> = (1_u32..)
        .zip(text.lines())
        .map(|(number, line)| line.strip_prefix(&format!("{number}. ")))
        .collect();
    match steps {
        Some(steps) if !steps.is_empty() => Block::Steps(steps),
        _ => Block::Paragraph(text),
    }
}

/// A body while it is being written, in the language of who reads it.
pub(super) struct Draft {
    language: Language,
    blocks: Vec<String>,
}

impl Draft {
    pub(super) fn new(language: Language) -> Self {
        Self { language, blocks: Vec::new() }
    }

    pub(super) fn paragraph(&mut self, text: &Text) {
        self.blocks.push(text.in_language(self.language));
    }

    /// Steps, under their heading.
    pub(super) fn steps(&mut self, steps: &[Text]) {
        self.paragraph(&text("notice-what-to-do"));
        let lines: Vec<String> = (1_u32..)
            .zip(steps)
            .map(|(number, step)| format!("{number}. {}", step.in_language(self.language)))
            .collect();
        self.blocks.push(lines.join("\n"));
    }

    pub(super) fn link(&mut self, label: &Text, url: &str) {
        // An address with a line break would not be read back as one.
        let url: String = url.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        self.blocks.push(format!("{}\n{url}", label.in_language(self.language)));
    }

    pub(super) fn finish(self, subject: &Text) -> NoticeText {
        let subject = subject.in_language(self.language);
        NoticeText { subject, body: self.blocks.join("\n\n") }
    }

    /// The same, with a subject that begins with the organization's name.
    pub(super) fn finish_for(self, organization: &str, subject: Text) -> NoticeText {
        let organization = one_line(organization);
        self.finish(
            &text("notice-subject").with("organization", organization).with("what", subject),
        )
    }
}
