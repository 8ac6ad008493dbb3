//! The frame header: whatever parses is written back as the same bytes, and a parser that has seen more bytes never
//! contradicts itself.
#![cfg_attr(fuzzing, no_main)]

use bytes::BytesMut;
use tidings::ws::frame::{Header, MAX_HEADER};

/// One input.
pub fn run(data: &[u8]) {
    let whole = Header::parse(data);
    for end in 0..data.len().min(MAX_HEADER) {
        match Header::parse(&data[..end]) {
            Ok(None) => {}
            early => assert_eq!(early, whole, "after {end} bytes"),
        }
    }
    let Ok(Some((header, len))) = whole else { return };
    let mut bytes = BytesMut::new();
    header.encode(&mut bytes);
    // The two bits that have no meaning are refused, so nothing is lost on the way.
    assert_eq!(bytes, data[..len]);
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));
