//! The ledger of former links (L-09): when a directory is disabled, who had which account is kept,
//! so that the next directory of the same customer gives everybody their account back although
//! their e-mail changed meanwhile.
//!
//! A person is kept as a keyed hash of HR system, customer ("tenant") and key. Under a stable key
//! they are known for certain; the employee number of People HR is kept too, and counts only when
//! one of the two records had no stable key, and name or e-mail agrees ([`linking::restore`]).
//!
//! Invariants:
//! - Nothing is kept or looked up for a directory whose HR system did not tell the customer.
//! - An account was last linked to one person of each HR system, and only that one is kept.
//!
//! What this module must not do: decide, or keep anything that names a person.
//!
//! [`linking::restore`]: crate::domain::linking::restore

use std::collections::{BTreeMap, HashMap};

use crate::clock::Timestamp;
use crate::db::directories::Directory;
use crate::db::former_links::{self, FormerLink};
use crate::db::links::Linked;
use crate::db::{Conn, DbError, Tx};
use crate::domain::directory::Relink;
use crate::domain::employee::{EmployeeNumber, EmployeeRecord, ExternalKey, KeyKind};
use crate::domain::guid;
use crate::domain::ids::AccountId;
use crate::domain::provider::ProviderKind;
use crate::providers;
use crate::secret::{Keys, SealingKey};
use crate::sync::decide::types::Observed;

/// Keeps these hashes apart from all others under the same key.
const LABEL: &str = "rollcall 2026-11-22 people of former links";

/// By what a person is known. A number beside a stable key must not find another record with a
/// stable key: those two are two people.
#[derive(Clone, Copy)]
enum Name {
    Stable,
    Number,
    NumberBesideStable,
}

impl Name {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Number => "number",
            Self::NumberBesideStable => "number beside stable",
        }
    }
}

/// Hashes the people of one customer of one HR system.
struct Book<'a> {
    key: &'a SealingKey,
    provider: ProviderKind,
    tenant: &'a str,
}

impl<'a> Book<'a> {
    /// `None` when the HR system did not tell the customer.
    fn of(keys: &'a Keys, directory: &'a Directory) -> Option<Self> {
        let tenant = directory.tenant_key.as_deref()?;
        Some(Self { key: &keys.lookup, provider: directory.provider, tenant })
    }

    fn hash(&self, name: Name, key: &str) -> Vec<u8> {
        let texts = [self.provider.as_str(), self.tenant, name.as_str(), key];
        self.key.labelled_hash(LABEL, &texts)
    }

    fn number<'n>(&self, number: Option<&'n EmployeeNumber>) -> Option<&'n str> {
        let number = number.map(EmployeeNumber::as_str);
        number.filter(|_| providers::profile(self.provider).number_names_person)
    }

    /// Under what a person is kept.
    fn kept(
        &self,
        key: &ExternalKey,
        kind: KeyKind,
        number: Option<&EmployeeNumber>,
    ) -> Vec<(KeyKind, Vec<u8>)> {
        let (stable, beside) = match kind {
            KeyKind::Stable => (Some(key), Name::NumberBesideStable),
            KeyKind::Editable => (None, Name::Number),
        };
        let stable = stable.map(|key| (KeyKind::Stable, self.hash(Name::Stable, key.as_str())));
        let number =
            self.number(number).map(|number| (KeyKind::Editable, self.hash(beside, number)));
        stable.into_iter().chain(number).collect()
    }

    /// Under what a record may find its person.
    fn looked_up(&self, record: &EmployeeRecord) -> Looked {
        let number = self.number(record.employee_number.as_ref());
        let by_number = |name: Name| number.map(|number| self.hash(name, number));
        match record.key_kind {
            KeyKind::Stable => Looked {
                stable: guid::former_spellings(record.external_key.as_str())
                    .iter()
                    .map(|key| self.hash(Name::Stable, key))
                    .collect(),
                numbers: by_number(Name::Number).into_iter().collect(),
            },
            KeyKind::Editable => Looked {
                stable: Vec::new(),
                numbers: [Name::Number, Name::NumberBesideStable]
                    .into_iter()
                    .filter_map(by_number)
                    .collect(),
            },
        }
    }
}

/// The hashes that a record may have been kept under.
struct Looked {
    stable: Vec<Vec<u8>>,
    numbers: Vec<Vec<u8>>,
}

/// Keeps the links of people of a directory that has ended.
pub fn keep(
    tx: &mut Tx<'_>,
    keys: &Keys,
    directory: &Directory,
    people: Vec<Linked>,
    now: Timestamp,
) -> Result<(), DbError> {
    let Some(book) = Book::of(keys, directory) else { return Ok(()) };
    let accounts: Vec<AccountId> = people.iter().map(|one| one.account_id.clone()).collect();
    former_links::forget(tx, directory.provider, &accounts)?;
    // Two people can have one number; whom it finds has to agree in name or e-mail anyway.
    let mut rows = BTreeMap::new();
    for one in people {
        let number = one.employee_number.as_ref();
        for (key_kind, hash) in book.kept(&one.external_key, one.key_kind, number) {
            let row = FormerLink {
                organization_id: directory.organization_id.clone(),
                person_hash: hash.clone(),
                provider: directory.provider,
                key_kind,
                account_id: one.account_id.clone(),
                created_at_ms: now,
            };
            rows.insert(hash, row);
        }
    }
    let rows: Vec<FormerLink> = rows.into_values().collect();
    former_links::put(tx, &rows)
}

/// The accounts that these people had before, by the key under which they are observed, and how far
/// the key can be trusted that found them. Nobody, when the directory links by e-mail only.
pub fn find(
    conn: &mut Conn,
    keys: &Keys,
    directory: &Directory,
    records: &[&EmployeeRecord],
) -> Result<HashMap<ExternalKey, (AccountId, KeyKind)>, DbError> {
    let mut found = HashMap::new();
    let Some(book) = Book::of(keys, directory).filter(|_| directory.relink == Relink::Ledger)
    else {
        return Ok(found);
    };
    let organization = &directory.organization_id;
    if records.is_empty() || !former_links::any(conn, organization)? {
        return Ok(found);
    }
    let looked: Vec<(&ExternalKey, Looked)> =
        records.iter().map(|record| (&record.external_key, book.looked_up(record))).collect();
    let hashes: Vec<Vec<u8>> = looked
        .iter()
        .flat_map(|(_, looked)| looked.stable.iter().chain(&looked.numbers))
        .cloned()
        .collect();
    let rows: HashMap<Vec<u8>, AccountId> = former_links::of_people(conn, organization, &hashes)?
        .into_iter()
        .map(|row| (row.person_hash, row.account_id))
        .collect();
    for (key, looked) in looked {
        if let Some(account) = looked.stable.iter().find_map(|hash| rows.get(hash)) {
            found.insert(key.clone(), (account.clone(), KeyKind::Stable));
            continue;
        }
        let mut accounts = looked.numbers.iter().filter_map(|hash| rows.get(hash));
        // A number that two people had in turn finds nobody.
        if let (Some(account), true) = (accounts.next(), accounts.next().is_none()) {
            found.insert(key.clone(), (account.clone(), KeyKind::Editable));
        }
    }
    Ok(found)
}

/// Puts the people who had an account before in front of the others: before somebody else gets an
/// account by its e-mail, the one who had it has it again.
pub fn put_first(
    conn: &mut Conn,
    keys: &Keys,
    directory: &Directory,
    people: &mut [Observed],
) -> Result<(), DbError> {
    let records: Vec<&EmployeeRecord> = people.iter().map(|seen| &seen.record).collect();
    let former = find(conn, keys, directory, &records)?;
    people.sort_by_key(|seen| !former.contains_key(&seen.record.external_key));
    Ok(())
}
