//! Makes up the sandbox's companies: the same people for the same seed, size, day and profile.
//!
//! Who leaves, who starts soon and who has no e-mail goes by the person's number, not by chance,
//! so that a company of a few dozen has one of each. Dates are relative to the day of the start,
//! because a "future starter" has to lie ahead. Must not ask for time or randomness itself.

use std::collections::HashMap;

use jiff::ToSpan;
use jiff::civil::Date;

use super::names::{CONTRACTS, CULTURES, DEPARTMENTS, Department, Name, OFFICES, Office, TITLES};
use super::person::{Dated, Leaving, Person};
use crate::clock::{Random, SeededRandom};

/// How many people one manager has, about.
const SPAN_OF_CONTROL: usize = 8;

/// What tells the company at one HR system from the company at another.
#[derive(Debug)]
pub(super) struct Profile {
    /// Mixed into the seed, so that the systems have different people.
    pub seed_salt: u64,
    /// The departments.
    pub departments: &'static [Department],
    /// The department and the job of the first person.
    pub lead: (&'static str, &'static str),
    /// The offices.
    pub offices: &'static [Office],
    /// Kinds of contract.
    pub contracts: &'static [&'static str],
    /// The part of e-mail addresses behind the `@`.
    pub mail_domain: &'static str,
    /// Makes the employee id of the person with this number, counted from 0.
    pub employee_id: fn(usize) -> String,
    /// Puts a fault into a record: the record, which fault, the `unique_key` of the first person.
    pub spoil: fn(&mut Person, usize, &str),
}

/// The company at People HR.
pub(super) const ACME: Profile = Profile {
    seed_salt: 0,
    departments: DEPARTMENTS,
    lead: ("Executive Office", "Chief Executive"),
    offices: OFFICES,
    contracts: CONTRACTS,
    mail_domain: "acme.example",
    employee_id,
    spoil,
};

/// Makes the people of a company; the last `problems` of them have records with faults.
pub(super) fn people(
    profile: &'static Profile,
    seed: u64,
    count: usize,
    problems: usize,
    today: Date,
) -> Vec<Person> {
    let random = SeededRandom::new(seed ^ profile.seed_salt);
    let (emails, departments) = (HashMap::new(), HashMap::new());
    let mut maker = Maker { profile, random, today, emails, departments };
    let mut people = Vec::with_capacity(count);
    for number in 0..count {
        people.push(maker.person(number));
    }
    let sound = count.saturating_sub(problems);
    let key_of_first = people.first().map(|first| first.unique_key.clone()).unwrap_or_default();
    for (number, person) in people.iter_mut().skip(sound).enumerate() {
        (profile.spoil)(person, number, &key_of_first);
    }
    people
}

/// A random GUID of version 4.
pub(super) fn guid(random: &SeededRandom) -> String {
    let mut bytes = [0_u8; 16];
    random.fill(&mut bytes);
    let number = u128::from_le_bytes(bytes) & !(0xf000 << 64) & !(0xc000 << 48);
    let hex = format!("{:032x}", number | (0x4000 << 64) | (0x8000 << 48));
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// A date as the HR system writes it.
pub(super) fn written(date: Date) -> String {
    date.strftime("%Y-%m-%d").to_string()
}

/// The e-mail address of a name, without the number that tells namesakes apart.
pub(super) fn mail_name(first: &str, last: &str) -> String {
    let (first, last) = (ascii(first), ascii(last));
    match (first.is_empty(), last.is_empty()) {
        (false, false) => format!("{first}.{last}"),
        (true, true) => "person".to_owned(),
        _ => format!("{first}{last}"),
    }
}

fn ascii(text: &str) -> String {
    let kept = text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-');
    kept.map(|c| c.to_ascii_lowercase()).collect()
}

struct Maker {
    profile: &'static Profile,
    random: SeededRandom,
    today: Date,
    /// How many have the same e-mail name.
    emails: HashMap<String, u32>,
    /// Members of each department by its name, in the order in which they came.
    departments: HashMap<&'static str, Vec<u64>>,
}

impl Maker {
    fn person(&mut self, number: usize) -> Person {
        let serial = u64::try_from(number).unwrap_or(u64::MAX);
        let unique_key = guid(&self.random);
        let (first, last) = self.name();
        let start = if number % 50 == 12 { self.later(3, 45) } else { self.earlier(60, 4_000) };
        let since = written(start);
        let dated = |value: &str| Dated { value: value.to_owned(), since: since.clone() };
        let (department, job_role, manager) = self.post(number, serial);
        let (office, company) = self.office(number);
        let email = self.email(&first, &last);
        let has_email = !matches!(number % 50, 11 | 44);
        Person {
            serial,
            unique_key,
            employee_id: (self.profile.employee_id)(number),
            title: (*self.pick(TITLES).unwrap_or(&"")).to_owned(),
            known_as: if number % 9 == 4 { first.0.to_owned() } else { String::new() },
            other_name: if number % 13 == 5 { "Alexis".to_owned() } else { String::new() },
            first_name: first.0.to_owned(),
            last_name: last.0.to_owned(),
            email: if has_email { email } else { String::new() },
            // A starter whose record is not finished yet has no department.
            department: if number % 100 == 62 { Dated::default() } else { dated(department) },
            job_role: dated(job_role),
            company: if number % 25 == 21 { Dated::default() } else { dated(company) },
            location: dated(office),
            employment_type: dated(self.pick(self.profile.contracts).unwrap_or(&"")),
            manager,
            manager_since: if manager.is_some() { since.clone() } else { String::new() },
            work_phone: format!("020 7946 {:04}", serial % 10_000),
            leaving: self.leaving(number),
            start_date: since,
            ..Person::default()
        }
    }

    fn name(&self) -> (Name, Name) {
        let mut lot = self.random.below(100);
        for culture in CULTURES {
            if lot < culture.share {
                let first = self.pick(culture.first).copied().unwrap_or(("Alex", ""));
                let last = self.pick(culture.last).copied().unwrap_or(("Example", ""));
                return (first, last);
            }
            lot -= culture.share;
        }
        (("Alex", ""), ("Example", ""))
    }

    fn email(&mut self, first: &Name, last: &Name) -> String {
        let latin = |name: &Name| if name.1.is_empty() { name.0 } else { name.1 };
        let name = mail_name(latin(first), latin(last));
        let namesakes = self.emails.entry(name.clone()).or_insert(0);
        *namesakes += 1;
        let domain = self.profile.mail_domain;
        match *namesakes {
            1 => format!("{name}@{domain}"),
            many => format!("{name}{many}@{domain}"),
        }
    }

    /// The department, the job and the manager: the first person leads the company, the next ones
    /// lead a department each, and everybody else has a manager from their department.
    fn post(&mut self, number: usize, serial: u64) -> (&'static str, &'static str, Option<u64>) {
        let Some(index) = number.checked_sub(1) else {
            let (department, job_role) = self.profile.lead;
            return (department, job_role, None);
        };
        if let Some(department) = self.profile.departments.get(index) {
            self.departments.insert(department.name, vec![serial]);
            return (department.name, department.head, Some(0));
        }
        let Some(department) = self.pick(self.profile.departments) else {
            return ("", "", Some(0));
        };
        let members = self.departments.entry(department.name).or_default();
        let manager = members.get((members.len().saturating_sub(1)) / SPAN_OF_CONTROL).copied();
        members.push(serial);
        let role = self.pick(department.roles).copied().unwrap_or("Assistant");
        (department.name, role, manager)
    }

    fn office(&self, number: usize) -> (&'static str, &'static str) {
        let mut lot = if number == 0 { 0 } else { self.random.below(100) };
        for (office, company, share) in self.profile.offices {
            if lot < *share {
                return (office, company);
            }
            lot -= share;
        }
        ("", "")
    }

    fn leaving(&self, number: usize) -> Option<Leaving> {
        let date = match number % 50 {
            11 | 14 | 31 => self.earlier(1, 59),
            13 => self.later(5, 60),
            _ => return None,
        };
        let reason = if number % 50 == 31 { "End of contract" } else { "Resignation" };
        Some(Leaving { date, immediately: false, reason: reason.to_owned() })
    }

    fn earlier(&self, from_days: u64, to_days: u64) -> Date {
        let days = i64::try_from(from_days + self.random.below(to_days - from_days + 1));
        self.today.saturating_sub(days.unwrap_or(1).days())
    }

    fn later(&self, from_days: u64, to_days: u64) -> Date {
        let days = i64::try_from(from_days + self.random.below(to_days - from_days + 1));
        self.today.saturating_add(days.unwrap_or(1).days())
    }

    fn pick<T>(&self, from: &'static [T]) -> Option<&'static T> {
        let bound = u64::try_from(from.len()).unwrap_or(0);
        from.get(usize::try_from(self.random.below(bound)).unwrap_or(0))
    }
}

/// Most ids are the HR system's own "PW1", "PW2" …; customers have others too.
fn employee_id(number: usize) -> String {
    let number = number.saturating_add(1);
    match number % 40 {
        8 => format!("S{number}"),
        18 => format!("00{number}"),
        28 => format!("CZ_{number}"),
        38 => format!("PW{number}-2"),
        _ => format!("PW{number}"),
    }
}

/// Puts one of four faults into a record.
fn spoil(person: &mut Person, number: usize, key_of_first: &str) {
    match number % 4 {
        0 => "31/02/2024".clone_into(&mut person.start_date),
        1 => person.employee_id.clear(),
        2 => key_of_first.clone_into(&mut person.unique_key),
        _ => person.last_name = format!("  {}\u{0007}\n", person.last_name),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::civil::date;

    use super::super::person::Standing;
    use super::*;

    const TODAY: Date = date(2026, 3, 2);

    #[test]
    fn a_seed_always_makes_the_same_company_and_another_seed_another() {
        assert_eq!(people(&ACME, 7, 120, 0, TODAY), people(&ACME, 7, 120, 0, TODAY));
        assert_ne!(people(&ACME, 7, 120, 0, TODAY), people(&ACME, 8, 120, 0, TODAY));
    }

    #[test]
    fn a_company_of_fifty_has_one_of_each() {
        let people = people(&ACME, 1, 50, 0, TODAY);
        let standing = |which| people.iter().filter(|p| p.standing(TODAY) == which).count();
        assert_eq!((standing(Standing::Left), standing(Standing::Leaving)), (3, 1));
        let today = written(TODAY);
        assert_eq!(people.iter().filter(|p| p.start_date > today).count(), 1);
        assert_eq!(people.iter().filter(|p| p.email.is_empty()).count(), 2);
        assert_eq!(people.iter().filter(|p| p.manager.is_none()).count(), 1);
        assert!(people.iter().any(|p| p.department.value.contains('&')));
        for person in &people {
            assert!(person.manager.is_none_or(|manager| manager < person.serial));
        }
    }

    #[test]
    fn ids_keys_and_addresses_are_unique_and_well_formed() {
        let people = people(&ACME, 3, 3_000, 0, TODAY);
        let unique = |of: fn(&Person) -> &str| {
            let all: Vec<&str> = people.iter().map(of).filter(|text| !text.is_empty()).collect();
            let different: HashSet<&str> = all.iter().copied().collect();
            assert_eq!(all.len(), different.len());
        };
        unique(|p| &p.employee_id);
        unique(|p| &p.unique_key);
        unique(|p| &p.email);
        for person in &people {
            assert!(person.employee_id.len() <= 15);
            assert_eq!(person.unique_key.len(), 36);
            assert_eq!(person.unique_key.get(14..15), Some("4"));
            assert!(person.email.is_ascii());
            assert!(person.email.is_empty() || person.email.ends_with("@acme.example"));
            assert!(!person.email.starts_with(['.', '@']));
        }
        assert!(people.iter().any(|p| !p.full_name().is_ascii()));
    }

    #[test]
    fn problems_are_there_only_when_asked_for() {
        let people = people(&ACME, 3, 20, 4, TODAY);
        let late: Vec<&Person> = people.iter().skip(16).collect();
        assert_eq!(late[0].start_date, "31/02/2024");
        assert_eq!(late[1].employee_id, "");
        assert_eq!(late[2].unique_key, people[0].unique_key);
        assert!(late[3].last_name.starts_with("  "));
    }
}
