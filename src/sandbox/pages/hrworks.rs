//! The pages of the sandbox HRworks: its words, its switches, its key pairs.
//!
//! Names and calls; decides nothing.

use jiff::civil::Date;

use super::form::Form;
use super::notes::Note;
use super::rest::{
    ALWAYS, DELAY, LET_PASS, LIMIT, NEXT, NEXT_LINK, RETRY_AFTER, WINDOW, call_row, only,
};
use super::switches::{Group, KEY_SPELLINGS, Kind, Switch};
use super::system::{CallRow, Grant, KeyView, KeyWords, OwnField, Paged, SmallForm};
use crate::sandbox::control::Staffed;
use crate::sandbox::hrworks::{Hrworks, HrworksKeyPair, HrworksPermission, Works};
use crate::sandbox::people_hr::SentHook;
use crate::sandbox::person::PersonView;
use crate::sandbox::register::ChangeError;
use crate::sandbox::rest::{Behaviour as _, RestCall};

const API: Group = Group {
    title: "Answers of the API",
    switches: &[
        ALWAYS,
        NEXT,
        only(&[
            ("null", "All calls"),
            ("\"authentication\"", "The key pair's exchange for a token"),
            ("\"master_data\"", "Master data of everybody"),
            ("\"person_master_data\"", "Master data of one person"),
            ("\"persons\"", "The list of who there is"),
            ("\"person\"", "One person of that list"),
            ("\"organization_units\"", "Departments"),
            ("\"organization_unit\"", "One department"),
            ("\"permanent_establishments\"", "Offices"),
            ("\"permanent_establishment\"", "One office"),
            ("\"health_check\"", "Health check"),
            ("\"cost_centers\"", "Cost centres"),
            ("\"webhooks\"", "Webhooks"),
        ]),
        LET_PASS,
        DELAY,
    ],
};

const LIMITS: Group = Group { title: "Limit of calls", switches: &[LIMIT, WINDOW, RETRY_AFTER] };

const ACCESS: Group = Group {
    title: "Tokens and permissions",
    switches: &[
        Switch {
            path: "quirks.customer_unknown",
            label: "Contract expired",
            what: "The key pairs belong to no customer any more.",
            kind: Kind::Toggle,
        },
        Switch {
            path: "quirks.token_seconds",
            label: "Life of a token",
            what: "How many seconds a token is good; usually 900.",
            kind: Kind::Whole { min: 0, max: 86_400 },
        },
        Switch {
            path: "quirks.token_error_status",
            label: "HTTP status of a bad token",
            what: "What InvalidBearerTokenError comes with.",
            kind: Kind::Whole { min: 200, max: 599 },
        },
        Switch {
            path: "quirks.permission_error_status",
            label: "HTTP status of a missing permission",
            what: "What PermissionDeniedError comes with.",
            kind: Kind::Whole { min: 200, max: 599 },
        },
    ],
};

const RECORDS: Group = Group {
    title: "Lists and records",
    switches: &[
        NEXT_LINK,
        Switch {
            path: "quirks.links_keep_parameters",
            label: "Links keep parameters",
            what: "Links carry the other parameters of the call too.",
            kind: Kind::Toggle,
        },
        Switch {
            path: "quirks.cache_seconds",
            label: "Stale answers",
            what: "For so many seconds an answer is given again to callers who do not forbid it.",
            kind: Kind::Whole { min: 0, max: 86_400 },
        },
        Switch {
            path: "quirks.unset",
            label: "Empty values",
            what: "How a value that is not there is written.",
            kind: Kind::Choice(&[
                ("\"omitted\"", "Left out"),
                ("\"null\"", "null"),
                ("\"empty\"", "An empty text"),
            ]),
        },
        Switch {
            path: "quirks.custom_fields",
            label: "Own fields",
            what: "People have the company's own fields too.",
            kind: Kind::Toggle,
        },
        Switch {
            path: "quirks.uuid_in_lists",
            label: "uuid in lists",
            what: "How lists write the keys of people and departments.",
            kind: Kind::Choice(KEY_SPELLINGS),
        },
        Switch {
            path: "quirks.uuid_by_id",
            label: "uuid of one person",
            what: "How answers about one person write them.",
            kind: Kind::Choice(KEY_SPELLINGS),
        },
        Switch {
            path: "quirks.omit_unit_uuid",
            label: "Departments without uuid",
            what: "Departments come without uuid, as in 2023.",
            kind: Kind::Toggle,
        },
    ],
};

/// Every permission there is, with its name and what it is called.
const PERMISSIONS: &[(HrworksPermission, &str, &str)] = &[
    (HrworksPermission::Persons, "persons", "Persons, read: who there is"),
    (HrworksPermission::MasterData, "master_data", "Persons, read: master data"),
    (HrworksPermission::General, "general", "General, read: departments and offices"),
    (HrworksPermission::CostAccounting, "cost_accounting", "Cost accounting, read"),
    (HrworksPermission::Webhooks, "webhooks", "Webhooks, read"),
];

fn grants(held: &[HrworksPermission]) -> Vec<Grant> {
    let grant = |(permission, name, label): &(HrworksPermission, &str, &'static str)| Grant {
        name: (*name).to_owned(),
        label,
        on: held.contains(permission),
    };
    PERMISSIONS.iter().map(grant).collect()
}

fn granted(form: &Form) -> Vec<HrworksPermission> {
    let ticked = |name: &str| form.all("grant").any(|granted| granted == name);
    let granted = PERMISSIONS.iter().filter(|(_, name, _)| ticked(name));
    granted.map(|(permission, _, _)| *permission).collect()
}

impl Paged for Hrworks {
    const SLUG: &'static str = "hrworks";
    const NAME: &'static str = "HRworks";
    const PREFIX: &'static str = Works::PREFIX;
    const BASE_URL_SETTING: &'static str = "ROLLCALL__PROVIDERS__HRWORKS__BASE_URL";
    const EMPLOYEE_ID: &'static str = "Personnel number";
    const HOW_TOLD: &'static str =
        "HRworks tells nobody: press “Sync now” in Rollcall, or wait for its next full sync.";
    const AT_ONCE: &'static str = "Set to gone now; at HRworks no date does that by itself";
    const SWITCHES: &'static [Group] = &[API, LIMITS, ACCESS, RECORDS];
    const KEYS: KeyWords = KeyWords {
        one: "key pair",
        a_new: "a key pair",
        several: "Key pairs",
        place: "The real HRworks offers the same two lines as a text file.",
        paste: "Paste both lines into Rollcall as the key pair of an HRworks directory.",
    };

    fn company_name(&self) -> String {
        Works::RULES.company.to_owned()
    }

    fn today(&self) -> Date {
        Self::today(self)
    }

    fn handle(person: &PersonView) -> &str {
        &person.unique_key
    }

    fn told(changed: <Self as Staffed>::Changed) -> (PersonView, Vec<SentHook>) {
        (changed.person, Vec::new())
    }

    fn call_row(call: &RestCall) -> CallRow {
        call_row(call)
    }

    fn own_fields(&self, id: &str) -> Result<Vec<OwnField>, ChangeError> {
        let person = self.record(id)?;
        Ok(vec![
            OwnField {
                name: "gone",
                label: "Gone",
                what: "An admin has set the person to gone; dates stay as they are.",
                ticked: Some(person.gone),
                text: String::new(),
            },
            OwnField {
                name: "log_in_name",
                label: "Log-in name",
                what: "The name to log in with, which nobody else has.",
                ticked: None,
                text: person.log_in_name.clone(),
            },
        ])
    }

    fn set_own_fields(&self, id: &str, form: &Form) -> Result<PersonView, ChangeError> {
        self.set_log_in_name(id, form.text("log_in_name"))?;
        self.set_gone(id, form.ticked("gone"))
    }

    fn keys(&self) -> Vec<KeyView> {
        let view = |pair: HrworksKeyPair| KeyView {
            text: pair.text().replace('\r', "").trim_end().to_owned(),
            grants: grants(&pair.permissions),
            id: pair.access_key,
        };
        self.key_pairs().into_iter().map(view).collect()
    }

    fn grants() -> Vec<Grant> {
        grants(HrworksPermission::USUAL)
    }

    fn make_key(&self, form: &Form) {
        self.create_key_pair(&granted(form));
    }

    fn set_grants(&self, key: &str, form: &Form) -> bool {
        self.set_permissions(key, &granted(form))
    }

    fn remove_key(&self, key: &str) -> bool {
        self.remove_key_pair(key)
    }

    fn doors(&self) -> Vec<SmallForm> {
        vec![
            SmallForm {
                name: "tokens",
                title: "Tokens",
                what: "Makes every token invalid before its time, so that callers need a new one.",
                button: "Make tokens invalid",
                field: None,
            },
            SmallForm {
                name: "cache",
                title: "Stale answers",
                what: "Forgets the answers that would be given again to callers who take them.",
                button: "Forget kept answers",
                field: None,
            },
        ]
    }

    fn use_door(&self, name: &str, _form: &Form) -> Option<Result<Note, ChangeError>> {
        let said = match name {
            "tokens" => {
                self.expire_tokens();
                "Every token is invalid now."
            }
            "cache" => {
                self.clear_cache();
                "The kept answers are forgotten."
            }
            _ => return None,
        };
        Some(Ok(Note::done(said)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::switches::tests::assert_complete;
    use super::*;
    use crate::sandbox::HrworksFaults;

    #[test]
    fn every_switch_has_its_place_on_the_page() {
        assert_complete::<HrworksFaults>(Hrworks::SWITCHES);
    }

    #[test]
    fn permissions_go_by_the_names_of_the_control_routes() {
        for (permission, name, _) in PERMISSIONS {
            assert_eq!(serde_json::to_value(permission).unwrap(), *name);
        }
        let form = Form::read(b"grant=general&grant=else");
        assert_eq!(granted(&form), [HrworksPermission::General]);
        assert!(grants(HrworksPermission::USUAL).iter().filter(|grant| grant.on).count() == 3);
    }
}
