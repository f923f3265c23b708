//! What is said about settings holds.

use std::io::Write;

use super::*;

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn load_with(pairs: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    load(&Overrides::default(), &environment(pairs))
}

fn why_not(pairs: &[(&str, &str)]) -> String {
    load_with(pairs).unwrap_err().to_string()
}

#[test]
fn the_default_file_holds_every_setting_and_nothing_else() {
    let settings = load_with(&[("HOME", "/home/ada")]).unwrap();
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8080");
    assert!(settings.database.url.is_empty());
}

#[test]
fn every_setting_has_its_meaning_above_it() {
    let lines: Vec<&str> = DEFAULTS.lines().collect();
    let settings = lines.iter().enumerate().filter(|(_, line)| line.contains(" = "));
    for (number, line) in settings.filter(|(_, line)| !line.starts_with('#')) {
        let above = lines[number.saturating_sub(1)];
        assert!(above.starts_with("# "), "`{line}` is not explained");
    }
}

#[test]
fn the_environment_wins_over_the_file_and_the_command_line_over_both() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[server]\nlisten = \"127.0.0.1:1\"\ndeadline_ms = 5\n").unwrap();
    let path = file.path().to_str().unwrap();
    let pairs = [("ALLHOURS_CONFIG", path), ("ALLHOURS_SERVER_LISTEN", "127.0.0.1:2")];
    let settings = load_with(&pairs).unwrap();
    assert_eq!((settings.server.listen.port(), settings.server.deadline_ms), (2, 5));

    let overrides = Overrides {
        settings: vec![("server.listen", "127.0.0.1:3".to_owned())],
        ..Overrides::default()
    };
    let settings = load(&overrides, &environment(&pairs)).unwrap();
    assert_eq!(settings.server.listen.port(), 3);
}

#[test]
fn a_wrong_setting_is_named_with_its_source() {
    let port = why_not(&[("ALLHOURS_SERVER_LISTEN", "here")]);
    assert!(port.contains("`server.listen`"), "{port}");
    assert!(port.contains("ALLHOURS_SERVER_LISTEN"), "{port}");
    let number = why_not(&[("ALLHOURS_SERVER_DEADLINE_MS", "soon")]);
    assert!(number.contains("`server.deadline_ms`") && number.contains("`soon`"), "{number}");
    let unknown = why_not(&[("ALLHOURS_SERVER_LISTN", "127.0.0.1:1")]);
    assert!(unknown.contains("`server.listn`") && unknown.contains("not exist"), "{unknown}");
    for (variable, value, said) in [
        ("ALLHOURS_IMPORT_IN_FLIGHT", "0", "`import.in_flight` (from V): must be more than 0"),
        (
            "ALLHOURS_DATABASE_CONNECTIONS_MAX",
            "9223372036854775807",
            "`database.connections_max` (from V): must be at most 100,000",
        ),
        (
            "ALLHOURS_SERVER_LISTEN",
            "here",
            "`server.listen` (from V): invalid socket address syntax",
        ),
        (
            "ALLHOURS_GRAPHQL_DOCUMENTS_ONLY",
            "true",
            "`graphql.documents_only` (from V): needs `graphql.documents_file`",
        ),
        ("ALLHOURS_SERVER_DRAIN_MS", "soon", "`server.drain_ms` (from V): expected a whole number"),
        (
            "ALLHOURS_TELEMETRY_LOG_FORMAT",
            "xml",
            "`telemetry.log_format` (from V): expected json or pretty",
        ),
    ] {
        let source = format!("(from the environment variable {variable})");
        let expected = format!("setting {}, found `{value}`", said.replace("(from V)", &source));
        assert_eq!(why_not(&[(variable, value)]), expected);
    }
}

#[test]
fn an_unknown_setting_in_a_file_is_named_with_the_file() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[server]\nlissen = \"127.0.0.1:1\"\n").unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    let error = why_not(&[("ALLHOURS_CONFIG", &path)]);
    assert!(error.contains("`server.lissen`") && error.contains(&path), "{error}");
}

#[test]
fn a_secret_can_stand_in_a_file_and_is_never_shown() {
    let key = "ab".repeat(32);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{key}").unwrap();
    let path = file.path().to_str().unwrap();
    let settings = load_with(&[("ALLHOURS_KEYS_MASTER_FILE", path)]).unwrap();
    assert_eq!(settings.keys.master.reveal(), key);
    assert!(!format!("{settings:?}").contains(&key));
    let missing = why_not(&[("ALLHOURS_KEYS_MASTER_FILE", "/nowhere")]);
    let short = why_not(&[("ALLHOURS_KEYS_MASTER", "hush")]);
    assert!(short.contains("`keys.master`") && !short.contains("hush"), "{short}");
    assert!(missing.contains("`keys.master`") && missing.contains("/nowhere"), "{missing}");
}

#[test]
fn a_setting_that_names_a_file_is_not_read_from_it() {
    let settings = load_with(&[("ALLHOURS_DATABASE_TLS_CA_FILE", "/etc/ca.pem")]).unwrap();
    assert_eq!(settings.database.tls_ca_file, Path::new("/etc/ca.pem"));
}

#[test]
fn an_address_of_a_database_that_does_not_read_is_refused_and_not_repeated() {
    let error = why_not(&[("DATABASE_URL", "postgres://u:hush@db/desk?sslmode=maybe")]);
    assert!(error.contains("`database.url`") && !error.contains("hush"), "{error}");
    let url = "postgres://u:p@db.example/desk?sslmode=verify-full&sslrootcert=/etc/ca.pem";
    assert!(load_with(&[("DATABASE_URL", url)]).is_ok());
}

#[test]
fn a_list_in_the_environment_is_separated_by_commas() {
    let origins = "https://a.example, https://b.example";
    let settings = load_with(&[("ALLHOURS_SERVER_ORIGINS", origins)]).unwrap();
    assert_eq!(settings.server.origins, ["https://a.example", "https://b.example"]);
}

#[test]
fn what_is_no_address_on_the_web_is_refused() {
    for wrong in ["foo", "ftp://a.example", "https://a.example/desk", "https://a.example?x", "*"] {
        let error = why_not(&[("ALLHOURS_SERVER_ORIGINS", wrong)]);
        assert!(error.contains("`server.origins`"), "{wrong}: {error}");
    }
    for wrong in ["nope", "ftp://x", "localhost:4318", "http://"] {
        let error = why_not(&[("ALLHOURS_TELEMETRY_OTLP_ENDPOINT", wrong)]);
        assert!(error.contains("`telemetry.otlp_endpoint`"), "{wrong}: {error}");
    }
    let endpoint = "https://traces.example/otlp/v1";
    assert!(load_with(&[("ALLHOURS_TELEMETRY_OTLP_ENDPOINT", endpoint)]).is_ok());
    assert!(load_with(&[("ALLHOURS_SERVER_ORIGINS", "http://localhost:3000")]).is_ok());
}

#[test]
fn an_identity_provider_without_tls_is_refused() {
    let error = why_not(&[("ALLHOURS_AUTH_OIDC_ISSUER", "http://id.example.com")]);
    assert!(error.contains("`auth.oidc_issuer`"), "{error}");
    assert!(load_with(&[("ALLHOURS_AUTH_OIDC_ISSUER", "http://127.0.0.1:9")]).is_ok());
}
