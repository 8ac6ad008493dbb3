//! What holds of the fields of the explainer, whatever they explain. Shared by the tests and the fuzz target.

use tidings::inspect::{Field, MAX_TEXT};

/// Every byte is in one field, and the fields are in order; only a last one without bytes says what is missing.
#[track_caller]
pub fn assert_covers(bytes: &[u8], fields: &[Field]) {
    let mut at = 0;
    for (n, field) in fields.iter().enumerate() {
        assert_eq!(field.at, at, "{field:?} does not begin where the field before it ends");
        let is_missing = n + 1 == fields.len() && field.name == "missing" && field.meaning.starts_with("incomplete: ");
        assert_eq!(field.len == 0, is_missing, "{field:?} is empty, or is not");
        assert!(field.text.chars().count() <= MAX_TEXT + 1, "{field:?} is long");
        at += field.len;
    }
    assert_eq!(at, bytes.len(), "not all bytes are explained: {fields:?}");
}
