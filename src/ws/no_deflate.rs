//! permessage-deflate (RFC 7692) is not built in: it comes with the feature `deflate`.
//!
//! The types of that module are here too, but have no values: nothing can be offered, agreed on or inflated, and the
//! handshake and the connection read the same with the feature and without it.

use super::{ProtocolError, Role};
use alloc::string::String;
use alloc::vec::Vec;
#[cfg(feature = "server")]
use bytes::BytesMut;
use core::fmt;

/// What one side wants of the extension; without the feature `deflate` it cannot want anything: there is no value of this
/// type, and where an `Option` of it is asked for, it is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Options {}

/// What both sides have agreed on; without the feature `deflate` there is no agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agreement {}

/// Encodes messages that go to many connections; without the feature `deflate` nobody can take compressed ones.
#[cfg(feature = "server")]
#[derive(Debug, Default)]
pub(crate) struct Encoder {}

/// Looks on; without the feature `deflate` it sees nothing.
#[cfg(any(feature = "server", feature = "client"))]
#[derive(Debug)]
pub(crate) struct Inflater {}

#[derive(Debug)]
pub(super) enum Codec {}

impl Options {
    pub(super) fn offer(&self) -> String {
        match *self {}
    }
}

impl Agreement {
    pub(super) fn choose<'o>(_: impl Iterator<Item = &'o str>, options: &Options) -> Option<Self> {
        match *options {}
    }

    pub(super) fn check<'r>(_: impl Iterator<Item = &'r str>, options: &Options) -> Option<Self> {
        match *options {}
    }
}

#[cfg(feature = "server")]
impl Agreement {
    pub(crate) fn takes_shared(&self) -> bool {
        match *self {}
    }
}

#[cfg(feature = "server")]
impl Encoder {
    pub(crate) fn new(options: &Options) -> Self {
        match *options {}
    }

    #[allow(clippy::unused_self)] // the shape of the real one
    pub(crate) fn encode_text_bytes(&mut self, text: &[u8], output: &mut BytesMut) {
        super::encode_text_bytes(text, output);
    }
}

#[cfg(any(feature = "server", feature = "client"))]
#[allow(clippy::unused_self)] // the shape of the real one
impl Inflater {
    pub(crate) fn new() -> Self {
        Self {}
    }

    pub(crate) fn inflate(&mut self, _: &[u8], _: &mut Vec<u8>, _: usize) -> Result<(), ProtocolError> {
        Err(ProtocolError::InvalidDeflate)
    }

    pub(crate) fn finish(&mut self, _: &mut Vec<u8>, _: usize) -> Result<(), ProtocolError> {
        Err(ProtocolError::InvalidDeflate)
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl Codec {
    pub(super) fn new(agreement: &Agreement, _: Role) -> Self {
        match *agreement {}
    }

    pub(super) fn split(self) -> (Self, Self) {
        match self {}
    }

    pub(super) fn wants(&self, _: usize) -> bool {
        match *self {}
    }

    pub(super) fn deflate(&mut self, _: &[u8], _: bool, _: bool) -> Option<&[u8]> {
        match *self {}
    }

    pub(super) fn makes_way(&mut self) -> bool {
        match *self {}
    }

    pub(super) fn inflate(&mut self, _: &[u8], _: &mut Vec<u8>, _: usize) -> Result<(), ProtocolError> {
        match *self {}
    }

    pub(super) fn finish_inflating(&mut self, _: &mut Vec<u8>, _: usize) -> Result<(), ProtocolError> {
        match *self {}
    }
}
