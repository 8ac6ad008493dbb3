//! Whom a client believes under TLS.

use super::error::Trouble;
use super::{Cut, Error};
use crate::socket::{self, PROTOCOL, Session, provider};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use std::io;
use std::sync::OnceLock;

/// Who may vouch for a server (feature `tls`): the roots to which its certificate has to lead back. Cheap to clone; clients that share one
/// also share what they keep of a server, so that they come back with less arithmetic.
///
/// Default: whom the operating system trusts, which is looked up with the first connection.
#[derive(Clone, Default)]
pub struct Roots(Arc<Known>);

#[derive(Default)]
struct Known {
    /// These and nobody else. `None`: whom the system trusts.
    only: Option<RootCertStore>,
    client: OnceLock<Result<socket::Client, rustls::Error>>,
}

/// Why there is nobody who could vouch for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RootsError {
    /// There is no certificate in it.
    NoCertificate,
    /// It is not PEM (RFC 7468), or what is in there is no certificate.
    Malformed,
}

impl Roots {
    /// The certificates in there, as PEM, in place of those that the system trusts.
    ///
    /// # Errors
    /// There is none in there, or what stands there is none.
    pub fn from_pem(certificates: &[u8]) -> Result<Self, RootsError> {
        let mut only = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(certificates) {
            let certificate = certificate.map_err(|_| RootsError::Malformed)?;
            only.add(certificate).map_err(|_| RootsError::Malformed)?;
        }
        if only.is_empty() {
            return Err(RootsError::NoCertificate);
        }
        Ok(Self(Arc::new(Known { only: Some(only), client: OnceLock::new() })))
    }

    /// What begins with a server of that name.
    pub(super) fn session(&self, name: &str) -> Result<Session, Error> {
        let client = self.0.client.get_or_init(|| self.0.client()).as_ref();
        let client = client.map_err(|error| Error::Tls(error.to_string()))?;
        Session::client(client, name).map_err(|error| Error::Tls(error.to_string()))
    }
}

impl Known {
    fn client(&self) -> Result<socket::Client, rustls::Error> {
        let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        let builder = match &self.only {
            Some(only) => builder.with_root_certificates(only.clone()),
            None => builder.with_platform_verifier()?,
        };
        let mut config = builder.with_no_client_auth();
        config.alpn_protocols.push(Vec::from(PROTOCOL));
        Ok(Arc::new(config))
    }
}

/// What a handshake that failed means: only a connection that broke, or a server that says that it has too much to do, may
/// be better next time.
pub(super) fn trouble(error: &io::Error) -> Trouble {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return Cut::Connect(match error.kind() {
            io::ErrorKind::TimedOut => "the TLS handshake took too long".into(),
            io::ErrorKind::UnexpectedEof => "the server ended the TLS handshake".into(),
            _ => error.to_string(),
        })
        .into();
    };
    match error {
        rustls::Error::AlertReceived(AlertDescription::InternalError | AlertDescription::UserCanceled) => {
            Cut::Connect("the server broke the TLS handshake off".into()).into()
        }
        error => Error::Tls(words(error)).into(),
    }
}

fn words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "nobody who is trusted vouches for the server's certificate".into()
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the server's certificate is not for this name".into(),
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the server's certificate has expired".into()
        }
        rustls::Error::InvalidMessage(_) => "the server does not speak it".into(),
        // What the verifier says of it has no type of its own here.
        error if error.to_string().contains("CaUsedAsEndEntity") => {
            "the server's certificate is one to vouch for others (CA:TRUE), and so none of a server".into()
        }
        error => error.to_string(),
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let only = self.0.only.as_ref().map(RootCertStore::len);
        f.debug_struct("Roots").field("only", &only).finish_non_exhaustive()
    }
}

impl fmt::Display for RootsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCertificate => "there is no certificate in it",
            Self::Malformed => "it is not PEM, or no certificate",
        })
    }
}

impl core::error::Error for RootsError {}
