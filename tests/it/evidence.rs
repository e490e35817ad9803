//! What is really there: every value of every table, the bytes of the files, and the log.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use rollcall::db::Place;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::testdb::{Engine, Raw, TestPlace};

/// Bytes as they are shown here.
pub fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// One value of one row, as text; bytes as hexadecimal digits in capitals.
#[derive(Debug)]
pub struct Stored {
    pub table: String,
    pub column: String,
    pub value: String,
}

/// The expression that makes text of any column.
fn as_text(engine: Engine, column: &str) -> String {
    match engine {
        Engine::Sqlite => format!(
            "COALESCE(CASE typeof(\"{column}\") WHEN 'blob' THEN hex(\"{column}\") \
             ELSE CAST(\"{column}\" AS TEXT) END, 'NULL')"
        ),
        Engine::Postgres => format!(
            "COALESCE(CASE pg_typeof(\"{column}\")::text WHEN 'bytea' \
             THEN upper(substr(\"{column}\"::text, 3)) ELSE \"{column}\"::text END, 'NULL')"
        ),
    }
}

/// The columns of a table, or of all as `table column`.
fn columns(place: &TestPlace, raw: &mut Raw) -> Vec<(String, String)> {
    let sql = match place.engine {
        Engine::Sqlite => {
            "SELECT m.name || ' ' || p.name AS value FROM sqlite_master m \
             JOIN pragma_table_info(m.name) p WHERE m.type = 'table' ORDER BY m.name, p.cid"
        }
        Engine::Postgres => {
            "SELECT (table_name || ' ' || column_name)::text AS value \
             FROM information_schema.columns WHERE table_schema = 'public' \
             ORDER BY table_name, ordinal_position"
        }
    };
    let all = raw.values(sql);
    let pairs = all.iter().filter_map(|both| both.split_once(' '));
    pairs.map(|(table, column)| (table.to_owned(), column.to_owned())).collect()
}

/// Every value of the database.
pub fn everything(place: &TestPlace) -> Vec<Stored> {
    let mut raw = place.raw();
    let mut all = Vec::new();
    for (table, column) in columns(place, &mut raw) {
        let text = as_text(place.engine, &column);
        for value in raw.values(&format!("SELECT {text} AS value FROM \"{table}\"")) {
            all.push(Stored { table: table.clone(), column: column.clone(), value });
        }
    }
    assert!(all.len() > 50, "the tables were not found");
    all
}

/// The columns in which a text stands, plainly or as bytes.
pub fn where_stored(place: &TestPlace, needle: &str) -> Vec<String> {
    let bytes = hexadecimal(needle.as_bytes());
    let found = |stored: &Stored| stored.value.contains(needle) || stored.value.contains(&bytes);
    let found = everything(place).into_iter().filter(found);
    found.map(|stored| format!("{}.{}", stored.table, stored.column)).collect()
}

/// The rows of a table with all their columns, in the order of their ids.
pub fn rows(place: &TestPlace, table: &str) -> Vec<String> {
    let mut raw = place.raw();
    let own = columns(place, &mut raw).into_iter().filter(|(of, _)| of == table);
    let texts: Vec<String> = own
        .map(|(_, column)| format!("'{column}=' || {}", as_text(place.engine, &column)))
        .collect();
    assert!(!texts.is_empty(), "there is no table {table}");
    let line = texts.join(" || '; ' || ");
    raw.values(&format!("SELECT {line} AS value FROM \"{table}\" ORDER BY id"))
}

/// The bytes of a column of the only row, as the database has them.
pub fn bytes_of(place: &TestPlace, table: &str, column: &str, id: &str) -> Vec<u8> {
    bytes_by(place, (table, "id"), column, id)
}

/// The same in a table with another key.
pub fn bytes_by(place: &TestPlace, (table, key): (&str, &str), column: &str, id: &str) -> Vec<u8> {
    let text = as_text(place.engine, column);
    let sql = format!("SELECT {text} AS value FROM \"{table}\" WHERE {key} = '{id}'");
    let digits = place.raw().values(&sql).remove(0);
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

/// Whether bytes stand in the database's files; PostgreSQL's are not looked at, only its rows.
pub fn in_files(place: &TestPlace, needle: &[u8]) -> bool {
    assert!(needle.len() > 15, "too short to be told from chance");
    let Place::Sqlite(path) = &place.place else {
        let digits = hexadecimal(needle);
        return everything(place).iter().any(|stored| stored.value.contains(&digits));
    };
    ["", "-wal", "-journal"].iter().any(|ending| {
        let file = format!("{}{ending}", path.display());
        let content = std::fs::read(file).unwrap_or_default();
        content.windows(needle.len()).any(|window| window == needle)
    })
}

/// Takes in what all gateways of this test program log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no test died with the lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .with_filter(
                Targets::new()
                    .with_default(LevelFilter::WARN)
                    .with_target("rollcall", LevelFilter::TRACE),
            );
        tracing_subscriber::registry().with(layer).init();
        log
    })
}

/// Begins to keep the log, at its finest.
pub fn keep_log() {
    log();
}

/// Everything that was logged so far, by all tests of this program.
pub fn logged() -> String {
    let bytes = log().0.lock().expect("no test died with the lock").clone();
    String::from_utf8(bytes).expect("the log is text")
}
