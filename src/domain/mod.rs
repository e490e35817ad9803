//! The rules, pure: no I/O, no clock of their own, no database, no HTTP.
//!
//! Everything here is a function of its arguments. What a rule needs to know is passed in; what it
//! decides is returned. The requirement ids in the comments (S-20, L-04 …) are those of the product
//! description.

pub mod account;
pub mod action;
pub mod audit;
pub mod certificate;
pub mod directory;
pub mod email;
pub mod employee;
pub mod endpoint;
pub mod event;
pub mod failure;
pub mod guard;
pub mod guid;
pub mod hint;
pub mod hold;
pub mod ids;
pub mod linking;
pub mod notice;
pub mod profile;
pub mod provider;
pub mod retry;
pub mod reused;
pub mod row_problem;
pub mod search;
pub mod text;
pub mod trust;

/// Declares an enum that is stored and sent as a fixed lower-case word.
#[macro_export]
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vmeta])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every value, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that stands for this value in the database and on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The value that a word stands for.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
