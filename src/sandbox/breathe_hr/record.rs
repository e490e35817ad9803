//! One employee as the vendor writes them: 72 keys, always all, absent values as null.
//!
//! Private values are canaries in every record. Must not look at anybody else than the person and
//! the manager that it is given.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{BreatheQuirks, number_of};
use crate::sandbox::canaries::Private;
use crate::sandbox::person::{Person, Standing};
use crate::sandbox::rest::Entry;

/// An employee to write.
pub(super) struct Record<'a> {
    pub person: &'a Person,
    pub manager: Option<&'a Person>,
    pub is_line_manager: bool,
    pub is_hr: bool,
    pub account_id: u64,
    pub department: Option<&'a Entry>,
    pub location: Option<&'a Entry>,
    pub quirks: &'a BreatheQuirks,
    pub today: Date,
    pub zone: &'a TimeZone,
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let private = Private::of(self.person.serial);
        let mut map = serializer.serialize_map(None)?;
        self.terms(&mut map)?;
        self.post(&mut map, &private)?;
        self.name(&mut map)?;
        private_values(&mut map, &private)?;
        self.rest(&mut map)?;
        map.end()
    }
}

/// A text, or null for none.
fn text(value: &str) -> Option<&str> {
    (!value.is_empty()).then_some(value)
}

fn named(entry: Option<&Entry>) -> Value {
    entry.map_or(Value::Null, |entry| json!({ "name": entry.name, "id": entry.id }))
}

impl Record<'_> {
    fn left(&self) -> bool {
        self.person.standing(self.today) == Standing::Left
    }

    fn start(&self) -> Option<Date> {
        self.person.start_date.parse().ok()
    }

    fn status(&self) -> &str {
        if let Some(status) = self.person.shown.status.as_ref().or(self.person.status_text.as_ref())
        {
            return status;
        }
        match self.person.standing(self.today) {
            Standing::Left => "Ex-employee",
            Standing::Leaving => "Pending leaver",
            Standing::Active if self.start().is_some_and(|start| start > self.today) => {
                &self.quirks.pending_starter_status
            }
            Standing::Active => "Current employee",
        }
    }

    fn manager(&self) -> Value {
        self.manager.map_or(Value::Null, |manager| {
            json!({
                "id": number_of(manager),
                "first_name": manager.first_name,
                "last_name": manager.last_name,
                "email": manager.email,
            })
        })
    }

    fn terms<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let months = self.start().map_or(0, |start| {
            let months = |date: Date| i32::from(date.year()) * 12 + i32::from(date.month());
            (months(self.today) - months(start)).max(0)
        });
        let part_time = self.person.serial % 5 == 3;
        let (time, hours) = if part_time { ("Part-Time", 22.5) } else { ("Full-Time", 37.5) };
        map.serialize_entry("length_of_service_in_months", &months)?;
        map.serialize_entry("age", &(self.today.year() - 1951))?;
        map.serialize_entry("full_or_part_time", time)?;
        map.serialize_entry("notice_period", "2 weeks")?;
        map.serialize_entry("photo_url", &())?;
        let pattern = json!({
            "id": 410_001,
            "name": "Standard working week",
            "total_hours": "37.5",
            "default": true,
        });
        map.serialize_entry("working_pattern", &pattern)?;
        map.serialize_entry("total_working_hours", &hours)?;
        let (name, id) = if self.person.contractor {
            ("Contractor allowance", 420_002)
        } else {
            ("Standard holiday allowance", 420_001)
        };
        map.serialize_entry("holiday_allowance", &json!({ "name": name, "id": id }))
    }

    fn post<M: SerializeMap>(&self, map: &mut M, private: &Private) -> Result<(), M::Error> {
        let person = self.person;
        map.serialize_entry("line_manager", &self.manager())?;
        map.serialize_entry("is_line_manager", &self.is_line_manager)?;
        map.serialize_entry("holiday_approver", &self.manager())?;
        map.serialize_entry("department", &named(self.department))?;
        map.serialize_entry("division", &())?;
        map.serialize_entry("location", &named(self.location))?;
        map.serialize_entry("gender", &private.gender)?;
        map.serialize_entry("statutory_holiday_country", "England")?;
        map.serialize_entry("receives_statutory_holidays", &true)?;
        map.serialize_entry("salary", &private.salary)?;
        map.serialize_entry("status", self.status())?;
        let job_start = if self.left() { None } else { text(&person.job_role.since) };
        map.serialize_entry("job_start_date", &job_start)?;
        map.serialize_entry("job_title", &text(&person.job_role.value))?;
        map.serialize_entry("hr", &self.is_hr)?;
        map.serialize_entry("custom_fields", &())?;
        map.serialize_entry("contract_type", &text(&person.employment_type.value))?;
        let currency = json!({
            "id": 1,
            "currency_code": "GBP",
            "currency_symbol": "£",
            "description": "Great British Pound",
            "created_at": null,
            "updated_at": null,
            "deleted_at": null,
        });
        map.serialize_entry("remuneration_currency", &currency)?;
        let duties: &[&str] = if person.serial % 7 == 3 { &["first_aider"] } else { &[] };
        map.serialize_entry("duties", duties)
    }

    fn name<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let person = self.person;
        map.serialize_entry("id", &number_of(person))?;
        map.serialize_entry("account_id", &self.account_id)?;
        map.serialize_entry("first_name", &text(&person.first_name))?;
        map.serialize_entry("middle_name", &text(&person.other_name))?;
        map.serialize_entry("last_name", &text(&person.last_name))?;
        map.serialize_entry("email", &person.email)?;
        let old = self.quirks.company_join_date;
        let join_date = if old { "company_join_date" } else { "join_date" };
        map.serialize_entry(join_date, &text(&person.start_date))?;
        let person_type = if person.contractor { "Contractor" } else { "Employee" };
        map.serialize_entry("person_type", person_type)?;
        let known_as = if self.left() { None } else { text(&person.known_as) };
        map.serialize_entry("known_as", &known_as)
    }

    fn rest<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let person = self.person;
        map.serialize_entry("ddi", &text(&person.work_phone))?;
        map.serialize_entry("work_ext", &())?;
        map.serialize_entry("work_mobile", &())?;
        let leaving = person.leaving.as_ref().map(|leaving| leaving.date.to_string());
        let leaving = person.shown.leaving_date.clone().or(leaving);
        map.serialize_entry("leaving_date", &leaving)?;
        map.serialize_entry("employee_ref", &person.employee_id)?;
        map.serialize_entry("contract_provider", &())?;
        map.serialize_entry("probation_date", &())?;
        let changed = person.history.last().and_then(|change| change.on.parse().ok());
        let created = self.start().unwrap_or(self.today).min(self.today);
        map.serialize_entry("created_at", &self.morning_of(created))?;
        map.serialize_entry("updated_at", &self.morning_of(changed.unwrap_or(created)))?;
        map.serialize_entry("hr_partner_id", &())?;
        if !self.quirks.omit_uuid {
            map.serialize_entry("uuid", &person.unique_key)?;
        }
        Ok(())
    }

    /// Nine o'clock in the time zone of the company, as the vendor writes moments.
    fn morning_of(&self, date: Date) -> Option<String> {
        let moment = date.at(9, 0, 0, 0).to_zoned(self.zone.clone()).ok()?;
        Some(moment.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
    }
}

fn private_values<M: SerializeMap>(map: &mut M, private: &Private) -> Result<(), M::Error> {
    for (key, value) in [
        ("dob", private.birth_date.as_str()),
        ("marital_status", &private.marital_status),
        ("nationality", &private.nationality),
        ("ethnicity", &private.ethnicity),
        ("national_insurance_no", &private.national_insurance),
        ("driving_license", &private.driving_licence),
        ("personal_mobile", &private.mobile),
        ("home_telephone", &private.personal_phone),
        ("personal_email", &private.personal_email),
        ("address1", &private.address),
        ("address2", &private.address),
        ("address3", &private.address),
        ("city", &private.address),
        ("county", &private.address),
        ("postcode", &private.address),
        ("country", &private.address),
        ("linked_in", &private.social_media),
        ("facebook", &private.social_media),
        ("skype", &private.social_media),
        ("twitter", &private.social_media),
        ("bank_name", &private.bank_name),
        ("bank_branch", &private.bank_address),
        ("sort_code", &private.sort_code),
        ("account_number", &private.account_number),
        ("building_society", &private.bank_name),
        // A roll number at the building society, not the employee's number.
        ("ref_number", &private.account_number),
    ] {
        map.serialize_entry(key, value)?;
    }
    Ok(())
}
