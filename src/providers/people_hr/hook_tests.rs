//! Every form of protocol page §5.7.

use proptest::prelude::*;

use super::*;

fn hint(employee: Option<&str>, action_id: Option<i32>) -> Hint {
    let person = |number: &str| Whom::Person(EmployeeNumber(number.to_owned()));
    Hint { whom: employee.map_or(Whom::Everybody, person), action_id }
}

fn one(employee: &str, action_id: i32) -> Vec<Hint> {
    vec![hint(Some(employee), Some(action_id))]
}

fn read(body: &str) -> Vec<Hint> {
    read_hints(None, body.as_bytes())
}

const OBJECT: &str = concat!(
    r#"{"ActionId":2,"Action":"Employee Detail Updated","EmployeeId":"PW42","#,
    r#""FieldName":"Last Name","NewValue":"Jo, \"EmployeeId:PW9\"","OldValue":"CANARY","#,
    r#""Reason":"a=b&EmployeeId=PW8"}"#
);

fn form(pairs: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(pairs).unwrap()
}

#[test]
fn json_in_every_wrapping() {
    let quoted = serde_json::to_string(OBJECT).unwrap();
    let twice = serde_json::to_string(&quoted).unwrap();
    let bodies = [
        OBJECT.to_owned(),
        format!("\r\n {OBJECT}\n"),
        format!("[{OBJECT}]"),
        format!("[{OBJECT},{OBJECT}]"),
        format!("[{quoted}]"),
        quoted.clone(),
        twice,
        format!("{OBJECT}="),
        form(&[("payload", OBJECT)]),
        form(&[("x", "1"), ("data", OBJECT)]),
        form(&[("payload", &quoted)]),
        form(&[(OBJECT, "")]),
        form(&[(OBJECT, "")]).trim_end_matches('=').to_owned(),
    ];
    let content_types = [
        None,
        Some("application/json"),
        Some("text/json; charset=utf-8"),
        Some("text/plain"),
        Some("application/x-www-form-urlencoded; charset=UTF-8"),
        Some("application/octet-stream"),
        Some(";;charset=;="),
    ];
    for body in &bodies {
        for content_type in content_types {
            let hints = read_hints(content_type, body.as_bytes());
            assert_eq!(hints, one("PW42", 2), "{content_type:?} {body}");
        }
    }
}

#[test]
fn form_fields_and_listed_text() {
    for body in [
        "ActionId=2&Action=Employee+Detail+Updated&EmployeeId=PW42&NewValue=1%2C+EmployeeId%3AX",
        "actionid=2&employee_id=PW42",
        "ActionId:2, Action:Employee Detail Updated, EmployeeId:PW42, NewValue:a, b=c&Employee=9",
        "ActionId : 2,EmployeeId : PW42,NewValue: 02:00, EmployeeId:PW9",
        "{ActionId:2, EmployeeId:\"PW42\"}",
        "ActionId:2\nEmployeeId:PW42\n",
        "body=ActionId%3A2%2C+EmployeeId%3APW42",
        "ActionId%3A2%2C+EmployeeId%3APW42",
    ] {
        assert_eq!(read(body), one("PW42", 2), "{body}");
    }
}

#[test]
fn every_charset() {
    let body = r#"{"ActionId":1,"EmployeeId":"Ä1"}"#;
    let expected = one("Ä1", 1);
    let utf_16 = |big: bool, mark: bool| -> Vec<u8> {
        let mark = mark.then_some('\u{feff}');
        let units: Vec<u16> =
            mark.into_iter().chain(body.chars()).collect::<String>().encode_utf16().collect();
        let bytes = |unit: &u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        units.iter().flat_map(bytes).collect()
    };
    let latin_1: Vec<u8> = body.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let marked = format!("\u{feff}{body}");
    let cases: Vec<(Option<&str>, Vec<u8>)> = vec![
        (Some("application/json; charset=utf-8"), body.as_bytes().to_vec()),
        (None, marked.clone().into_bytes()),
        (Some("text/plain; charset=iso-8859-1"), marked.into_bytes()),
        (None, utf_16(false, true)),
        (None, utf_16(true, true)),
        (None, utf_16(false, false)),
        (None, utf_16(true, false)),
        (Some("text/plain; charset=\"UTF-16\""), utf_16(false, true)),
        (Some("text/plain; Charset=utf-16"), utf_16(false, false)),
        (Some("text/plain; charset=utf-16be"), utf_16(true, false)),
        (Some("text/plain; charset=utf-16le"), utf_16(true, false)),
        (Some("application/json; charset=ISO-8859-1"), latin_1.clone()),
        (Some("application/json; charset=utf-8"), latin_1.clone()),
        (Some("application/json; charset=no-such"), latin_1.clone()),
        (None, latin_1),
    ];
    for (content_type, bytes) in cases {
        assert_eq!(read_hints(content_type, &bytes), expected, "{content_type:?} {bytes:?}");
    }
}

#[test]
fn keys_and_types_in_every_variant() {
    for (body, employee) in [
        (r#"{"ActionId":"2","EmployeeId":42}"#, "42"),
        (r#"{"actionid":" 2 ","EMPLOYEEID":" 0042 "}"#, "0042"),
        (r#"{"ActionID":2,"EmployeeID":"PW5-2"}"#, "PW5-2"),
        (r#"{"action_id":2,"employee_id":"a:b,c"}"#, "a:b,c"),
        (r#"{"ActionId":2,"employeeId":"x"}"#, "x"),
        (r#"{"ActionId":2,"Employee":"x"}"#, "x"),
        (r#"{"ActionId":2,"Employee":{"EmployeeId":"x"}}"#, "x"),
        (r#"{"ActionId":2,"EmployeeId":{"DisplayValue":"x"}}"#, "x"),
        (r#"{"ActionId":2,"Id":"x"}"#, "x"),
        (r#"{"ActionId":2,"Id":"7","Employee":"y","EmployeeId":"x"}"#, "x"),
        (r#"{"ActionId":2,"Id":"7","Employee":"y","EmployeeId":""}"#, "y"),
        (r#"{"Action":"employee detail updated","EmployeeId":"x"}"#, "x"),
    ] {
        assert_eq!(read(body), one(employee, 2), "{body}");
    }
}

#[test]
fn the_documented_actions() {
    for action in [1, 2, 3, 18] {
        let body = format!(r#"{{"ActionId":{action},"EmployeeId":"PW42"}}"#);
        assert_eq!(read(&body), one("PW42", action));
        let nobody = format!(r#"{{"ActionId":{action}}}"#);
        assert_eq!(read(&nobody), [hint(None, Some(action))]);
    }
    for action in (4..=17).chain(21..=25).chain(31..=54) {
        let body = format!(r#"{{"ActionId":"{action}","EmployeeId":"PW42"}}"#);
        assert_eq!(read(&body), [], "{action}");
        assert_eq!(read(&format!("ActionId={action}&EmployeeId=PW42")), [], "{action}");
        assert_eq!(read(&format!("ActionId:{action}, EmployeeId:PW42")), [], "{action}");
    }
    for action in [19, 20, 26, 30, 55, 0, -1, 99_999] {
        let body = format!(r#"{{"ActionId":{action},"EmployeeId":"PW42"}}"#);
        assert_eq!(read(&body), [hint(None, Some(action))], "{action}");
    }
}

#[test]
fn what_can_not_be_read_means_everybody() {
    let long = format!(r#"{{"EmployeeId":"{}"}}"#, "9".repeat(201));
    for body in [
        "",
        "  ",
        "\u{feff}",
        "null",
        "1",
        "true",
        "[]",
        "{}",
        "[[]]",
        "[1]",
        "\"\"",
        "hello",
        "<a/>",
        "{\"ActionId\":",
        "a=b&c=d",
        "Key:Value, Key:Value",
        r#"{"EmployeeId":"PW42"}"#,
        r#"{"ActionId":null,"EmployeeId":"PW42"}"#,
        r#"{"ActionId":99999999999}"#,
        &long,
    ] {
        assert_eq!(read(body), [Hint::EVERYBODY], "{body}");
    }
    assert_eq!(read_hints(None, &[0xff, 0xfe]), [Hint::EVERYBODY]);
    let action = r#"{"ActionId":1,"EmployeeId":["a"]}"#;
    assert_eq!(read(action), [hint(None, Some(1))]);
}

#[test]
fn many_messages_in_one_body() {
    let list = |count: usize| {
        let items: Vec<String> =
            (0..count).map(|i| format!(r#"{{"ActionId":2,"EmployeeId":"P{i}"}}"#)).collect();
        format!("[{}]", items.join(","))
    };
    let hints = read(&list(limits::HOOK_HINTS_MAX));
    assert_eq!(hints.len(), limits::HOOK_HINTS_MAX);
    assert_eq!(hints[1], hint(Some("P1"), Some(2)));
    assert_eq!(read(&list(limits::HOOK_HINTS_MAX + 1)), [Hint::EVERYBODY]);
    assert_eq!(read(&"x".repeat(limits::HOOK_BODY_BYTES_MAX + 1)), [Hint::EVERYBODY]);
    let mixed = r#"[{"ActionId":8,"EmployeeId":"a"},7,{"ActionId":3,"EmployeeId":"b"}]"#;
    assert_eq!(read(mixed), [Hint::EVERYBODY, hint(Some("b"), Some(3))]);
}

#[test]
fn s_02_no_value_leaves_the_function() {
    let listed = "ActionId:2, EmployeeId:PW42, NewValue:CANARY, OldValue:CANARY";
    let form = "ActionId=2&EmployeeId=PW42&NewValue=CANARY&OldValue=CANARY";
    for body in [OBJECT, listed, form] {
        let shown = format!("{:?}", read(body));
        assert!(!shown.contains("CANARY") && !shown.contains("Last Name"), "{shown}");
    }
}

proptest! {
    #[test]
    fn s_02_nothing_makes_it_panic(
        content_type in prop::option::of("[a-z/;= \"]{0,12}(charset=(utf-8|utf-16|latin1|x))?"),
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            "(ActionId|EmployeeId|[{}\\[\\]\",:=&%0-9a-zé \n]){0,60}".prop_map(String::into_bytes),
        ],
    ) {
        let hints = read_hints(content_type.as_deref(), &body);
        prop_assert!(hints.len() <= limits::HOOK_HINTS_MAX);
    }

    #[test]
    fn any_number_survives(number in "[A-Za-z0-9_][A-Za-z0-9_:,&=% -]{0,12}[A-Za-z0-9_]") {
        let json = serde_json::json!({"ActionId": 1, "EmployeeId": number}).to_string();
        prop_assert_eq!(read(&json), one(&number, 1));
        let form = form(&[("ActionId", "1"), ("EmployeeId", &number)]);
        prop_assert_eq!(read(&form), one(&number, 1));
    }
}
