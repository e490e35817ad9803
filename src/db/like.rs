//! Finding names by a part of them, in the same way on both databases.

use diesel::define_sql_function;

define_sql_function! {
    /// Lower case of the letters A to Z; columns compare by bytes, so both databases agree.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// The pattern that finds names with `text` in them, for `lower(name) LIKE … ESCAPE '!'`. Case does
/// not count for the letters A to Z.
pub(crate) fn pattern(text: &str) -> String {
    containing(&text.to_ascii_lowercase())
}

/// The pattern that finds exactly this text anywhere. What a pattern would read as a sign of its
/// own is escaped with `!`.
pub(crate) fn containing(text: &str) -> String {
    let escaped: String = text
        .chars()
        .flat_map(|c| matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c]))
        .collect();
    format!("%{escaped}%")
}
