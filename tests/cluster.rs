//! The throw-away PostgreSQL of the tests works, and leaves nothing behind.

#[path = "support/postgres.rs"]
mod postgres;

use std::path::PathBuf;

use postgres::{Cluster, Storage, cluster, find_programs, installed_folders};

#[test]
fn databases_are_fresh_and_copies_have_what_the_original_has() {
    let Some(cluster) = cluster() else { return };
    let (one, two) = (cluster.create_database(), cluster.create_database());
    assert_ne!(one, two);
    assert_eq!(cluster.psql(&one, "SELECT 1").unwrap(), "1");
    cluster.psql(&one, "CREATE TABLE t AS SELECT 7 AS n").unwrap();
    assert!(cluster.psql(&two, "SELECT n FROM t").unwrap_err().contains("does not exist"));
    let copy = cluster.create_database_from(&one);
    assert_eq!(cluster.psql(&copy, "SELECT n FROM t").unwrap(), "7");
}

#[test]
fn it_commits_and_sorts_as_in_production() {
    let Some(cluster) = cluster() else { return };
    let url = cluster.create_database();
    // By language, not by bytes: a query without its collation has to be noticed.
    assert_eq!(cluster.psql(&url, "SELECT 'a' < 'B'").unwrap(), "t");
    assert_eq!(cluster.psql(&url, "SHOW synchronous_commit").unwrap(), "on");
}

#[test]
fn a_database_goes_away_under_whoever_uses_it() {
    use diesel::connection::SimpleConnection as _;
    use diesel::prelude::*;
    let Some(cluster) = cluster() else { return };
    let url = cluster.create_database();
    let mut user = PgConnection::establish(&url).unwrap();
    user.batch_execute("SELECT 1").unwrap();
    cluster.drop_database(&url).unwrap();
    assert!(user.batch_execute("SELECT 1").is_err());
    assert!(cluster.psql(&url, "SELECT 1").unwrap_err().contains("does not exist"));
}

#[test]
fn a_stopped_cluster_leaves_nothing_behind() {
    if cluster().is_none() {
        return;
    }
    let bin = find_programs(std::env::var_os("PATH").as_deref(), installed_folders()).unwrap();
    let second = Cluster::start(&bin, Storage::Disk).unwrap();
    let (folder, url) = (second.folder().to_owned(), second.create_database());
    assert!(folder.join("data/PG_VERSION").exists());
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        assert_eq!(second.psql(&url, &format!("SHOW {setting}")).unwrap(), "on", "{setting}");
    }
    second.stop();
    assert!(!folder.exists(), "{} is still there", folder.display());
    let Some(first) = cluster() else { return };
    assert!(first.psql(&url, "SELECT 1").is_err(), "the server still answers");
}

#[test]
fn what_is_missing_is_said_with_what_to_install() {
    let empty = tempfile::tempdir().unwrap();
    let path = empty.path().as_os_str();
    let text = find_programs(Some(path), vec![PathBuf::from("/does/not/exist")]).unwrap_err();
    for part in ["initdb", "psql", "scripts/test-setup", "the package postgresql"] {
        assert!(text.contains(part), "{text}");
    }
}
