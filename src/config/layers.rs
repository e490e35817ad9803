//! The layers of the settings: file and environment, brought to one form, and the errors of both.
//!
//! What the text of a variable becomes is decided by its [`KeyKind`], never guessed from its looks,
//! so that a password of digits stays a text. Errors must not repeat the value of a secret.

use std::path::Path;

use figment::Figment;
use figment::error::Kind as FigmentKind;
use figment::providers::Serialized;

use super::{ConfigError, DATABASE_KEY, KEYS, KeyKind};
use crate::secret::Secret;

/// What the name of a variable of ours begins with.
pub(super) const PREFIX: &str = "ROLLCALL__";

pub(super) fn read_file(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| {
        let mend = "name a readable TOML file with --config FILE, or leave it out";
        ConfigError::new(&path.display().to_string(), format!("cannot be read: {error}"), mend)
    })
}

/// One setting from the environment.
pub(super) struct Variable {
    pub(super) key: &'static str,
    kind: KeyKind,
    pub(super) name: String,
    value: Secret,
}

impl Variable {
    pub(super) fn merge_into(&self, figment: Figment) -> Result<Figment, ConfigError> {
        let text = self.value.reveal().trim();
        let fail = |mend: &str| {
            let mut error = ConfigError::new(self.key, format!("{text:?} cannot be used"), mend);
            error.origin = Some(self.name.clone());
            error
        };
        Ok(match self.kind {
            KeyKind::Text | KeyKind::Secret => figment.merge(Serialized::default(self.key, text)),
            KeyKind::Count => {
                let count: u32 = text.parse().map_err(|_| fail("give a whole number"))?;
                figment.merge(Serialized::default(self.key, count))
            }
            KeyKind::Share => {
                let share: f64 = text.parse().map_err(|_| fail("give a number such as 0.10"))?;
                figment.merge(Serialized::default(self.key, share))
            }
            KeyKind::Switch => {
                let switch: bool = text.parse().map_err(|_| fail("give true or false"))?;
                figment.merge(Serialized::default(self.key, switch))
            }
        })
    }
}

/// Picks our variables out of the environment. An empty one counts as not set, because compose
/// files and unit files cannot leave a variable out.
pub(super) fn read_environment(env: &[(String, String)]) -> Result<Vec<Variable>, ConfigError> {
    let mut variables: Vec<Variable> = Vec::new();
    for (name, value) in env.iter().filter(|(_, value)| !value.trim().is_empty()) {
        let dotted = if let Some(rest) = name.strip_prefix("DATABASE_URL") {
            format!("{DATABASE_KEY}{}", rest.to_lowercase())
        } else if let Some(rest) = name.strip_prefix(PREFIX) {
            rest.to_lowercase().replace("__", ".")
        } else {
            continue;
        };
        let named = |key: &str| KEYS.iter().copied().find(|(known, _)| *known == key);
        let from_file = || {
            let secret = named(dotted.strip_suffix("_file")?)?;
            (secret.1 == KeyKind::Secret).then_some(secret)
        };
        let (key, kind, value) = if let Some((key, kind)) = named(&dotted) {
            (key, kind, Secret::new(value))
        } else if let Some((key, kind)) = from_file() {
            (key, kind, read_secret_file(name, value)?)
        } else if name.starts_with(PREFIX) {
            return Err(ConfigError::new(name, "there is no such setting", nearest(&dotted)));
        } else {
            // DATABASE_URL_READONLY and the like belong to somebody else.
            continue;
        };
        if let Some(other) = variables.iter().find(|variable| variable.key == key) {
            let problem = format!("both {} and {name} set it", other.name);
            return Err(ConfigError::new(key, problem, "keep one of them"));
        }
        variables.push(Variable { key, kind, name: name.clone(), value });
    }
    Ok(variables)
}

fn read_secret_file(name: &str, path: &str) -> Result<Secret, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let mend = "name a file that the user of this process can read";
        ConfigError::new(name, format!("{path} cannot be read: {error}"), mend)
    })?;
    if text.trim().is_empty() {
        return Err(ConfigError::new(name, format!("{path} is empty"), "write the secret into it"));
    }
    Ok(Secret::new(text.trim()))
}

/// "did you mean": the settings of the same section or with the same last word.
fn nearest(dotted: &str) -> String {
    let section = |key: &str| key.rsplit_once('.').map(|(section, _)| section.to_owned());
    let last = |key: &str| key.rsplit_once('.').map(|(_, last)| last.to_owned());
    let alike: Vec<&str> = KEYS
        .iter()
        .map(|(key, _)| *key)
        .filter(|key| section(key) == section(dotted) || last(key) == last(dotted))
        .collect();
    if alike.is_empty() {
        return "config.example.toml lists every setting".to_owned();
    }
    format!("mend the name ({}) or remove it", alike.join(", "))
}

/// Turns an error of the file layer into ours. Values of secrets are left out.
pub(super) fn explain(error: &figment::Error) -> ConfigError {
    let path = error.path.join(".");
    let secret = KEYS.iter().any(|(key, kind)| *key == path && *kind == KeyKind::Secret);
    match &error.kind {
        FigmentKind::UnknownField(field, _) => {
            // The path ends with the field or with its section, depending on the depth.
            let key = match path.rsplit('.').next() {
                Some(last) if last == field => path.clone(),
                Some("") | None => field.clone(),
                Some(_) => format!("{path}.{field}"),
            };
            ConfigError::new(&key, "there is no such setting", nearest(&key))
        }
        FigmentKind::InvalidType(_, expected) | FigmentKind::InvalidValue(_, expected)
            if secret =>
        {
            ConfigError::new(&path, "the value has the wrong type", format!("give {expected}"))
        }
        FigmentKind::InvalidType(actual, expected)
        | FigmentKind::InvalidValue(actual, expected) => {
            ConfigError::new(&path, format!("{actual} cannot be used"), format!("give {expected}"))
        }
        FigmentKind::Message(message) => {
            // The parser repeats the line, which may hold a secret; place and reason are enough.
            let kept: Vec<&str> =
                message.lines().filter(|line| !line.contains('|')).map(str::trim).collect();
            let key = if path.is_empty() { "configuration file" } else { &path };
            ConfigError::new(key, kept.join(" "), "write it as config.example.toml does")
        }
        other => ConfigError::new(
            &path,
            format!("the value cannot be used ({other})"),
            "write it as config.example.toml does",
        ),
    }
}
