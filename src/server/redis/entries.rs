//! What is read of streams.

use super::scripts::text;
use crate::topic::{Cursor, Message};
use redis::Value;
use std::string::String;
use std::vec::Vec;

/// One entry of a topic's stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: Cursor,
    /// The message, and when it was published, in milliseconds since 1970. `None`: somebody else has written it.
    pub(super) message: Option<(Message, u64)>,
}

impl Entry {
    /// What they count, about.
    pub(super) fn cost(&self) -> usize {
        self.message.as_ref().map_or(0, |(message, _)| message.cost())
    }
}

/// The answer to XREAD: each stream with its entries. `None`: it is no such answer.
pub(super) fn streams(answer: Value) -> Option<Vec<(String, Vec<Entry>)>> {
    let streams = match answer {
        Value::Nil => return Some(Vec::new()),
        Value::Array(streams) => streams,
        _ => return None,
    };
    let stream = |value| {
        let (key, found) = pair(value)?;
        Some((String::from(text(&key)?), entries(found)?))
    };
    streams.into_iter().map(stream).collect()
}

/// A list of entries.
pub(super) fn entries(list: Value) -> Option<Vec<Entry>> {
    let Value::Array(list) = list else { return None };
    list.into_iter().map(entry).collect()
}

fn entry(value: Value) -> Option<Entry> {
    let (id, fields) = pair(value)?;
    // The streams of topics have ids of ours; that which wakes has others of the same form.
    let id: Cursor = text(&id)?.parse().ok()?;
    Some(Entry { id, message: message(id, fields) })
}

fn message(id: Cursor, fields: Value) -> Option<(Message, u64)> {
    let Value::Array(fields) = fields else { return None };
    let (mut time, mut event, mut data) = (None, None, None);
    let mut fields = fields.into_iter();
    while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
        match text(&name)? {
            "t" => time = text(&value)?.parse().ok(),
            "e" => event = Some(text(&value)?.parse().ok()?),
            "d" => data = Some(owned(value)?.into_boxed_str()),
            _ => {}
        }
    }
    Some((Message { id, event, data: data? }, time?))
}

fn pair(value: Value) -> Option<(Value, Value)> {
    let Value::Array(values) = value else { return None };
    let [first, second] = <[Value; 2]>::try_from(values).ok()?;
    Some((first, second))
}

fn owned(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        _ => None,
    }
}
