//! TLS for servers and clients of a bench.

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::sync::Arc;
use tidings::server::Certificate;

/// A client's socket.
pub type Socket = StreamOwned<ClientConnection, TcpStream>;

/// A certificate on P-256 for 127.0.0.1 that vouches for itself, and its key, as PEM.
pub struct Identity {
    pub chain: String,
    pub key: String,
}

impl Identity {
    /// # Panics
    /// It does not.
    #[must_use]
    pub fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".into()]).expect("it is an address");
        Self { chain: made.cert.pem(), key: made.signing_key.serialize_pem() }
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self::new()
    }
}

/// What a server shows.
///
/// # Panics
/// It is none.
#[must_use]
pub fn certificate(chain: &str, key: &str) -> Certificate {
    Certificate::from_pem(chain.as_bytes(), key.as_bytes()).expect("a certificate and its key")
}

/// Clients that believe one server, and want AES-128-GCM of it, as browsers do.
pub struct Clients(Arc<ClientConfig>);

impl Clients {
    /// `resume`: whether who comes again does so with less arithmetic.
    ///
    /// # Panics
    /// It is no certificate.
    #[must_use]
    pub fn new(chain: &str, resume: bool) -> Self {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(chain.as_bytes()).expect("a certificate");
        roots.add(certificate).expect("a certificate");
        let mut provider = ring::default_provider();
        provider.cipher_suites = vec![ring::cipher_suite::TLS13_AES_128_GCM_SHA256];
        let config = ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions();
        let mut config = config.expect("they go together").with_root_certificates(roots).with_no_client_auth();
        if !resume {
            config.resumption = Resumption::disabled();
        }
        Self(Arc::new(config))
    }

    /// One on that socket, which shakes hands when it writes.
    ///
    /// # Panics
    /// It does not.
    #[must_use]
    pub fn begin(&self, socket: TcpStream) -> Socket {
        let server = IpAddr::from(Ipv4Addr::LOCALHOST).into();
        StreamOwned::new(ClientConnection::new(Arc::clone(&self.0), server).expect("a client"), socket)
    }
}

/// Whether it came back with less arithmetic.
#[must_use]
pub fn is_resumed(socket: &Socket) -> bool {
    socket.conn.handshake_kind() == Some(HandshakeKind::Resumed)
}
