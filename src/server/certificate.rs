//! What the server shows under TLS.

use crate::socket::{self, PROTOCOL, provider};
use rustls::ServerConfig;
use rustls::crypto::ring::Ticketer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::string::{String, ToString};
use std::sync::Arc;
use std::vec::Vec;

/// A server's certificate, with those that vouch for it, and its private key (feature `tls`). Cheap to clone: all are the same one.
///
/// It can be [replaced](Self::replace) while the server runs: who comes later is shown the new one, also who was there
/// before, and who is connected goes on.
#[derive(Clone)]
pub struct Certificate(Arc<socket::Server>);

/// Why a certificate cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateError {
    /// There is none in what should be the chain.
    NoCertificate,
    /// There is no private key in what should be the key; or it is encrypted.
    NoKey,
    /// It is not PEM (RFC 7468).
    Pem,
    /// The key is not the certificate's.
    Mismatch,
    /// Certificate or key are of a kind that cannot be used; says why.
    Unusable(String),
}

impl Certificate {
    /// Reads a chain of certificates, the server's own first, and its private key, each as PEM. What else is in there does
    /// not matter, so that both may be in one file.
    ///
    /// # Errors
    /// What cannot be used. Whether the certificate is for this server, and still good, its clients find out.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        config(chain, key).map(|config| Self(Arc::new(socket::Server::new(config))))
    }

    /// Takes another in its place, from now on.
    ///
    /// # Errors
    /// As [`from_pem`](Self::from_pem): then the old one stays.
    pub fn replace(&self, chain: &[u8], key: &[u8]) -> Result<(), CertificateError> {
        config(chain, key).map(|config| self.0.replace(config))
    }

    pub(super) fn server(&self) -> Arc<socket::Server> {
        Arc::clone(&self.0)
    }
}

fn config(chain: &[u8], key: &[u8]) -> Result<ServerConfig, CertificateError> {
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(|_| CertificateError::Pem)?;
    if chain.is_empty() {
        return Err(CertificateError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
        pem::Error::NoItemsFound => CertificateError::NoKey,
        _ => CertificateError::Pem,
    })?;
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols.push(Vec::from(PROTOCOL));
    // What a client needs to come back with less arithmetic, it keeps itself.
    config.ticketer = Ticketer::new()?;
    Ok(config)
}

impl From<rustls::Error> for CertificateError {
    fn from(error: rustls::Error) -> Self {
        match error {
            rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch) => Self::Mismatch,
            error => Self::Unusable(error.to_string()),
        }
    }
}

/// Without the key.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => f.write_str("there is no certificate in it"),
            Self::NoKey => f.write_str("there is no private key in it, or it is encrypted"),
            Self::Pem => f.write_str("it is not PEM"),
            Self::Mismatch => f.write_str("the key is not that of the certificate"),
            Self::Unusable(why) => write!(f, "it cannot be used: {why}"),
        }
    }
}

impl core::error::Error for CertificateError {}
