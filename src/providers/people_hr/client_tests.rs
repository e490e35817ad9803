//! Every answer of protocol page §2.3 and §2.4, by its envelope.

use serde_json::{Value, json};

use super::*;

fn verdict(answer: &Value) -> Result<Judgement, ProviderError> {
    let text = answer.to_string();
    judge(&envelope(text.as_bytes()).unwrap(), Some(PERMISSION_LIST))
}

fn refused(status: i64, message: &str) -> Result<Judgement, ProviderError> {
    verdict(&json!({"isError": true, "Status": status, "Message": message, "Result": null}))
}

fn throttled(calls: Option<u32>) -> Result<Judgement, ProviderError> {
    let (retry_after_ms, calls_per_minute) = (60_000, calls);
    Err(ProviderError::Throttled { retry_after_ms, calls_per_minute })
}

#[test]
fn s_40_refusals_by_number_and_words() {
    let permission = Err(ProviderError::Permission { permission: Some(PERMISSION_LIST) });
    for (status, message, expected) in [
        (1, "API key is missing.", Err(ProviderError::Credential)),
        (1, "APIKey not supplied.", Err(ProviderError::Credential)),
        (2, "Invalid API Key.", Err(ProviderError::Credential)),
        (2, "", Err(ProviderError::Credential)),
        (5, "API key does not exists.", Err(ProviderError::Credential)),
        (5, "API Key DOES NOT EXIST", Err(ProviderError::Credential)),
        (5, "Access forbidden, invalid API-KEY was used", Err(ProviderError::Credential)),
        (4, "Invalid Action.", permission.clone()),
        (5, "No access on employee schema.", permission.clone()),
        (5, "No access to Query Builder schema.", permission.clone()),
        (5, "Access Denied.", permission.clone()),
        (5, "Unauthorized access", permission),
        (5, "Your trial has expired.", Err(ProviderError::Suspended)),
        (5, "This company has been suspended.", Err(ProviderError::Suspended)),
        (5, "API calls will be limited to a 50 per minute", throttled(Some(50))),
        (10, "API calls will be limited to a 50 per minute", throttled(Some(50))),
        (2, "api calls will be LIMITED TO 60 calls. Access Denied.", throttled(Some(60))),
        (5, "limited to a few per minute", throttled(None)),
        (5, "EmployeeId does not exists.", Ok(Judgement::NothingThere)),
        (5, "employeeid does not exist", Ok(Judgement::NothingThere)),
        (10, "No record found.", Ok(Judgement::NothingThere)),
        (10, "No detail has been found.", Ok(Judgement::NothingThere)),
    ] {
        assert_eq!(refused(status, message), expected, "{status} {message}");
    }
}

#[test]
fn s_30_anything_else_is_an_error_and_never_gone() {
    for (status, message) in
        [(6, "Oops! Something went wrong."), (6, "No record found."), (5, "Unknown error occured.")]
    {
        assert!(matches!(refused(status, message), Err(ProviderError::Down { .. })), "{message}");
    }
    for (status, message) in [
        (0, "The request processed successfully."),
        (3, "Action is missing."),
        (5, "EmployeeId is missing."),
        (5, "EmployeeId contains more than 15 characters."),
        (5, "ReportsTo EmployeeId does not exists. Try again"),
        (5, "IncludeLeavers contains invalid data."),
        (6_000, "EmployeeId does not exists."),
        (7, "No json data found."),
        (9, "Invalid json data."),
        (-1, ""),
    ] {
        let verdict = refused(status, message);
        assert!(matches!(verdict, Err(ProviderError::Malformed { .. })), "{status} {message}");
    }
    // "Gone" together with somebody's record contradicts itself.
    let both =
        json!({"isError": false, "Status": 10, "Message": "", "Result": {"EmployeeId": "1"}});
    assert!(matches!(verdict(&both), Err(ProviderError::Malformed { .. })));
    for odd in [json!({}), json!({"Result": []}), json!({"isError": false, "Result": [1]})] {
        assert!(verdict(&odd).is_err(), "{odd}");
    }
    for answer in ["", "[]", "null", "<html>", "{", "{}x", r#"{"Result":1,"result":2}"#] {
        assert!(envelope(answer.as_bytes()).is_err(), "{answer}");
    }
}

#[test]
fn the_envelope_is_read_in_every_spelling() {
    for fine in [
        json!({"isError": false, "Status": 0, "Message": "ok", "Result": []}),
        json!({"IsError": "false", "Status": "0", "message": null, "RESULT": []}),
        json!({"iserror": "False", "status": " 0 ", "Result": {}}),
        json!({"Status": 0, "Result": [1], "Extra": {"Status": 5}}),
    ] {
        assert_eq!(verdict(&fine), Ok(Judgement::Data), "{fine}");
    }
    for bad in [
        json!({"isError": true, "Status": 0, "Result": []}),
        json!({"isError": "True", "Status": 0, "Result": []}),
        json!({"isError": 1, "Status": 0, "Result": []}),
        json!({"isError": false, "IsError": "true", "Status": 0}),
        json!({"isError": false, "Status": "zero"}),
    ] {
        assert!(verdict(&bad).is_err(), "{bad}");
    }
    let silent = json!({"isError": false, "Status": 0, "Result": null,
        "Message": "API calls will be limited to a 50 per minute"});
    assert_eq!(verdict(&silent), throttled(Some(50)));
    for blank in ["null", "{ }", "[\n]", "\"\"", "\" \""] {
        let text = format!(r#"{{"isError":true,"Status":10,"Result":{blank}}}"#);
        let judged = judge(&envelope(text.as_bytes()).unwrap(), None);
        assert_eq!(judged, Ok(Judgement::NothingThere), "{blank}");
    }
}

#[test]
fn only_reading_requests_are_written_and_as_documented() {
    let key = Secret::new(" k ");
    let number = EmployeeNumber("PW42".to_owned());
    let body = |action: Action<'_>| serde_json::to_string(&action.body(&key)).unwrap();
    assert_eq!(
        body(Action::CompanyInformation),
        r#"{"APIKey":"k","Action":"GetCompanyInformation"}"#
    );
    assert_eq!(
        body(Action::AllEmployees { include_leavers: true }),
        r#"{"APIKey":"k","Action":"GetAllEmployeeDetail","IncludeLeavers":"true"}"#
    );
    assert_eq!(
        body(Action::EmployeeById(&number)),
        r#"{"APIKey":"k","Action":"GetEmployeeDetailById","EmployeeId":"PW42"}"#
    );
}
