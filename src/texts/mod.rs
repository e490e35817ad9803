//! What people read: the message catalogue (O-10).
//!
//! A [`Text`] names a message of the catalogue and carries its arguments. It is in no language
//! until [`Text::in_language`] or a filter of a template puts it into one, so what decides *what*
//! is said need not know *to whom*. The catalogue itself is `locales/<language>/*.ftl`, one folder
//! for each language, in the syntax of Project Fluent; it is part of the program.
//!
//! Invariants:
//! - The id of a message is a literal where it is used. `tests/tidy.rs` finds ids that the
//!   catalogue does not have, messages that nobody uses, arguments that do not fit, and text that
//!   stands in code or templates instead of here.
//! - A line break inside a message is a space: whoever writes mails and pages makes the paragraphs.
//! - An argument is data. It is escaped where it is shown, unless it was given as [`Markup`].
//!
//! What this module must not do: decide what is said, or know who reads it.

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::langid;

pub mod filters;

/// A language that people can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English, which every text is in.
    #[default]
    English,
}

/// The English catalogue, a file for each place where the texts are read.
const ENGLISH: &[&str] = &[
    include_str!("../../locales/en/action.ftl"),
    include_str!("../../locales/en/api.ftl"),
    include_str!("../../locales/en/check.ftl"),
    include_str!("../../locales/en/mail.ftl"),
    include_str!("../../locales/en/notice.ftl"),
    include_str!("../../locales/en/operator.ftl"),
    include_str!("../../locales/en/pages.ftl"),
    include_str!("../../locales/en/portal.ftl"),
    include_str!("../../locales/en/rules.ftl"),
    include_str!("../../locales/en/steps.ftl"),
];

type Catalogue = FluentBundle<FluentResource>;

static ENGLISH_CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| catalogue(langid!("en"), ENGLISH));

impl Language {
    fn catalogue(self) -> &'static Catalogue {
        match self {
            Self::English => &ENGLISH_CATALOGUE,
        }
    }
}

/// What can be read of the files. A test finds what cannot.
fn catalogue(language: unic_langid::LanguageIdentifier, files: &[&str]) -> Catalogue {
    let mut catalogue = FluentBundle::new_concurrent(vec![language]);
    // The marks would keep apart names that are written from right to left, but they also end up in
    // subjects of mails and in what people copy.
    catalogue.set_use_isolating(false);
    catalogue.set_transform(Some(on_one_line));
    for file in files {
        let resource = match FluentResource::try_new((*file).to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        catalogue.add_resource_overriding(resource);
    }
    catalogue
}

fn on_one_line(text: &str) -> Cow<'_, str> {
    if text.contains('\n') { text.replace('\n', " ").into() } else { text.into() }
}

/// A message with its arguments, in no language yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(Content);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Message { id: &'static str, arguments: Vec<(&'static str, Argument)> },
    Verbatim(String),
    Markup(Markup),
}

/// What fills a place of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// A number; the message can have a form for one and one for many.
    Number(i64),
    /// Data, such as a name.
    Words(String),
    /// Another message.
    Text(Text),
    /// Elements around texts.
    Markup(Markup),
}

/// Elements of HTML with texts inside: the elements are ours and stay, the texts are escaped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Markup(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Html(String),
    Text(Text),
}

impl Markup {
    /// With HTML of ours behind it. Nothing of it may come from anybody else.
    #[must_use]
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.0.push(Part::Html(html.into()));
        self
    }

    /// With a text behind it.
    #[must_use]
    pub fn text(mut self, text: Text) -> Self {
        self.0.push(Part::Text(text));
        self
    }

    /// As HTML.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Html(html) => html.clone(),
            Part::Text(text) => text.html(language),
        });
        parts.collect()
    }

    /// What is read of it.
    fn plain(&self, language: Language) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Html(_) => String::new(),
            Part::Text(text) => text.in_language(language),
        });
        parts.collect()
    }
}

/// The message with this id, which is a literal.
#[must_use]
pub const fn text(id: &'static str) -> Text {
    Text(Content::Message { id, arguments: Vec::new() })
}

impl Text {
    /// What is the same in every language, such as a name.
    #[must_use]
    pub fn verbatim(words: impl Into<String>) -> Self {
        Self(Content::Verbatim(words.into()))
    }

    /// Elements around texts. As plain text, only the texts are left.
    #[must_use]
    pub fn markup(markup: Markup) -> Self {
        Self(Content::Markup(markup))
    }

    /// The message with one more of its places filled.
    #[must_use]
    pub fn with(mut self, name: &'static str, argument: impl ToArgument) -> Self {
        if let Content::Message { arguments, .. } = &mut self.0 {
            arguments.push((name, argument.to_argument()));
        }
        self
    }

    /// As plain text.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        self.resolve(language, &mut |markup| markup.plain(language))
    }

    /// As HTML: everything is escaped, but not the markup among the arguments.
    #[must_use]
    pub fn html(&self, language: Language) -> String {
        let mut parts: Vec<String> = Vec::new();
        let plain = self.resolve(language, &mut |markup| {
            let place = placeholder(parts.len());
            parts.push(markup.in_language(language));
            place.map_or_else(String::new, String::from)
        });
        let mut html = String::with_capacity(plain.len());
        for c in plain.chars() {
            let part = (0..parts.len()).find(|number| placeholder(*number) == Some(c));
            match (part.and_then(|number| parts.get(number)), c) {
                (Some(part), _) => html.push_str(part),
                (None, '&') => html.push_str("&#38;"),
                (None, '<') => html.push_str("&#60;"),
                (None, '>') => html.push_str("&#62;"),
                (None, '"') => html.push_str("&#34;"),
                (None, '\'') => html.push_str("&#39;"),
                (None, c) => html.push(c),
            }
        }
        html
    }

    fn resolve(&self, language: Language, markup: &mut dyn FnMut(&Markup) -> String) -> String {
        let (id, arguments) = match &self.0 {
            Content::Message { id, arguments } => (*id, arguments),
            Content::Verbatim(words) => return words.clone(),
            Content::Markup(elements) => return markup(elements),
        };
        let catalogue = language.catalogue();
        let Some(pattern) = catalogue.get_message(id).and_then(|message| message.value()) else {
            return id.to_owned();
        };
        let values: FluentArgs<'_> = arguments
            .iter()
            .map(|(name, argument)| {
                let value: FluentValue<'_> = match argument {
                    Argument::Number(number) => (*number).into(),
                    Argument::Words(words) => words.as_str().into(),
                    Argument::Text(text) => text.resolve(language, markup).into(),
                    Argument::Markup(html) => markup(html).into(),
                };
                (*name, value)
            })
            .collect();
        catalogue.format_pattern(pattern, Some(&values), &mut Vec::new()).into_owned()
    }
}

/// Stands for a part of markup until the text around it is escaped: a character that Unicode keeps
/// for private use.
fn placeholder(number: usize) -> Option<char> {
    char::from_u32(0xF_0000_u32.saturating_add(u32::try_from(number).ok()?))
}

/// What can fill a place of a message.
pub trait ToArgument {
    /// As the argument of a message.
    fn to_argument(&self) -> Argument;
}

impl<T: ToArgument + ?Sized> ToArgument for &T {
    fn to_argument(&self) -> Argument {
        (**self).to_argument()
    }
}

macro_rules! numbers {
    ($($number:ty),+) => {$(
        impl ToArgument for $number {
            fn to_argument(&self) -> Argument {
                Argument::Number(i64::try_from(*self).unwrap_or(i64::MAX))
            }
        }
    )+};
}

numbers!(i32, i64, u32, u64, usize);

impl ToArgument for str {
    fn to_argument(&self) -> Argument {
        Argument::Words(self.to_owned())
    }
}

impl ToArgument for String {
    fn to_argument(&self) -> Argument {
        Argument::Words(self.clone())
    }
}

impl ToArgument for Text {
    fn to_argument(&self) -> Argument {
        Argument::Text(self.clone())
    }
}

impl ToArgument for Markup {
    fn to_argument(&self) -> Argument {
        Argument::Markup(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_catalogue_can_be_read_and_names_each_message_once() {
        let mut catalogue: Catalogue = FluentBundle::new_concurrent(vec![langid!("en")]);
        for file in ENGLISH {
            let resource = FluentResource::try_new((*file).to_owned());
            assert!(resource.is_ok(), "{:?}", resource.err().map(|(_, errors)| errors));
            let added = catalogue.add_resource(resource.unwrap());
            assert!(added.is_ok(), "{added:?}");
        }
    }

    #[test]
    fn names_are_escaped_and_our_own_markup_is_not() {
        let hr = Text::verbatim("<People & HR>").html(Language::English);
        assert_eq!(hr, "&#60;People &#38; HR&#62;");
        let today = Text::verbatim("today");
        let when = Markup::default().html("<time>").text(today).html("</time>");
        let html = text("portal-disabled-when").with("when", when).html(Language::English);
        assert_eq!(html, "disabled <time>today</time>");
        let elements =
            Text::markup(Markup::default().html("<b>").text(Text::verbatim("<")).html("</b>"));
        assert_eq!(elements.html(Language::English), "<b>&#60;</b>");
        assert_eq!(elements.in_language(Language::English), "<");
        let forged = text("portal-disabled-when").with("when", "<time>").html(Language::English);
        assert_eq!(forged, "disabled &#60;time&#62;");
    }
}
