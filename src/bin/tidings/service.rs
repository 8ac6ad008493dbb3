//! Words to the service manager that started the program, if one did and has asked for them (`sd_notify`, for systemd
//! `Type=notify`). Elsewhere than on Unix there is none.

#[cfg(unix)]
pub use unix::{ready, stopping};

#[cfg(unix)]
mod unix {
    use crate::say;
    use sd_notify::NotifyState;

    /// It listens.
    pub fn ready() {
        tell(NotifyState::Ready);
    }

    /// It goes away, in good order.
    pub fn stopping() {
        tell(NotifyState::Stopping);
    }

    /// Does nothing where nobody has asked.
    fn tell(state: NotifyState<'_>) {
        if let Err(error) = sd_notify::notify(&[state]) {
            say(&format!("the service manager cannot be told: {error}"));
        }
    }
}

/// Nobody to be told.
#[cfg(not(unix))]
pub fn ready() {}

/// Nobody to be told.
#[cfg(not(unix))]
pub fn stopping() {}
