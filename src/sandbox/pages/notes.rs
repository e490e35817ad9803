//! What happened, for the page that a browser is sent to after a form.
//!
//! Kept here and named by number in the address, so that no link of somebody else can put words on
//! a page. Invariant: there are [`SANDBOX_NOTES_MAX`] at most; older ones are forgotten.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::limits::SANDBOX_NOTES_MAX;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// Something did not go as one would like.
    pub attention: bool,
    pub text: String,
    /// More about it, one line each.
    pub lines: Vec<String>,
}

impl Note {
    pub(super) fn done(text: impl Into<String>) -> Self {
        Self { attention: false, text: text.into(), lines: Vec::new() }
    }

    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self { attention: true, ..Self::done(text) }
    }
}

/// The last notes.
#[derive(Debug, Default)]
pub(in super::super) struct Notes(Mutex<(u64, VecDeque<(u64, Note)>)>);

impl Notes {
    /// Keeps a note; its number.
    pub(super) fn keep(&self, note: Note) -> u64 {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, notes) = &mut *kept;
        *last += 1;
        if notes.len() >= SANDBOX_NOTES_MAX {
            notes.pop_front();
        }
        notes.push_back((*last, note));
        *last
    }

    /// The note with a number.
    pub(super) fn find(&self, number: &str) -> Option<Note> {
        let number: u64 = number.parse().ok()?;
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.1.iter().find(|(known, _)| *known == number).map(|(_, note)| note.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_notes_are_forgotten() {
        let notes = Notes::default();
        let first = notes.keep(Note::done("first")).to_string();
        assert_eq!(notes.find(&first), Some(Note::done("first")));
        for _ in 0..SANDBOX_NOTES_MAX {
            notes.keep(Note::refused("more"));
        }
        assert_eq!(notes.find(&first), None);
        assert_eq!(notes.find("no number"), None);
    }
}
