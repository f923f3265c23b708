//! When a connection is encrypted, and whom it trusts.
//!
//! A server on this machine (a Unix socket, a loopback address) is spoken to in the clear. Any
//! other is spoken to through TLS with a certificate that checks out, unless the URL says
//! `sslmode=disable`. There is no unchecked encryption in between.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_postgres::{
    Config, Socket,
    config::{Host, SslMode},
    tls::MakeTlsConnect,
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Why the encryption asked for cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of trusted certificates does not read.
    #[error("the certificates in {} do not read", path.display())]
    Certificates {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// A certificate in the file is none.
    #[error("a certificate in {} cannot be used", path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

/// How connections are encrypted; used only where the configuration's mode asks for it.
#[derive(Clone)]
pub(crate) struct Encryption(MakeRustlsConnect);

impl std::fmt::Debug for Encryption {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Encryption")
    }
}

impl Encryption {
    /// Settles whether connections of `config` are encrypted, and prepares for it.
    pub(crate) fn choose(config: &mut Config, ca_file: Option<&Path>) -> Result<Self, TlsError> {
        if config.get_ssl_mode() == SslMode::Prefer {
            let mode = if is_local(config) { SslMode::Disable } else { SslMode::Require };
            config.ssl_mode(mode);
        }
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = ca_file {
            for certificate in certificates(path)? {
                roots
                    .add(certificate)
                    .map_err(|source| TlsError::Certificate { path: path.to_owned(), source })?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(MakeRustlsConnect::new(client)))
    }
}

impl MakeTlsConnect<Socket> for Encryption {
    type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;
    type TlsConnect = <MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect;
    type Error = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Self::TlsConnect, Self::Error> {
        // A Unix socket has no name that a certificate could be for, and is never encrypted;
        // yet this is called for it, and must not fail.
        let host = if host.is_empty() { "socket.invalid" } else { host };
        MakeTlsConnect::<Socket>::make_tls_connect(&mut self.0, host)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |source| TlsError::Certificates { path: path.to_owned(), source };
    CertificateDer::pem_file_iter(path)
        .map_err(unreadable)?
        .collect::<Result<_, _>>()
        .map_err(unreadable)
}

fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> SslMode {
        let mut config: Config = url.parse().unwrap();
        Encryption::choose(&mut config, None).unwrap();
        config.get_ssl_mode()
    }

    #[test]
    fn a_remote_server_is_spoken_to_through_tls_unless_the_url_declines() {
        assert_eq!(mode("postgres://u@db.example/allhours"), SslMode::Require);
        assert_eq!(mode("postgres://u@10.0.0.7/allhours?sslmode=prefer"), SslMode::Require);
        assert_eq!(mode("postgres://u@db.example/allhours?sslmode=disable"), SslMode::Disable);
    }

    #[test]
    fn a_server_on_this_machine_is_spoken_to_in_the_clear_unless_the_url_asks() {
        assert_eq!(mode("postgres://u@localhost/allhours"), SslMode::Disable);
        assert_eq!(mode("postgres://u@127.0.0.1/allhours"), SslMode::Disable);
        assert_eq!(mode("host=/run/postgresql user=u"), SslMode::Disable);
        assert_eq!(mode("postgres://u@localhost/allhours?sslmode=require"), SslMode::Require);
    }

    #[test]
    fn a_certificate_file_that_is_not_there_is_named() {
        let mut config: Config = "postgres://u@db.example/allhours".parse().unwrap();
        let error =
            Encryption::choose(&mut config, Some(Path::new("/nonexistent/ca.pem"))).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/ca.pem"));
    }
}
