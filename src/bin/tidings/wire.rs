//! `subscribe --wire`: what goes and comes, explained on standard error.

use crate::inspect::lines;
use crate::secrets::without_token;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use tidings::client::{Tap, Traffic};
use tidings::inspect::{Conversation, Field, Side};

/// Explains the bytes of each connection as they go and come. `headers`: those that the caller has given, whose values
/// may be secrets.
pub fn tap(headers: &[(String, String)]) -> Tap {
    let secret: Vec<String> = headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    let connection = Mutex::new(Connection { conversation: Conversation::default(), n: 0, secret });
    Tap::new(move |traffic| connection.lock().unwrap_or_else(PoisonError::into_inner).take(traffic))
}

struct Connection {
    conversation: Conversation,
    /// Which one it is, counted from 1.
    n: u64,
    /// Headers whose values are not shown, in small letters.
    secret: Vec<String>,
}

impl Connection {
    fn take(&mut self, traffic: Traffic<'_>) {
        let mut said = Vec::new();
        let secret = &self.secret;
        match traffic {
            Traffic::Opened { host, port } => {
                let ended = std::mem::take(&mut self.conversation);
                ended.end(|side, field, bytes| tell(&mut said, side, field, bytes, secret));
                self.n += 1;
                said.extend_from_slice(format!("= connection {} to {host} port {port}\n", self.n).as_bytes());
            }
            Traffic::Sent(bytes) => {
                let each = |field: &Field, bytes: &[u8]| tell(&mut said, Side::Client, field, bytes, secret);
                self.conversation.push(Side::Client, bytes, each);
            }
            Traffic::Received(bytes) => {
                let each = |field: &Field, bytes: &[u8]| tell(&mut said, Side::Server, field, bytes, secret);
                self.conversation.push(Side::Server, bytes, each);
            }
            _ => {}
        }
        // Closed, it is nobody's.
        let _ = std::io::stderr().lock().write_all(&said);
    }
}

/// The field's lines, each with the direction in front of it.
fn tell(said: &mut Vec<u8>, from: Side, field: &Field, bytes: &[u8], secret: &[String]) {
    let mark = if from == Side::Client { '>' } else { '<' };
    let lines = match hidden(field, secret) {
        Some(field) => lines(&field, b""),
        None => lines(field, bytes),
    };
    for line in lines.lines() {
        said.extend_from_slice(format!("{mark}{line}\n").as_bytes());
    }
}

/// The field without its secret, if it has one.
fn hidden(field: &Field, secret: &[String]) -> Option<Field> {
    /// Of the caller's or the server's making, and always credentials.
    const CREDENTIALS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
    let text = match &*field.name {
        "header" => {
            let (name, _) = field.text.split_once(':')?;
            let lower = name.to_ascii_lowercase();
            let is_secret = CREDENTIALS.contains(&lower.as_str()) || secret.contains(&lower);
            if is_secret { format!("{name}: …") } else { shown(&field.text)? }
        }
        "request line" => shown(&field.text)?,
        _ => return None,
    };
    Some(Field { text, ..field.clone() })
}

/// A text with a URL in it as it can be shown, if that is not as it is.
fn shown(text: &str) -> Option<String> {
    Some(without_token(text)).filter(|shown| shown != text)
}
