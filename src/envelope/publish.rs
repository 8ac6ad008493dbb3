//! What a publisher sends, and what it is answered.

use super::EnvelopeError;
use super::wire::{Text, append};
use crate::topic::Cursor;
use alloc::string::String;
use bytes::BytesMut;
use serde::{Deserialize, Serialize};

/// What a WebSocket client of the subprotocol `tidings.v1` sends to publish a message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Submission {
    /// What kind of message it is. Not checked yet: parse it as an [`EventName`](crate::topic::EventName).
    pub event: Option<String>,
    /// What it says.
    pub data: String,
}

impl Submission {
    /// Reads what [`encode_submission`] writes: a server, of a text message.
    ///
    /// # Errors
    /// [`EnvelopeError::Json`] if it is no such object.
    pub fn parse(text: &str) -> Result<Self, EnvelopeError> {
        Ok(serde_json::from_str(text)?)
    }
}

/// Appends a [`Submission`] as one JSON object: a client's, which sends it as a text message.
pub fn encode_submission(event: Option<&str>, data: &str, output: &mut BytesMut) {
    #[derive(Serialize)]
    struct Outgoing<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        event: Option<&'a str>,
        data: &'a str,
    }
    append(output, 32 + event.map_or(0, str::len) + data.len(), &Outgoing { event, data });
}

/// Appends the body of the 201 that answers a publish: the message's id.
pub fn encode_published(id: Cursor, output: &mut BytesMut) {
    append(output, 64, &Published { id: Text(id) });
}

/// Reads what [`encode_published`] writes: a publisher, of a 201's body.
///
/// # Errors
/// [`EnvelopeError::Json`] if it is no such object.
pub fn parse_published(text: &str) -> Result<Cursor, EnvelopeError> {
    let Published { id } = serde_json::from_str(text)?;
    Ok(id.0)
}

#[derive(Serialize, Deserialize)]
struct Published {
    id: Text<Cursor>,
}
