//! TLS in front of the tests' own clients, which speak none: with `TIDINGS_TEST_TLS` in the environment all that is shown
//! here is shown of a server under TLS.

#[path = "../support/certificates.rs"]
pub mod certificates;

use certificates::Authority;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use tidings::server::{Builder, Certificate};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Someone whom a client can speak to in the clear, and who says the same to the server under TLS.
pub struct Front {
    authority: Authority,
}

impl Front {
    /// If it is asked for.
    pub fn asked_for() -> Option<Self> {
        std::env::var_os("TIDINGS_TEST_TLS").map(|_| Self { authority: Authority::new() })
    }

    pub fn secure(&self, builder: Builder) -> Builder {
        let pair = self.authority.vouch_for(&["127.0.0.1"]);
        builder.tls(&Certificate::from_pem(pair.chain.as_bytes(), pair.key.as_bytes()).unwrap())
    }

    /// Where it listens, until the process ends.
    pub fn listen(&self, server: SocketAddr) -> SocketAddr {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.authority.pem()).unwrap()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let addr = listener.local_addr().unwrap();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((mut client, _)) = listener.accept().await {
                    let connector = connector.clone();
                    tokio::spawn(async move {
                        let tcp = TcpStream::connect(server).await?;
                        tcp.set_nodelay(true)?;
                        client.set_nodelay(true)?;
                        let mut tls = connector.connect(ServerName::from(server.ip()), tcp).await?;
                        copy_bidirectional(&mut client, &mut tls).await
                    });
                }
            });
        });
        addr
    }
}
