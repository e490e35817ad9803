//! Rules about the texts that people read: they stand in the message catalogue and nowhere else,
//! every message is used, and whoever uses one fills its places.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{assert_none, assert_one, repository, root};

/// Where code decides what people read. Files with other duties (rows, requests, tests) are not
/// among them.
const CODE: &[&str] = &[
    "src/domain/action/told.rs",
    "src/domain/audit.rs",
    "src/domain/hold.rs",
    "src/domain/notice/",
    "src/domain/profile.rs",
    "src/domain/row_problem.rs",
    "src/providers/breathe_hr/check.rs",
    "src/providers/breathe_hr/key.rs",
    "src/providers/hrworks/check.rs",
    "src/providers/hrworks/keys.rs",
    "src/providers/pasted.rs",
    "src/providers/people_hr/check.rs",
    "src/providers/registry.rs",
    "src/sync/failure.rs",
    "src/sync/full/look_ahead.rs",
    "src/sync/permissions.rs",
    "src/web/http/body.rs",
    "src/web/http/error/table.rs",
    "src/web/http/error/texts.rs",
    "src/web/http/members.rs",
    "src/web/http/schema.rs",
    "src/web/operator/",
    "src/web/pages/",
    "src/web/portal/",
];

/// Templates that people see. The sandbox's pages are for developers.
const TEMPLATES: &[&str] =
    &["templates/mail/", "templates/operator/", "templates/pages/", "templates/portal/"];

/// Attributes whose value is read by somebody.
const READ_ATTRIBUTES: &[&str] = &[
    "alt",
    "aria-label",
    "content",
    "data-busy",
    "data-done",
    "data-label",
    "placeholder",
    "title",
];

/// Calls whose words are for operators and developers.
const NOT_FOR_READERS: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "debug",
    "debug_assert",
    "error",
    "expect",
    "Internal",
    "info",
    // Names what an API did not find; pages do not say it.
    "of_lookup",
    "trace",
    "unreachable",
    "warn",
    "concat",
    "include_str",
    "matches",
];

/// One place where a message is used, with the arguments that it gives.
#[derive(Debug)]
struct Use {
    place: String,
    id: String,
    arguments: BTreeSet<String>,
}

/// The messages of a catalogue's files with the places to fill.
type Catalogue = BTreeMap<String, BTreeSet<String>>;

pub fn is_read_code(path: &str) -> bool {
    // Sessions have names of cookies and labels of hashes.
    let is_read = !path.ends_with("tests.rs") && !path.ends_with("/session.rs");
    is_read && CODE.iter().any(|prefix| path.starts_with(prefix))
}

/// The templates whose texts stand in the catalogue, by path.
fn templates(root: &Path) -> Vec<(String, String)> {
    let mut all = all_templates(root);
    all.retain(|(path, _)| TEMPLATES.iter().any(|place| path.starts_with(place)));
    all
}

/// Every template, by path.
fn all_templates(root: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for folder in ["mail", "operator", "pages", "portal"] {
        for file in std::fs::read_dir(root.join("templates").join(folder)).unwrap() {
            let path = file.unwrap().path();
            let name = format!("templates/{folder}/{}", path.file_name().unwrap().display());
            all.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
    all.sort();
    all
}

/// The catalogue of one language.
fn catalogue(root: &Path, language: &str) -> Catalogue {
    let mut all = Catalogue::new();
    for file in std::fs::read_dir(root.join("locales").join(language)).unwrap() {
        all.extend(messages(&std::fs::read_to_string(file.unwrap().path()).unwrap()));
    }
    all
}

/// The messages of one file.
fn messages(file: &str) -> Catalogue {
    let resource = fluent_syntax::parser::parse(file).unwrap();
    let mut all = Catalogue::new();
    for entry in resource.body {
        if let Entry::Message(message) = entry {
            let mut places = BTreeSet::new();
            message.value.iter().for_each(|pattern| places_of(pattern, &mut places));
            all.insert(message.id.name.to_owned(), places);
        }
    }
    all
}

fn places_of(pattern: &Pattern<&str>, places: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        match expression {
            Expression::Inline(inline) => places_of_inline(inline, places),
            Expression::Select { selector, variants } => {
                places_of_inline(selector, places);
                for variant in variants {
                    places_of(&variant.value, places);
                }
            }
        }
    }
}

fn places_of_inline(inline: &InlineExpression<&str>, places: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            places.insert(id.name.to_owned());
        }
        InlineExpression::FunctionReference { arguments, .. } => {
            arguments.positional.iter().for_each(|inline| places_of_inline(inline, places));
        }
        _ => {}
    }
}

// -------------------------------------------------------------------------------------------- code

fn tokens(path: &str, text: &str) -> Vec<TokenTree> {
    let parsed: Result<TokenStream, _> = text.parse();
    without_tests(parsed.unwrap_or_else(|error| panic!("{path}: {error}")))
}

/// Without attributes, macros whose words nobody reads, and items of tests.
fn without_tests(stream: TokenStream) -> Vec<TokenTree> {
    let all: Vec<TokenTree> = stream.into_iter().collect();
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < all.len() {
        if is_punct(all.get(at), '#') {
            let inner = usize::from(is_punct(all.get(at + 1), '!'));
            if let Some(TokenTree::Group(attribute)) = all.get(at + 1 + inner) {
                at += 2 + inner;
                if attribute.stream().to_string().replace(' ', "") == "cfg(test)" {
                    at = behind_item(&all, at);
                }
                continue;
            }
        }
        let call = match &all[at] {
            TokenTree::Ident(name) => NOT_FOR_READERS.contains(&name.to_string().as_str()),
            _ => false,
        };
        if call {
            let marked = usize::from(is_punct(all.get(at + 1), '!'));
            // Braces are a body, as in `match error { … }`.
            if matches!(all.get(at + 1 + marked), Some(TokenTree::Group(arguments))
                if arguments.delimiter() != Delimiter::Brace)
            {
                at += 2 + marked;
                continue;
            }
        }
        kept.push(all[at].clone());
        at += 1;
    }
    kept
}

fn behind_item(all: &[TokenTree], from: usize) -> usize {
    let end = all[from..].iter().position(|token| {
        matches!(token, TokenTree::Group(body) if body.delimiter() == Delimiter::Brace)
            || is_punct(Some(token), ';')
    });
    end.map_or(all.len(), |length| from + length + 1)
}

fn is_punct(token: Option<&TokenTree>, c: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == c)
}

fn is_ident(token: Option<&TokenTree>, name: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == name)
}

/// The string that a token is.
fn string_of(token: &TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = token else { return None };
    let text = literal.to_string();
    let inner = text.trim_start_matches('r').trim_matches('#');
    let inner = inner.strip_prefix('"')?.strip_suffix('"')?;
    // A line that ends with a backslash goes on without the blanks that follow.
    let mut joined = String::new();
    for (number, part) in inner.split("\\\n").enumerate() {
        joined.push_str(if number == 0 { part } else { part.trim_start() });
    }
    Some(joined.replace("\\\"", "\"").replace("\\n", "\n"))
}

/// The string that a group in parentheses begins with.
fn first_string(token: Option<&TokenTree>) -> Option<String> {
    let Some(TokenTree::Group(group)) = token else { return None };
    group.stream().into_iter().next().as_ref().and_then(string_of)
}

/// Every `text("id").with("name", …)…`.
fn uses_in_code(path: &str, text: &str) -> Vec<Use> {
    let mut found = Vec::new();
    uses_in(path, &tokens(path, text), &mut found);
    found
}

fn uses_in(path: &str, all: &[TokenTree], found: &mut Vec<Use>) {
    for (at, token) in all.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            uses_in(path, &without_tests(group.stream()), found);
        }
        let id = first_string(all.get(at + 1)).filter(|id| is_id(id));
        let Some(id) = id.filter(|_| is_ident(Some(token), "text")) else { continue };
        let (mut next, mut arguments) = (at + 2, BTreeSet::new());
        while is_punct(all.get(next), '.') && is_ident(all.get(next + 1), "with") {
            arguments.extend(first_string(all.get(next + 2)));
            next += 3;
        }
        let place = format!("{path}:{}", token.span().start().line);
        found.push(Use { place, id, arguments });
    }
}

/// Words that stand in code that decides what people read.
fn words_in_code(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    words_in(path, &tokens(path, text), &mut found);
    found
}

fn words_in(path: &str, all: &[TokenTree], found: &mut Vec<String>) {
    for token in all {
        if let TokenTree::Group(group) = token {
            words_in(path, &without_tests(group.stream()), found);
        }
        if let Some(words) = string_of(token).filter(|text| is_prose(text)) {
            found.push(format!("{path}:{}: \"{words}\"", token.span().start().line));
        }
    }
}

fn is_id(text: &str) -> bool {
    text.contains('-')
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Two words beside each other, or one word that begins like a sentence.
fn is_prose(text: &str) -> bool {
    let is_word = |part: &str| {
        let word =
            part.trim_matches(|c: char| matches!(c, '.' | ',' | ':' | '"' | '“' | '”' | '(' | ')'));
        word.chars().count() > 1
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\''))
    };
    let parts: Vec<&str> = text.split([' ', '\n']).collect();
    let pair = parts.windows(2).any(|pair| pair.iter().all(|part| is_word(part)));
    let starts = text.chars().next().is_some_and(char::is_uppercase) && !is_header(text);
    pair || (starts
        && parts.iter().any(|part| is_word(part) && part.chars().any(char::is_lowercase)))
}

/// The name of a header, such as `Accept-Encoding`.
fn is_header(text: &str) -> bool {
    let starts = |part: &str| part.chars().next().is_some_and(char::is_uppercase);
    text.contains('-') && !text.contains(' ') && text.split('-').all(starts)
}

// --------------------------------------------------------------------------------------- templates

/// A template parted into what askama runs and what it copies.
fn parts_of(page: &str) -> (Vec<&str>, String) {
    let (mut code, mut copied, mut rest) = (Vec::new(), String::new(), page);
    while let Some(at) = ["{{", "{%", "{#"].iter().filter_map(|mark| rest.find(mark)).min() {
        copied.push_str(&rest[..at]);
        let end = match &rest[at..at + 2] {
            "{{" => "}}",
            "{%" => "%}",
            _ => "#}",
        };
        let behind = rest[at..].find(end).map_or(rest.len(), |length| at + length + 2);
        if end != "#}" {
            code.push(&rest[at + 2..behind.saturating_sub(2)]);
        }
        // Keeps apart what stands on both sides, and reads as no word.
        copied.push('\u{1}');
        rest = &rest[behind..];
    }
    copied.push_str(rest);
    (code, copied)
}

/// Every `"id"|with("name", …)|t`.
fn uses_in_template(path: &str, page: &str) -> Vec<Use> {
    let mut found = Vec::new();
    for part in parts_of(page).0 {
        uses_in_expression(path, &expression(path, part), &mut found);
    }
    found
}

fn expression(path: &str, part: &str) -> Vec<TokenTree> {
    let part = part.trim_matches(['-', '+', '~', ' ', '\n']);
    let parsed: Result<TokenStream, _> = part.parse();
    parsed.unwrap_or_else(|error| panic!("{path}: {part}: {error}")).into_iter().collect()
}

fn uses_in_expression(path: &str, all: &[TokenTree], found: &mut Vec<Use>) {
    for (at, token) in all.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            uses_in_expression(path, &group.stream().into_iter().collect::<Vec<_>>(), found);
        }
        let Some(id) = string_of(token).filter(|id| is_id(id)) else { continue };
        let (mut next, mut arguments) = (at + 1, BTreeSet::new());
        while is_punct(all.get(next), '|') && is_ident(all.get(next + 1), "with") {
            arguments.extend(first_string(all.get(next + 2)));
            next += 3;
        }
        if is_punct(all.get(next), '|') {
            found.push(Use { place: path.to_owned(), id, arguments });
        }
    }
}

/// Without the block that stands in an attribute: how wide the page is.
fn without_width(page: &str) -> String {
    let block = page.split_once("{% block width %}");
    let parted =
        block.and_then(|(before, rest)| Some((before, rest.split_once("{% endblock %}")?.1)));
    parted.map_or_else(|| page.to_owned(), |(before, behind)| format!("{before}{behind}"))
}

/// Words that stand in a template.
pub fn words_in_template(path: &str, page: &str) -> Vec<String> {
    let page = without_width(page);
    let (code, copied) = parts_of(&page);
    let mut found = Vec::new();
    for part in code {
        if !part.trim_start_matches(['-', ' ']).starts_with("include")
            && !part.trim_start_matches(['-', ' ']).starts_with("extends")
        {
            words_in(path, &expression(path, part), &mut found);
        }
    }
    let mut rest = copied.as_str();
    let mut silent: Option<&str> = None;
    while let Some((before, behind)) = rest.split_once('<') {
        found.extend(copied_words(path, before).filter(|_| silent.is_none()));
        let (tag, after) = behind.split_once('>').unwrap_or((behind, ""));
        let name = tag.split([' ', '\n', '/']).next().unwrap_or_default();
        match silent {
            Some(closing) if tag == closing => silent = None,
            None if name == "script" => silent = Some("/script"),
            None if name == "style" => silent = Some("/style"),
            _ => {}
        }
        for attribute in READ_ATTRIBUTES {
            let value = tag.split_once(&format!(" {attribute}=\"")).map(|(_, value)| value);
            let is_setting = name == "meta" && tag.contains("name=\"");
            let value = value.and_then(|value| value.split('"').next()).filter(|_| !is_setting);
            found.extend(value.and_then(|value| copied_words(path, value).next()));
        }
        rest = after;
    }
    found.extend(copied_words(path, rest));
    found
}

/// What of this text is a word, with one example.
fn copied_words<'a>(path: &'a str, text: &'a str) -> impl Iterator<Item = String> + 'a {
    let entities = text.split('&').enumerate().map(|(number, part)| {
        if number == 0 { part } else { part.split_once(';').map_or(part, |(_, rest)| rest) }
    });
    let readable: String = entities.collect::<Vec<_>>().join(" ");
    let mut letters = 0;
    let has_word = readable.chars().any(|c| {
        letters = if c.is_alphabetic() { letters + 1 } else { 0 };
        letters > 1
    });
    let shown = readable.replace('\u{1}', "…").split_whitespace().collect::<Vec<_>>().join(" ");
    has_word.then(|| format!("{path}: \"{shown}\"")).into_iter()
}

/// Uses and catalogue fit together.
fn check_uses(uses: &[Use], catalogue: &Catalogue) -> Vec<String> {
    let mut complaints = Vec::new();
    for one in uses {
        match catalogue.get(&one.id) {
            None => complaints.push(format!("{}: no message {}", one.place, one.id)),
            Some(places) if *places != one.arguments => complaints.push(format!(
                "{}: {} has the places {places:?} and is given {:?}",
                one.place, one.id, one.arguments
            )),
            Some(_) => {}
        }
    }
    let known: BTreeSet<&str> = uses.iter().map(|one| one.id.as_str()).collect();
    let left_over = catalogue.keys().filter(|id| !known.contains(id.as_str()));
    complaints.extend(left_over.map(|id| format!("locales: nobody uses {id}")));
    complaints
}

#[test]
fn what_people_read_stands_in_the_catalogue() {
    let tree = repository();
    let read = tree.0.iter().filter(|file| is_read_code(&file.path));
    let mut complaints: Vec<String> =
        read.flat_map(|file| words_in_code(&file.path, &file.text)).collect();
    for (path, page) in templates(root()) {
        complaints.extend(words_in_template(&path, &page));
    }
    assert_none(complaints);
}

#[test]
fn every_message_is_used_with_what_it_needs() {
    let tree = repository();
    let mut uses: Vec<Use> =
        tree.under("src/").flat_map(|file| uses_in_code(&file.path, &file.text)).collect();
    for (path, page) in all_templates(root()) {
        uses.extend(uses_in_template(&path, &page));
    }
    assert_none(check_uses(&uses, &catalogue(root(), "en")));
}

#[test]
fn a_planted_text_outside_the_catalogue_is_found() {
    let code = |text: &str| words_in_code("a.rs", text);
    assert_none(code("#[doc = \"Some words\"] fn a() { info!(\"it is done\"); text(\"a-b\"); }"));
    assert_none(code("#[cfg(test)] mod tests { const A: &str = \"Some words\"; }"));
    assert_one(&code("fn a() -> String { format!(\"{n} people wait\") }"), "people wait");
    assert_one(&code("const A: &str = \"Overview\";"), "Overview");
    assert_none(code("const A: &str = \"Accept-Encoding\";"));
    assert_one(&code("const A: &str = \"E-mail\";"), "E-mail");
    assert_one(&code("fn a() { match error { A => \"Some words\" } }"), "Some words");
    let page = |text: &str| words_in_template("a.html", text);
    assert_none(page("<p class=\"note\">{{ \"a-b\"|t }} &nbsp; {% if x %}→{% endif %}</p>"));
    assert_none(page("{% block width %}wide{% endblock %}{% block main %}{% endblock %}"));
    assert_none(page("<script>let words = 1;</script><style>p { color: red }</style>"));
    assert_one(&page("<p>{{ x }} people</p>"), "people");
    assert_one(&page("<img src=\"/a\" alt=\"The logo\">"), "The logo");
    assert_one(&page("<p>{{ when.unwrap_or(\"Not yet\") }}</p>"), "Not yet");
}

#[test]
fn a_planted_message_that_does_not_fit_is_found() {
    let catalogue = messages("a-b = { $count ->\n    [one] One\n   *[other] { $count }\n}\n");
    let uses = |code: &str| uses_in_code("a.rs", code);
    assert_none(check_uses(&uses("text(\"a-b\").with(\"count\", 1)"), &catalogue));
    assert_one(&check_uses(&uses("text(\"a-b\")"), &catalogue), "has the places");
    let both = uses("(text(\"a-b\").with(\"count\", 1), text(\"a-c\"))");
    assert_one(&check_uses(&both, &catalogue), "no message a-c");
    assert_one(&check_uses(&[], &catalogue), "nobody uses a-b");
    let page = uses_in_template("a.html", "{{ \"a-b\"|with(\"count\", n)|t }}");
    assert_none(check_uses(&page, &catalogue));
}
