//! The names of departments and locations. People carry them as a rule; where one comes with the
//! key alone, the lists of departments and locations tell the name. A key pair without the
//! permission for those lists gets the names from the other people (L-04).
//!
//! A manager may be named by the name to log in with alone; the other people of the list tell whose
//! it is (protocol page §6.2).
//!
//! What this module must not do: ask HRworks.

use std::collections::HashMap;

use super::normalise;
use super::wire::Person;
use crate::domain::employee::clean_text;
use crate::providers::fields::{clean_key, guid_key};

/// Names by key.
pub type Names = HashMap<String, String>;

/// A name that says something.
pub fn named(name: Option<&str>) -> Option<String> {
    clean_text(name?)
}

/// The key of a person's department, and its name if the record has it.
fn unit(person: &Person) -> Option<(String, Option<String>)> {
    let unit = person.organization_unit.as_ref();
    let key = normalise::unit_key(unit, person.organization_unit_uuid.as_deref())?;
    Some((key, unit.and_then(|unit| named(unit.name.as_deref()))))
}

/// The key of a person's location, and its name if the record has it.
fn place(person: &Person) -> Option<(String, Option<String>)> {
    let place = person.permanent_establishment.as_ref()?;
    Some((place.id.as_deref().and_then(clean_key)?, named(place.name.as_deref())))
}

/// The key of the department whose name is not in the record.
pub fn nameless_unit(person: &Person) -> Option<String> {
    unit(person).filter(|(_, name)| name.is_none()).map(|(key, _)| key)
}

/// The key of the location whose name is not in the record.
pub fn nameless_place(person: &Person) -> Option<String> {
    place(person).filter(|(_, name)| name.is_none()).map(|(key, _)| key)
}

/// Gives a person's department its name.
pub fn name_unit(person: &mut Person, name: Option<&String>) {
    if let Some(name) = name {
        person.organization_unit.get_or_insert_default().name = Some(name.clone());
    }
}

/// Gives a person's location its name.
pub fn name_place(person: &mut Person, name: Option<&String>) {
    if let Some(place) = &mut person.permanent_establishment {
        place.name = name.cloned();
    }
}

/// Whether a person's manager is known by nothing but the name to log in with, or by that first.
pub fn has_named_superior(person: &Person) -> bool {
    person.superior.as_ref().is_some_and(|superior| superior.person_id.is_some())
}

/// What the people of a list tell about names, and who waits for one.
#[derive(Default)]
pub struct FromPeople {
    units: Names,
    places: Names,
    /// Keys by the name to log in with; nothing in it where two people have one name.
    people: HashMap<String, Option<String>>,
    waiting: Vec<Person>,
}

impl FromPeople {
    /// Learns the names that a person's record has.
    pub fn learn(&mut self, person: &Person) {
        if let Some((key, Some(name))) = unit(person) {
            self.units.entry(key).or_insert(name);
        }
        if let Some((key, Some(name))) = place(person) {
            self.places.entry(key).or_insert(name);
        }
        let log_in = person.log_in_name.as_deref().and_then(clean_key);
        if let (Some(log_in), Some(uuid)) = (log_in, person.uuid.as_deref().and_then(guid_key)) {
            let known = self.people.entry(log_in).or_insert_with(|| Some(uuid.clone()));
            if known.as_ref() != Some(&uuid) {
                *known = None;
            }
        }
    }

    /// Somebody whose name for a department or location may still come with another person.
    pub fn wait(&mut self, person: Person) {
        self.waiting.push(person);
    }

    /// Those who waited, with the names that have come.
    pub fn named(self) -> impl Iterator<Item = Person> {
        let Self { units, places, people, waiting } = self;
        waiting.into_iter().map(move |mut person| {
            if let Some(superior) = &mut person.superior {
                let log_in = superior.person_id.as_deref().and_then(clean_key);
                let found = log_in.and_then(|log_in| people.get(&log_in).cloned().flatten());
                if found.is_some() {
                    (superior.uuid, superior.person_id) = (found, None);
                }
            }
            if let Some(key) = nameless_unit(&person) {
                name_unit(&mut person, units.get(&key));
            }
            if let Some(key) = nameless_place(&person) {
                name_place(&mut person, places.get(&key));
            }
            person
        })
    }
}
