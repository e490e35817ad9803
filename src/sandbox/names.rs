//! The names, departments and offices from which the sandbox's company is put together.
//!
//! A name is written as its owner writes it, beside a Latin form for the e-mail address; an empty
//! Latin form says that the name itself will do once it is reduced to ASCII letters. Holds no
//! logic and must not: [`super::company`] picks.

/// A name and its Latin form for e-mail addresses.
pub(super) type Name = (&'static str, &'static str);

/// First and last names that go together.
pub(super) struct Culture {
    /// How many in a hundred people come from here.
    pub share: u64,
    /// First names.
    pub first: &'static [Name],
    /// Last names.
    pub last: &'static [Name],
}

/// Where the people's names come from; the shares add up to 100.
pub(super) const CULTURES: &[Culture] = &[
    Culture { share: 40, first: BRITISH_FIRST, last: BRITISH_LAST },
    Culture { share: 12, first: CELTIC_FIRST, last: CELTIC_LAST },
    Culture { share: 14, first: WEST_FIRST, last: WEST_LAST },
    Culture { share: 10, first: EAST_FIRST, last: EAST_LAST },
    Culture { share: 12, first: SOUTH_ASIAN_FIRST, last: SOUTH_ASIAN_LAST },
    Culture { share: 3, first: GREEK_FIRST, last: GREEK_LAST },
    Culture { share: 3, first: CYRILLIC_FIRST, last: CYRILLIC_LAST },
    Culture { share: 3, first: CHINESE_FIRST, last: CHINESE_LAST },
    Culture { share: 2, first: JAPANESE_FIRST, last: JAPANESE_LAST },
    Culture { share: 1, first: ARABIC_FIRST, last: ARABIC_LAST },
];

const BRITISH_FIRST: &[Name] = &[
    ("Alice", ""),
    ("Oliver", ""),
    ("Charlotte", ""),
    ("Harry", ""),
    ("Emily", ""),
    ("Jack", ""),
    ("Zoë", "zoe"),
    ("George", ""),
    ("Isla", ""),
    ("Thomas", ""),
    ("Chloë", "chloe"),
    ("Daniel", ""),
    ("Grace", ""),
    ("Samuel", ""),
    ("Amelia", ""),
    ("Mary-Jane", "mary-jane"),
    ("Joseph", ""),
    ("Ruby", ""),
    ("Benjamin", ""),
    ("Hannah", ""),
];

const BRITISH_LAST: &[Name] = &[
    ("Smith", ""),
    ("Taylor", ""),
    ("Brontë", "bronte"),
    ("Walker", ""),
    ("Ashworth", ""),
    ("Fletcher-Hughes", "fletcher-hughes"),
    ("Okonkwo", ""),
    ("Clarke", ""),
    ("Whitfield", ""),
    ("Hall", ""),
    ("Adeyemi", ""),
    ("Barrington-Ward", "barrington-ward"),
    ("Turner", ""),
    ("Cooper", ""),
    ("Bailey", ""),
    ("Marsh", ""),
    ("Holloway", ""),
    ("Reed", ""),
    ("Campbell", ""),
    ("Null", ""),
];

const CELTIC_FIRST: &[Name] = &[
    ("Siân", "sian"),
    ("Seán", "sean"),
    ("Niamh", ""),
    ("Gruffydd", ""),
    ("Aoife", ""),
    ("Órla", "orla"),
    ("Rhys", ""),
    ("Catrìona", "catriona"),
    ("Pádraig", "padraig"),
    ("Myfanwy", ""),
];

const CELTIC_LAST: &[Name] = &[
    ("O'Brien", "obrien"),
    ("O’Connor", "oconnor"),
    ("Llewellyn", ""),
    ("Ní Dhomhnaill", "nidhomhnaill"),
    ("MacDonald", ""),
    ("ap Rhys", "aprhys"),
    ("Mac Giolla Bríde", "macgiollabride"),
    ("Morgan", ""),
    ("D'Arcy", "darcy"),
    ("Évans-Jones", "evans-jones"),
];

const WEST_FIRST: &[Name] = &[
    ("Jürgen", "juergen"),
    ("François", "francois"),
    ("Inés", "ines"),
    ("Søren", "soeren"),
    ("Åsa", "asa"),
    ("João", "joao"),
    ("Þórdís", "thordis"),
    ("Anaïs", "anais"),
    ("Björn", "bjoern"),
    ("Núria", "nuria"),
];

const WEST_LAST: &[Name] = &[
    ("Müller", "mueller"),
    ("Núñez de la Peña", "nunezdelapena"),
    ("van den Berg", "vandenberg"),
    ("Lefèvre", "lefevre"),
    ("Weiß", "weiss"),
    ("Gonçalves", "goncalves"),
    ("Ångström", "angstroem"),
    ("Jónsdóttir", "jonsdottir"),
    ("D’Angelo", "dangelo"),
    ("Puig i Cadafalch", "puigicadafalch"),
];

const EAST_FIRST: &[Name] = &[
    ("Łukasz", "lukasz"),
    ("Małgorzata", "malgorzata"),
    ("Tomáš", "tomas"),
    ("Žofie", "zofie"),
    ("Ştefan", "stefan"),
    ("Gergő", "gergo"),
    ("Đorđe", "djordje"),
    ("Kristīne", "kristine"),
];

const EAST_LAST: &[Name] = &[
    ("Wiśniewska", "wisniewska"),
    ("Dvořák", "dvorak"),
    ("Kovačević", "kovacevic"),
    ("Szőke", "szoke"),
    ("Ionescu", ""),
    ("Bērziņš", "berzins"),
    ("Yıldız", "yildiz"),
    ("Żółć", "zolc"),
];

const SOUTH_ASIAN_FIRST: &[Name] = &[
    ("Priya", ""),
    ("Arjun", ""),
    ("Fatima", ""),
    ("Imran", ""),
    ("Ananya", ""),
    ("Harpreet", ""),
    ("Thi Ngọc", "thingoc"),
    ("Nadeesha", ""),
];

const SOUTH_ASIAN_LAST: &[Name] = &[
    ("Patel", ""),
    ("Singh", ""),
    ("Khan", ""),
    ("Iyer", ""),
    ("Rahman", ""),
    ("Nguyễn", "nguyen"),
    ("Venkataraman", ""),
    ("Chowdhury", ""),
];

const GREEK_FIRST: &[Name] =
    &[("Ελένη", "eleni"), ("Γιώργος", "giorgos"), ("Δέσποινα", "despina"), ("Νίκος", "nikos")];
const GREEK_LAST: &[Name] =
    &[("Παπαδοπούλου", "papadopoulou"), ("Αλεξίου", "alexiou"), ("Κωνσταντίνου", "konstantinou")];
const CYRILLIC_FIRST: &[Name] =
    &[("Олена", "olena"), ("Андрій", "andrii"), ("Сергей", "sergei"), ("Милица", "milica")];
const CYRILLIC_LAST: &[Name] =
    &[("Шевченко", "shevchenko"), ("Ковальчук", "kovalchuk"), ("Петровић", "petrovic")];
const CHINESE_FIRST: &[Name] =
    &[("小明", "xiaoming"), ("思思", "sisi"), ("伟", "wei"), ("𠮷兰", "jilan")];
const CHINESE_LAST: &[Name] = &[("王", "wang"), ("欧阳", "ouyang"), ("陈", "chen"), ("刘", "liu")];
const JAPANESE_FIRST: &[Name] = &[("さくら", "sakura"), ("健太", "kenta"), ("陽子", "yoko")];
const JAPANESE_LAST: &[Name] = &[("渡邉", "watanabe"), ("佐藤", "sato"), ("髙橋", "takahashi")];
const ARABIC_FIRST: &[Name] = &[("ليلى", "layla"), ("يوسف", "yousef"), ("שירה", "shira")];
const ARABIC_LAST: &[Name] = &[("الحسن", "alhassan"), ("منصور", "mansour"), ("כהן", "cohen")];

/// A department, its head's job and the jobs of the others.
#[derive(Debug)]
pub(super) struct Department {
    /// Its name.
    pub name: &'static str,
    /// The job of its head.
    pub head: &'static str,
    /// The other jobs.
    pub roles: &'static [&'static str],
}

/// The departments.
pub(super) const DEPARTMENTS: &[Department] = &[
    Department {
        name: "Engineering",
        head: "Chief Technology Officer",
        roles: &["Software Engineer", "Senior Software Engineer", "Test Engineer", "C++ Developer"],
    },
    Department {
        name: "Research & Development",
        head: "Director of R&D",
        roles: &["Research Scientist", "Lab Technician", "Principal Scientist"],
    },
    Department {
        name: "Finance & Legal",
        head: "Chief Financial Officer",
        roles: &["Finance Analyst", "Accounts Payable Clerk", "Legal Counsel", "Payroll Officer"],
    },
    Department {
        name: "Sales & Marketing",
        head: "Director of Sales & Marketing",
        roles: &["Account Manager", "Sales Executive", "Content Editor", "Événements (Lyon)"],
    },
    Department {
        name: "People & Culture",
        head: "Chief People Officer",
        roles: &["HR Business Partner", "Talent Partner", "HR Administrator"],
    },
    Department {
        name: "Operations",
        head: "Chief Operating Officer",
        roles: &["Warehouse Operative", "Shift Leader", "Planner", "Driver (HGV)"],
    },
    Department {
        name: "Customer Success",
        head: "Head of Customer Success",
        roles: &["Support Agent", "Onboarding Specialist", "Customer Success Manager"],
    },
    Department {
        name: "Information Technology",
        head: "Head of IT",
        roles: &["Systems Administrator", "Service Desk Analyst", "Security Analyst"],
    },
    Department {
        name: "Health, Safety & Facilities",
        head: "Head of Facilities",
        roles: &["Facilities Assistant", "Health & Safety Adviser", "Receptionist"],
    },
];

/// An office: its name, the legal company there, and how many in a hundred people work there.
pub(super) type Office = (&'static str, &'static str, u64);

/// The offices.
pub(super) const OFFICES: &[Office] = &[
    ("London - Head Office", "Acme Example Ltd", 48),
    ("Leeds", "Acme Example Ltd", 18),
    ("Belfast", "Acme Example Ltd", 8),
    ("Dublin", "Acme Example (Ireland) DAC", 8),
    ("München", "Acme Example GmbH", 6),
    ("Kraków", "Acme Example Sp. z o.o.", 6),
    ("Lyon", "Acme Example SAS", 4),
    ("東京", "Acme Example 株式会社", 2),
];

/// Titles.
pub(super) const TITLES: &[&str] = &["Ms", "Mr", "Mrs", "Mx", "Dr", ""];

/// Kinds of contract.
pub(super) const CONTRACTS: &[&str] =
    &["Full Time", "Full Time", "Full Time", "Part Time", "Fixed Term"];
