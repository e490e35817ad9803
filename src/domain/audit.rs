//! Why an account was changed: what set it off, the rule that decided, and what was there before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::ids::{AdminId, ApiKeyId, HoldId, RunId};
use crate::text_enum;
use crate::texts::{Text, text};

text_enum! {
    /// What set a change off.
    CauseKind {
        /// A webhook of the HR system.
        Hook = "hook",
        /// A full sync.
        Run = "run",
        /// A date that came (S-12), or another directory that let go of the account (S-26).
        Clock = "clock",
        /// An admin's decision about a hold.
        Decision = "decision",
        /// The application, by its API key.
        ApiKey = "api_key",
        /// An admin on the portal.
        Admin = "admin",
    }
}

/// What set a change off, and which one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A webhook; the number of its hint in the inbox.
    Hook(i64),
    /// A full sync.
    Run(RunId),
    /// A date that came.
    Clock,
    /// An admin's decision about a hold.
    Decision(HoldId),
    /// The application.
    ApiKey(ApiKeyId),
    /// An admin on the portal.
    Admin(AdminId),
}

impl Cause {
    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> CauseKind {
        match self {
            Self::Hook(_) => CauseKind::Hook,
            Self::Run(_) => CauseKind::Run,
            Self::Clock => CauseKind::Clock,
            Self::Decision(_) => CauseKind::Decision,
            Self::ApiKey(_) => CauseKind::ApiKey,
            Self::Admin(_) => CauseKind::Admin,
        }
    }

    /// Which one, as text; nothing for the clock.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        match self {
            Self::Hook(number) => Some(number.to_string()),
            Self::Run(id) => Some(id.to_string()),
            Self::Clock => None,
            Self::Decision(id) => Some(id.to_string()),
            Self::ApiKey(id) => Some(id.to_string()),
            Self::Admin(id) => Some(id.to_string()),
        }
    }
}

text_enum! {
    /// The rule that decided about a change of an account.
    Rule {
        /// Nobody had the e-mail of a person who is new in the HR system (S-23).
        Created = "created",
        /// The account had the e-mail of a person who is new in the HR system (S-20).
        LinkedByEmail = "linked_by_email",
        /// A leaver came back under a new number, so the link moved (S-20).
        Rehired = "rehired",
        /// The person had the account when the HR system was connected before (L-09).
        Ledger = "ledger",
        /// An admin approved what had been held (S-22, S-24, S-32).
        Approved = "approved",
        /// A linked account follows its person by key (S-20).
        Followed = "followed",
        /// The leaving date is over (S-11, S-12).
        LeavingDateOver = "leaving_date_over",
        /// The person is not in the list of current staff (S-11).
        NotCurrentStaff = "not_current_staff",
        /// The record itself says that the person has left (S-11).
        FormerStaff = "former_staff",
        /// The HR system does not know the person any more (S-31).
        Gone = "gone",
        /// The start date has come (S-12, S-23).
        StartDateCame = "start_date_came",
        /// The HR system counts the person as employed, perhaps again (S-11, S-25).
        Employed = "employed",
        /// Another directory that the account is linked to decides (S-26).
        OtherDirectory = "other_directory",
        /// The application made the account.
        MadeByApplication = "made_by_application",
        /// The application changed the account.
        EditedByApplication = "edited_by_application",
        /// The application imported the account.
        Imported = "imported",
        /// The application deleted the account.
        Deleted = "deleted",
        /// The account of the manager was deleted.
        ManagerDeleted = "manager_deleted",
    }
}

impl Rule {
    /// What the admin reads.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Created => text("rules-created"),
            Self::LinkedByEmail => text("rules-linked-by-email"),
            Self::Rehired => text("rules-rehired"),
            Self::Ledger => text("rules-ledger"),
            Self::Approved => text("rules-approved"),
            Self::Followed => text("rules-followed"),
            Self::LeavingDateOver => text("rules-leaving-date-over"),
            Self::NotCurrentStaff => text("rules-not-current-staff"),
            Self::FormerStaff => text("rules-former-staff"),
            Self::Gone => text("rules-gone"),
            Self::StartDateCame => text("rules-start-date-came"),
            Self::Employed => text("rules-employed"),
            Self::OtherDirectory => text("rules-other-directory"),
            Self::MadeByApplication => text("rules-made-by-application"),
            Self::EditedByApplication => text("rules-edited-by-application"),
            Self::Imported => text("rules-imported"),
            Self::Deleted => text("rules-deleted"),
            Self::ManagerDeleted => text("rules-manager-deleted"),
        }
    }
}

/// One member of an account, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// What it was.
    pub from: Value,
    /// What it is from now on.
    pub to: Value,
}

/// What changed, by the names of the members in the API.
pub type Changes = BTreeMap<String, FieldChange>;

/// What differs between two states of an account. A member that is not there is null. Of a member
/// that is itself an object, only the members that differ are told.
#[must_use]
pub fn changes(before: &Map<String, Value>, after: &Map<String, Value>) -> Changes {
    let value = |of: &Map<String, Value>, name: &str| of.get(name).cloned().unwrap_or_default();
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    names
        .map(|name| (name, value(before, name), value(after, name)))
        .filter(|(_, from, to)| from != to)
        .map(|(name, from, to)| (name.clone(), change(from, to)))
        .collect()
}

fn change(from: Value, to: Value) -> FieldChange {
    let (Value::Object(old), Value::Object(new)) = (&from, &to) else {
        return FieldChange { from, to };
    };
    let only_in = |one: &Map<String, Value>, other: &Map<String, Value>| {
        let differs = |(name, value): &(&String, &Value)| other.get(*name) != Some(*value);
        let members = one.iter().filter(differs);
        Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    FieldChange { from: only_in(old, new), to: only_in(new, old) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::texts::Language;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn only_what_differs_is_told_with_its_former_value() {
        let before = map(json!({"email": "a@x", "status": "active", "protected": false,
            "attributes": {"theme": "dark", "zone": null, "size": 1}}));
        let after = map(json!({"email": "b@x", "status": "active", "department": "Sales",
            "attributes": {"theme": "light", "size": 1, "new": null}}));
        assert_eq!(
            json!(changes(&before, &after)),
            json!({
                "email": {"from": "a@x", "to": "b@x"},
                "protected": {"from": false, "to": null},
                "department": {"from": null, "to": "Sales"},
                "attributes": {"from": {"theme": "dark", "zone": null},
                               "to": {"theme": "light", "new": null}},
            })
        );
        assert!(changes(&after, &after).is_empty());
        let without = map(json!({"email": "a@x"}));
        let with_null = map(json!({"email": "a@x", "first_name": null}));
        assert!(changes(&without, &with_null).is_empty());
    }

    #[test]
    fn every_rule_is_one_sentence() {
        for rule in Rule::ALL {
            let text = rule.text().in_language(Language::English);
            assert!(text.ends_with('.') && text.matches('.').count() == 1, "{text}");
        }
    }
}
