//! Every setting, typed; where it comes from; and what is wrong with a wrong one.
//!
//! The defaults and meanings stand in `config.default.toml`, which is part of the program:
//! there is no second list of defaults that could differ from it.

mod address;
mod environment;
mod secret;
mod settings;
#[cfg(test)]
mod tests;
mod web;
mod wrong;

use std::path::{Path, PathBuf};

use figment::{
    Figment, Metadata, Profile, Provider,
    providers::{Format, Toml},
    value::{Dict, Map, Tag, Value},
};

pub use self::{
    address::Optional,
    secret::Secret,
    settings::{
        Auth, Checkpoints, Data, Database, Graphql, Import, Intakes, Keys, Limits, LogFormat,
        Server, Settings, Subscriptions, TOKEN_TTL_MAX_S, Telemetry,
    },
};

/// The text of the default settings.
pub const DEFAULTS: &str = include_str!("../../config.default.toml");

/// Where a configuration file is looked for when none is named.
pub const SYSTEM_FILE: &str = "/etc/allhours/config.toml";

/// A wrong setting: which, from where, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// What the command line says about settings.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The configuration file to read.
    pub file: Option<PathBuf>,
    /// Pairs of setting and value, as `("server.listen", "127.0.0.1:8080")`.
    pub settings: Vec<(&'static str, String)>,
}

/// Reads all settings: defaults, file, environment, command line. `data.dir` stays empty where it
/// is not set and this user has no home.
///
/// # Errors
///
/// An unknown, malformed or impossible setting, by name and source; an unreadable file.
pub fn load(
    overrides: &Overrides,
    environment: &[(String, String)],
) -> Result<Settings, ConfigError> {
    let mut figment = Figment::from(Toml::string(DEFAULTS));
    let defaults = dictionary(&figment)?;
    if let Some(file) = file_named(overrides, environment) {
        if !file.is_file() {
            return Err(ConfigError(format!("no configuration file at {}", file.display())));
        }
        figment = figment.merge(Toml::file_exact(file));
    }
    for setting in environment::settings(environment, &defaults)? {
        figment = figment.merge(setting);
    }
    for (name, text) in &overrides.settings {
        figment = figment.merge(Setting::parse(name, text, "the command line", &defaults)?);
    }
    let mut settings: Settings =
        figment.extract().map_err(|error| wrong::explained(&figment, &error))?;
    if settings.data.dir.as_os_str().is_empty() {
        settings.data.dir = environment::data_dir(environment).unwrap_or_default();
    }
    if settings.server.explorer_dir.as_os_str().is_empty() {
        settings.server.explorer_dir = environment::cache_dir(environment).join("explorer");
    }
    settings.check().map_err(|(name, what)| wrong::of_value(&figment, name, what))?;
    Ok(settings)
}

/// Reads all settings with the process's own environment.
///
/// # Errors
///
/// As [`load`]; no place for the data.
pub fn load_here(overrides: &Overrides) -> Result<Settings, ConfigError> {
    let settings = load(overrides, &std::env::vars().collect::<Vec<_>>())?;
    if settings.data.dir.as_os_str().is_empty() {
        let what = "setting `data.dir`: without HOME there is no usual place for the data; name a \
                    folder with --data-dir";
        return Err(ConfigError(what.to_owned()));
    }
    Ok(settings)
}

/// Chooses the implementation of TLS for the whole program; asking again changes nothing.
pub fn install_tls() {
    // An error only says that it was chosen before.
    rustls::crypto::ring::default_provider().install_default().ok();
}

fn file_named(overrides: &Overrides, environment: &[(String, String)]) -> Option<PathBuf> {
    let from_environment = || {
        environment
            .iter()
            .find(|(name, value)| name == "ALLHOURS_CONFIG" && !value.is_empty())
            .map(|(_, value)| PathBuf::from(value))
    };
    let of_the_system = || Path::new(SYSTEM_FILE).is_file().then(|| PathBuf::from(SYSTEM_FILE));
    overrides.file.clone().or_else(from_environment).or_else(of_the_system)
}

fn dictionary(figment: &Figment) -> Result<Dict, ConfigError> {
    let data = figment.data().map_err(|error| wrong::explained(figment, &error))?;
    Ok(data.get(&Profile::Default).cloned().unwrap_or_default())
}

/// One setting from outside the files, with the place it came from.
struct Setting {
    path: Vec<String>,
    value: Value,
    source: String,
}

impl Setting {
    /// Reads `text` as the kind of value that the default of `name` has.
    fn parse(name: &str, text: &str, source: &str, defaults: &Dict) -> Result<Self, ConfigError> {
        let wrong = |what: &str| wrong::wrong(name, source, what, Some(text));
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        let default = path
            .split_first()
            .and_then(|(section, rest)| defaults.get(section)?.clone().find(&rest.join(".")))
            .ok_or_else(|| wrong::unknown(name, source))?;
        let value = match default {
            Value::Bool(..) => {
                Value::from(text.parse::<bool>().map_err(|_| wrong("expected true or false"))?)
            }
            Value::Num(..) => {
                let digits = text.replace('_', "");
                Value::from(digits.parse::<u64>().map_err(|_| wrong("expected a whole number"))?)
            }
            Value::Array(..) => Value::Array(
                Tag::Default,
                text.split(',')
                    .map(str::trim)
                    .filter(|part| !part.is_empty())
                    .map(Value::from)
                    .collect(),
            ),
            Value::String(..) | Value::Char(..) | Value::Dict(..) | Value::Empty(..) => {
                Value::from(text)
            }
        };
        Ok(Self { path, value, source: source.to_owned() })
    }
}

impl Provider for Setting {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut value = self.value.clone();
        for key in self.path.iter().rev() {
            value = Value::from(Dict::from([(key.clone(), value)]));
        }
        let dict = value.into_dict().unwrap_or_default();
        Ok(Map::from([(Profile::Default, dict)]))
    }
}
