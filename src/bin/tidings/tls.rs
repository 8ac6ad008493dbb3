//! TLS: the files that it needs, and, where it is not built in, the words that say so.

pub use built::{secure, trusting};

use std::path::PathBuf;

/// Where the server's certificate is, and the key to it.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "nobody reads them then"))]
pub struct Files {
    pub cert: PathBuf,
    pub key: PathBuf,
}

#[cfg(feature = "tls")]
mod built {
    use super::Files;
    use crate::Failure;
    use std::fs;
    use std::path::Path;
    use tidings::client::{Options, Roots};
    use tidings::server::{Builder, Certificate};

    /// The server under TLS, and what reads its certificate again: if that cannot be used the old one stays.
    pub fn secure(builder: Builder, files: Files) -> Result<(Builder, impl FnMut() + Send + 'static), Failure> {
        let read = move || -> Result<_, String> { Ok((read(&files.cert)?, read(&files.key)?, files.shown())) };
        let (chain, key, shown) = read().map_err(Failure::Failed)?;
        let certificate =
            Certificate::from_pem(&chain, &key).map_err(|error| Failure::Failed(format!("{shown}: {error}")))?;
        let builder = builder.tls(&certificate);
        let reload = move || {
            let replaced = read().and_then(|(chain, key, shown)| {
                certificate.replace(&chain, &key).map_err(|error| format!("{shown}: {error}"))
            });
            match replaced {
                Ok(()) => log::info!(target: "tidings::server", "the certificate was read again"),
                // In the log, which waits for nobody: signals are heard in this thread.
                Err(why) => log::warn!(target: "tidings::server", why:% = why; "the old certificate stays"),
            }
        };
        Ok((builder, reload))
    }

    /// The options of a client that trusts those who are in that file, and nobody else.
    pub fn trusting(options: Options, roots: Option<&Path>) -> Result<Options, Failure> {
        let Some(path) = roots else { return Ok(options) };
        let roots = read(path).map_err(Failure::Failed)?;
        let roots = Roots::from_pem(&roots).map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))?;
        Ok(Options { roots, ..options })
    }

    fn read(path: &Path) -> Result<Vec<u8>, String> {
        fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
    }

    impl Files {
        /// Both: which of the two is wrong is not always to be told.
        fn shown(&self) -> String {
            format!("{} and {}", self.cert.display(), self.key.display())
        }
    }
}

#[cfg(not(feature = "tls"))]
mod built {
    use super::Files;
    use crate::Failure;
    use std::path::Path;
    use tidings::client::Options;
    use tidings::server::Builder;

    fn missing(option: &str) -> Failure {
        Failure::Usage(format!("{option}: TLS is not built in; it is with cargo's --features tls"))
    }

    pub fn secure(_: Builder, _: Files) -> Result<(Builder, fn()), Failure> {
        Err(missing("--cert"))
    }

    pub fn trusting(options: Options, roots: Option<&Path>) -> Result<Options, Failure> {
        roots.map_or(Ok(options), |_| Err(missing("--cacert")))
    }
}
