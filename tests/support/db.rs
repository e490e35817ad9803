//! Fresh databases for tests: a migrated one of its own for each test, on either engine.
//!
//! SQLite is a copy of a file that is migrated once per test program, PostgreSQL a copy of a
//! database that is. A program takes this file in as `mod testdb` and writes
//! `on_both!(name_of_an_async_fn)` for each behaviour; the output then names the engine.
#![expect(clippy::expect_used, reason = "a test may stop at the first surprise")]
#![allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "each test program uses its part of this"
)]

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use rollcall::clock::Timestamp;
use rollcall::db::organizations::{Metadata, Organization};
use rollcall::db::types::Json;
use rollcall::db::{Db, Place, migrate};
use rollcall::domain::ids::OrganizationId;
use rollcall::secret::Secret;

#[path = "postgres.rs"]
pub mod postgres;

/// A test that takes longer than this hangs.
const TEST_MAX: Duration = Duration::from_mins(8);

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, always there.
    Sqlite,
    /// PostgreSQL, when it is installed.
    Postgres,
}

/// A place for one test, with the folder that goes away with it.
pub struct TestPlace {
    pub engine: Engine,
    pub place: Place,
    _folder: Option<tempfile::TempDir>,
    cluster: Option<&'static postgres::Cluster>,
}

impl TestPlace {
    /// A place without any table; `None` when the engine is not installed.
    pub fn empty(engine: Engine) -> Option<Self> {
        Some(match engine {
            Engine::Sqlite => Self::sqlite(&[]),
            Engine::Postgres => Self::postgres(postgres::cluster()?),
        })
    }

    /// A place without any table where every commit reaches the disk, as in production; `None` when
    /// the engine is not installed.
    pub fn durable(engine: Engine) -> Option<Self> {
        Some(match engine {
            Engine::Sqlite => Self::sqlite_in(tempfile::tempdir().expect("a folder"), &[]),
            Engine::Postgres => Self::postgres(postgres::durable_cluster()?),
        })
    }

    /// A migrated place; `None` when the engine is not installed.
    pub fn migrated(engine: Engine) -> Option<Self> {
        static FILE: OnceLock<Vec<u8>> = OnceLock::new();
        static DATABASE: OnceLock<String> = OnceLock::new();
        Some(match engine {
            Engine::Sqlite => Self::sqlite(FILE.get_or_init(|| {
                let template = Self::sqlite(&[]);
                migrate::run(&template.place).expect("the template is migrated");
                std::fs::read(template.file()).expect("the template is read")
            })),
            Engine::Postgres => {
                let cluster = postgres::cluster()?;
                let template = DATABASE.get_or_init(|| {
                    let url = cluster.create_database();
                    migrate::run(&Place::Postgres(Secret::new(url.as_str())))
                        .expect("the template is migrated");
                    url
                });
                Self::postgres_at(cluster, cluster.create_database_from(template))
            }
        })
    }

    /// The database that an earlier version left behind (tests/fixtures); `None` when the engine is
    /// not installed.
    pub fn of_version(engine: Engine, version: &str) -> Option<Self> {
        Some(match engine {
            Engine::Sqlite => Self::sqlite(&unpacked(version, "rollcall.db.gz")),
            Engine::Postgres => {
                let at = Self::postgres(postgres::cluster()?);
                let dump = unpacked(version, "postgres.sql.gz");
                at.raw().run(std::str::from_utf8(&dump).expect("a dump is text"));
                at
            }
        })
    }

    fn sqlite(content: &[u8]) -> Self {
        Self::sqlite_in(postgres::scratch::folder(), content)
    }

    fn sqlite_in(folder: tempfile::TempDir, content: &[u8]) -> Self {
        let path = folder.path().join("rollcall.db");
        if !content.is_empty() {
            std::fs::write(&path, content).expect("the copy is written");
        }
        let place = Place::Sqlite(path);
        Self { engine: Engine::Sqlite, place, _folder: Some(folder), cluster: None }
    }

    fn postgres(cluster: &'static postgres::Cluster) -> Self {
        Self::postgres_at(cluster, cluster.create_database())
    }

    fn postgres_at(cluster: &'static postgres::Cluster, url: String) -> Self {
        let place = Place::Postgres(Secret::new(url));
        Self { engine: Engine::Postgres, place, _folder: None, cluster: Some(cluster) }
    }

    /// The file of a SQLite place.
    pub fn file(&self) -> &Path {
        match &self.place {
            Place::Sqlite(path) => path,
            Place::Postgres(_) => Path::new(""),
        }
    }

    /// A connection of its own, past everything of ours.
    pub fn raw(&self) -> Raw {
        Raw::to(&self.place)
    }
}

impl Drop for TestPlace {
    fn drop(&mut self) {
        let (Place::Postgres(url), Some(cluster)) = (&self.place, self.cluster) else { return };
        // The server waits a moment for the gateway's connections to end; the test need not.
        let url = url.reveal().to_owned();
        std::thread::spawn(move || cluster.drop_database(&url));
    }
}

/// The versions whose databases are kept.
pub fn fixtures() -> Vec<String> {
    let entries = std::fs::read_dir(fixture_folder()).expect("the fixtures are there");
    let folders = entries.flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> =
        folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// The master key of a version's databases, as base64.
pub fn fixture_master_key(version: &str) -> String {
    let path = fixture_folder().join(version).join("master.key");
    std::fs::read_to_string(path).expect("the key is there").trim().to_owned()
}

fn fixture_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn unpacked(version: &str, name: &str) -> Vec<u8> {
    use std::io::Read as _;
    let packed = std::fs::File::open(fixture_folder().join(version).join(name));
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(packed.expect("the fixture is there"))
        .read_to_end(&mut content)
        .expect("the fixture unpacks");
    content
}

/// A database for one test.
pub struct TestDb {
    pub db: Db,
    pub at: TestPlace,
}

impl TestDb {
    /// A fresh, migrated one; `None` when the engine is not installed.
    pub fn fresh(engine: Engine) -> Option<Self> {
        let at = TestPlace::migrated(engine)?;
        Some(Self { db: Db::open_migrated(&at.place).expect("the database opens"), at })
    }
}

/// A plain connection for looking at what is really there.
pub enum Raw {
    /// SQLite.
    Sqlite(SqliteConnection),
    /// PostgreSQL.
    Postgres(PgConnection),
}

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    value: String,
}

impl Raw {
    /// Connects.
    pub fn to(place: &Place) -> Self {
        match place {
            Place::Sqlite(path) => {
                let path = path.to_string_lossy();
                let mut raw = SqliteConnection::establish(&path).expect("the file opens");
                // Whoever closes the file last has it alone for a moment.
                raw.batch_execute("PRAGMA busy_timeout = 5000").expect("the pragma runs");
                Self::Sqlite(raw)
            }
            Place::Postgres(url) => {
                Self::Postgres(PgConnection::establish(url.reveal()).expect("PostgreSQL answers"))
            }
        }
    }

    /// Runs statements.
    pub fn run(&mut self, sql: &str) {
        match self {
            Self::Sqlite(c) => c.batch_execute(sql),
            Self::Postgres(c) => c.batch_execute(sql),
        }
        .expect("the statement runs");
    }

    /// The column `value` of the rows.
    pub fn values(&mut self, sql: &str) -> Vec<String> {
        let query = diesel::sql_query(sql);
        let rows: Vec<Value> = match self {
            Self::Sqlite(c) => query.load(c),
            Self::Postgres(c) => query.load(c),
        }
        .expect("the query runs");
        rows.into_iter().map(|row| row.value).collect()
    }

    /// The ids of all organizations, sorted.
    pub fn organizations(&mut self) -> Vec<String> {
        self.values("SELECT id AS value FROM organizations ORDER BY id")
    }
}

/// The smallest row that depends on nothing.
pub fn organization(number: usize) -> Organization {
    Organization {
        id: OrganizationId::from_text(format!("org_{number:026}")),
        name: "Nobody".to_owned(),
        external_id: None,
        time_zone: None,
        allowed_providers: Json(Vec::new()),
        metadata: Json(Metadata::new()),
        created_at_ms: Timestamp(0),
        updated_at_ms: Timestamp(0),
    }
}

/// Runs a behaviour on a fresh database.
pub fn on(engine: Engine, behaviour: impl AsyncFnOnce(TestDb)) {
    if let Some(fresh) = TestDb::fresh(engine) {
        block_on(behaviour(fresh));
    }
}

/// Runs to the end, on a runtime like that of the program.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(TEST_MAX, work).await.expect("the test ends") })
}

/// Makes two tests of each behaviour: `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[test]
            fn sqlite() {
                $crate::testdb::on($crate::testdb::Engine::Sqlite, super::$name);
            }

            #[test]
            fn postgres() {
                $crate::testdb::on($crate::testdb::Engine::Postgres, super::$name);
            }
        }
    )+};
}
pub(crate) use on_both;
