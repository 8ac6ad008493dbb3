//! What a connection keeps between compressed messages, by the memory that the process has: alone in its process, so that
//! no other test is counted.
#![cfg(all(feature = "deflate", target_os = "linux"))]

#[path = "support/resident.rs"]
mod resident;
mod support;

use bytes::BytesMut;
use resident::resident;
use tidings::ws::deflate::Options;
use tidings::ws::{Config, Connection, Event};

const CONNECTIONS: usize = 1000;
/// Of memory for each; a window has 32 KiB.
const MOST: usize = 16 * 1024;

/// RFC 7692 §7.1.1.2: without context takeover nothing refers to an earlier message.
#[test]
fn s7_1_1_2_without_context_takeover_the_window_is_given_back() {
    let offer = "permessage-deflate; client_no_context_takeover";
    let extensions = support::agree(offer, &Options { client_no_context_takeover: true, ..Options::default() });
    let text = "over and over ".repeat(5000);
    let mut client = Connection::client(Config::default(), tidings::system_random).with_extensions(&extensions);
    let mut wire = BytesMut::new();
    client.send_text(&text, &mut wire).unwrap();
    assert!(wire.len() < text.len() / 10, "it is compressed");

    let mut connections = Vec::new();
    let mut before = 0;
    for n in 0..=CONNECTIONS {
        let mut connection = Connection::server(Config::default()).with_extensions(&extensions);
        let mut input = wire.clone();
        let step = connection.receive(&mut input, &mut BytesMut::new()).unwrap();
        assert!(matches!(step.event, Some(Event::Text(got)) if got == text));
        connections.push(connection);
        if n == 0 {
            before = resident();
        }
    }
    let each = (resident().saturating_sub(before)) / CONNECTIONS;
    assert!(each < MOST, "{each} bytes each");
}
