//! What a body carries, by its media type.

use super::Format;
use super::json::Json;
use super::notes::{Behind, Notes, readable};
use super::stream::EventStream;

/// The content of a body as it comes, without what frames it.
#[derive(Debug)]
pub(super) enum Content {
    EventStream(EventStream),
    Json(Json),
    /// Anything else.
    Opaque,
}

impl Content {
    pub(super) fn new(format: Option<Format>) -> Self {
        match format {
            Some(Format::EventStream) => Self::EventStream(EventStream::default()),
            Some(Format::Json) => Self::Json(Json::default()),
            _ => Self::Opaque,
        }
    }

    pub(super) fn step(&mut self, notes: &mut Notes<'_>, behind: Behind) {
        match self {
            Self::EventStream(stream) => stream.step(notes, behind),
            Self::Json(json) => json.step(notes, behind),
            Self::Opaque => notes.take(notes.rest().len(), "body", readable(notes.rest()), "the content (RFC 9112 §6)"),
        }
    }
}
