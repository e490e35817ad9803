//! Records that are odd on the wire: what HR systems send that is no JSON, in other letters than
//! they say, or more than once.
//!
//! Plain data, set by tests in process; the vendors' APIs write every record through
//! [`Oddities::written`]. Must not know what a record says.

/// All that is odd about the records of an HR system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Oddities {
    /// Single people's records.
    pub records: Vec<OddRecord>,
    /// Records that stand at the end of every list too.
    pub appended: Vec<Vec<u8>>,
    /// Answers are written in ISO-8859-1.
    pub latin_1: bool,
    /// What answers say as `Content-Type`.
    pub content_type: Option<String>,
    /// People whom the list of current staff leaves out, and how often it does (People HR).
    pub forgotten: (Vec<String>, u32),
    /// What is said about somebody who is not there, in place of the vendor's words.
    pub nobody: Option<NobodyAnswer>,
}

/// An answer about somebody who is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NobodyAnswer {
    /// The HTTP status.
    pub http: u16,
    /// The body; `{id}` in it becomes what was asked by, `{call}` another number each time.
    pub body: String,
}

impl NobodyAnswer {
    pub(super) fn about(&self, id: &str, call: usize) -> Vec<u8> {
        self.body.replace("{id}", id).replace("{call}", &call.to_string()).into_bytes()
    }
}

/// What is odd about one person's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddRecord {
    /// What the person is called by.
    pub who: String,
    /// Where it is odd.
    pub place: OddPlace,
    /// How.
    pub change: RecordChange,
}

/// Where a record is odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OddPlace {
    /// In lists and in the answer about the person alone.
    Everywhere,
    /// In lists only.
    Lists,
    /// In the list of everybody only, not in the one of current staff (People HR).
    ListOfEverybody,
    /// In the list of current staff only (People HR).
    ListOfCurrent,
    /// In the answer about the person alone.
    Looks,
}

/// Where a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writes {
    Everybody,
    Current,
    One,
}

/// How a record is odd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordChange {
    /// These bytes stand right behind its opening brace.
    Begins(Vec<u8>),
    /// These bytes stand in its place.
    Instead(Vec<u8>),
    /// Everywhere in it these bytes are those.
    Reads(Vec<u8>, Vec<u8>),
    /// The list has it once more at its end, and there these bytes are those.
    Again(Vec<u8>, Vec<u8>),
    /// The look is answered with a page under this HTTP status.
    Status(u16),
    /// The look is answered with these words under this HTTP status.
    Said(u16, String),
    /// The look is not answered: the connection breaks off.
    HangsUp,
}

impl OddRecord {
    fn concerns(&self, who: &str, place: Writes) -> bool {
        let here = match self.place {
            OddPlace::Everywhere => true,
            OddPlace::Lists => place != Writes::One,
            OddPlace::ListOfEverybody => place == Writes::Everybody,
            OddPlace::ListOfCurrent => place == Writes::Current,
            OddPlace::Looks => place == Writes::One,
        };
        here && self.who == who
    }
}

impl Oddities {
    /// A record as it goes over the wire.
    pub(super) fn written(&self, who: &str, place: Writes, record: Vec<u8>) -> Vec<u8> {
        let mine = self.records.iter().filter(|odd| odd.concerns(who, place));
        mine.fold(record, |record, odd| match &odd.change {
            RecordChange::Begins(bytes) => match record.split_first() {
                Some((first, rest)) => [&[*first], bytes.as_slice(), rest].concat(),
                None => record,
            },
            RecordChange::Instead(bytes) => bytes.clone(),
            RecordChange::Reads(from, to) => replaced(&record, from, to),
            RecordChange::Again(..)
            | RecordChange::Status(_)
            | RecordChange::Said(..)
            | RecordChange::HangsUp => record,
        })
    }

    /// The records of a person that a list has once more.
    pub(super) fn again(&self, who: &str, place: Writes, record: &[u8]) -> Vec<Vec<u8>> {
        let mine = self.records.iter().filter(|odd| odd.concerns(who, place));
        let copy = |odd: &OddRecord| match &odd.change {
            RecordChange::Again(from, to) => Some(replaced(record, from, to)),
            _ => None,
        };
        mine.filter_map(copy).collect()
    }

    /// How a look at a person goes wrong, if it does.
    pub(super) fn failure(&self, who: &str) -> Option<&RecordChange> {
        let mine = self.records.iter().filter(|odd| odd.concerns(who, Writes::One));
        let mut changes = mine.map(|odd| &odd.change);
        changes.find(|change| {
            matches!(
                change,
                RecordChange::Status(_) | RecordChange::Said(..) | RecordChange::HangsUp
            )
        })
    }

    /// A body in the letters in which answers are written.
    pub(super) fn lettered(&self, body: Vec<u8>) -> Vec<u8> {
        match std::str::from_utf8(&body) {
            Ok(text) if self.latin_1 => {
                text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
            }
            _ => body,
        }
    }
}

fn replaced(record: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(record.len());
    let mut rest = record;
    while let Some(at) = memchr::memmem::find(rest, from).filter(|_| !from.is_empty()) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        out.extend_from_slice(to);
        rest = rest.get(at.saturating_add(from.len())..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}
