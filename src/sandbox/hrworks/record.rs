//! People, organization units and establishments as the vendor writes them.
//!
//! A value that is not there has no key, unless a switch says otherwise. Private values are
//! canaries in every master data record; two of the company's own fields are among them, because
//! a field of any name can hold anything. Must not decide who is shown.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::{Hrworks, HrworksQuirks, Unset};
use crate::sandbox::KeySpelling;
use crate::sandbox::canaries::Private;
use crate::sandbox::company::written;
use crate::sandbox::person::{People, Person};
use crate::sandbox::rest::Entry;

/// The number of the unit that all others belong to.
const ROOT_ID: u64 = 1;

/// Everything that is needed to write anything, as of one moment.
pub(super) struct Writer {
    pub people: Arc<People>,
    pub departments: Vec<Entry>,
    pub locations: Vec<Entry>,
    pub quirks: HrworksQuirks,
    /// How keys are written.
    pub spelling: KeySpelling,
    today: Date,
}

pub(super) fn unit_uuid(id: u64) -> String {
    format!("6f3c1d90-2c0a-4a3e-8a30-{id:012}")
}

pub(super) fn license_number(person: &Person) -> String {
    format!("L-{:06}", person.serial.saturating_add(1))
}

/// An office.
pub(super) fn establishment(entry: &Entry) -> Value {
    json!({
        "id": entry.id.to_string(),
        "name": entry.name,
        "number": format!("{:08}", 12_345_677_u64.saturating_add(entry.id)),
        "address": {
            "street": "Beispielweg",
            "streetNumber": entry.id.to_string(),
            "zipCode": "79098",
            "city": entry.name,
            "country": "Germany",
            "internationalCountryCode": country_code(&entry.name),
        },
    })
}

fn country_code(office: &str) -> &'static str {
    match office {
        "Wien" => "AUT",
        "Zürich" => "CHE",
        _ => "DEU",
    }
}

/// `PersonBaseData`.
pub(super) fn base_data(person: &Person, spelling: KeySpelling) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("uuid".to_owned(), json!(spelling.of(&person.unique_key)));
    for (key, value) in [
        ("personId", &person.log_in_name),
        ("personnelNumber", &person.employee_id),
        ("firstName", &person.first_name),
        ("lastName", &person.last_name),
    ] {
        map.insert(key.to_owned(), json!(value));
    }
    map.insert("externalIds".to_owned(), json!([]));
    map
}

impl Writer {
    pub(super) fn of(hr: &Hrworks) -> Self {
        let today = hr.today();
        let state = hr.state();
        Self {
            people: state.register.people(),
            departments: state.departments.all().to_vec(),
            locations: state.locations.all().to_vec(),
            quirks: state.faults.quirks.clone(),
            spelling: state.faults.quirks.uuid_in_lists,
            today,
        }
    }

    /// The same with keys written in another way.
    pub(super) fn spelled(self, spelling: KeySpelling) -> Self {
        Self { spelling, ..self }
    }

    pub(super) fn department(&self, person: &Person) -> Option<&Entry> {
        self.departments.iter().find(|entry| entry.name == person.department.value)
    }

    fn location(&self, person: &Person) -> Option<&Entry> {
        self.locations.iter().find(|entry| entry.name == person.location.value)
    }

    fn bare_unit(&self, id: u64, name: &str) -> Map<String, Value> {
        let mut unit = Map::new();
        if !self.quirks.omit_unit_uuid {
            unit.insert("uuid".to_owned(), json!(self.spelling.of(&unit_uuid(id))));
        }
        unit.insert("number".to_owned(), json!(id.to_string()));
        unit.insert("name".to_owned(), json!(name));
        unit.insert("additionalName".to_owned(), json!(""));
        unit.insert("countryCode".to_owned(), json!("DEU"));
        unit.insert("sapCodeType".to_owned(), Value::Null);
        unit
    }

    /// The unit at the top, which nobody is in.
    pub(super) fn root_unit(&self) -> Value {
        Value::Object(self.bare_unit(ROOT_ID, "Beispiel GmbH"))
    }

    /// A unit in its parents; every third unit belongs to the one before it.
    pub(super) fn unit(&self, entry: &Entry) -> Value {
        let mut unit = self.bare_unit(entry.id, &entry.name);
        let before = self.departments.iter().find(|other| other.id + 10 == entry.id);
        let parent = match before {
            Some(before) if entry.id.is_multiple_of(30) => self.unit(before),
            _ => self.root_unit(),
        };
        unit.insert("parentOrganizationUnit".to_owned(), parent);
        Value::Object(unit)
    }

    /// `Person`: the master data.
    pub(super) fn person(&self, person: &Person) -> Value {
        let private = Private::of(person.serial);
        let mut map = base_data(person, self.spelling);
        self.identity(&mut map, person, &private);
        self.post(&mut map, person);
        self.dates(&mut map, person, &private);
        self.private(&mut map, &private);
        self.history(&mut map, person, &private);
        if self.quirks.custom_fields {
            map.insert("Kleidergröße".to_owned(), json!(private.custom));
            map.insert("Arbeitsort".to_owned(), json!(person.location.value));
            map.insert("2026".to_owned(), json!("x"));
        }
        Value::Object(map)
    }

    fn put(&self, map: &mut Map<String, Value>, key: &str, value: &str) {
        let value = match (value, self.quirks.unset) {
            ("", Unset::Omitted) => {
                map.remove(key);
                return;
            }
            ("", Unset::Null) => Value::Null,
            (value, _) => json!(value),
        };
        map.insert(key.to_owned(), value);
    }

    fn put_object(&self, map: &mut Map<String, Value>, key: &str, value: Option<Value>) {
        match (value, self.quirks.unset) {
            (Some(value), _) => map.insert(key.to_owned(), value),
            (None, Unset::Omitted) => None,
            (None, Unset::Null | Unset::Empty) => map.insert(key.to_owned(), Value::Null),
        };
    }

    fn identity(&self, map: &mut Map<String, Value>, person: &Person, private: &Private) {
        let title = if person.title == "Dr" { "Dr." } else { "" };
        let office = self.location(person).map(|entry| entry.name.as_str());
        for (key, value) in [
            ("personLicenseNumber", license_number(person).as_str()),
            ("personnelNumber", &person.employee_id),
            ("firstName", &person.first_name),
            ("lastName", &person.last_name),
            ("title", title),
            ("salutation", "ms"),
            ("gender", &private.gender),
            ("email", &person.email),
            ("privateEmail", &private.personal_email),
            ("privateMobilePhoneNumber", &private.mobile),
            ("officePhoneNumber", &person.work_phone),
            ("companyMobilePhoneNumber", ""),
            ("buildingOrRoom", "B2.14"),
            ("countryCode", country_code(office.unwrap_or_default())),
            ("languageCode", "de"),
            ("profilePictureUrl", "https://example.invalid/expiring"),
        ] {
            self.put(map, key, value);
        }
        let active = person.shown.status.as_ref().map_or(json!(!person.gone), |it| json!(it));
        map.insert("isActive".to_owned(), active);
    }

    fn post(&self, map: &mut Map<String, Value>, person: &Person) {
        self.put(map, "position", &person.job_role.value);
        self.put(map, "employmentType", &person.employment_type.value);
        let department = self.department(person);
        let uuid = department.filter(|_| !self.quirks.omit_unit_uuid);
        let uuid = uuid.and_then(|entry| self.spelling.of(&unit_uuid(entry.id)));
        let uuid = uuid.unwrap_or_default();
        self.put(map, "organizationUnitUuid", &uuid);
        self.put_object(map, "organizationUnit", department.map(|entry| self.unit(entry)));
        let office = self.location(person).map(establishment);
        self.put_object(map, "permanentEstablishment", office);
        // The manager may be gone and so not in the list; who was deleted is not here either.
        let manager = person.manager.and_then(|serial| self.people.get(&serial));
        let manager = manager.map(|manager| Value::Object(base_data(manager, self.spelling)));
        self.put_object(map, "superior", manager);
        map.insert("costCenter".to_owned(), json!({ "number": "4100", "name": "IT" }));
        let schedule = json!({ "name": "Vollzeit", "key": "VZ", "weeklyWorkingHours": 40 });
        map.insert("workSchedule".to_owned(), schedule);
    }

    fn dates(&self, map: &mut Map<String, Value>, person: &Person, private: &Private) {
        self.put(map, "joinDate", &person.start_date);
        let leaving = person.leaving.as_ref();
        let date = leaving.map(|leaving| written(leaving.date)).unwrap_or_default();
        let date = person.shown.leaving_date.clone().unwrap_or(date);
        self.put(map, "leaveDate", &date);
        // Every record has this, so that every record can be searched for it.
        self.put(map, "reasonForGivingNotice", &private.notice);
    }

    fn private(&self, map: &mut Map<String, Value>, private: &Private) {
        for (key, value) in [
            ("birthday", private.birth_date.as_str()),
            ("nationality", &private.nationality),
            ("secondNationality", &private.nationality),
            ("socialSecurityNumber", &private.national_insurance),
            ("taxpayerIdentificationNumber", &private.tax),
            ("emergencyContactName", &private.relative),
            ("emergencyContactPhoneNumber", &private.personal_phone),
            ("highestLevelOfEducation", &private.education),
            ("accountPayable", &private.account_number),
            ("expensesGroup", &private.custom),
        ] {
            self.put(map, key, value);
        }
        map.insert("bankAccount".to_owned(), bank_account(private));
        map.insert("paymentAccounts".to_owned(), json!([bank_account(private)]));
        map.insert("address".to_owned(), address(private));
    }

    fn history(&self, map: &mut Map<String, Value>, person: &Person, private: &Private) {
        let unit = self.department(person).map(|entry| entry.id);
        let office = self.location(person).map(|entry| entry.id.to_string());
        let mut employment = vec![json!({
            "beginDate": person.start_date,
            "data": {
                "employmentType": person.employment_type.value,
                "organizationUnitNumber": unit.map(|id| id.to_string()),
                "organizationUnitUuid": unit.map(unit_uuid),
                "permanentEstablishmentId": office,
                "position": person.job_role.value,
            },
        })];
        // A move that lies ahead and must not be taken for one that has happened.
        if person.serial % 20 == 7 {
            let ahead = self.today.saturating_add(40.days());
            employment.push(json!({
                "beginDate": written(ahead),
                "data": {
                    "employmentType": person.employment_type.value,
                    "organizationUnitNumber": "30",
                    "permanentEstablishmentId": office,
                    "position": "Teamleiterin",
                },
            }));
        }
        let begin = &person.start_date;
        let entry = |data: Value| json!([{ "beginDate": begin, "data": data }]);
        let history = json!({
            "employment": employment,
            "address": entry(address(private)),
            "bankAccount": entry(bank_account(private)),
            "healthInsurance": entry(json!({ "name": private.health })),
            "severeDisability": entry(json!({ "degree": private.health })),
        });
        map.insert("historicizedData".to_owned(), history);
    }
}

fn bank_account(private: &Private) -> Value {
    json!({
        "iban": format!("DE00{}", private.account_number),
        "bic": private.sort_code,
        "bankName": private.bank_name,
        "accountHolder": private.account_name,
    })
}

fn address(private: &Private) -> Value {
    json!({
        "street": private.address,
        "city": "Freiburg",
        "country": "Germany",
        "internationalCountryCode": "DEU",
    })
}
