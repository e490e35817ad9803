//! The private values that the sandbox hands out with every person, made to be recognised.
//!
//! An HR system sends bank details and home addresses whether one wants them or not. Here every
//! such value carries one of the marks of [`CANARIES`], so a test can search a database, a log or
//! an answer for the marks and know that nothing private got there. A mark must not be able to
//! turn up by chance; it holds in no name, id, date or key that the sandbox makes.

/// Marks of private values. If one of them is found outside the sandbox, private data leaked.
pub const CANARIES: &[&str] = &[
    ACCOUNT_NUMBER,
    BANK,
    SORT_CODE,
    NATIONAL_INSURANCE,
    BIRTH_MONTH,
    NATIONALITY,
    GENDER,
    ADDRESS,
    PERSONAL_PHONE,
    MOBILE,
    PERSONAL_EMAIL,
    HOLIDAY_DAYS,
    HOLIDAY_MINUTES,
    RELATIVE,
    PASSPORT,
    BACKGROUND_CHECK,
    SALARY,
    ETHNICITY,
    MARITAL_STATUS,
    DRIVING_LICENCE,
    SOCIAL_MEDIA,
    TAX,
    HEALTH,
    EDUCATION,
    NOTICE,
    CUSTOM,
];

const ACCOUNT_NUMBER: &str = "93715517";
const BANK: &str = "CANARY-BANK";
const SORT_CODE: &str = "CANARY-SORT";
const NATIONAL_INSURANCE: &str = "QQ9371";
// With the month, because "1951-" alone may be the end of a group in a GUID.
const BIRTH_MONTH: &str = "1951-07-";
const NATIONALITY: &str = "CANARY-NATIONALITY";
const GENDER: &str = "CANARY-GENDER";
const ADDRESS: &str = "CANARY-ADDRESS";
const PERSONAL_PHONE: &str = "07700937155";
const MOBILE: &str = "07700937199";
const PERSONAL_EMAIL: &str = "canary-mail.example";
const HOLIDAY_DAYS: &str = "93715.25";
const HOLIDAY_MINUTES: &str = "4217186250";
const RELATIVE: &str = "CANARY-RELATIVE";
const PASSPORT: &str = "CANARY-PASSPORT";
const BACKGROUND_CHECK: &str = "CANARY-CHECK";
// A number, because Breathe HR writes it as one.
const SALARY: &str = "937155.75";
const ETHNICITY: &str = "CANARY-ETHNICITY";
const MARITAL_STATUS: &str = "CANARY-MARITAL";
const DRIVING_LICENCE: &str = "CANARY-LICENCE";
const SOCIAL_MEDIA: &str = "CANARY-SOCIAL";
const TAX: &str = "CANARY-TAX";
const HEALTH: &str = "CANARY-HEALTH";
const EDUCATION: &str = "CANARY-EDUCATION";
const NOTICE: &str = "CANARY-NOTICE";
const CUSTOM: &str = "CANARY-CUSTOM";

/// Marks that stand in records of Breathe HR and HRworks only.
#[cfg(test)]
pub(super) const NOT_AT_PEOPLE_HR: &[&str] = &[
    SALARY,
    ETHNICITY,
    MARITAL_STATUS,
    DRIVING_LICENCE,
    SOCIAL_MEDIA,
    TAX,
    HEALTH,
    EDUCATION,
    NOTICE,
    CUSTOM,
];

/// The private values of one person.
#[derive(Debug)]
pub(super) struct Private {
    pub account_number: String,
    pub account_name: String,
    pub bank_name: String,
    pub bank_address: String,
    pub sort_code: String,
    pub national_insurance: String,
    pub birth_date: String,
    pub nationality: String,
    pub gender: String,
    pub address: String,
    pub personal_phone: String,
    pub mobile: String,
    pub personal_email: String,
    pub holiday_days: String,
    pub holiday_minutes: String,
    pub relative: String,
    pub passport: String,
    pub background_check: String,
    pub salary: f64,
    pub ethnicity: String,
    pub marital_status: String,
    pub driving_licence: String,
    pub social_media: String,
    pub tax: String,
    pub health: String,
    pub education: String,
    pub notice: String,
    pub custom: String,
}

impl Private {
    /// The values of the person with this serial number; always the same for the same number.
    pub(super) fn of(serial: u64) -> Self {
        let (two, four) = (serial % 100, serial % 10_000);
        Self {
            account_number: format!("{ACCOUNT_NUMBER}{four:04}"),
            account_name: format!("{BANK}-HOLDER-{serial}"),
            bank_name: format!("{BANK} of Nowhere"),
            bank_address: format!("{two} {BANK}-STREET<br />Leeds"),
            sort_code: format!("{SORT_CODE}-{four:04}"),
            national_insurance: format!("{NATIONAL_INSURANCE}{two:02}C"),
            birth_date: format!("{BIRTH_MONTH}{:02}", serial % 31 + 1),
            nationality: NATIONALITY.to_owned(),
            gender: GENDER.to_owned(),
            address: format!(
                "{serial} {ADDRESS} Road<br /><br />Leeds<br />West Yorkshire<br />\
                 United Kingdom<br />LS1 1AA"
            ),
            personal_phone: format!("{PERSONAL_PHONE}{four:04}"),
            mobile: format!("{MOBILE}{four:04}"),
            personal_email: format!("person{serial}@{PERSONAL_EMAIL}"),
            holiday_days: HOLIDAY_DAYS.to_owned(),
            holiday_minutes: HOLIDAY_MINUTES.to_owned(),
            relative: format!("{RELATIVE} {serial}"),
            passport: format!("{PASSPORT}-{serial}"),
            background_check: format!("{BACKGROUND_CHECK}-{serial}"),
            salary: SALARY.parse().unwrap_or_default(),
            ethnicity: ETHNICITY.to_owned(),
            marital_status: MARITAL_STATUS.to_owned(),
            driving_licence: format!("{DRIVING_LICENCE}-{serial}"),
            social_media: format!("https://{SOCIAL_MEDIA}.example/{serial}"),
            tax: format!("{TAX}-{serial}"),
            health: format!("{HEALTH} {serial}"),
            education: EDUCATION.to_owned(),
            notice: NOTICE.to_owned(),
            custom: format!("{CUSTOM}-{serial}"),
        }
    }
}
