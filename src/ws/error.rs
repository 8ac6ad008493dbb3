//! Whose fault it is stands in the type: [`ProtocolError`] is the peer's, [`SendError`] the caller's.

use super::CloseCode;
use core::fmt;

/// What the peer did wrong. Final: the connection is failed (RFC 6455 §7.1.7), its Close frame is already written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A reserved bit that no negotiated extension gives a meaning, or one on a frame that may not carry it (§5.2).
    ReservedBits,
    /// An opcode without a meaning (§5.2).
    ReservedOpcode(u8),
    /// A control frame without FIN (§5.5).
    FragmentedControl,
    /// A control frame of more than 125 bytes (§5.5).
    ControlTooLong,
    /// A length that a shorter form could tell (§5.2).
    LengthNotShortest,
    /// A length with the 64th bit set (§5.2).
    LengthOver63Bits,
    /// A client's frame without a masking key (§5.1).
    Unmasked,
    /// A server's frame with a masking key (§5.1).
    Masked,
    /// A continuation frame and no message is open (§5.4).
    UnexpectedContinuation,
    /// A new message before the open one was finished (§5.4).
    ExpectedContinuation,
    /// Text or a close reason that is not UTF-8 (§8.1).
    InvalidUtf8,
    /// A Close frame with half a code (§5.5.1).
    CloseTooShort,
    /// A close code that must not be sent (§7.4).
    InvalidCloseCode(u16),
    /// A compressed message that is not DEFLATE (RFC 7692 §7.2.2).
    InvalidDeflate,
    /// A frame over the limit of [`Config::max_frame`](super::Config::max_frame).
    FrameTooBig,
    /// A message over the limit of [`Config::max_message`](super::Config::max_message).
    MessageTooBig,
    /// A message of more fragments than [`Config::max_fragments`](super::Config::max_fragments).
    TooManyFragments,
}

impl ProtocolError {
    /// The code that the Close frame names it with (§7.4.1).
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::InvalidUtf8 | Self::InvalidDeflate => CloseCode::INVALID_DATA,
            Self::FrameTooBig | Self::MessageTooBig | Self::TooManyFragments => CloseCode::TOO_BIG,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }

    /// In words, short enough for the reason of a Close frame.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReservedBits => "reserved bit set",
            Self::ReservedOpcode(_) => "reserved opcode",
            Self::FragmentedControl => "fragmented control frame",
            Self::ControlTooLong => "control frame over 125 bytes",
            Self::LengthNotShortest => "length not in its shortest form",
            Self::LengthOver63Bits => "length over 63 bits",
            Self::Unmasked => "unmasked frame from a client",
            Self::Masked => "masked frame from a server",
            Self::UnexpectedContinuation => "continuation without a message",
            Self::ExpectedContinuation => "new message inside a fragmented one",
            Self::InvalidUtf8 => "text is not UTF-8",
            Self::CloseTooShort => "close frame with half a code",
            Self::InvalidCloseCode(_) => "close code that must not be sent",
            Self::InvalidDeflate => "compressed message is not DEFLATE",
            Self::FrameTooBig => "frame too big",
            Self::MessageTooBig => "message too big",
            Self::TooManyFragments => "message of too many fragments",
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        match self {
            Self::ReservedOpcode(opcode) => write!(f, ": {opcode:#x}"),
            Self::InvalidCloseCode(code) => write!(f, ": {code}"),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for ProtocolError {}

/// What the caller asked for and cannot have. Nothing was written, and the connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendError {
    /// After a Close frame nothing may be sent (§5.5.1).
    Closed,
    /// A message is being sent in fragments, and this is not its next one (§5.4).
    MessageOpen,
    /// A Ping or Pong of more than 125 bytes, or a close reason of more than 123 (§5.5).
    ControlTooLong,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the connection is closed for sending",
            Self::MessageOpen => "another message is being sent in fragments",
            Self::ControlTooLong => "payload too long for a control frame",
        })
    }
}

impl core::error::Error for SendError {}
