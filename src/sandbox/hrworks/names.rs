//! The departments and offices of the sandbox's German company.
//!
//! Holds no logic and must not: [`crate::sandbox::company`] picks.

use crate::sandbox::names::{Department, Office};

/// The departments.
pub(super) const DEPARTMENTS: &[Department] = &[
    Department {
        name: "Entwicklung",
        head: "Leiterin Entwicklung",
        roles: &["Softwareentwicklerin", "Softwareentwickler", "Testingenieur", "Architektin"],
    },
    Department {
        name: "Qualitätssicherung",
        head: "Leiter Qualitätssicherung",
        roles: &["Prüferin", "Prüfer", "Auditorin"],
    },
    Department {
        name: "Finanzen & Controlling",
        head: "Kaufmännische Leiterin",
        roles: &["Buchhalter", "Controllerin", "Lohnbuchhalterin"],
    },
    Department {
        name: "Vertrieb",
        head: "Vertriebsleiter",
        roles: &["Kundenberaterin", "Außendienstmitarbeiter", "Innendienst"],
    },
    Department {
        name: "Personal",
        head: "Personalleiterin",
        roles: &["Personalreferent", "Sachbearbeiterin"],
    },
    Department {
        name: "Lager / Logistik",
        head: "Lagerleiter",
        roles: &["Fachkraft für Lagerlogistik", "Staplerfahrerin", "Disponent"],
    },
];

/// The offices, with the legal company there.
pub(super) const OFFICES: &[Office] = &[
    ("Freiburg", "Beispiel GmbH", 50),
    ("Berlin", "Beispiel GmbH", 20),
    ("München", "Beispiel GmbH", 14),
    ("Wien", "Beispiel Österreich GmbH", 9),
    ("Zürich", "Beispiel Schweiz AG", 7),
];

/// Kinds of contract, in the vendor's words.
pub(super) const CONTRACTS: &[&str] = &[
    "regularEmployee",
    "regularEmployee",
    "regularEmployee",
    "marginalEmployment",
    "studentTrainee",
    "apprentice",
];
