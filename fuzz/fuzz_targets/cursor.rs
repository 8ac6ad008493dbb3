//! The parsers of cursors and names: what is taken has one text and gives it back, and nothing makes them panic.
#![cfg_attr(fuzzing, no_main)]

use std::fmt::{Debug, Display};
use std::str::FromStr;
use tidings::topic::{After, Cursor, EventName, ResetReason, TopicName};

/// Whether the text is a `T`; if it is, it must be the only text of it.
fn round_trip<T: FromStr<Err: Display> + Display + Debug + PartialEq>(text: &str) -> bool {
    match text.parse::<T>() {
        Ok(value) => {
            let shown = value.to_string();
            assert_eq!(shown, text, "another text of {value:?}");
            assert_eq!(shown.parse().ok(), Some(value));
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

/// One input.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let cursor = round_trip::<Cursor>(text);
    let after = round_trip::<After>(text);
    assert_eq!(after, cursor || text == "oldest" || text == "now");
    if cursor {
        assert!(text.len() <= Cursor::MAX_LEN);
    }
    if round_trip::<TopicName>(text) {
        assert!((1..=TopicName::MAX_LEN).contains(&text.len()));
    }
    if round_trip::<EventName>(text) {
        assert!((1..=EventName::MAX_LEN).contains(&text.len()));
        assert!(!text.contains(['\r', '\n', '\0']));
        assert!(!text.starts_with(EventName::RESERVED_PREFIX));
    }
    round_trip::<ResetReason>(text);
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));
