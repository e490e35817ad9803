//! Compares the splitter with the csv library over the whole content, and looks for lost lines.

use proptest::prelude::*;

use super::*;

/// All records of content that comes in these pieces.
fn records(format: Option<Format>, pieces: &[&[u8]]) -> Vec<Record> {
    let (mut splitter, mut out) = (Splitter::new(format), Vec::new());
    for piece in pieces {
        splitter.push(piece, &mut out);
    }
    splitter.finish(&mut out);
    out
}

fn csv(text: &str) -> Vec<Record> {
    records(Some(Format::Csv), &[text.as_bytes()])
}

fn bytes(line: u64, text: &str) -> Record {
    Record { line, content: Content::Bytes(text.as_bytes().to_vec()) }
}

fn open(line: u64) -> Record {
    Record { line, content: Content::OpenQuote }
}

fn in_quote(line: u64, opened: u64) -> Record {
    Record { line, content: Content::InQuote(opened) }
}

#[test]
fn a_09_records_do_not_depend_on_how_the_stream_is_cut() {
    let whole = records(None, &[b"\xef\xbb\xbf{\"a\":1}\n\n{\"b\":2}"]);
    let cut = records(None, &[b"\xef", b"\xbb\xbf", b"{\"a", b"\":1}", b"\n\n{\"b\":2}"]);
    assert_eq!(whole, [bytes(1, "{\"a\":1}"), bytes(3, "{\"b\":2}")]);
    assert_eq!(whole, cut);
    // Blank lines before the format is known count as lines.
    assert_eq!(records(None, &[b"\r\n", b"\r\n", b"{\"a\":1}"]), [bytes(3, "{\"a\":1}")]);
}

#[test]
fn a_09_every_line_end_ends_a_line() {
    for end in ["\n", "\r\n", "\r"] {
        let text = format!("email,name{end}a@b.co,\"x{end}y\"{end}{end}c@d.co,z{end}");
        let quoted = format!("a@b.co,\"x{end}y\"");
        assert_eq!(csv(&text), [bytes(1, "email,name"), bytes(2, &quoted), bytes(5, "c@d.co,z")]);
        let text = format!("{{\"a\":1}}{end}{{\"b\":2}}{end}");
        let found = records(None, &[text.as_bytes()]);
        assert_eq!(found, [bytes(1, "{\"a\":1}"), bytes(2, "{\"b\":2}")]);
    }
}

#[test]
fn a_09_a_quotation_mark_within_a_field_is_a_character() {
    let found = csv("email,name,x\na@b.co,24\" monitor,1\nb@b.co,Bob \"Bo,One\nc@b.co,C,2\n");
    let names = found.iter().map(|record| match &record.content {
        Content::Bytes(bytes) => fields_of(bytes, b',').unwrap()[1].clone(),
        other => panic!("{other:?}"),
    });
    assert_eq!(names.collect::<Vec<_>>(), ["name", "24\" monitor", "Bob \"Bo", "C"]);
}

#[test]
fn a_09_a_quotation_mark_that_is_a_slip_costs_its_own_line_alone() {
    // Never closed.
    let found = csv("email,name\na@b.co,\"Ann\nb@b.co,Bob\nc@b.co,Cy");
    let header = bytes(1, "email,name");
    let expected = [header.clone(), open(2), bytes(3, "b@b.co,Bob"), bytes(4, "c@b.co,Cy")];
    assert_eq!(found, expected);
    // Closed by the quotation mark of a later row.
    let found = csv("email,name\r\na@b.co,\"Ann\r\nb@b.co,\"Bob\"\r\nc@b.co,Cy\r\n");
    assert_eq!(found, [header.clone(), open(2), bytes(3, "b@b.co,\"Bob\""), bytes(4, "c@b.co,Cy")]);
    // An address in a text, and one in the column behind it, are no rows.
    let text = "name,email\n\"Ann\nann@b.co\",a@b.co\n";
    let expected = bytes(2, "\"Ann\nann@b.co\",a@b.co");
    assert_eq!(csv(text), [bytes(1, "name,email"), expected]);
    // At the end of the content.
    assert_eq!(csv("email,name\na@b.co,\"Ann"), [header, open(2)]);
}

#[test]
fn a_09_what_may_be_a_part_of_a_text_is_no_row() {
    let header = bytes(1, "email,name");
    for end in ["\n", "\r\n", "\r"] {
        // A text with an address in it, or two slips: nobody can tell.
        let text = ["email,name", "a@b.co,\"Sales", "", "b@b.co, old\"", "c@b.co,Cy"].join(end);
        let cy = bytes(5, "c@b.co,Cy");
        assert_eq!(csv(&text), [header.clone(), open(2), in_quote(4, 2), cy], "{end:?}");
        let text = format!("email,name{end}a@b.co,\"Sales{end}b@b.co, old\"");
        assert_eq!(csv(&text), [header.clone(), open(2), in_quote(3, 2)], "{end:?}");
        // A quotation mark within the text that is not written twice.
        let text = format!(
            "email,name{end}a@b.co,\"Was{end}b@b.co, the \"old\" one\"{end}c@b.co,\"Cy\"{end}"
        );
        let cy = bytes(4, "c@b.co,\"Cy\"");
        assert_eq!(csv(&text), [header.clone(), open(2), in_quote(3, 2), cy], "{end:?}");
    }
    // Closed at an end of a line, but then fields are missing.
    let found = csv("email,name,x\na@b.co,\"Ann,1\nb@b.co,Bob,2\"\nc@b.co,Cy,3\n");
    let cy = bytes(4, "c@b.co,Cy,3");
    assert_eq!(found, [bytes(1, "email,name,x"), open(2), in_quote(3, 2), cy]);
    // Three lines between two marks.
    let found = csv("email,name\na@b.co,\"Ann\nb@b.co,Bob\nc@b.co,Cy\"\nd@b.co,Dee\n");
    let dee = bytes(5, "d@b.co,Dee");
    assert_eq!(found, [header, open(2), in_quote(3, 2), in_quote(4, 2), dee]);
}

#[test]
fn a_09_a_record_over_the_bound_is_given_up_and_the_next_one_is_read() {
    let long = "x".repeat(limits::IMPORT_LINE_BYTES_MAX + 10);
    let too_long = Record { line: 2, content: Content::TooLong };
    for text in [format!("a\n{long}\nb\n"), format!("a\n\"{long}\nb\n")] {
        assert_eq!(csv(&text), [bytes(1, "a"), too_long.clone(), bytes(3, "b")]);
    }
    // A quoted text over many lines: each of them has a result.
    let lines = "line\r\n".repeat(limits::IMPORT_LINE_BYTES_MAX / 5);
    let found = csv(&format!("a,b\n1,\"{lines}\"\n2,c\n"));
    assert_eq!(found.len(), limits::IMPORT_LINE_BYTES_MAX / 5 + 3);
    assert_eq!(found[1], open(2));
}

#[test]
fn a_09_slips_without_end_cost_no_second_look_each() {
    let text = format!("email\n{}", "\"a\n".repeat(100_000));
    let found = csv(&text);
    assert_eq!(found.len(), 100_001);
    assert!(found[1..].iter().all(|record| record.content == Content::OpenQuote));
}

#[test]
fn a_09_the_delimiter_is_seen_from_the_header() {
    assert_eq!(delimiter_of(b"email"), b',');
    assert_eq!(delimiter_of(b"email,\"first;name\""), b',');
    assert_eq!(delimiter_of(b"email;first_name;department"), b';');
    assert_eq!(delimiter_of(b"email\tfirst_name"), b'\t');
    let found = csv("email;name\na@b.co;\"x;\ny, z\"\n");
    assert_eq!(found, [bytes(1, "email;name"), bytes(2, "a@b.co;\"x;\ny, z\"")]);
    // A row without any value is a row too.
    assert_eq!(csv("email\tname\n\t\n")[1], bytes(2, "\t"));
}

#[test]
fn the_format_is_seen_from_the_content_type_or_the_first_byte() {
    assert_eq!(Format::of_content_type("text/CSV; charset=utf-8"), Some(Format::Csv));
    assert_eq!(Format::of_content_type("application/x-ndjson"), Some(Format::Ndjson));
    assert_eq!(Format::of_content_type("application/octet-stream"), None);
    assert_eq!(Format::of_content(b" \n{\"email\""), Some(Format::Ndjson));
    assert_eq!(Format::of_content(b"email"), Some(Format::Csv));
    assert_eq!(Format::of_content(b"\n"), None);
}

/// What a spreadsheet writes, with everything that needs quoting and some that does not.
fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z@.]{0,6}",
        "[a-z]{1,3}\"[a-z\"]{0,3}",
        "[a-z,;\t\"\r\n ]{1,8}".prop_map(|text| format!("\"{}\"", text.replace('"', "\"\""))),
    ]
}

proptest! {
    #[test]
    fn a_09_records_are_those_of_the_csv_library(
        rows in proptest::collection::vec(proptest::collection::vec(field(), 3), 0..12),
        delimiter in prop_oneof![Just(','), Just(';'), Just('\t')],
        end in prop_oneof![Just("\n"), Just("\r\n"), Just("\r")],
        with_mark: bool,
        cuts in proptest::collection::vec(0_usize..400, 0..6),
    ) {
        // An unquoted field must not hold the delimiter, and a row of blanks is no row.
        let is_plain = |field: &String| !field.starts_with('"');
        let mut text = if with_mark { "\u{feff}".to_owned() } else { String::new() };
        text.push_str(&["email", "name", "note"].join(&delimiter.to_string()));
        for mut row in rows {
            row.iter_mut().filter(|field| is_plain(field)).for_each(|field| {
                *field = field.replace(delimiter, "");
            });
            if is_plain(&row[0]) {
                row[0].insert(0, 'a');
            }
            text.push_str(end);
            text.push_str(&row.join(&delimiter.to_string()));
        }
        let mut pieces = vec![text.as_bytes()];
        for cut in cuts {
            let last = pieces.pop().unwrap();
            let (head, tail) = last.split_at(cut.min(last.len()));
            pieces.extend([head, tail]);
        }
        let between = u8::try_from(delimiter).unwrap();
        let ours: Vec<Vec<String>> = records(None, &pieces)
            .into_iter()
            .map(|record| match record.content {
                Content::Bytes(bytes) => fields_of(&bytes, between).unwrap(),
                other => panic!("{other:?} in {text:?}"),
            })
            .collect();
        let mut library = csv::ReaderBuilder::new();
        library.has_headers(false).flexible(true).delimiter(between);
        let content = text.trim_start_matches('\u{feff}').as_bytes();
        let theirs: Vec<Vec<String>> = library
            .from_reader(content)
            .records()
            .map(|record| record.unwrap().iter().map(|field| field.trim().to_owned()).collect())
            .collect();
        prop_assert_eq!(ours, theirs, "{:?}", text);
    }

    /// Whatever the content is, each line that is not blank is in one record and in one only.
    #[test]
    fn a_09_no_line_is_lost_and_none_is_told_twice(
        lines in proptest::collection::vec("[a\",;\u{e4} ]{0,6}", 1..30),
        end in prop_oneof![Just("\n"), Just("\r\n"), Just("\r")],
        cut in 0_usize..200,
        ndjson: bool,
    ) {
        let mut all = vec!["email,name".to_owned()];
        all.extend(lines);
        let text = all.join(end);
        let format = if ndjson { Format::Ndjson } else { Format::Csv };
        let (head, tail) = text.as_bytes().split_at(cut.min(text.len()));
        let found = records(Some(format), &[head, tail]);
        let mut covered = Vec::new();
        for record in &found {
            let content = match &record.content {
                Content::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Content::OpenQuote | Content::InQuote(_) => {
                    all[usize::try_from(record.line - 1).unwrap()].clone()
                }
                Content::TooLong => panic!("nothing is so long"),
            };
            for (number, line) in (record.line..).zip(content.split(end)) {
                prop_assert_eq!(&all[usize::try_from(number - 1).unwrap()], line);
                covered.push(number);
            }
        }
        let needed: Vec<u64> = (1..)
            .zip(&all)
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(number, _)| number)
            .collect();
        covered.retain(|number| needed.contains(number));
        prop_assert_eq!(covered, needed, "{:?}", text);
    }
}
