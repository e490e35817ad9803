//! The files beside a SQLite database: the master key, and the lock that keeps a second server off.
//!
//! Invariants:
//! - Two servers never share a SQLite file: the second is refused (O-01).
//! - A database that was made with a key never gets another one (L-06).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::AppError;
use crate::clock::Random;
use crate::config::{DatabaseUrl, Settings};
use crate::db::Place;
use crate::db::data_keys;
use crate::secret::{SealingKey, Secret};

/// The master key, or where it is to be made.
pub(super) enum MasterKey {
    There(SealingKey),
    ToMake(PathBuf),
}

/// The master key: from the settings, else from the file beside the SQLite database, which is made
/// at the first start (L-06). A database that was made with another key gets no new one.
pub(super) fn master_key(settings: &Settings, place: &Place) -> Result<MasterKey, AppError> {
    if let Some(key) = &settings.secrets.master_key {
        return Ok(MasterKey::There(key.clone()));
    }
    let path = match &settings.database.url {
        DatabaseUrl::Sqlite(path) => beside(path, ".key"),
        // `Settings::validate` asks for the key with PostgreSQL.
        DatabaseUrl::Postgres(_) => PathBuf::from("rollcall.key"),
    };
    let file_error = |source| AppError::File { path: path.clone(), source };
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return if data_keys::are_there(place)? {
                Err(AppError::KeyMissing { path })
            } else {
                Ok(MasterKey::ToMake(path))
            };
        }
        Err(error) => return Err(file_error(error)),
    };
    let mode = file.metadata().map_err(file_error)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(AppError::KeyReadable { path, mode });
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(file_error)?;
    let text = Secret::new(text);
    SealingKey::from_base64(text.reveal())
        .map(MasterKey::There)
        .map_err(|source| AppError::MasterKey { path: path.clone(), source })
}

pub(super) fn make_key(path: &Path, random: &dyn Random) -> Result<SealingKey, AppError> {
    let key = SealingKey::generate(random);
    let error = |source| AppError::File { path: path.to_owned(), source };
    write_key_file(path, &key).map_err(error)?;
    Ok(key)
}

/// The files of a SQLite database are their owner's alone (O-07).
pub(super) fn own_files(place: &Place) -> Result<(), AppError> {
    let Place::Sqlite(database) = place else { return Ok(()) };
    for ending in ["", "-wal", "-shm"] {
        let path = beside(database, ending);
        let owner_only = std::fs::Permissions::from_mode(0o600);
        match std::fs::set_permissions(&path, owner_only) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            done => done.map_err(|source| AppError::File { path, source })?,
        }
    }
    Ok(())
}

/// Written for its owner alone, and on the disk before anything is sealed with it.
pub(super) fn write_key_file(path: &Path, key: &SealingKey) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{}", key.to_base64().reveal())?;
    file.sync_all()
}

pub(super) fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Keeps a second server off a SQLite file for as long as it lives (O-01): by a file beside it, and
/// by the file itself, which may have several names. SQLite's own locks are of another kind.
pub(super) struct FileLock(
    #[expect(dead_code, reason = "a lock lasts as long as its file is open")] [File; 2],
);

pub(super) fn lock_file(url: &DatabaseUrl) -> Result<Option<FileLock>, AppError> {
    let DatabaseUrl::Sqlite(database) = url else { return Ok(None) };
    let real = real_path(database);
    let lock = |path: &Path| {
        let error = |source| AppError::File { path: path.to_owned(), source };
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(error)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(AppError::InUse(database.clone())),
            Err(TryLockError::Error(source)) => Err(error(source)),
        }
    };
    Ok(Some(FileLock([lock(&beside(&real, ".lock"))?, lock(&real)?])))
}

/// Where a file really is, so that two names for one file are one lock. The file may not be there
/// yet; its folder is.
pub(super) fn real_path(file: &Path) -> PathBuf {
    if let Ok(path) = file.canonicalize() {
        return path;
    }
    if let Ok(target) = file.read_link() {
        let target = file.parent().map_or(target.clone(), |folder| folder.join(&target));
        // A circle of links ends where the system says so, when the file is opened.
        return target.canonicalize().unwrap_or(target);
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    match (folder, file.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => file.to_owned(),
    }
}
