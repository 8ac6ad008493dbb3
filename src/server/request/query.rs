//! The query of a target: `?name=value&…`, percent-encoded.

use std::borrow::Cow;

/// The first value of that name. A name without a value has an empty one.
pub(super) fn find<'q>(query: Option<&'q str>, name: &str) -> Option<Cow<'q, str>> {
    find_all(query, name).next()
}

/// The values of that name, in order.
pub(in super::super) fn find_all<'q>(query: Option<&'q str>, name: &str) -> impl Iterator<Item = Cow<'q, str>> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.filter(move |(found, _)| found == name).map(|(_, value)| value)
}
