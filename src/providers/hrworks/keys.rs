//! The key pair of HRworks, as it is typed or pasted (protocol page §3).
//!
//! HRworks hands out a text file with lines like `Access Key: …` and `Secret Access Key: …`. It is
//! taken in whatever form copying leaves it: on one line, with quotes, with other words around, as
//! JSON, or as a table whose first line has the labels (L-11). The same goes for the two fields in
//! which the keys can be entered one by one.
//!
//! What this module must not do: repeat a key in an error.

use std::collections::VecDeque;

use crate::limits;
use crate::providers::{Credential, pasted};
use crate::secret::Secret;
use crate::texts::{Text, text};

/// Access key and secret access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// Names the pair.
    pub access_key: Secret,
    /// Proves that one has it.
    pub secret_access_key: Secret,
}

/// Why a text holds no key pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPair {
    /// There is none in it.
    None,
    /// There is more than one in it.
    Several,
    /// What stands in place of the keys is none.
    NoKeys,
    /// Both keys are the same.
    SameKey,
}

impl NoPair {
    /// What is wrong and how to mend it.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::None => text("check-hrworks-no-pair"),
            Self::Several => text("check-hrworks-two-pairs"),
            Self::NoKeys => text("check-hrworks-no-keys"),
            Self::SameKey => text("check-hrworks-same-key"),
        }
    }
}

impl KeyPair {
    /// The pair of two typed keys, or what is wrong.
    pub fn of(access_key: &Secret, secret_access_key: &Secret) -> Result<Self, NoPair> {
        // The whole text in one of the fields, or a line of it in each, whichever way round.
        let both = format!("{}\n{}", access_key.reveal(), secret_access_key.reveal());
        match Self::from_text(&Secret::new(both)) {
            Err(NoPair::None) => {}
            labelled => return labelled,
        }
        let texts = [access_key, secret_access_key].map(|key| pasted::visible(key.reveal()));
        let [access, secret] = texts.each_ref().map(|text| pasted::bare(text));
        Self::of_bare(access, secret)
    }

    fn of_bare(access: &str, secret: &str) -> Result<Self, NoPair> {
        if !is_key(access) || !is_key(secret) {
            return Err(NoPair::NoKeys);
        }
        if access == secret {
            return Err(NoPair::SameKey);
        }
        Ok(Self { access_key: Secret::new(access), secret_access_key: Secret::new(secret) })
    }

    /// The pair in the text of the downloaded file.
    pub fn from_text(file: &Secret) -> Result<Self, NoPair> {
        let (mut access, mut secret) = (None, None);
        let mut words = Words::default();
        let text = pasted::visible(file.reveal());
        // `=` may end a key and is no separator.
        let separator = |c: char| pasted::is_around(c) || matches!(c, ':' | '：' | '→');
        for word in text.split(separator).filter(|word| !word.is_empty()) {
            let Some((label, value)) = words.take(word) else { continue };
            let slot = match label {
                Label::Access => &mut access,
                Label::Secret => &mut secret,
            };
            if slot.is_some_and(|earlier| earlier != value) {
                return Err(NoPair::Several);
            }
            *slot = Some(value);
        }
        let (Some(access), Some(secret)) = (access, secret) else { return Err(NoPair::None) };
        Self::of_bare(access, secret)
    }
}

impl From<KeyPair> for Credential {
    fn from(pair: KeyPair) -> Self {
        let KeyPair { access_key, secret_access_key } = pair;
        Self::KeyPair { access_key, secret_access_key }
    }
}

fn is_key(text: &str) -> bool {
    let length = limits::HRWORKS_KEY_CHARS_MIN..=limits::HRWORKS_KEY_CHARS_MAX;
    length.contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Access,
    Secret,
}

/// Reads labels and their values word by word.
#[derive(Default)]
struct Words {
    secret_said: bool,
    /// Labels whose value has not come yet. In a table both come before the values.
    labels: VecDeque<Label>,
}

impl Words {
    fn take<'t>(&mut self, word: &'t str) -> Option<(Label, &'t str)> {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match self.label_of(name) {
            Some(true) => self.value(value),
            Some(false) => None,
            None => self.value(word),
        }
    }

    /// The value of the label that has waited longest. Too short a word is none: a separator that
    /// stands alone, as in `Access Key = …`, or an "and" between two labels.
    fn value<'t>(&mut self, word: &'t str) -> Option<(Label, &'t str)> {
        let value = word.trim_start_matches('=');
        if value.len() < limits::HRWORKS_KEY_CHARS_MIN {
            return None;
        }
        self.labels.pop_front().map(|label| (label, value))
    }

    /// Whether this word is part of a label, and if so whether it is its last one.
    fn label_of(&mut self, word: &str) -> Option<bool> {
        let letters: String =
            word.chars().filter(|c| !"_-".contains(*c)).map(|c| c.to_ascii_lowercase()).collect();
        match letters.as_str() {
            "secret" => self.secret_said = true,
            "access" => {}
            "id" if !self.labels.is_empty() => return Some(true),
            "key" | "accesskey" | "accesskeyid" | "secretkey" | "secretaccesskey" => {
                let secret = std::mem::take(&mut self.secret_said) || letters.starts_with("secret");
                let label = if secret { Label::Secret } else { Label::Access };
                if !self.labels.contains(&label) {
                    self.labels.push_back(label);
                }
                return Some(true);
            }
            _ => return None,
        }
        Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Language;

    const ACCESS: &str = "kA7/xExample+Key0001";
    const SECRET: &str = "3xAmpl3/Secret+NotReal00000000000000000=";

    fn read(text: &str) -> Result<KeyPair, NoPair> {
        KeyPair::from_text(&Secret::new(text))
    }

    #[test]
    fn l_03_the_downloaded_text_is_read_in_whatever_form_it_was_pasted() {
        let (a, s) = (ACCESS, SECRET);
        for text in [
            format!("Access Key: {a}\nSecret Access Key: {s}\n"),
            format!("\u{feff}Access Key: {a}\r\nSecret Access Key: {s}\r\n\r\n"),
            format!("Secret Access Key: {s} Access Key: {a}"),
            format!(
                "HRworks API\n\nAccess Key:\n  {a}\n\nSecret Access Key:\n  {s}\nKeep it safe."
            ),
            format!("Access Key ID: \"{a}\"\nSecret Access Key: \"{s}\""),
            format!("access_key = {a}\nsecret_access_key = {s}"),
            format!("ACCESSKEY={a}\nSECRETACCESSKEY={s}"),
            format!("{{\"accessKey\":\"{a}\",\"secretAccessKey\":\"{s}\"}}"),
            format!("Access Key: {a}\nAccess Key: {a}\nSecret Access Key: {s}"),
            format!("Access\u{200b} Key:\u{a0}{a}\u{2060}\nSecret Access Key: “{s}”"),
            format!("Access Key → {a}\nSecret Access Key → {s}"),
            format!("Access Key,Secret Access Key\r\n{a},{s}\r\n"),
            format!("\"Access Key\";\"Secret Access Key\"\n\"{a}\";\"{s}\""),
            format!("Secret Access Key\tAccess Key\n{s}\t{a}"),
            format!("HRworks API key pair\nAccess Key: {a}\nSecret Access Key: {s}"),
            format!("access key and secret access key:\nAccess Key: {a}\nSecret Access Key: {s}"),
            format!("{{\n  \"accessKey\": \"{a}\",\n  \"secretAccessKey\": \"{s}\"\n}}\n"),
        ] {
            let pair = read(&text).unwrap_or_else(|why| panic!("{why:?}: {text}"));
            assert_eq!(
                (pair.access_key.reveal(), pair.secret_access_key.reveal()),
                (a, s),
                "{text}"
            );
        }
    }

    #[test]
    fn l_04_what_is_no_pair_is_told_without_repeating_it() {
        let (a, s) = (ACCESS, SECRET);
        for text in [
            String::new(),
            a.to_owned(),
            format!("{a}\n{s}"),
            format!("Access Key: {a}"),
            format!("Secret Access Key: {s}"),
            format!("Access Key: {a}\nAccess Key: other{a}\nSecret Access Key: {s}"),
            format!("Access Key: short\nSecret Access Key: {s}"),
            format!("Access Key: {s}\nSecret Access Key: {s}"),
        ] {
            let why = read(&text).unwrap_err().text().in_language(Language::English);
            assert!(!why.contains(a) && !why.contains(s), "{why}");
        }
        let typed = |a: &str, s: &str| KeyPair::of(&Secret::new(a), &Secret::new(s));
        assert!(typed("", s).is_err() && typed(a, "two words").is_err() && typed(a, a).is_err());
    }

    #[test]
    fn l_11_two_fields_are_read_in_whatever_form_they_were_pasted() {
        let (a, s) = (ACCESS, SECRET);
        let whole = format!("Access Key: {a}\nSecret Access Key: {s}");
        for (access, secret) in [
            (format!(" {a}\n"), format!("\u{feff}{s}\u{200b}")),
            (format!("Access Key: {a}"), format!("Secret Access Key: {s}")),
            (format!("Access Key: {a}"), s.to_owned()),
            (format!("\"{a}\""), format!("“{s}”")),
            (format!("accessKey = '{a}',"), format!("secretAccessKey = '{s}',")),
            (format!("Secret Access Key: {s}"), format!("Access Key: {a}")),
            (whole.clone(), whole.clone()),
            (whole.clone(), s.to_owned()),
        ] {
            let pair = KeyPair::of(&Secret::new(access.as_str()), &Secret::new(secret.as_str()));
            let pair = pair.unwrap_or_else(|why| panic!("{why:?}: {access} {secret}"));
            assert_eq!((pair.access_key.reveal(), pair.secret_access_key.reveal()), (a, s));
        }
    }
}
