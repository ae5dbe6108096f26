//! Layers of the configuration: defaults, the file, the environment.

use std::path::Path;

use toml::{Table, Value};

use super::{Config, ConfigError};

/// Environment variables that override a key are named `ATTESTRY_<SECTION>__<KEY>`.
const PREFIX: &str = "ATTESTRY_";
const SEPARATOR: &str = "__";

/// Largest configuration file: a thousand providers take less.
const MAX_FILE_BYTES: usize = 1_048_576;

impl Config {
    /// Reads the file at `path`, if one is given, and applies the overrides among `environment`.
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let text = match path {
            Some(path) => std::fs::read_to_string(path).map_err(|error| ConfigError::Read {
                path: path.to_owned(),
                kind: error.kind(),
            })?,
            None => String::new(),
        };
        Self::from_layers(&text, environment)
    }

    /// As [`Config::load`], from the file's text.
    pub fn from_layers(
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        if text.len() > MAX_FILE_BYTES {
            return Err(ConfigError::Syntax {
                line: 1,
                message: "the file is larger than 1 MiB".to_owned(),
            });
        }
        let mut table: Table = toml::from_str(text).map_err(|error| syntax(text, &error))?;
        for (name, value) in environment {
            if let Some(key) = name.strip_prefix(PREFIX).filter(|key| key.contains(SEPARATOR)) {
                let path: Vec<String> = key.split(SEPARATOR).map(str::to_ascii_lowercase).collect();
                insert(&mut table, &path, override_value(&value)).map_err(|()| {
                    ConfigError::key(
                        path.join("."),
                        format!("`{name}` overrides a part of something that has no parts"),
                    )
                })?;
            }
        }
        let config: Self = serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| {
            let key = error.path().to_string();
            ConfigError::key(
                key,
                error.into_inner().message().replace('\n', " ").trim().to_owned(),
            )
        })?;
        config.validate()?;
        Ok(config)
    }
}

/// A value that reads as TOML (a number, a boolean, an array, a quoted string) is that; any other is a string.
fn override_value(text: &str) -> Value {
    text.parse::<Value>()
        .unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn insert(table: &mut Table, path: &[String], value: Value) -> Result<(), ()> {
    match path {
        [] => Err(()),
        [key] => {
            table.insert(key.clone(), value);
            Ok(())
        }
        [section, rest @ ..] => match table
            .entry(section.clone())
            .or_insert_with(|| Table::new().into())
        {
            Value::Table(section) => insert(section, rest, value),
            _ => Err(()),
        },
    }
}

fn syntax(text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error
        .span()
        .and_then(|span| text.get(..span.start))
        .unwrap_or_default();
    ConfigError::Syntax {
        line: before.matches('\n').count().saturating_add(1),
        message: error.message().replace('\n', " "),
    }
}
