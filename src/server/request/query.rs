//! The query of a target: `?name=value&…`, percent-encoded.

use std::borrow::Cow;

/// The first value of that name. A name without a value has an empty one.
pub(super) fn find<'q>(query: Option<&'q str>, name: &str) -> Option<Cow<'q, str>> {
    let query = query.unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).find(|(found, _)| found == name).map(|(_, value)| value)
}
