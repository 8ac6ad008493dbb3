//! The two ways to the connection: under its lock, or past it.

use super::Duplex;
use super::duplex::State;
use core::ops::{Deref, DerefMut};
use std::sync::MutexGuard;

/// How a reader comes to the connection.
#[derive(Debug)]
pub(crate) enum Access<'a> {
    /// Nobody else has it: no message need take the lock.
    Alone(&'a mut Duplex),
    /// Others may be sending.
    Shared(&'a Duplex),
}

/// The state, for a moment.
pub(super) enum Held<'a> {
    Alone(&'a mut State),
    Locked(MutexGuard<'a, State>),
}

impl Access<'_> {
    pub(crate) fn duplex(&self) -> &Duplex {
        match self {
            Self::Alone(duplex) => duplex,
            Self::Shared(duplex) => duplex,
        }
    }

    #[inline]
    pub(super) fn hold(&mut self) -> Held<'_> {
        match self {
            Self::Alone(duplex) => Held::Alone(duplex.state_mut()),
            Self::Shared(duplex) => Held::Locked(duplex.lock()),
        }
    }
}

impl Deref for Held<'_> {
    type Target = State;

    #[inline]
    fn deref(&self) -> &State {
        match self {
            Self::Alone(state) => state,
            Self::Locked(state) => state,
        }
    }
}

impl DerefMut for Held<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut State {
        match self {
            Self::Alone(state) => state,
            Self::Locked(state) => state,
        }
    }
}
