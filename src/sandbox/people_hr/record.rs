//! One employee as the vendor's JSON: its keys, their order, wrappers and types.
//!
//! Written straight into the output, key by key, because a list may hold a hundred thousand of
//! them. Every member is always there and empty values are `""`; only `lstFieldHistoryJobrole` is
//! null. The private values are filled with canaries in every record.

use jiff::civil::Date;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::super::canaries::Private;
use super::super::company::written;
use super::super::person::{Change, Dated, Field, Person, Standing};

/// An employee to write.
pub(super) struct Record<'a> {
    pub person: &'a Person,
    pub manager: Option<&'a Person>,
    pub today: Date,
    /// Histories are filled; lists always come without.
    pub histories: bool,
    /// Left out, `null`, or a text.
    #[expect(clippy::option_option, reason = "a member that is not there is not null")]
    pub unique_key: Option<Option<String>>,
}

/// The name of the history array beside a value, which depends on the field.
#[derive(Clone, Copy)]
enum History {
    None,
    Field,
    JobRole,
    Effective,
}

/// A wrapped value: `{"DisplayValue": …, "FieldHistory": []}`.
struct Cell<'a> {
    value: &'a str,
    history: History,
    changes: Vec<&'a Change>,
}

impl Cell<'_> {
    fn field(value: &str) -> Cell<'_> {
        Cell { value, history: History::Field, changes: Vec::new() }
    }

    fn bare(value: &str) -> Cell<'_> {
        Cell { value, history: History::None, changes: Vec::new() }
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let key = match self.history {
            History::None => None,
            History::Field => Some("FieldHistory"),
            History::JobRole => Some("FieldHistoryForJobRole"),
            History::Effective => Some("FieldHistoryForEffectiveDate"),
        };
        let entry = |change| Entry { change, history: self.history };
        let mut map = serializer.serialize_map(Some(1 + usize::from(key.is_some())))?;
        map.serialize_entry("DisplayValue", self.value)?;
        if let Some(key) = key {
            let entries: Vec<Entry> = self.changes.iter().copied().map(entry).collect();
            map.serialize_entry(key, &entries)?;
        }
        map.end()
    }
}

/// One entry of a history.
struct Entry<'a> {
    change: &'a Change,
    history: History,
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let change = self.change;
        let mut map = serializer.serialize_map(Some(4))?;
        let value_key = match self.history {
            History::JobRole => Some("JobRole"),
            History::Effective => Some("FieldData"),
            History::Field | History::None => None,
        };
        if let Some(key) = value_key {
            map.serialize_entry(key, &change.new)?;
            map.serialize_entry("EffectiveDate", &change.on)?;
        } else {
            map.serialize_entry("OldValue", &change.old)?;
            map.serialize_entry("NewValue", &change.new)?;
        }
        map.serialize_entry("ChangedOn", &change.on)?;
        map.serialize_entry("ReasonForChange", &change.reason)?;
        map.end()
    }
}

/// An object of wrapped values.
struct Group<'a>(Vec<(&'static str, Cell<'a>)>);

impl Serialize for Group<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, cell)| (*key, cell)))
    }
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let private = Private::of(self.person.serial);
        let mut map = serializer.serialize_map(None)?;
        self.name(&mut map, &private)?;
        self.post(&mut map)?;
        self.terms(&mut map, &private)?;
        self.contact(&mut map, &private)?;
        accounts(&mut map, &private)?;
        self.rest(&mut map)?;
        map.end()
    }
}

impl Record<'_> {
    fn history(&self, field: Field) -> Vec<&Change> {
        let history = if self.histories { self.person.history.as_slice() } else { &[] };
        history.iter().filter(|change| change.field == field).collect()
    }

    fn kept(&self, field: Field) -> Cell<'_> {
        let changes = self.history(field);
        Cell { value: self.person.text(field), history: History::Field, changes }
    }

    fn name<M: SerializeMap>(&self, map: &mut M, private: &Private) -> Result<(), M::Error> {
        map.serialize_entry("EmployeeId", &self.kept(Field::EmployeeId))?;
        map.serialize_entry("Title", &self.kept(Field::Title))?;
        map.serialize_entry("FirstName", &self.kept(Field::FirstName))?;
        map.serialize_entry("LastName", &self.kept(Field::LastName))?;
        map.serialize_entry("OtherName", &self.kept(Field::OtherName))?;
        map.serialize_entry("KnownAs", &self.kept(Field::KnownAs))?;
        map.serialize_entry("EmailId", &self.kept(Field::Email))?;
        map.serialize_entry("StartDate", &self.kept(Field::StartDate))?;
        map.serialize_entry("DateOfBirth", &Cell::field(&private.birth_date))
    }

    fn post<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let person = self.person;
        let changes = self.history(Field::JobRole);
        let value = person.job_role.value.as_str();
        let job_role = Cell { value, history: History::JobRole, changes };
        map.serialize_entry("JobRole", &job_role)?;
        self.dated(map, ("Company", "CompanyEffectiveDate"), Field::Company, &person.company)?;
        let keys = ("Location", "LocationEffectiveDate");
        self.dated(map, keys, Field::Location, &person.location)?;
        let keys = ("Department", "DepartmentEffectiveDate");
        self.dated(map, keys, Field::Department, &person.department)?;
        map.serialize_entry("JobRoleChangeDate", &Cell::bare(&person.job_role.since))?;
        let value = self.manager.map(Person::full_name).unwrap_or_default();
        let manager = Dated { value, since: person.manager_since.clone() };
        let keys = ("ReportsTo", "ReportsToEffectiveDate");
        self.dated(map, keys, Field::ReportsTo, &manager)?;
        let (id, email) = match self.manager {
            Some(manager) if person.shown.manager_by_email => ("", manager.email.as_str()),
            Some(manager) => (manager.employee_id.as_str(), manager.email.as_str()),
            None => ("", ""),
        };
        map.serialize_entry("ReportsToEmployeeId", &Cell::bare(id))?;
        map.serialize_entry("ReportsToEmailAddress", &Cell::bare(email))
    }

    fn dated<M: SerializeMap>(
        &self,
        map: &mut M,
        (key, since_key): (&str, &str),
        field: Field,
        dated: &Dated,
    ) -> Result<(), M::Error> {
        let changes = self.history(field);
        let cell = Cell { value: &dated.value, history: History::Effective, changes };
        map.serialize_entry(key, &cell)?;
        map.serialize_entry(since_key, &Cell::bare(&dated.since))
    }

    fn terms<M: SerializeMap>(&self, map: &mut M, private: &Private) -> Result<(), M::Error> {
        let status = match self.person.standing(self.today) {
            Standing::Active => "1",
            Standing::Leaving => "2",
            Standing::Left => "3",
        };
        let kind = &self.person.employment_type;
        map.serialize_entry("NISNumber", &Cell::field(&private.national_insurance))?;
        map.serialize_entry("Nationality", &Cell::field(&private.nationality))?;
        let keys = ("EmploymentType", "EmploymentTypeEffectiveDate");
        self.dated(map, keys, Field::EmploymentType, kind)?;
        let status = self.person.shown.status.as_deref().unwrap_or(status);
        map.serialize_entry("EmployeeStatus", &Cell::bare(status))?;
        map.serialize_entry("HolidayAllowanceDays", &Cell::bare(&private.holiday_days))?;
        map.serialize_entry("HolidayAllowanceMins", &Cell::bare(&private.holiday_minutes))?;
        map.serialize_entry("NoticePeriod", &Cell::field("1 month"))?;
        map.serialize_entry("ProbationEndDate", &Cell::field(""))?;
        map.serialize_entry("Gender", &Cell::field(&private.gender))?;
        map.serialize_entry("AnalysisCode1LabelText", &Cell::field(""))?;
        map.serialize_entry("AnalysisCode2LabelText", &Cell::field(""))
    }

    fn contact<M: SerializeMap>(&self, map: &mut M, private: &Private) -> Result<(), M::Error> {
        let contact = Group(vec![
            ("Address", Cell::field(&private.address)),
            ("WorkPhoneNumber", self.kept(Field::WorkPhone)),
            ("PersonalPhoneNumber", Cell::field(&private.personal_phone)),
            ("PersonalEmail", Cell::field(&private.personal_email)),
            ("Mobile", Cell::field(&private.mobile)),
        ]);
        map.serialize_entry("ContactDetail", &contact)?;
        let relative = Group(vec![
            ("OtherContactName", Cell::bare(&private.relative)),
            ("Relationship", Cell::bare("Sibling")),
            // The vendor's spelling.
            ("OtheContactAddress", Cell::bare(&private.address)),
            ("Telephone", Cell::bare(&private.personal_phone)),
            ("Mobile", Cell::bare(&private.mobile)),
            ("Comments", Cell::bare("")),
        ]);
        map.serialize_entry("OtherContact", &[relative])?;
        let passport = Group(vec![
            ("DocumentType", Cell::bare("Passport")),
            ("DocumentId", Cell::bare(&private.passport)),
            ("ValidFrom", Cell::bare("")),
            ("ValidTo", Cell::bare("")),
            ("Duration", Cell::bare("")),
            ("RightToWorkComments", Cell::bare("")),
        ]);
        map.serialize_entry("RightToWork", &[passport])?;
        let check = Group(vec![
            ("CheckType", Cell::bare(&private.background_check)),
            ("CompletionDate", Cell::bare("")),
            ("ExpiryDate", Cell::bare("")),
            ("BackgroundDetailComments", Cell::bare("")),
        ]);
        map.serialize_entry("BackgroundDetail", &[check])
    }

    fn rest<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let leaving = self.person.leaving.as_ref();
        let date = leaving.map(|leaving| written(leaving.date)).unwrap_or_default();
        let date = self.person.shown.leaving_date.clone().unwrap_or(date);
        let reason = leaving.map(|leaving| leaving.reason.as_str()).unwrap_or_default();
        map.serialize_entry("LeavingDate", &date)?;
        map.serialize_entry("ReasonForLeaving", reason)?;
        map.serialize_entry("EmployeeImage", "")?;
        for key in ["APIColumn1", "APIColumn2", "APIColumn3", "APIColumn4", "APIColumn5"] {
            map.serialize_entry(key, "")?;
        }
        map.serialize_entry::<_, [&str; 0]>("AdditionalreportsTo", &[])?;
        if let Some(key) = &self.unique_key {
            map.serialize_entry("UniqueKey", key)?;
        }
        map.serialize_entry("lstFieldHistoryJobrole", &())
    }
}

fn accounts<M: SerializeMap>(map: &mut M, private: &Private) -> Result<(), M::Error> {
    let bank = Group(vec![
        ("BankName", Cell::field(&private.bank_name)),
        ("BankAddress", Cell::field(&private.bank_address)),
        ("BankCode", Cell::field(&private.sort_code)),
        ("AccountNumber", Cell::field(&private.account_number)),
        ("AccountName", Cell::field(&private.account_name)),
    ]);
    map.serialize_entry("BankDetail", &bank)?;
    let keys = [
        "PayrollCompany",
        "PayrollID",
        "TimeAndAttendanceID",
        "RotaID",
        "CRMID",
        "ATSID",
        "PerformanceID",
        "BenefitsID",
        "System1ID",
        "System2ID",
        "System3ID",
        "MethodOfRecruitment",
    ];
    let employment = Group(keys.into_iter().map(|key| (key, Cell::field(""))).collect());
    map.serialize_entry("EmploymentDetail", &employment)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::super::canaries::NOT_AT_PEOPLE_HR;
    use super::super::super::{CANARIES, company};
    use super::*;

    /// The keys in the order of the vendor's answers (2023).
    const KEYS: &str = "EmployeeId Title FirstName LastName OtherName KnownAs EmailId StartDate \
        DateOfBirth JobRole Company CompanyEffectiveDate Location LocationEffectiveDate \
        Department DepartmentEffectiveDate JobRoleChangeDate ReportsTo ReportsToEffectiveDate \
        ReportsToEmployeeId ReportsToEmailAddress NISNumber Nationality EmploymentType \
        EmploymentTypeEffectiveDate EmployeeStatus HolidayAllowanceDays HolidayAllowanceMins \
        NoticePeriod ProbationEndDate Gender AnalysisCode1LabelText AnalysisCode2LabelText \
        ContactDetail OtherContact RightToWork BackgroundDetail BankDetail EmploymentDetail \
        LeavingDate ReasonForLeaving EmployeeImage APIColumn1 APIColumn2 APIColumn3 APIColumn4 \
        APIColumn5 AdditionalreportsTo UniqueKey lstFieldHistoryJobrole";

    fn json(histories: bool) -> String {
        let today = date(2026, 3, 2);
        let mut people = company::people(&company::ACME, 5, 20, 0, today);
        let mut person = people.swap_remove(15);
        let (old, new) = ("A".to_owned(), "B".to_owned());
        let (on, reason) = ("2026-03-01".to_owned(), "Moved".to_owned());
        person.history.push(Change { field: Field::Location, old, new, on, reason });
        let manager = people.first();
        let unique_key = Some(Some(person.unique_key.clone()));
        let record = Record { person: &person, manager, today, histories, unique_key };
        serde_json::to_string(&record).unwrap()
    }

    #[test]
    fn a_record_has_the_vendors_keys_in_the_vendors_order() {
        let text = json(false);
        let mut from = 0;
        for key in KEYS.split_whitespace() {
            let at = text.get(from..).unwrap().find(&format!("\"{key}\":"));
            from += at.unwrap_or_else(|| panic!("{key} is missing or out of order"));
        }
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value.as_object().unwrap().len(), KEYS.split_whitespace().count());
        assert!((3_000..4_800).contains(&text.len()), "{} bytes", text.len());
    }

    #[test]
    fn wrappers_differ_by_field_and_only_one_value_is_null() {
        let value: serde_json::Value = serde_json::from_str(&json(false)).unwrap();
        assert!(value["FirstName"]["FieldHistory"].as_array().unwrap().is_empty());
        assert!(value["JobRole"]["FieldHistoryForJobRole"].is_array());
        assert!(value["Department"]["FieldHistoryForEffectiveDate"].is_array());
        assert_eq!(value["EmployeeStatus"].as_object().unwrap().len(), 1);
        assert!(value["LeavingDate"].is_string());
        assert_eq!(json(false).matches("null").count(), 1);
    }

    #[test]
    fn histories_are_filled_when_asked_for() {
        let value: serde_json::Value = serde_json::from_str(&json(true)).unwrap();
        let entry = &value["Location"]["FieldHistoryForEffectiveDate"][0];
        assert_eq!(entry["FieldData"], "B");
        assert_eq!(entry["ReasonForChange"], "Moved");
        assert!(!json(false).contains("Moved"));
    }

    #[test]
    fn every_canary_is_in_every_record_and_none_outside_the_private_values() {
        let text = json(true);
        for canary in CANARIES {
            let here = !NOT_AT_PEOPLE_HR.contains(canary);
            assert_eq!(text.contains(canary), here, "{canary}");
        }
        let people = company::people(&company::ACME, 5, 2_000, 0, date(2026, 3, 2));
        let public = format!("{people:?}");
        assert!(!CANARIES.iter().any(|canary| public.contains(canary)));
    }
}
