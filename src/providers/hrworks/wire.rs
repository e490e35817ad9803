//! What HRworks sends, as far as a record or a decision needs it (protocol page §6).
//!
//! Invariants:
//! - The structs name only what is kept; everything else is skipped while parsing: sensitive fields
//!   (S-15), the history, the picture's address that expires, and the fields of the company's own,
//!   which stand beside the documented ones under names of its choice.
//! - Absent, null and blank are alike.
//!
//! What this module must not do: judge or clean what it reads.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::employee::ExternalKey;
use crate::providers::fields::{
    fact, flag, guid_key, inner, key_text, mend, pick, sound_key, text,
};
use crate::providers::{ProviderError, malformed};

/// The master data of one person, as far as a record is made of it.
#[derive(Serialize, Default, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// HRworks' own key; never changes.
    pub uuid: Option<String>,
    /// The employee number; can change.
    pub personnel_number: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Business e-mail.
    pub email: Option<String>,
    /// Whether an admin has not set the person to "gone".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// What stands there when it is neither yes nor no.
    #[serde(rename = "isActive", skip_serializing_if = "Option::is_none")]
    pub is_active_word: Option<String>,
    /// First day.
    pub join_date: Option<String>,
    /// Last working day.
    pub leave_date: Option<String>,
    /// Job title.
    pub position: Option<String>,
    /// Department; its parents are not read.
    pub organization_unit: Option<Unit>,
    /// The department's key once more.
    pub organization_unit_uuid: Option<String>,
    /// Office location.
    pub permanent_establishment: Option<Establishment>,
    /// The manager.
    pub superior: Option<Superior>,
    /// The name to log in with, by which others may name their manager. No part of the record.
    #[serde(skip)]
    pub log_in_name: Option<String>,
}

/// The members that are read of a person, a unit or an establishment, at whatever depth.
pub const MEMBERS: &[&str] = &[
    "uuid",
    "id",
    "number",
    "name",
    "personId",
    "personnelNumber",
    "firstName",
    "lastName",
    "email",
    "isActive",
    "joinDate",
    "leaveDate",
    "position",
    "organizationUnit",
    "organizationUnitUuid",
    "permanentEstablishment",
    "superior",
];

/// An organization unit.
#[derive(Serialize, Default, Debug, PartialEq, Eq)]
pub struct Unit {
    /// HRworks' own key; not in older data.
    pub uuid: Option<String>,
    /// Its number; can be edited.
    pub number: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

/// A permanent establishment.
#[derive(Serialize, Default, Debug, PartialEq, Eq)]
pub struct Establishment {
    /// HRworks' own key.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

/// A manager, by the keys.
#[derive(Serialize, Default, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Superior {
    /// HRworks' own key.
    pub uuid: Option<String>,
    /// The name to log in with, where there is no `uuid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_id: Option<String>,
    /// The employee number.
    pub personnel_number: Option<String>,
}

impl Unit {
    /// Reads a unit, also one of the list of units.
    pub fn read(value: Option<&RawValue>) -> Result<Option<Self>, ProviderError> {
        let [uuid, number, name] = inner(value, &["uuid", "number", "name"])?;
        let unit = Self { uuid: key_text(uuid), number: key_text(number), name: text(name) };
        Ok((unit != Self::default()).then_some(unit))
    }
}

impl Establishment {
    /// Reads an establishment, also one of the list of establishments.
    pub fn read(value: Option<&RawValue>) -> Result<Option<Self>, ProviderError> {
        let [id, name] = inner(value, &["id", "name"])?;
        let establishment = Self { id: key_text(id), name: text(name) };
        Ok((establishment != Self::default()).then_some(establishment))
    }
}

impl Superior {
    fn read(value: Option<&RawValue>) -> Result<Option<Self>, ProviderError> {
        let names = ["uuid", "personId", "personnelNumber"];
        let [uuid, person_id, personnel_number] = inner(value, &names)?.map(key_text);
        let person_id = person_id.filter(|_| uuid.as_deref().and_then(guid_key).is_none());
        let superior = Self { uuid, person_id, personnel_number };
        Ok((superior != Self::default()).then_some(superior))
    }
}

impl Person {
    /// Reads a person as sent, or as written by [`Person::canonical`]. Fails when it is no JSON
    /// object, when a name comes twice in what is read of it, or when its key is damaged.
    pub fn read(raw: &[u8]) -> Result<Self, ProviderError> {
        let raw = mend(raw);
        let names = ["uuid", "personnelNumber", "organizationUnitUuid", "personId"];
        let [uuid, personnel_number, unit, log_in_name] = pick(&raw, &names)?.map(key_text);
        let names = ["firstName", "lastName", "email", "position"];
        let [first_name, last_name, email, position] = pick(&raw, &names)?.map(text);
        let [join, leave] = pick(&raw, &["joinDate", "leaveDate"])?.map(fact);
        sound_key(&ExternalKey(uuid.clone().unwrap_or_default()))?;
        let names = ["isActive", "organizationUnit", "permanentEstablishment", "superior"];
        let [is_active, organization_unit, establishment, superior] = pick(&raw, &names)?;
        Ok(Self {
            uuid,
            personnel_number,
            first_name,
            last_name,
            email,
            is_active: flag(is_active),
            is_active_word: fact(is_active).filter(|_| flag(is_active).is_none()),
            join_date: join,
            leave_date: leave,
            position,
            organization_unit: Unit::read(organization_unit)?,
            organization_unit_uuid: unit,
            permanent_establishment: Establishment::read(establishment)?,
            superior: Superior::read(superior)?,
            log_in_name,
        })
    }

    /// The person in one fixed form, for telling whether anything has changed.
    pub fn canonical(&self) -> Result<Vec<u8>, ProviderError> {
        serde_json::to_vec(self).map_err(|_| malformed("a record cannot be written"))
    }
}
