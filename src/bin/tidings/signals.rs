//! Signals of the system's to the program.

pub use system::watch;

#[cfg(unix)]
mod system {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use std::io;
    use std::thread;

    /// Calls `end`, in a thread for that, whenever the program is asked to end. SIGHUP is `again`'s, if there is one: what
    /// was read at the beginning shall be read again; else the terminal has gone, and that is an end.
    pub fn watch(
        mut end: impl FnMut() + Send + 'static,
        mut again: Option<impl FnMut() + Send + 'static>,
    ) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let watching = move || {
            for signal in signals.forever() {
                match &mut again {
                    Some(again) if signal == SIGHUP => again(),
                    _ => end(),
                }
            }
        };
        thread::Builder::new().name("signals".into()).spawn(watching).map(drop)
    }
}

#[cfg(not(unix))]
mod system {
    use std::io;

    /// Calls `end`, in a thread for that, whenever the program is asked to end. For `again` there is
    /// a signal on Unix only.
    pub fn watch(end: impl FnMut() + Send + 'static, _again: Option<impl FnMut() + Send + 'static>) -> io::Result<()> {
        ctrlc::set_handler(end).map_err(io::Error::other)
    }
}
