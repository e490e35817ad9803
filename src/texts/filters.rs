//! The filters with which templates show messages of the catalogue.
//!
//! `{{ "portal-sync-now"|t }}` shows a message, `{{ "portal-changes-more"|with("count", n)|t }}`
//! one with an argument, and `{{ health.sentence|t }}` a [`Text`] that a handler has chosen. What
//! has markup among its arguments is shown by `|html`, which escapes all but that.
//!
//! The language is the value [`LANGUAGE`] with which the template is rendered; without it English.

#![expect(missing_docs, clippy::inline_always, reason = "the filters' macro writes such items")]

use std::any::Any;

use askama::filters::Safe;

use super::{Language, Markup, Text, ToArgument, text};

/// The value with which a template is rendered that says in which language.
pub const LANGUAGE: &str = "language";

/// What can be shown: the id of a message, or a text.
pub trait ToText {
    /// As a text.
    fn to_text(&self) -> Text;
}

impl ToText for &'static str {
    fn to_text(&self) -> Text {
        text(self)
    }
}

impl ToText for Text {
    fn to_text(&self) -> Text {
        self.clone()
    }
}

impl ToText for Markup {
    fn to_text(&self) -> Text {
        Text::markup(self.clone())
    }
}

impl<T: ToText> ToText for &T {
    fn to_text(&self) -> Text {
        (**self).to_text()
    }
}

fn language(values: &dyn askama::Values) -> Language {
    let value: Option<&dyn Any> = values.get_value(LANGUAGE);
    value.and_then(|value| value.downcast_ref::<Language>()).copied().unwrap_or_default()
}

/// The text in the reader's language.
///
/// # Errors
///
/// Never; the shape is askama's.
#[askama::filter_fn]
pub fn t(shown: impl ToText, values: &dyn askama::Values) -> askama::Result<String> {
    Ok(shown.to_text().in_language(language(values)))
}

/// The text in the reader's language, in which the markup among the arguments stays what it is.
///
/// # Errors
///
/// Never; the shape is askama's.
#[askama::filter_fn]
pub fn html(shown: impl ToText, values: &dyn askama::Values) -> askama::Result<Safe<String>> {
    Ok(Safe(shown.to_text().html(language(values))))
}

/// The text with one more of its places filled.
///
/// # Errors
///
/// Never; the shape is askama's.
#[askama::filter_fn]
pub fn with<A: ToArgument>(
    shown: impl ToText,
    _: &dyn askama::Values,
    name: &'static str,
    argument: A,
) -> askama::Result<Text> {
    Ok(shown.to_text().with(name, argument))
}
