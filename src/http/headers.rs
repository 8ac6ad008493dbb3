//! Header fields, borrowed (RFC 9112 §5).

use super::syntax;
use alloc::vec::Vec;
use core::{slice, str};

/// One header field: its name as it came, and its value without the blanks around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// A token; compare it without regard to case (§5).
    pub name: &'a str,
    /// Any bytes but control characters; not always UTF-8.
    pub value: &'a [u8],
}

/// The header fields of one head, in their order.
///
/// A user of another HTTP stack can collect one from its pairs:
///
/// ```
/// use tidings::http::Headers;
///
/// let headers: Headers = [("Connection", &b"keep-alive, Upgrade"[..]), ("Upgrade", b"websocket")].into_iter().collect();
/// assert!(headers.has_token("connection", "upgrade"));
/// assert_eq!(headers.get_str("upgrade"), Some("websocket"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers<'a>(Vec<Header<'a>>);

impl<'a> Headers<'a> {
    /// The first value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.get_all(name).next()
    }

    /// The first value of that name, if it is UTF-8 without control characters.
    #[must_use]
    pub fn get_str(&self, name: &str) -> Option<&'a str> {
        let value = self.get(name)?;
        str::from_utf8(value).ok().filter(|_| syntax::is_value(value))
    }

    /// Every value of that name, in order.
    pub fn get_all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + use<'a, 's> {
        self.0.iter().filter(move |header| is_name(header.name, name)).map(|header| header.value)
    }

    /// The elements of a comma-separated list, over every header of that name, without blanks around them and without
    /// empty ones. A comma splits wherever it stands: not for fields that allow quoted strings.
    pub fn tokens<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a str> + use<'a, 's> {
        self.get_all(name)
            .flat_map(|value| value.split(|&byte| byte == b','))
            .filter_map(|element| str::from_utf8(syntax::trim(element)).ok())
            .filter(|element| !element.is_empty())
    }

    /// Whether that list has that element, without regard to ASCII case.
    #[must_use]
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.tokens(name).any(|element| element.eq_ignore_ascii_case(token))
    }

    /// Every header, in order.
    pub fn iter(&self) -> slice::Iter<'_, Header<'a>> {
        self.0.iter()
    }

    /// How many headers there are; repeated ones count each time.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Headers from name and value pairs.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        pairs.into_iter().collect()
    }
}

/// Headers of a client's own and those of its caller, which take the place of those of the same name.
pub(crate) fn overlay<'a>(own: &[(&'a str, &'a str)], callers: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let is_replaced = |name: &str| callers.iter().any(|(caller, _)| is_name(caller, name));
    own.iter().filter(|(name, _)| !is_replaced(name)).chain(callers).copied().collect()
}

/// The media type of a `Content-Type`, without its parameters; compare it without regard to case (RFC 9110 §8.3.1).
pub(crate) fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// §5: names have no case. The lengths are compared first, so that most names cost one comparison.
#[inline]
pub(super) fn is_name(left: &str, right: &str) -> bool {
    left.len() == right.len() && left.eq_ignore_ascii_case(right)
}

impl<'a> FromIterator<Header<'a>> for Headers<'a> {
    fn from_iter<I: IntoIterator<Item = Header<'a>>>(headers: I) -> Self {
        Self(headers.into_iter().collect())
    }
}

impl<'a> FromIterator<(&'a str, &'a [u8])> for Headers<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a [u8])>>(pairs: I) -> Self {
        pairs.into_iter().map(|(name, value)| Header { name, value }).collect()
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Headers<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        pairs.into_iter().map(|(name, value)| (name, value.as_bytes())).collect()
    }
}

impl<'s, 'a> IntoIterator for &'s Headers<'a> {
    type Item = &'s Header<'a>;
    type IntoIter = slice::Iter<'s, Header<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
