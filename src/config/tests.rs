//! Tests of the settings: defaults, order of the layers, and what every bad setting says.

use std::io::Write as _;

use super::layers::PREFIX;
use super::*;

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Without a file, even if a developer has a `rollcall.toml`.
fn load(pairs: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    Settings::load(Some(Path::new("/dev/null")), &env(pairs))
}

fn load_file(text: &str, pairs: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Settings::load(Some(file.path()), &env(pairs))
}

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[test]
fn o_01_nothing_set_gives_the_defaults() {
    let settings = load(&[]).unwrap();
    assert_eq!(settings.database.url, DatabaseUrl::Sqlite("rollcall.db".into()));
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.server.public_url, "http://127.0.0.1:8080");
    assert_eq!(settings.server.metrics_listen, None);
    assert!(settings.secrets.master_key.is_none());
    let providers = &settings.providers;
    assert_eq!(providers.people_hr.base_url.as_deref(), Some("https://api.peoplehr.net"));
    assert_eq!(providers.breathe_hr.base_url, None);
    assert_eq!(providers.hrworks.base_url.as_deref(), Some("https://api.hrworks.de/v2"));
    let calls = providers.named().map(|(_, provider)| provider.calls_per_minute);
    assert_eq!(calls.collect::<Vec<u32>>(), [25, 40, 60]);
    assert!(providers.named().all(|(_, p)| p.shared_calls_per_minute.is_none()));
    assert_eq!((settings.sync.poll_seconds, settings.sync.guard_min_count), (1800, 5));
    assert!((settings.sync.guard_share - 0.10).abs() < f64::EPSILON);
    assert_eq!(settings.sync.guard_max_count, 100);
    assert!(settings.smtp.url.is_none() && settings.smtp.from.is_none());
    assert!(!settings.delivery.allow_private_targets);
    assert_eq!(settings.log, LogSettings { format: None, level: LogLevel::Info });
}

#[test]
fn the_example_lists_every_setting_and_its_commented_lines_parse_too() {
    let all: String = EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let settings = load_file(&all, &[]).unwrap();
    for (key, value) in settings.effective() {
        assert_ne!(value, UNSET, "{key} is not in config.example.toml");
    }
}

#[test]
fn the_effective_settings_are_the_list_of_keys() {
    let names: Vec<String> =
        load(&[]).unwrap().effective().into_iter().map(|(key, _)| key).collect();
    let keys: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
    assert_eq!(names, keys);
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = "[server]\nlisten = \"127.0.0.1:1\"\npublic_url = \"https://a.example/\"\n";
    let settings = load_file(file, &[("ROLLCALL__SERVER__LISTEN", "[::1]:2")]).unwrap();
    assert_eq!(settings.server.listen.to_string(), "[::1]:2");
    assert_eq!(settings.server.public_url, "https://a.example");
    assert_eq!(settings.sync.poll_seconds, 1800);
}

#[test]
fn every_setting_can_come_from_the_environment() {
    for (key, kind) in KEYS {
        let name = format!("{PREFIX}{}", key.replace('.', "__").to_uppercase());
        let value = match (*key, kind) {
            ("secrets.master_key", _) => KEY,
            (DATABASE_KEY, _) => "sqlite://other.db",
            ("server.listen" | "server.metrics_listen", _) => "127.0.0.1:99",
            ("log.format", _) => "json",
            ("log.level", _) => "trace",
            ("smtp.url", _) => "smtp://mail.example.com",
            ("smtp.from", _) => "rollcall@example.com",
            (_, KeyKind::Count) => "77",
            (_, KeyKind::Share) => "0.5",
            (_, KeyKind::Switch) => "true",
            (_, KeyKind::Text | KeyKind::Secret) => "http://127.0.0.1:9/v9",
        };
        let sender = ("ROLLCALL__SMTP__FROM", "r@example.com");
        let pairs =
            if *key == "smtp.url" { vec![(&*name, value), sender] } else { vec![(&*name, value)] };
        let shown = load(&pairs).unwrap_or_else(|error| panic!("{error}")).effective();
        let row = shown.iter().find(|(shown_key, _)| shown_key == key).unwrap();
        let hidden = *kind == KeyKind::Secret && *key != DATABASE_KEY;
        assert_eq!(row.1, if hidden { "(set, not shown)" } else { value }, "{key}");
    }
}

#[test]
fn an_empty_variable_is_not_set_and_other_variables_are_not_ours() {
    let settings = load(&[
        ("ROLLCALL__SMTP__URL", ""),
        ("DATABASE_URL", " "),
        ("ROLLCALL_TEST_REQUIRE_POSTGRES", "1"),
        ("DATABASE_URL_READONLY", "x"),
        ("PATH", "/bin"),
    ])
    .unwrap();
    assert!(settings.smtp.url.is_none());
    assert_eq!(settings.database.url, DatabaseUrl::Sqlite("rollcall.db".into()));
}

#[test]
fn a_secret_can_come_from_a_file() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "postgres://u:pw@db.example/rollcall").unwrap();
    let mut key = tempfile::NamedTempFile::new().unwrap();
    writeln!(key, "{KEY}").unwrap();
    let pairs = [
        ("DATABASE_URL_FILE", file.path().to_str().unwrap()),
        ("ROLLCALL__SECRETS__MASTER_KEY_FILE", key.path().to_str().unwrap()),
    ];
    let settings = load(&pairs).unwrap();
    let expected = Secret::new("postgres://u:pw@db.example/rollcall");
    assert_eq!(settings.database.url, DatabaseUrl::Postgres(expected));
    assert_eq!(settings.secrets.master_key.unwrap().to_base64().reveal(), KEY);
}

/// Variables, the key that the error has to name, and a part of what it has to say.
type Case = (&'static [(&'static str, &'static str)], &'static str, &'static str);

#[test]
fn o_05_a_bad_variable_names_its_key_and_how_to_mend_it() {
    let cases: &[Case] = &[
        (&[("DATABASE_URL", "rollcall.db")], "database.url", "sqlite://FILE"),
        (&[("DATABASE_URL", "sqlite:rollcall.db")], "database.url", "no scheme"),
        (&[("DATABASE_URL", "mysql://x/y")], "database.url", "\"mysql\""),
        (&[("DATABASE_URL", "sqlite://:memory:")], "database.url", "memory"),
        (&[("DATABASE_URL", "sqlite://a.db?mode=ro")], "database.url", "no options"),
        (&[("DATABASE_URL", "sqlite://")], "database.url", "no file"),
        (&[("DATABASE_URL", "sqlite:///data/")], "database.url", "folder"),
        (&[("DATABASE_URL", "postgres://h/d")], "secrets.master_key", "openssl"),
        (&[("DATABASE_URL_FILE", "/does/not/exist")], "DATABASE_URL_FILE", "cannot be read"),
        (
            &[("DATABASE_URL", "sqlite://a"), ("ROLLCALL__DATABASE__URL", "sqlite://b")],
            "database.url",
            "keep one",
        ),
        (&[("ROLLCALL__SERVER__LISTEN", "localhost")], "server.listen", "127.0.0.1:8080"),
        (&[("ROLLCALL__SERVER__METRICS_LISTEN", "9090")], "server.metrics_listen", "port"),
        (&[("ROLLCALL__SERVER__PUBLIC_URL", "rollcall.example")], "server.public_url", "https"),
        (&[("ROLLCALL__SERVER__PUBLIC_URL", "https://")], "server.public_url", "https"),
        (&[("ROLLCALL__SERVER__LISTENS", "x")], "ROLLCALL__SERVER__LISTENS", "server.listen"),
        (&[("ROLLCALL__LISTEN", "x")], "ROLLCALL__LISTEN", "config.example.toml"),
        (&[("ROLLCALL__SERVER__LISTEN_FILE", "x")], "ROLLCALL__SERVER__LISTEN_FILE", "no such"),
        (&[("ROLLCALL__SECRETS__MASTER_KEY", "c2hvcnQ=")], "secrets.master_key", "32 bytes"),
        (&[("ROLLCALL__PROVIDERS__HRWORKS__BASE_URL", "x")], "providers.hrworks.base_url", "URL"),
        (
            &[("ROLLCALL__PROVIDERS__PEOPLE_HR__CALLS_PER_MINUTE", "many")],
            "providers.people_hr.calls_per_minute",
            "whole number",
        ),
        (
            &[("ROLLCALL__PROVIDERS__BREATHE_HR__SHARED_CALLS_PER_MINUTE", "0")],
            "providers.breathe_hr.shared_calls_per_minute",
            "at least 6",
        ),
        (&[("ROLLCALL__SYNC__POLL_SECONDS", "59")], "sync.poll_seconds", "60"),
        (&[("ROLLCALL__SYNC__POLL_SECONDS", "604801")], "sync.poll_seconds", "604800"),
        (&[("ROLLCALL__SYNC__GUARD_SHARE", "10")], "sync.guard_share", "0.10"),
        (&[("ROLLCALL__SYNC__GUARD_SHARE", "NaN")], "sync.guard_share", "0.10"),
        (&[("ROLLCALL__SYNC__GUARD_MIN_COUNT", "-1")], "sync.guard_min_count", "whole"),
        (&[("ROLLCALL__SMTP__URL", "mail.example.com")], "smtp.url", "smtp://"),
        (&[("ROLLCALL__SMTP__URL", "smtp://mail.example.com")], "smtp.from", "sender"),
        (&[("ROLLCALL__SMTP__FROM", "nobody")], "smtp.from", "rollcall@example.com"),
        (
            &[("ROLLCALL__DELIVERY__ALLOW_PRIVATE_TARGETS", "yes")],
            "delivery.allow_private_targets",
            "true or false",
        ),
        (&[("ROLLCALL__LOG__FORMAT", "xml")], "log.format", "human or json"),
        (&[("ROLLCALL__LOG__LEVEL", "verbose")], "log.level", "debug"),
    ];
    for (pairs, key, part) in cases {
        let error = load(pairs).expect_err(&format!("{pairs:?}"));
        assert_eq!(error.key, *key, "{error}");
        assert!(error.to_string().contains(part), "{part:?} is not in: {error}");
        let one_key = error.key != "secrets.master_key" && error.key != "smtp.from";
        assert!(!one_key || error.to_string().contains(pairs[0].0), "no origin: {error}");
    }
}

#[test]
fn o_05_a_bad_file_names_the_key_and_the_file() {
    let cases = [
        ("[server]\nlistn = \"x\"\n", "server.listn", "server.listen"),
        ("[sever]\nlisten = \"x\"\n", "sever", "no such setting"),
        ("listen = \"x\"\n", "listen", "no such setting"),
        ("[providers.personio]\ncalls_per_minute = 3\n", "providers.personio", "no such"),
        ("[providers.hrworks]\ncalls = 3\n", "providers.hrworks.calls", "calls_per_minute"),
        ("[sync]\npoll_seconds = \"often\"\n", "sync.poll_seconds", "u32"),
        ("[sync]\npoll_seconds = -5\n", "sync.poll_seconds", "u32"),
        ("[log]\nlevel = \"loud\"\n", "log.level", "trace"),
        ("[server]\nlisten = \n", "configuration file", "line 2"),
        ("[secrets]\nmaster_key = 12345678\n", "secrets.master_key", "string"),
    ];
    for (text, key, part) in cases {
        let error = load_file(text, &[]).expect_err(text);
        assert_eq!(error.key, key, "{error}");
        assert!(error.to_string().contains(part), "{part:?} is not in: {error}");
        assert!(error.origin.is_some(), "no origin: {error}");
    }
    let error = Settings::load(Some(Path::new("/does/not/exist.toml")), &[]).unwrap_err();
    assert!(error.to_string().contains("/does/not/exist.toml"), "{error}");
}

#[test]
fn l_06_no_secret_is_ever_shown() {
    let all = [
        ("DATABASE_URL", "postgres://u:hunter2@db.example/rollcall"),
        ("ROLLCALL__SECRETS__MASTER_KEY", KEY),
        ("ROLLCALL__SMTP__URL", "smtps://u:hunter2@mail.example.com"),
        ("ROLLCALL__SMTP__FROM", "r@example.com"),
    ];
    let settings = load(&all).unwrap();
    let shown = format!("{settings:?} {:?}", settings.effective());
    assert!(!shown.contains("hunter2") && !shown.contains(KEY), "{shown}");
    for (text, pairs) in [
        ("[secrets]\nmaster_key = 12345hunter2\n", vec![]),
        ("[secrets]\nmaster_key = hunter2\n", vec![]),
        ("[smtp]\nurl = [\"hunter2\"]\n", vec![]),
        ("", vec![("DATABASE_URL", "u:hunter2://x")]),
        ("", vec![("DATABASE_URL", "hunter2")]),
        ("", vec![("ROLLCALL__SMTP__URL", "hunter2")]),
        ("", vec![("ROLLCALL__SECRETS__MASTER_KEY", "hunter2")]),
        ("", vec![("ROLLCALL__SERVER__PUBLIC_URL", "https://u:hunter2@a.example")]),
    ] {
        let error = load_file(text, &pairs).expect_err(text);
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}
