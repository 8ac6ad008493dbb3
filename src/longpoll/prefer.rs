//! The `Prefer` request header (RFC 7240 §2), as far as its `wait` preference (§4.3) needs it.
//!
//! ```text
//!   Prefer: respond-async, wait = "30"; why="slow, I know", wait=5
//!           └─ another ─┘  name   value └─── parameter ───┘ └ too late: the first one counts
//! ```
//!
//! A preference never makes a request fail (§2): what is unknown or malformed is as if it were not there.

use super::request::Wait;

/// The wait that the header's values, all of them in order, ask for.
pub(super) fn wait<'p>(values: impl Iterator<Item = &'p str>) -> Option<Wait> {
    // §2: several headers are one list; of a preference given twice the first counts, even where it is malformed.
    values.flat_map(|value| split(value, ',')).find_map(wait_value).and_then(word)
}

/// The value, if the preference is a wait.
fn wait_value(preference: &str) -> Option<&str> {
    // §2: parameters change a preference as it defines, and `wait` defines none.
    let bare = split(preference, ';').next().unwrap_or_default();
    let (name, value) = bare.split_once('=').unwrap_or((bare, ""));
    // §2: the names of preferences compare without case.
    trim(name).eq_ignore_ascii_case("wait").then(|| trim(value))
}

/// §2: a value is a token or a quoted string, and an empty one counts as none.
fn word(value: &str) -> Option<Wait> {
    value.strip_prefix('"').map_or_else(|| Wait::parse(value), quoted_string)
}

/// What follows the opening mark. A backslash stands before a byte that is meant as it is (RFC 9110 §5.6.4).
fn quoted_string(value: &str) -> Option<Wait> {
    let mut bytes = value.bytes();
    let mut wait = Wait::Unspecified;
    loop {
        wait = match bytes.next()? {
            b'"' => return bytes.next().is_none().then_some(wait),
            b'\\' => wait.push(bytes.next()?)?,
            byte => wait.push(byte)?,
        };
    }
}

/// Optional whitespace is spaces and tabs (RFC 9110 §5.6.3).
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// The parts between separators that stand outside quoted strings. One that is never closed reaches to the end.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        if escaped {
            escaped = false;
        } else if quoted {
            escaped = c == '\\';
            quoted = c != '"';
        } else {
            quoted = c == '"';
            return c == separator;
        }
        false
    })
}
