//! Settings from environment variables, secrets from files that variables name.

use std::path::PathBuf;

use figment::value::Dict;

use super::{ConfigError, Setting, wrong::wrong};

/// The settings that may be read from a file named by `..._FILE`.
pub(super) const SECRETS: &[&str] =
    &["database.url", "keys.master", "keys.previous", "checkpoints.key"];

const PREFIX: &str = "ALLHOURS_";

/// Every setting that the environment holds.
///
/// # Errors
///
/// A variable that begins with `ALLHOURS_` and names no setting, a value that does not fit,
/// a secret's file that can't be read.
pub(super) fn settings(
    environment: &[(String, String)],
    defaults: &Dict,
) -> Result<Vec<Setting>, ConfigError> {
    let mut settings = Vec::new();
    // First, so that the program's own name for it wins.
    for (variable, in_file) in [("DATABASE_URL", false), ("DATABASE_URL_FILE", true)] {
        if let Some(value) = lookup(environment, variable) {
            settings.push(setting("database.url", variable, value, in_file, defaults)?);
        }
    }
    for (variable, value) in environment {
        let Some(rest) = variable.strip_prefix(PREFIX) else { continue };
        // The configuration file's own name; and what only the tests' harness reads.
        if rest == "CONFIG" || rest.starts_with("TEST_") {
            continue;
        }
        let name = rest.to_ascii_lowercase().replacen('_', ".", 1);
        let secret = name.strip_suffix("_file").filter(|name| SECRETS.contains(name));
        let (name, in_file) = (secret.unwrap_or(&name), secret.is_some());
        settings.push(setting(name, variable, value, in_file, defaults)?);
    }
    Ok(settings)
}

fn setting(
    name: &str,
    variable: &str,
    value: &str,
    in_file: bool,
    defaults: &Dict,
) -> Result<Setting, ConfigError> {
    let source = format!("the environment variable {variable}");
    // Other settings are names of files themselves.
    if !in_file {
        return Setting::parse(name, value, &source, defaults);
    }
    let text = std::fs::read_to_string(value)
        .map_err(|error| wrong(name, &source, &format!("can't read {value}: {error}"), None))?;
    Setting::parse(name, text.trim(), &source, defaults)
}

fn lookup<'env>(environment: &'env [(String, String)], name: &str) -> Option<&'env str> {
    let found = environment.iter().find(|(key, value)| key == name && !value.is_empty());
    found.map(|(_, value)| value.as_str())
}

/// Where data lives when nothing is said; none for who has no home.
pub(super) fn data_dir(environment: &[(String, String)]) -> Option<PathBuf> {
    if rustix::process::geteuid().is_root() {
        return Some(PathBuf::from("/var/lib/allhours"));
    }
    under_home(environment, "XDG_DATA_HOME", ".local/share")
}

/// Where files are kept that can be fetched again.
pub(super) fn cache_dir(environment: &[(String, String)]) -> PathBuf {
    let usual = under_home(environment, "XDG_CACHE_HOME", ".cache");
    usual.unwrap_or_else(|| std::env::temp_dir().join("allhours"))
}

fn under_home(environment: &[(String, String)], variable: &str, usual: &str) -> Option<PathBuf> {
    let home = || lookup(environment, "HOME").map(|home| PathBuf::from(home).join(usual));
    let named = lookup(environment, variable).map(PathBuf::from);
    named.or_else(home).map(|folder| folder.join("allhours"))
}
