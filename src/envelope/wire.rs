//! How the crate's values look in JSON, and the way into the caller's buffer.

use alloc::borrow::Cow;
use bytes::{BufMut, BytesMut};
use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// Appends `value` as JSON. `expected` is how long it will about be: growing once is cheaper than growing often.
pub(super) fn append(output: &mut BytesMut, expected: usize, value: &impl Serialize) {
    output.reserve(expected);
    let written = serde_json::to_writer(output.writer(), value);
    debug_assert!(written.is_ok(), "a buffer that grows takes everything, and no value here refuses");
}

/// A value that stands in JSON as the string of its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<T>(pub T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for TextVisitor<T> {
    type Value = Text<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<T>, E> {
        text.parse().map(Text).map_err(E::custom)
    }
}

/// An optional string that is borrowed where it has no escapes, which `Option<Cow<str>>` by itself is not.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Str<'a>(#[serde(borrow)] pub Cow<'a, str>);
