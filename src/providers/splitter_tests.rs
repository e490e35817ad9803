//! Laws of the splitter: whatever the boundaries, it agrees with `serde_json`; nothing cut off ever
//! passes; nothing panics.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

const RESULT: &[&str] = &["Result"];
const NESTED: &[&str] = &["Result", "Result"];

fn split_pieces<'a>(
    path: &'static [&'static str],
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<(Vec<Vec<u8>>, Split), SplitError> {
    let mut splitter = Splitter::new(path);
    let mut records = Vec::new();
    for piece in pieces {
        splitter.feed(piece, |raw| {
            records.push(raw.bytes.to_vec());
            Ok::<_, SplitError>(())
        })?;
    }
    let split = splitter.finish(|raw| {
        records.push(raw.bytes.to_vec());
        Ok::<_, SplitError>(())
    })?;
    Ok((records, split))
}

fn split(document: &[u8]) -> Result<(Vec<Vec<u8>>, Split), SplitError> {
    split_pieces(RESULT, [document])
}

fn texts(document: &str) -> Vec<String> {
    let (records, split) = split(document.as_bytes()).unwrap();
    assert_eq!(split.records, u64::try_from(records.len()).unwrap());
    records.into_iter().map(|raw| String::from_utf8(raw).unwrap()).collect()
}

#[test]
fn records_come_out_as_sent() {
    let document = "\u{feff} {\"isError\": false, \"Result\": [ {\"a\": \"]},{\\\"\"} ,\n\
                    {\"b\":[{}]}, 1 ,\"x\\\\\",null,[[]] ], \"Status\": 0}\n";
    let records = texts(document);
    assert_eq!(
        records,
        ["{\"a\": \"]},{\\\"\"}", "{\"b\":[{}]}", "1", "\"x\\\\\"", "null", "[[]]"]
    );
    let (_, split) = split(document.as_bytes()).unwrap();
    let envelope: Value = serde_json::from_slice(&split.envelope).unwrap();
    assert_eq!(envelope, json!({"isError": false, "Result": [], "Status": 0}));
}

#[test]
fn s_16_a_record_that_is_too_large_loses_what_nobody_reads() {
    let large = "\"xxxxxxxxx\",".repeat(limits::RECORD_BYTES_MAX / 4);
    let record = |own: &str| format!("{{\"id\":7,\"docs\":[{large}{{}}],{own}\"name\":\"A\"}}");
    let document = format!(r#"{{"Result":[{{"id":6,"z":[1]}},{},{{"id":8}}]}}"#, record(""));
    for piece in [1_000, 65_536, document.len()] {
        let mut splitter = Splitter::of_members(RESULT, &["id", "name"]);
        let mut records = Vec::new();
        let mut keep = |raw: Raw<'_>| {
            records.push((String::from_utf8_lossy(raw.bytes).into_owned(), raw.whole));
            Ok::<_, SplitError>(())
        };
        for piece in document.as_bytes().chunks(piece) {
            splitter.feed(piece, &mut keep).unwrap();
        }
        splitter.finish(keep).unwrap();
        let expected = [r#"{"id":6,"z":[1]}"#, r#"{"id":7,"name":"A"}"#, r#"{"id":8}"#];
        assert_eq!(records, expected.map(|record| (record.to_owned(), true)), "{piece}");
    }
    // What is read is not left out, however large it is.
    let wanted = record(&format!("\"name\":[{large}1],"));
    let mut splitter = Splitter::of_members(RESULT, &["id", "name"]);
    let mut whole = Vec::new();
    let document = format!(r#"{{"Result":[{wanted}]}}"#);
    splitter
        .feed::<SplitError>(document.as_bytes(), |raw| {
            whole.push((raw.whole, raw.bytes.len()));
            Ok(())
        })
        .unwrap();
    assert_eq!(whole, [(false, limits::RECORD_BYTES_MAX)]);
}

#[test]
fn the_key_is_found_in_any_case_and_only_at_its_place() {
    assert_eq!(texts(r#"{"RESULT":[1]}"#), ["1"]);
    assert_eq!(texts(r#"{"\u0052esult":[1]}"#), ["1"]);
    assert_eq!(texts(r#"{"x":{"Result":[9]},"y":[{"Result":[8]}],"Result":[1]}"#), ["1"]);
    assert_eq!(texts(r#"{"x":"Result","y":[9],"result":[]}"#), Vec::<String>::new());
    let nested = br#"{"Result":{"Pagination":{"Result":[7]},"Result":[1,2]},"Status":0}"#;
    let (records, split) = split_pieces(NESTED, [nested.as_slice()]).unwrap();
    assert_eq!(records, [b"1", b"2"]);
    assert!(split.list_found);
}

#[test]
fn s_30_null_and_an_empty_list_are_told_apart() {
    let empty = split(br#"{"Result":[ ]}"#).unwrap().1;
    assert!(empty.list_found && empty.records == 0);
    for none in [r#"{"Result":null}"#, r#"{"Result":{}}"#, r#"{"Result":{"Result":[1]}}"#, "{}"] {
        let split = split(none.as_bytes()).unwrap().1;
        assert!(!split.list_found && split.records == 0, "{none}");
    }
}

#[test]
fn what_is_not_one_complete_object_is_an_error() {
    for (document, error) in [
        ("", SplitError::Empty),
        (" \u{feff}", SplitError::NotAnObject),
        ("\u{feff}", SplitError::Empty),
        ("<html></html>", SplitError::NotAnObject),
        ("[1]", SplitError::NotAnObject),
        (r#"{"Result":[1,2"#, SplitError::Truncated),
        (r#"{"Result":[1,2]"#, SplitError::Truncated),
        (r#"{"Result":[1]}{"#, SplitError::Trailing),
        (r#"{"Result":[1,]}"#, SplitError::Invalid),
        (r#"{"Result":[,1]}"#, SplitError::Invalid),
        (r#"{"Result":[1,,2]}"#, SplitError::Invalid),
        (r#"{"Result":[1 2]}"#, SplitError::Invalid),
        (r#"{"Result":[{}{}]}"#, SplitError::Invalid),
        (r#"{"Result":[1]]}"#, SplitError::Trailing),
        (r#"{"Result":[1],"x":}"#, SplitError::Invalid),
        (r#"{"Result":[1],"result":[2]}"#, SplitError::TwoLists),
    ] {
        assert_eq!(split(document.as_bytes()).err(), Some(error), "{document}");
    }
}

/// Whatever stands where a record should be is one record, and costs the others nothing.
#[test]
fn s_16_what_is_no_record_is_handed_out_as_one() {
    for odd in ["nul", "NaN", "-Infinity", "undefined", "'x'", "{\"a\":NaN,\"b\":\"\n\u{0}\\x\"}"] {
        let document = format!(r#"{{"Result":[{{"a":1}}, {odd} ,{{"a":2}}],"Status":0}}"#);
        assert_eq!(texts(&document), [r#"{"a":1}"#, odd, r#"{"a":2}"#], "{odd}");
    }
}

/// A quote that is missing or too many would turn the rest of the list inside out.
#[test]
fn s_16_after_a_torn_record_the_next_one_is_found() {
    for odd in [
        r#"{"id":2,"a":"24" monitor","b":"x"}"#,
        r#"{"id":2,"a":"D:\home\","b":"x"}"#,
        r#"{"id":2,"a":"x"y","b":"},{","c":[{"d":1}]}"#,
        r#"{"id":2,"a":"He said "hi" to {us","b":"x"}"#,
    ] {
        for list in [
            format!(r#"{{"id":1,"b":"x"}},{odd} , {{ "id":3,"b":"y"}}"#),
            format!(r#"{{"id":1,"b":"x"}},{{"id":3,"b":"y"}},{odd}"#),
        ] {
            let document = format!(r#"{{"Status":0,"Result":[{list}]}}"#);
            for piece in 1..document.len() {
                let mut splitter = Splitter::new(RESULT);
                let mut whole = Vec::new();
                let mut torn = 0;
                let mut keep = |raw: Raw<'_>| {
                    let text = String::from_utf8(raw.bytes.to_vec()).unwrap();
                    if raw.whole && raw.alone {
                        whole.push(text);
                    } else {
                        assert_eq!(text, odd);
                        torn += 1;
                    }
                    Ok::<_, SplitError>(())
                };
                for piece in document.as_bytes().chunks(piece) {
                    splitter.feed(piece, &mut keep).unwrap();
                }
                let split = splitter.finish(keep).unwrap();
                let expected = [r#"{"id":1,"b":"x"}"#, r#"{"id":3,"b":"y"}"#];
                assert_eq!((whole.as_slice(), torn), (expected.map(str::to_owned).as_slice(), 1));
                assert_eq!(split.records, 3);
            }
            // What is cut off is an error all the same.
            assert!(split(&document.as_bytes()[..document.len() - 1]).is_err());
        }
    }
}

#[test]
fn records_and_envelope_are_bounded() {
    let long = "x".repeat(limits::RECORD_BYTES_MAX);
    let document = format!(r#"{{"Result":[1,"{long}",{{"a":2}}]}}"#);
    for piece in [1000, usize::MAX] {
        let mut splitter = Splitter::new(RESULT);
        let mut records = Vec::new();
        for piece in document.as_bytes().chunks(piece.min(document.len())) {
            let keep = |raw: Raw<'_>| {
                records.push((raw.bytes.len(), raw.whole));
                Ok::<_, SplitError>(())
            };
            splitter.feed(piece, keep).unwrap();
        }
        assert_eq!(records, [(1, true), (limits::RECORD_BYTES_MAX, false), (7, true)], "{piece}");
        let none = |_: Raw<'_>| Ok::<_, SplitError>(());
        assert_eq!(splitter.finish(none).unwrap().records, 3);
    }
    let envelope = format!(r#"{{"Message":"{long}"}}"#);
    assert_eq!(split(envelope.as_bytes()).err(), Some(SplitError::EnvelopeTooLarge));
}

#[test]
fn after_an_error_of_the_receiver_the_document_is_lost() {
    let mut splitter = Splitter::new(RESULT);
    let refused = splitter.feed(br#"{"Result":[1"#, |_| Ok::<_, SplitError>(()));
    assert_eq!(refused, Ok(()));
    let refused = splitter.feed(b"]}", |_| Err(SplitError::Invalid));
    assert_eq!(refused, Err(SplitError::Invalid));
    assert_eq!(splitter.feed(b" ", |_| Ok(())), Err(SplitError::Broken));
    assert_eq!(splitter.finish(|_| Ok(())).err(), Some(SplitError::Broken));
}

fn any_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["[a-zß\"\\\\{}\\[\\],:\n ]{0,8}", Just("Result".to_owned())];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

prop_compose! {
    /// A document with a list: its bytes, its records, and where it is cut into pieces.
    fn any_document()(
        before in prop::collection::vec(("[a-z]{1,6}", any_value()), 0..3),
        records in prop::collection::vec(any_value(), 0..6),
        after in prop::collection::vec(("[A-Z]{1,4}", any_value()), 0..3),
        pretty in any::<bool>(),
        mark in any::<bool>(),
    ) -> (Vec<u8>, Vec<Value>) {
        let mut object: Map<String, Value> = before.into_iter().collect();
        object.retain(|key, _| !key.eq_ignore_ascii_case("result"));
        object.insert("Result".to_owned(), Value::from(records.clone()));
        object.extend(after);
        let text = if pretty {
            serde_json::to_string_pretty(&object)
        } else {
            serde_json::to_string(&object)
        };
        let mark = if mark { "\u{feff}" } else { "" };
        (format!("{mark}{}", text.unwrap()).into_bytes(), records)
    }
}

fn cut<'a>(document: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(document.len())).collect();
    places.extend([0, document.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &document[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn any_pieces_give_what_serde_json_gives(
        (document, expected) in any_document(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let (records, split) = split_pieces(RESULT, cut(&document, &cuts)).unwrap();
        let parsed: Vec<Value> =
            records.iter().map(|raw| serde_json::from_slice(raw).unwrap()).collect();
        prop_assert_eq!(parsed, expected);
        let unmarked = document.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&document);
        let mut whole: Value = serde_json::from_slice(unmarked).unwrap();
        whole["Result"] = json!([]);
        let envelope: Value = serde_json::from_slice(&split.envelope).unwrap();
        prop_assert_eq!(envelope, whole);
        prop_assert!(split.list_found);
    }

    #[test]
    fn s_30_any_truncation_is_an_error(
        (document, _) in any_document(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        end in any::<prop::sample::Index>(),
    ) {
        let short = &document[..end.index(document.len())];
        let pieces = if short.is_empty() { Vec::new() } else { cut(short, &cuts) };
        prop_assert!(split_pieces(RESULT, pieces).is_err());
    }

    #[test]
    fn what_passes_is_valid_json(
        (mut document, _) in any_document(),
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), prop::sample::select(b"{}[]\",:\\ 1n".to_vec())), 1..4),
    ) {
        for (place, byte) in changes {
            let place = place.index(document.len());
            document[place] = byte;
        }
        if let Ok((records, _)) = split(&document)
            && records.iter().all(|raw| serde_json::from_slice::<Value>(raw).is_ok())
        {
            let unmarked = document.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&document);
            prop_assert!(serde_json::from_slice::<Value>(unmarked).is_ok());
        }
    }

    #[test]
    fn random_bytes_never_panic(
        document in prop::collection::vec(
            prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\ Result".to_vec())], 0..200),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let _ = split(&document);
        if !document.is_empty() {
            let _ = split_pieces(RESULT, cut(&document, &cuts));
        }
        let listed = [br#"{"Result":["#.as_slice(), &document];
        let _ = split_pieces(RESULT, listed);
    }
}
