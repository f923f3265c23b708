//! The address of a server, in the form that PostgreSQL's own tools take.

use std::path::PathBuf;

use tokio_postgres::Config;

use crate::database::DatabaseOptions;

/// Reads an address: `postgres://user:secret@host:5432/name?sslmode=require`, or the form with
/// `host=.. user=..`. The parameters `sslmode=verify-full`, `verify-ca` and `sslrootcert` of
/// PostgreSQL's tools are understood; a certificate named so is trusted beside `options`.
///
/// # Errors
///
/// It is none; the error names the part but never its value, which may be the password.
pub fn parse(
    address: &str,
    options: &mut DatabaseOptions,
) -> Result<Config, tokio_postgres::Error> {
    let mut address = address.to_owned();
    for checked in ["sslmode=verify-full", "sslmode=verify-ca"] {
        // Every certificate is checked here, by chain and by name.
        address = address.replace(checked, "sslmode=require");
    }
    if let Some(start) = address.find("sslrootcert=") {
        let rest = &address[start..];
        let end = start + rest.find(['&', ' ']).unwrap_or(rest.len());
        let path = address[start..end].trim_start_matches("sslrootcert=").to_owned();
        options.tls_ca_file = Some(PathBuf::from(path));
        // Without the separator behind it, or where it was last, the one before it.
        let after = (end + 1).min(address.len());
        address.replace_range(start..after, "");
        address.truncate(address.trim_end_matches(['&', '?', ' ']).len());
    }
    address.parse()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio_postgres::config::SslMode;

    use super::*;

    #[test]
    fn the_parameters_of_postgresqls_own_tools_are_understood() {
        for address in [
            "postgres://u:p@db.example/desk?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            "postgres://u:p@db.example/desk?sslrootcert=/etc/ca.pem&sslmode=verify-ca",
            "host=db.example user=u password=p dbname=desk sslrootcert=/etc/ca.pem sslmode=require",
        ] {
            let mut options = DatabaseOptions::default();
            let config = parse(address, &mut options).unwrap();
            assert_eq!(config.get_ssl_mode(), SslMode::Require, "{address}");
            assert_eq!(config.get_dbname(), Some("desk"), "{address}");
            assert_eq!(options.tls_ca_file.as_deref(), Some(Path::new("/etc/ca.pem")));
        }
    }

    #[test]
    fn an_error_does_not_repeat_the_password() {
        let mut options = DatabaseOptions::default();
        let error = parse("postgres://u:hush@db/desk?sslmode=maybe", &mut options).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hush"));
    }
}
