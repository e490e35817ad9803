//! The composition root: settings become a database, keys, tasks and a server, and end in order.
//!
//! Invariants:
//! - Two servers never share a SQLite file: the second is refused (O-01).
//! - Nothing is served before the database is migrated and the keys are open.
//! - A stop lets requests and pieces of work finish, within a deadline; what was acknowledged is in
//!   the database either way.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use tokio::net::TcpSocket;

use self::files::{FileLock, MasterKey, lock_file, make_key, master_key, own_files};
use crate::clock::{Clock, CorrectedClock, Random, SystemClock, SystemRandom, Timestamp};
use crate::config::{ConfigError, DatabaseUrl, Settings};
use crate::db::data_keys::{self, DataKeyError};
use crate::db::{Db, DbError, Place, migrate};
use crate::delivery::target::{NoTargets, Targets};
use crate::domain::guard::GuardLimits;
use crate::domain::provider::ProviderKind;
use crate::domain::trust::Trust;
use crate::notify::smtp::{Mailer, MailerError};
use crate::operations::api_keys;
use crate::providers::http::{HttpClient, NoClient};
use crate::providers::{BaseUrls, Connect, Registry};
use crate::secret::{Keys, Secret, SecretError};
use crate::sync::{Context, Pace};
use crate::tasks::{Activators, TaskContext, Tasks};
use crate::web::http::state::AppState;
use crate::{delivery, limits, web};

mod files;

/// Why Rollcall did not start. The texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database.
    #[error("the database cannot be opened: {0}")]
    Db(#[from] DbError),
    /// The data keys.
    #[error(transparent)]
    Keys(#[from] DataKeyError),
    /// The master key.
    #[error("{path}: {source}")]
    MasterKey {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        source: SecretError,
    },
    /// The key file is gone, and the database is not new.
    #[error(
        "{path} is missing, and the database was made with the key in it; put the file back, or \
         set secrets.master_key to that key: no other key opens what is stored"
    )]
    KeyMissing {
        /// The key file.
        path: PathBuf,
    },
    /// Others than its owner can read the key file.
    #[error(
        "{path} can be read by others than its owner (mode {mode:04o}); run `chmod 600` on it, and \
         think of the key in it as known to them"
    )]
    KeyReadable {
        /// The key file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A file that has to be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: std::io::Error,
    },
    /// Another server works on this SQLite file.
    #[error(
        "{0} is in use by another rollcall server; stop it first, or use PostgreSQL for several"
    )]
    InUse(PathBuf),
    /// The listener.
    #[error("cannot listen on {address}: {source} (setting server.listen)")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What is wrong.
        source: std::io::Error,
    },
    /// The mail server's settings.
    #[error("{0} (settings smtp.url and smtp.from)")]
    Mailer(#[from] MailerError),
    /// The client for HR systems.
    #[error(transparent)]
    Http(#[from] NoClient),
    /// The client for endpoints.
    #[error(transparent)]
    Targets(#[from] NoTargets),
}

/// Where time and randomness come from.
#[derive(Clone)]
pub struct Surroundings {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) }
    }
}

/// An opened database with its keys: what every command that touches data needs.
pub struct Store {
    /// The database.
    pub db: Db,
    /// The opened data keys.
    pub keys: Arc<Keys>,
    /// Time and randomness.
    pub surroundings: Surroundings,
    /// The clock, where it is put right by the database's.
    corrected: Option<Arc<CorrectedClock>>,
}

/// The place of the data as the database layer knows it.
#[must_use]
pub fn place(url: &DatabaseUrl) -> Place {
    match url {
        DatabaseUrl::Sqlite(path) => Place::Sqlite(path.clone()),
        DatabaseUrl::Postgres(url) => Place::Postgres(url.clone()),
    }
}

impl Store {
    /// Migrates and opens the database and its keys.
    pub async fn open(settings: &Settings, surroundings: Surroundings) -> Result<Self, AppError> {
        Self::open_with(settings, surroundings, Db::open).await
    }

    /// Opens a database that is there and of this version, and its keys; only a server and
    /// `rollcall migrate` change the tables of one that is there (O-12).
    pub async fn open_existing(settings: &Settings) -> Result<Self, AppError> {
        Self::open_with(settings, Surroundings::default(), Db::open_existing).await
    }

    /// The same, but a database that is not there yet is made.
    pub async fn open_or_make(settings: &Settings) -> Result<Self, AppError> {
        let open = |place: &Place| {
            if migrate::is_new(place)? { Db::open(place) } else { Db::open_existing(place) }
        };
        Self::open_with(settings, Surroundings::default(), open).await
    }

    async fn open_with(
        settings: &Settings,
        mut surroundings: Surroundings,
        open: fn(&Place) -> Result<Db, DbError>,
    ) -> Result<Self, AppError> {
        let place = place(&settings.database.url);
        let (master, db) = {
            let (settings, random) = (settings.clone(), surroundings.random.clone());
            let opened = tokio::task::spawn_blocking(move || {
                let key = master_key(&settings, &place)?;
                let db = open(&place)?;
                // Made last: a database that is refused leaves no key behind.
                let key = match key {
                    MasterKey::There(key) => key,
                    MasterKey::ToMake(path) => make_key(&path, &*random)?,
                };
                own_files(&place)?;
                Ok::<_, AppError>((key, db))
            });
            opened.await.map_err(|_| DbError::Panicked)??
        };
        let corrected = corrected_clock(&db, &mut surroundings).await?;
        let keys =
            data_keys::open(&db, &master, &*surroundings.clock, &*surroundings.random).await?;
        Ok(Self { db, keys: Arc::new(keys), surroundings, corrected })
    }

    /// Makes an API key; the answer is the only time it is shown.
    pub async fn create_api_key(&self, name: &str) -> Result<Secret, DbError> {
        let (now, random) = (self.surroundings.clock.now(), &*self.surroundings.random);
        api_keys::create(&self.db, &self.keys, (now, random), name).await
    }

    /// The first API key of a new database; `None` when there are keys already.
    pub async fn first_api_key(&self) -> Result<Option<Secret>, DbError> {
        let existing = self.db.read(crate::db::api_keys::all).await?;
        if existing.is_empty() { self.create_api_key("first").await.map(Some) } else { Ok(None) }
    }
}

/// Lets the database's clock put the machine's right, where processes share a database.
async fn corrected_clock(
    db: &Db,
    surroundings: &mut Surroundings,
) -> Result<Option<Arc<CorrectedClock>>, DbError> {
    if !matches!(db.place(), Place::Postgres(_)) || !surroundings.clock.is_the_machines() {
        return Ok(None);
    }
    let clock = Arc::new(CorrectedClock::of(surroundings.clock.clone()));
    put_right(db, &clock).await?;
    surroundings.clock = clock.clone();
    Ok(Some(clock))
}

/// Asks the database for the time.
async fn put_right(db: &Db, clock: &CorrectedClock) -> Result<(), DbError> {
    let from = clock.own();
    let right = db.read(crate::db::now).await?;
    let to = clock.own();
    // An answer that was long on its way says too little.
    if let Some(right) = right.filter(|_| to.since(from) <= Timestamp::SECOND) {
        clock.correct(right, (from, to));
    }
    Ok(())
}

/// Keeps a clock right as long as it runs.
async fn keep_right(db: Db, clock: Arc<CorrectedClock>) {
    loop {
        tokio::time::sleep(Duration::from_millis(limits::CLOCK_LOOK_MS)).await;
        // While the database is away the last answer counts.
        let _ = put_right(&db, &clock).await;
    }
}

/// A listener whose connections take in little ahead of being read: the server library reads all
/// that there is, before it knows who sends it (O-08).
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // As the standard library does: the place of a server that has just ended is free.
    socket.set_reuseaddr(true)?;
    socket.set_recv_buffer_size(limits::CONNECTION_AHEAD_BYTES)?;
    socket.bind(address)?;
    socket.listen(limits::CONNECTIONS_WAITING_MAX)?.into_std()
}

/// A running gateway.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The database and its keys.
    pub store: Store,
    /// What tasks and requests work with.
    pub context: Context,
    /// For stepping through the work by hand, when the tasks do not run.
    pub task_context: TaskContext,
    tasks: Option<Tasks>,
    server: ServerHandle,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
    /// Keeps the clock right.
    keeping: Option<tokio::task::JoinHandle<()>>,
    stop_ms: u64,
    _lock: Option<FileLock>,
}

/// Whether the tasks run by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// They do.
    BySelf,
    /// The caller steps through the work ([`crate::tasks::run_until_idle`]).
    ByHand,
}

impl Running {
    /// Starts everything.
    pub async fn start(
        settings: &Settings,
        surroundings: Surroundings,
        work: Work,
    ) -> Result<Self, AppError> {
        let lock = lock_file(&settings.database.url)?;
        let requested = settings.server.listen;
        let listen_error = |source| AppError::Listen { address: requested, source };
        let listener = listen(requested).map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let store = Store::open(settings, surroundings).await?;
        let mailer = mailer(settings)?.map(Arc::new);
        let context = context(settings, &store, address, mailer.is_some())?;
        let targets = Targets::build(settings.delivery.allow_private_targets)?
            .with_clock(context.clock.clone());
        let delivery = delivery::Context {
            db: context.db.clone(),
            clock: context.clock.clone(),
            trust: context.trust.clone(),
            random: context.random.clone(),
            keys: context.keys.clone(),
            targets,
            public_url: context.public_url.clone(),
        };
        let task_context = TaskContext { sync: context.clone(), mailer, delivery };
        let activators = Activators::default();
        let allow_private_targets = settings.delivery.allow_private_targets;
        let state = AppState::new(
            context.clone(),
            activators.clone(),
            allow_private_targets,
            web::problem_page,
        );
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let stop_ms = stop_ms(settings);
        let server = web::serve(state, listener, workers, stop_ms).map_err(listen_error)?;
        let handle = server.handle();
        let serving = tokio::spawn(server);
        let tasks = (work == Work::BySelf).then(|| Tasks::start(&task_context, &activators));
        let clock = store.corrected.clone().filter(|_| work == Work::BySelf);
        let keeping = clock.map(|clock| tokio::spawn(keep_right(store.db.clone(), clock)));
        Ok(Self {
            address,
            store,
            context,
            task_context,
            tasks,
            server: handle,
            serving,
            keeping,
            stop_ms,
            _lock: lock,
        })
    }

    /// Stops: no new requests, running ones finish, tasks stop at a safe point, the database
    /// closes. Requests and tasks have the same time, so that all of it ends within
    /// `server.stop_seconds`.
    pub async fn stop(self) {
        if let Some(keeping) = &self.keeping {
            keeping.abort();
        }
        let time = Duration::from_millis(self.stop_ms);
        let requests = async {
            self.server.stop(true).await;
            let _ = self.serving.await;
        };
        let tasks = async {
            if let Some(tasks) = self.tasks {
                tasks.stop(time).await;
            }
        };
        let _ = tokio::join!(tokio::time::timeout(time, requests), tasks);
    }
}

/// How long requests and tasks may go on after the order to stop: what remains is for the database
/// and the threads.
fn stop_ms(settings: &Settings) -> u64 {
    let all_ms = u64::from(settings.server.stop_seconds).saturating_mul(1_000);
    all_ms.saturating_sub(2 * limits::STOP_REST_MS_MAX).max(limits::STOP_REST_MS_MAX)
}

/// What `serve` would refuse although each setting by itself is fine.
pub fn check(settings: &Settings) -> Result<(), AppError> {
    mailer(settings).map(|_| ()).map_err(AppError::from)
}

fn mailer(settings: &Settings) -> Result<Option<Mailer>, MailerError> {
    match (&settings.smtp.url, &settings.smtp.from) {
        (Some(url), Some(from)) => Mailer::from_url(url, from).map(Some),
        _ => Ok(None),
    }
}

fn context(
    settings: &Settings,
    store: &Store,
    address: SocketAddr,
    sends_mail: bool,
) -> Result<Context, AppError> {
    let clock = store.surroundings.clock.clone();
    let connect: Arc<dyn Connect> =
        Arc::new(Registry::new(HttpClient::build()?, clock, base_urls(settings)));
    // A listener on port 0 is told its port by the system; links then name that one, unless it is
    // reached through something in front of it, which speaks https.
    let is_fronted = settings.server.public_url.starts_with("https://");
    let public_url = if settings.server.listen.port() == 0 && !is_fronted {
        format!("http://{address}")
    } else {
        settings.server.public_url.clone()
    };
    Ok(Context {
        db: store.db.clone(),
        clock: store.surroundings.clock.clone(),
        trust: Arc::new(trust(store)),
        random: store.surroundings.random.clone(),
        keys: store.keys.clone(),
        connect,
        public_url: public_url.into(),
        pace: Arc::new(pace(settings)),
        guard: GuardLimits {
            min_count: settings.sync.guard_min_count,
            share: settings.sync.guard_share,
            max_count: settings.sync.guard_max_count,
        },
        sends_mail,
    })
}

/// A clock that a test moves is believed.
fn trust(store: &Store) -> Trust {
    let is_real = store.corrected.is_some() || store.surroundings.clock.is_the_machines();
    if is_real { Trust::none_yet() } else { Trust::Always }
}

fn base_urls(settings: &Settings) -> BaseUrls {
    let providers = &settings.providers;
    // Those of People HR and HRworks have a default, so they are always set.
    BaseUrls {
        people_hr: providers.people_hr.base_url.clone().unwrap_or_default(),
        breathe_hr: providers.breathe_hr.base_url.clone(),
        hrworks: providers.hrworks.base_url.clone().unwrap_or_default(),
    }
}

fn pace(settings: &Settings) -> Pace {
    let of = |kind: &ProviderKind| settings.providers.of(*kind);
    let calls = |kind: &ProviderKind| (*kind, i64::from(of(kind).calls_per_minute));
    let shared = |kind: &ProviderKind| Some((*kind, i64::from(of(kind).shared_calls_per_minute?)));
    Pace {
        poll_seconds_default: i64::from(settings.sync.poll_seconds),
        calls_per_minute: ProviderKind::ALL.iter().map(calls).collect(),
        shared_calls_per_minute: ProviderKind::ALL.iter().filter_map(shared).collect(),
    }
}
