//! The pages of the sandbox People HR: its words, its switches, its webhook URL.
//!
//! Names and calls; decides nothing.

use jiff::civil::Date;

use super::form::Form;
use super::notes::Note;
use super::switches::{Group, KEY_SPELLINGS, Kind, Named, Switch};
use super::system::{CallRow, Grant, KeyView, KeyWords, Moment, Paged, SmallForm, SmallFormField};
use crate::sandbox::people_hr::{Action, ApiCall, Changed, PeopleHr, SentHook};
use crate::sandbox::person::PersonView;
use crate::sandbox::register::ChangeError;

const ANSWERS: &[Named] = &[
    ("\"throttled\"", "Too many calls (Status 5)"),
    ("\"html502\"", "The page of a gateway whose server is gone (HTTP 502)"),
    ("\"html403\"", "The page of the vendor's edge that refuses a caller (HTTP 403)"),
    ("\"status6\"", "“Oops! Something went wrong.” (Status 6)"),
    ("\"empty_list\"", "Success with nobody in the list"),
    ("\"status10\"", "“No record found.” (Status 10)"),
    ("\"empty_body\"", "Nothing at all (HTTP 200)"),
    ("\"truncated_json\"", "The right answer, cut off in the middle"),
    ("\"malformed_json\"", "Text that looks like JSON and is not"),
    ("\"access_denied\"", "The key may not do this (Access Denied.)"),
    ("\"no_schema_access\"", "The key may not see employees at all"),
    ("\"suspended\"", "The customer's account is suspended"),
    ("\"trial_expired\"", "The customer's trial has ended"),
];

const API: Group = Group {
    title: "Answers of the API",
    switches: &[
        Switch {
            path: "always",
            label: "Every answer",
            what: "What every call gets until you set it back.",
            kind: Kind::Odd(ANSWERS),
        },
        Switch {
            path: "next",
            label: "The next answers",
            what: "So many calls get this answer first; 0 for none.",
            kind: Kind::Next(ANSWERS),
        },
        Switch {
            path: "only_action",
            label: "Only these calls",
            what: "Which calls “Every answer” and “The next answers” are about.",
            kind: Kind::Choice(&[
                ("null", "All calls"),
                ("\"GetAllEmployeeDetail\"", "The list of everybody"),
                ("\"GetEmployeeDetailById\"", "Looks at one person"),
                ("\"GetCompanyInformation\"", "The question whose key it is"),
            ]),
        },
        Switch {
            path: "delay_ms",
            label: "Slow answers",
            what: "Holds every answer back for so many milliseconds.",
            kind: Kind::Whole { min: 0, max: 600_000 },
        },
        Switch {
            path: "silent_keys",
            label: "Customers without an answer",
            what: "API keys, one a line, whose calls are never answered while the connection stays \
                   open.",
            kind: Kind::Lines,
        },
        Switch {
            path: "silent_employees",
            label: "People without an answer",
            what: "Employee ids, one a line, about whom a call by id is never answered.",
            kind: Kind::Lines,
        },
        Switch {
            path: "throttle_per_minute",
            label: "Calls a minute",
            what: "Refuses more calls than this within 60 seconds; the vendor allows 50.",
            kind: Kind::WholeOrNone { min: 1, max: 100_000, none: "no limit" },
        },
    ],
};

const RECORDS: Group = Group {
    title: "Lists and records",
    switches: &[
        Switch {
            path: "unlisted",
            label: "Missing from lists",
            what: "Employee ids, one a line, that no list names although the people are there.",
            kind: Kind::Lines,
        },
        Switch {
            path: "omit_unique_key",
            label: "No UniqueKey",
            what: "Records come without the key that never changes, as from old versions.",
            kind: Kind::Toggle,
        },
        Switch {
            path: "key_in_lists",
            label: "UniqueKey in lists",
            what: "How lists write the key that never changes.",
            kind: Kind::Choice(KEY_SPELLINGS),
        },
        Switch {
            path: "key_by_id",
            label: "UniqueKey of one employee",
            what: "How answers about one employee write it.",
            kind: Kind::Choice(KEY_SPELLINGS),
        },
        Switch {
            path: "pretty",
            label: "Indented JSON",
            what: "Answers are indented.",
            kind: Kind::Toggle,
        },
        Switch {
            path: "gzip",
            label: "Compressed answers",
            what: "Answers are compressed for callers who take that.",
            kind: Kind::Toggle,
        },
    ],
};

const HOOKS: Group = Group {
    title: "Webhooks",
    switches: &[
        Switch {
            path: "hooks.dropped",
            label: "Lost",
            what: "No webhook is sent; Rollcall finds the change at its next full sync.",
            kind: Kind::Toggle,
        },
        Switch {
            path: "hooks.doubled",
            label: "Sent twice",
            what: "Every webhook is sent twice.",
            kind: Kind::Toggle,
        },
        Switch {
            path: "hooks.reordered",
            label: "In reverse order",
            what: "The webhooks of one change are sent last one first.",
            kind: Kind::Toggle,
        },
        Switch {
            path: "hooks.old_employee_id",
            label: "Old employee id",
            what: "The webhook of a changed employee id carries the old one.",
            kind: Kind::Toggle,
        },
        Switch {
            path: "hooks.tell_rehire",
            label: "Tell of a leaver taken back",
            what: "Sends a webhook for it; the vendor documents none.",
            kind: Kind::Toggle,
        },
        Switch {
            path: "hooks.encoding",
            label: "Form of the body",
            what: "How the webhook is written; the vendor does not say.",
            kind: Kind::Choice(&[
                ("\"json\"", "A JSON object"),
                ("\"form\"", "Form fields"),
                ("\"json_in_form\"", "JSON in the form field payload"),
                ("\"json_in_string\"", "JSON in a JSON string"),
                ("\"text\"", "Key:Value, Key:Value"),
            ]),
        },
        Switch {
            path: "hooks.content_type",
            label: "Content-Type",
            what: "What the webhook says that it is.",
            kind: Kind::Choice(&[
                ("null", "What belongs to the form of the body"),
                ("\"\"", "None"),
                ("\"text/plain\"", "text/plain"),
                ("\"application/json\"", "application/json"),
                ("\"application/octet-stream\"", "application/octet-stream"),
            ]),
        },
        Switch {
            path: "hooks.in_array",
            label: "In an array",
            what: "The JSON object stands in an array.",
            kind: Kind::Toggle,
        },
        Switch {
            path: "hooks.string_action_id",
            label: "ActionId as text",
            what: "The number of the action is written in quotes.",
            kind: Kind::Toggle,
        },
    ],
};

/// What a permission is called in the vendor's dialog.
fn label(action: Action) -> &'static str {
    match action {
        Action::GetCompanyInformation => "Get Company Information",
        Action::GetAllEmployeeDetail => "Get All Employee Detail",
        Action::GetEmployeeDetailById => "Get Employee Detail By Id",
    }
}

fn grants(held: &[Action]) -> Vec<Grant> {
    let grant = |action: &Action| Grant {
        name: format!("{action:?}"),
        label: label(*action),
        on: held.contains(action),
    };
    Action::USUAL.iter().map(grant).collect()
}

fn granted(form: &Form) -> Vec<Action> {
    let all = grants(&[]).into_iter().zip(Action::USUAL);
    let ticked = |name: &str| form.all("grant").any(|granted| granted == name);
    all.filter(|(grant, _)| ticked(&grant.name)).map(|(_, action)| *action).collect()
}

impl Paged for PeopleHr {
    const SLUG: &'static str = "people-hr";
    const NAME: &'static str = "People HR";
    const PREFIX: &'static str = "";
    const BASE_URL_SETTING: &'static str = "ROLLCALL__PROVIDERS__PEOPLE_HR__BASE_URL";
    const EMPLOYEE_ID: &'static str = "Employee Id";
    const SENDS_HOOKS: bool = true;
    const HOW_TOLD: &'static str =
        "No webhook tells of this; Rollcall sees it at its next full sync.";
    const AT_ONCE: &'static str = "Access ends at once, not at the end of that day";
    const SWITCHES: &'static [Group] = &[API, RECORDS, HOOKS];
    const KEYS: KeyWords = KeyWords {
        one: "API key",
        a_new: "an API key",
        several: "API keys",
        place: "In the real People HR: Settings, API.",
        paste: "Paste it into Rollcall as the API key of a People HR directory.",
    };

    fn company_name(&self) -> String {
        self.company().name
    }

    fn today(&self) -> Date {
        Self::today(self)
    }

    fn handle(person: &PersonView) -> &str {
        &person.employee_id
    }

    fn told(changed: Changed) -> (PersonView, Vec<SentHook>) {
        (changed.person, changed.hooks)
    }

    fn call_row(call: &ApiCall) -> CallRow {
        let status = call.status.map_or("no JSON".to_owned(), |status| format!("Status {status}"));
        CallRow {
            at: Moment(call.at),
            what: call.action.clone().unwrap_or_else(|| "no Action".to_owned()),
            about: call.employee_id.clone().unwrap_or_default(),
            answer: format!("{} · {status}", call.http),
            bad: call.http != 200 || call.status != Some(0),
        }
    }

    fn keys(&self) -> Vec<KeyView> {
        let view = |key: crate::sandbox::ApiKey| KeyView {
            grants: grants(&key.actions),
            id: key.key.clone(),
            text: key.key,
        };
        Self::keys(self).into_iter().map(view).collect()
    }

    fn grants() -> Vec<Grant> {
        grants(Action::USUAL)
    }

    fn make_key(&self, form: &Form) {
        self.create_key(&granted(form));
    }

    fn set_grants(&self, key: &str, form: &Form) -> bool {
        self.set_actions(key, &granted(form))
    }

    fn remove_key(&self, key: &str) -> bool {
        Self::remove_key(self, key)
    }

    fn doors(&self) -> Vec<SmallForm> {
        vec![SmallForm {
            name: "webhook",
            title: "Webhook URL",
            what: "Every change is told to this address. Rollcall shows the URL of a directory \
                   while it is set up.",
            button: "Save webhook URL",
            field: Some(SmallFormField {
                label: "Webhook URL",
                value: self.webhook().unwrap_or_default(),
                hint: "A full http:// or https:// address; empty for none.",
                problem: String::new(),
            }),
        }]
    }

    fn use_door(&self, name: &str, form: &Form) -> Option<Result<Note, ChangeError>> {
        let url = Some(form.text("value").trim()).filter(|url| !url.is_empty());
        let said = match url {
            Some(_) => "The webhook URL is set. Changes are told from now on.",
            None => "The webhook URL is taken away. Nothing is told from now on.",
        };
        (name == "webhook").then(|| self.set_webhook(url).map(|()| Note::done(said)))
    }

    fn webhook_url(&self) -> Option<String> {
        self.webhook()
    }

    fn sent_hooks(&self) -> Vec<SentHook> {
        self.hooks()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::switches::tests::assert_complete;
    use super::*;
    use crate::sandbox::people_hr::Faults;

    #[test]
    fn every_switch_has_its_place_on_the_page() {
        assert_complete::<Faults>(PeopleHr::SWITCHES);
    }

    #[test]
    fn permissions_go_by_the_names_of_the_api() {
        let names: Vec<String> = PeopleHr::grants().into_iter().map(|grant| grant.name).collect();
        assert_eq!(json!(names), serde_json::to_value(Action::USUAL).unwrap());
        let form = Form::read(b"grant=GetEmployeeDetailById&grant=else");
        assert_eq!(granted(&form), [Action::GetEmployeeDetailById]);
    }
}
