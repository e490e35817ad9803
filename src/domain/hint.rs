//! What a webhook says: whom to look at, and nothing else (S-01, S-02).
//!
//! What this module must not do: hold a value from a body.

use crate::domain::employee::EmployeeNumber;

/// Whom to look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// Something may have changed about anybody.
    Everybody,
    /// Something may have changed about this person.
    Person(EmployeeNumber),
}

/// What a webhook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Whom to look at.
    pub whom: Whom,
    /// The HR system's number for the kind of change, when it was sent and could be read. It only
    /// decides when to look, never what is applied.
    pub action_id: Option<i32>,
}

impl Hint {
    /// "Something may have changed": look at everybody.
    pub const EVERYBODY: Self = Self { whom: Whom::Everybody, action_id: None };
}
