//! Bearer tokens (RFC 6750): who shows one may do what it is for, so that it is nobody else's to see.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

/// A bearer token: letters, digits and `-._~+/`, then maybe some `=` (RFC 6750 §2.1); no longer than
/// [`MAX_LEN`](Self::MAX_LEN).
///
/// It does not show in `Debug`, and its own comparison is left out: that of two strings tells by its time how much of
/// them is the same. The server's `Tokens` compare in constant time.
#[derive(Clone)]
pub struct BearerToken(String);

/// Why a text is no [`BearerToken`]. It does not show the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BearerTokenError {
    /// There is nothing, or nothing before the `=`.
    Empty,
    /// It has more than [`BearerToken::MAX_LEN`] bytes.
    TooLong,
    /// It has a byte that no token has.
    Character,
}

impl BearerToken {
    /// Bytes at the most: far more than a secret needs that nobody can guess.
    pub const MAX_LEN: usize = 1024;

    /// The token itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value of an `Authorization` header that shows it (RFC 6750 §2.1).
    #[must_use]
    pub fn to_header(&self) -> String {
        alloc::format!("Bearer {}", self.0)
    }
}

/// §2.1: the grammar's `b64token`.
impl FromStr for BearerToken {
    type Err = BearerTokenError;

    fn from_str(text: &str) -> Result<Self, BearerTokenError> {
        let body = text.trim_end_matches('=');
        if text.len() > Self::MAX_LEN {
            Err(BearerTokenError::TooLong)
        } else if body.is_empty() {
            Err(BearerTokenError::Empty)
        } else if !body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte)) {
            Err(BearerTokenError::Character)
        } else {
            Ok(Self(text.into()))
        }
    }
}

/// Without the token.
impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerToken").finish_non_exhaustive()
    }
}

impl fmt::Display for BearerTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a token is not empty"),
            Self::TooLong => write!(f, "a token has at most {} characters", BearerToken::MAX_LEN),
            Self::Character => f.write_str("a token is made of letters, digits and -._~+/, and = at its end"),
        }
    }
}

impl core::error::Error for BearerTokenError {}
