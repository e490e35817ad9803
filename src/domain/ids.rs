//! Names of things: prefixed text, never a bare string.
//!
//! An id is a prefix, an underscore and 26 characters that sort by the time of creation
//! (`account_01JD…`). Two kinds of thing cannot be confused: each has its own type.

use ulid::Ulid;

use crate::clock::{Random, Timestamp};

/// Declares id types with their prefixes.
macro_rules! text_id {
    ($($(#[$meta:meta])* $name:ident = $prefix:literal),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id that sorts after those made earlier.
            pub fn new(now: Timestamp, random: &dyn Random) -> Self {
                Self(fresh($prefix, now, random))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Takes text that came from the database or from a caller. It need not name anything
            /// that exists.
            pub fn from_text(text: impl Into<String>) -> Self {
                Self(text.into())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

text_id! {
    /// An organization: one customer of the application.
    OrganizationId = "org",
    /// A person who is told of failures.
    AdminId = "admin",
    /// A user of the application.
    AccountId = "account",
    /// An organization's connection to one HR system.
    DirectoryId = "directory",
    /// A person as the HR system has them.
    DirectoryUserId = "directory_user",
    /// A department of the HR system.
    GroupId = "directory_group",
    /// The tie between a directory user and an account.
    LinkId = "link",
    /// A department, position or office location of an organization.
    CatalogueEntryId = "entry",
    /// One full sync.
    RunId = "run",
    /// A change that waits for an admin's decision.
    HoldId = "hold",
    /// One person's change inside a hold.
    HoldItemId = "hold_item",
    /// One person's record that cannot be applied.
    RowProblemId = "row_problem",
    /// What happened, as the application is told.
    EventId = "event",
    /// What was written down of a change of an account.
    AccountChangeId = "account_change",
    /// What was written down of something that somebody did.
    ActionId = "action",
    /// A message to the admins.
    NoticeId = "notice",
    /// One notice to one admin by mail.
    MailId = "mail",
    /// Where the application wants to be told of events.
    EndpointId = "we",
    /// One of the secrets that deliveries to an endpoint are signed with.
    EndpointSecretId = "we_secret",
    /// An event on its way to an endpoint.
    DeliveryId = "delivery",
    /// A link that lets an admin into the portal once.
    PortalLinkId = "portal_link",
    /// A visit of an admin to the portal.
    PortalSessionId = "portal_session",
    /// A visit of the operator to the operator's page.
    OperatorSessionId = "operator_session",
    /// A key to the API.
    ApiKeyId = "key",
    /// A sealed random key of ours.
    DataKeyId = "data_key",
    /// One request to the API, for finding it in the log.
    RequestId = "req",
}

/// Gives id types that derive from a number alone, so that they sort by it whatever the clock does
///
macro_rules! numbered_id {
    ($($name:ident),+ $(,)?) => {$(
        impl $name {
            /// The id of the one with this number.
            #[must_use]
            pub fn from_number(number: i64) -> Self {
                let number = u128::try_from(number).unwrap_or_default();
                Self(format!("{}_{}", Self::PREFIX, Ulid(number)))
            }

            /// The number an id was made from, or nothing for text that is no such id.
            #[must_use]
            pub fn number(&self) -> Option<i64> {
                let text = self.0.strip_prefix(Self::PREFIX)?.strip_prefix('_')?;
                i64::try_from(Ulid::from_string(text).ok()?.0).ok()
            }
        }
    )+};
}

numbered_id!(EventId, AccountChangeId, ActionId, DeliveryId);

fn fresh(prefix: &str, now: Timestamp, random: &dyn Random) -> String {
    let mut bytes = [0_u8; 16];
    random.fill(&mut bytes);
    let ulid = Ulid::from_parts(u64::try_from(now.0).unwrap_or(0), u128::from_le_bytes(bytes));
    format!("{prefix}_{ulid}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededRandom;

    #[test]
    fn ids_sort_by_time_and_carry_their_prefix() {
        let random = SeededRandom::new(1);
        let early = AccountId::new(Timestamp(1_000), &random);
        let late = AccountId::new(Timestamp(2_000), &random);
        assert!(early < late);
        assert_eq!(early.as_str().len(), "account_".len() + 26);
    }

    #[test]
    fn an_event_id_gives_back_its_number_and_sorts_by_it() {
        let (one, two) = (EventId::from_number(9), EventId::from_number(10));
        assert!(one < two);
        assert_eq!(two.number(), Some(10));
        assert_eq!(EventId::from_text("event_nonsense").number(), None);
    }
}
