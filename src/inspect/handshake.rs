//! The opening handshake (RFC 6455 §4), as far as two heads show it: what each line of it is worth, and what is missing.

use super::Side;
use crate::ws::handshake::accept_of;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What of a request its answer is measured by.
#[derive(Debug, Default, Clone)]
pub(super) struct Asked {
    pub(super) is_head: bool,
    pub(super) is_websocket: bool,
    key: Option<String>,
    subprotocols: Vec<String>,
    extensions: Vec<String>,
}

/// What a handshake is made of, as it is told where it is missing.
const GET: &str = "the method GET";
const HTTP_1_1: &str = "HTTP/1.1";
const HOST: &str = "Host";
const UPGRADE: &str = "Upgrade: websocket";
const CONNECTION: &str = "Connection: Upgrade";
const KEY: &str = "Sec-WebSocket-Key";
const VERSION: &str = "Sec-WebSocket-Version: 13";
const ACCEPT: &str = "Sec-WebSocket-Accept";

/// One head, line by line.
#[derive(Debug, Default)]
pub(super) struct Handshake {
    /// Which of the above it has.
    found: Vec<&'static str>,
    /// Whether permessage-deflate stands in it.
    pub(super) deflate: bool,
    asked: Asked,
}

impl Handshake {
    pub(super) fn start(line: &[u8]) -> Self {
        let line = line.trim_ascii_end();
        let mut head = Self::default();
        head.asked.is_head = line.starts_with(b"HEAD ");
        head.find(GET, line.starts_with(b"GET "));
        head.find(HTTP_1_1, line.ends_with(b" HTTP/1.1"));
        head
    }

    fn find(&mut self, what: &'static str, is_there: bool) {
        if is_there && !self.found.contains(&what) {
            self.found.push(what);
        }
    }

    fn has(&self, what: &'static str) -> bool {
        self.found.contains(&what)
    }

    /// Takes a header: what there is to say of it, beyond what it is for. `answered`: what it answers, in an answer.
    pub(super) fn note(&mut self, from: Side, name: &[u8], value: &[u8], answered: Option<&Asked>) -> Option<String> {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let value = String::from_utf8_lossy(value);
        let elements = || value.split(',').map(|element| element.trim().to_string());
        let has = |token: &str| elements().any(|element| element.eq_ignore_ascii_case(token));
        match (name.as_str(), from) {
            ("host", _) => self.find(HOST, true),
            ("upgrade", _) => self.find(UPGRADE, has("websocket")),
            ("connection", _) => self.find(CONNECTION, has("upgrade")),
            ("sec-websocket-key", Side::Client) => return Some(self.key(&value)),
            ("sec-websocket-version", Side::Client) => {
                self.find(VERSION, value == "13");
                if value != "13" {
                    let fault = "Illegal: 13 is the version in use, and others are answered by 426";
                    return Some(format!("{fault} (RFC 6455 §4.1, §4.2.2)"));
                }
            }
            ("sec-websocket-protocol", Side::Client) => offer(&mut self.asked.subprotocols, elements()),
            ("sec-websocket-extensions", Side::Client) => {
                offer(&mut self.asked.extensions, elements().map(|element| extension(&element)));
            }

            ("sec-websocket-accept", Side::Server) => {
                self.find(ACCEPT, true);
                return answered.and_then(|asked| asked.key.as_deref()).map(|key| check_accept(key, &value));
            }
            ("sec-websocket-protocol", Side::Server) => {
                let is_offered =
                    answered.is_none_or(|asked| asked.subprotocols.iter().any(|offered| *offered == value));
                if !is_offered {
                    return Some("Illegal: the client has not offered this subprotocol (RFC 6455 §4.1)".into());
                }
            }
            ("sec-websocket-extensions", Side::Server) => {
                let chosen: Vec<String> = elements().map(|element| extension(&element)).collect();
                self.deflate |= chosen.iter().any(|name| name == "permessage-deflate");
                let is_offered = |name: &String| answered.is_none_or(|asked| asked.extensions.contains(name));
                if !chosen.iter().all(is_offered) {
                    return Some("Illegal: the client has not offered this extension (RFC 6455 §4.1)".into());
                }
            }
            _ => {}
        }
        None
    }

    fn key(&mut self, value: &str) -> String {
        self.find(KEY, true);
        self.asked.key = Some(value.into());
        let is_nonce = STANDARD.decode(value).is_ok_and(|nonce| nonce.len() == 16);
        if is_nonce {
            let accept = accept_of(value);
            format!("16 random bytes in base64; who speaks WebSocket answers them by {accept} (RFC 6455 §4.1, §4.2.2)")
        } else {
            "Illegal: 16 bytes in base64 are due, which are 24 characters (RFC 6455 §4.1)".into()
        }
    }

    /// What is missing at the head's end, with the section that asks for it.
    pub(super) fn missing(&self, status: Option<u16>, answered: Option<&Asked>) -> Option<String> {
        let (due, section): (&[_], _) = match status {
            None if self.is_websocket() => (&[GET, HTTP_1_1, HOST, UPGRADE, CONNECTION, KEY, VERSION], "RFC 6455 §4.1"),
            None if self.has(HTTP_1_1) && !self.has(HOST) => {
                return Some("Illegal: each request of HTTP/1.1 has a Host (RFC 9112 §3.2)".into());
            }
            Some(101) if self.has(UPGRADE) || self.has(ACCEPT) || answered.is_some_and(|asked| asked.is_websocket) => {
                (&[UPGRADE, CONNECTION, ACCEPT], "RFC 6455 §4.2.2")
            }
            _ => return None,
        };
        let missing: Vec<&str> = due.iter().copied().filter(|what| !self.has(what)).collect();
        let (end, others) = missing.split_last()?;
        let (names, are) = match others {
            [] => ((*end).to_string(), "is"),
            others => (format!("{} and {end}", others.join(", ")), "are"),
        };
        Some(format!("Illegal: {names} {are} missing for a WebSocket handshake ({section})"))
    }

    fn is_websocket(&self) -> bool {
        self.has(UPGRADE) || self.has(KEY) || self.has(VERSION)
    }

    /// For the answer.
    pub(super) fn asked(self) -> Asked {
        Asked { is_websocket: self.is_websocket(), ..self.asked }
    }
}

/// What is offered is kept for the answer: as much of it as servers read of a head.
const MAX_OFFERED: usize = 16 * 1024;

fn offer(list: &mut Vec<String>, elements: impl Iterator<Item = String>) {
    let mut len: usize = list.iter().map(|element| element.len() + 1).sum();
    list.extend(elements.take_while(|element| {
        len += element.len() + 1;
        len <= MAX_OFFERED
    }));
}

/// The name of an element of the list (§9.1).
fn extension(element: &str) -> String {
    element.split(';').next().unwrap_or_default().trim().into()
}

fn check_accept(key: &str, value: &str) -> String {
    let due = accept_of(key);
    if value == due {
        "right: base64 of the SHA-1 of the key above and the protocol's own constant, so the server speaks WebSocket \
         (RFC 6455 §4.2.2)"
            .into()
    } else {
        format!("Illegal: it does not answer the key, by which {due} is due (RFC 6455 §4.1, §4.2.2)")
    }
}
