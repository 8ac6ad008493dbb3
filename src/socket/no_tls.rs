//! What there is of TLS without the feature `tls`: types of which there can be no value. So all that is done with them
//! compiles, and nothing of it is left.

use super::{Greeting, Tcp};
use bytes::BytesMut;
use std::io::{self, IoSlice};
use std::time::Instant;

/// How servers would speak.
#[derive(Debug)]
pub(crate) enum Server {}

#[derive(Debug)]
pub(crate) enum Session {}

impl Session {
    pub(super) fn shaking_hands_since(&self) -> Option<Instant> {
        match *self {}
    }

    pub(super) fn read(&self, _: &impl Tcp, _: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(super) fn has_unread(&self) -> bool {
        match *self {}
    }

    pub(super) fn write(&self, _: &[IoSlice<'_>], _: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<usize> {
        match *self {}
    }

    pub(super) fn flush(&self, _: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn close(&self, _: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        match *self {}
    }
}

#[derive(Debug)]
pub(crate) enum Hello {}

pub(crate) const INTERNAL_ERROR: [u8; 0] = [];

impl Hello {
    /// There is no [`Server`] that would await one.
    pub(super) fn new(server: &Server) -> Self {
        match *server {}
    }

    pub(super) fn read(&mut self, _: &impl Tcp, _: &mut BytesMut) -> io::Result<Greeting> {
        match *self {}
    }

    pub(super) fn answer(&mut self, _: &Server, _: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<Session> {
        match *self {}
    }
}
