//! Where tests keep the files that end with them: in memory where the system has room for it, since
//! every commit waits for the disk otherwise, and a test commits some hundred times.
#![allow(dead_code, reason = "each test program uses its part of this")]
#![expect(clippy::expect_used, reason = "a test may stop at the first surprise")]

use std::path::{Path, PathBuf};

/// The file system in memory that Linux has.
pub const MEMORY: &str = "/dev/shm";
/// What all suites together never need. Containers have 64 MiB there, unless told otherwise.
const ROOM_BYTES_MIN: u64 = 3 << 30;

/// The folder for the folders of tests.
pub fn parent() -> PathBuf {
    let memory = Path::new(MEMORY);
    let room = rustix::fs::statvfs(memory).map(|fs| fs.f_bavail.saturating_mul(fs.f_frsize));
    let fits = room.is_ok_and(|bytes| bytes >= ROOM_BYTES_MIN);
    if fits && tempfile::tempfile_in(memory).is_ok() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    }
}

/// A folder that goes away with the value.
pub fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("rollcall-test-").tempdir_in(parent()).expect("a folder")
}
