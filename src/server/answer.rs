//! A poll's answer as JSON, whoever gives it: the request thread at once, or the loop in time.

use super::metrics::ByTransport;
use crate::envelope;
use crate::http::Status;
use crate::longpoll::Answer;
use bytes::BytesMut;

/// Status and body of an answer.
pub(super) fn encode(answer: &Answer<'_>) -> (Status, BytesMut) {
    let mut body = BytesMut::new();
    match answer {
        Answer::Events { messages, next, more } => {
            envelope::encode_batch(messages.clone(), *next, *more, &mut body);
            (Status::OK, body)
        }
        Answer::Reset(reset) => {
            envelope::encode_reset(reset, &mut body);
            (Status::GONE, body)
        }
    }
}

/// Counts what an answer delivers.
pub(super) fn count(answer: &Answer<'_>, bytes: usize, delivery: &ByTransport) {
    match answer {
        Answer::Events { messages, .. } => delivery.messages.add(messages.len() as u64),
        Answer::Reset(_) => delivery.resets.add(1),
    }
    delivery.bytes.add(bytes as u64);
}
