//! Cursors and their texts.

use proptest::prelude::*;
use std::collections::HashSet;
use tidings::topic::{After, Cursor, ResetReason};

#[test]
fn a_cursor_is_two_decimal_numbers_joined_by_a_hyphen() {
    assert_eq!("0-0".parse(), Ok(Cursor::new(0, 0)));
    assert_eq!("1700000000000-7".parse(), Ok(Cursor::new(1_700_000_000_000, 7)));
    assert_eq!("18446744073709551615-18446744073709551615".parse(), Ok(Cursor::new(u64::MAX, u64::MAX)));
}

#[test]
fn a_cursor_has_exactly_one_text() {
    for text in ["", "-", "1", "1-", "-1", "1-2-3", "1--2", "01-2", "1-02", "00-1", "+1-2", "1-+2", "-1-2", "1 -2"] {
        assert!(text.parse::<Cursor>().is_err(), "{text:?}");
    }
    for text in [" 1-2", "1-2 ", "1-2\n", "1-2\0", "0x1-2", "1e3-2", "1_0-2", "1.0-2", "١-٢", "a-b", "1–2"] {
        assert!(text.parse::<Cursor>().is_err(), "{text:?}");
    }
}

#[test]
fn a_number_beyond_64_bits_is_refused_not_wrapped() {
    for text in ["18446744073709551616-1", "1-18446744073709551616", "1-99999999999999999999999999999999999"] {
        assert!(text.parse::<Cursor>().is_err(), "{text:?}");
    }
}

#[test]
fn the_longest_text_has_the_length_that_is_promised() {
    assert_eq!(Cursor::new(u64::MAX, u64::MAX).to_string().len(), Cursor::MAX_LEN);
}

#[test]
fn after_is_a_cursor_or_one_of_two_words() {
    assert_eq!("oldest".parse(), Ok(After::Oldest));
    assert_eq!("now".parse(), Ok(After::Now));
    assert_eq!("3-4".parse(), Ok(After::Cursor(Cursor::new(3, 4))));
    for text in ["", "Oldest", "NOW", "newest", "now ", "0"] {
        assert!(text.parse::<After>().is_err(), "{text:?}");
    }
}

#[test]
fn a_reset_reason_is_one_of_three_words() {
    for reason in [ResetReason::Trimmed, ResetReason::Epoch, ResetReason::Future] {
        assert_eq!(reason.as_str().parse(), Ok(reason));
        assert_eq!(reason.to_string(), reason.as_str());
    }
    for text in ["", "Trimmed", "past"] {
        assert!(text.parse::<ResetReason>().is_err(), "{text:?}");
    }
}

#[test]
fn equal_cursors_hash_alike() {
    let cursors: HashSet<Cursor> = ["1-2", "1-2", "2-1"].iter().flat_map(|text| text.parse()).collect();
    assert_eq!(cursors.len(), 2);
}

proptest! {
    #[test]
    fn display_then_parse_is_the_identity(epoch: u64, n: u64) {
        let cursor = Cursor::new(epoch, n);
        prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        prop_assert_eq!(After::from(cursor).to_string().parse(), Ok(After::Cursor(cursor)));
    }

    #[test]
    fn parse_then_display_is_the_identity(text in "[0-9+-]{0,6}-[0-9]{0,22}") {
        if let Ok(cursor) = text.parse::<Cursor>() {
            prop_assert_eq!(cursor.to_string(), text);
        }
    }
}
