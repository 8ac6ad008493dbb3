//! §7.1: the chunked transfer coding.

use super::{Piece, body, whole};
use crate::support::scaled;
use bytes::{BufMut, BytesMut};
use tidings::http::{BodyError, Framing, chunked};

#[track_caller]
fn decoded(wire: impl AsRef<[u8]>) -> Vec<Piece> {
    body(Framing::Chunked, 1 << 20, wire).ok()
}

#[track_caller]
fn refused(wire: impl AsRef<[u8]>) -> BodyError {
    body(Framing::Chunked, 1 << 20, wire).err()
}

#[test]
fn chunks_are_decoded_until_the_last_one() {
    assert_eq!(decoded("0\r\n\r\n"), whole(""));
    assert_eq!(decoded("5\r\nhello\r\n1\r\n \r\n00A\r\nwide world\r\n000\r\n\r\n"), whole("hello wide world"));
    assert_eq!(decoded("2\r\n\r\n\r\n0\r\n\r\n"), whole("\r\n"));
    assert_eq!(decoded("0000000000000003\r\nabc\r\n"), [Piece::Data(b"abc".to_vec())]);
}

#[test]
fn what_follows_the_last_chunk_is_not_consumed() {
    let mut decoder = chunked::Decoder::new(0);
    assert_eq!(decoder.receive(b"0\r\n\r\nGET").unwrap().consumed, 5);
    assert!(decoder.is_done());
    assert_eq!(decoder.receive(b"GET").unwrap().consumed, 0);
}

#[test]
fn a_chunk_size_is_hexadecimal_digits_and_nothing_else() {
    for size in ["+5", "-5", "0x5", "5_0", "", " 5", "5 ", "5\t", "g", "5h", "\u{ff15}", ";a", "5.0", "5\0"] {
        assert_eq!(refused(format!("{size}\r\nhello\r\n0\r\n\r\n")), BodyError::ChunkSize, "{size:?}");
    }
    assert_eq!(BodyError::ChunkSize.status().as_u16(), 400);
}

#[test]
fn a_chunk_size_has_at_most_16_digits() {
    for size in ["00000000000000005", "10000000000000000", "FFFFFFFFFFFFFFFFF"] {
        assert_eq!(refused(format!("{size}\r\n")), BodyError::ChunkSize, "{size}");
    }
    assert_eq!(refused("ffffffffffffffff\r\n"), BodyError::TooLarge);
    assert_eq!(body(Framing::Chunked, u64::MAX, "ffffffffffffffff\r\na").ok(), [Piece::Data(b"a".to_vec())]);
}

#[test]
fn a_chunk_line_ends_in_crlf() {
    for wire in ["5\nhello\r\n", "5\rhello\r\n", "5\r\rhello", "5;a\nhello", "5;\"\n\"\r\nhello\r\n"] {
        assert_eq!(refused(wire), BodyError::ChunkSize, "{wire:?}");
    }
}

#[test]
fn the_data_of_a_chunk_is_followed_by_crlf() {
    for wire in
        ["5\r\nhello0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r0", "5\r\nhello, more\r\n", "5\r\nhello \r\n"]
    {
        assert_eq!(refused(wire), BodyError::ChunkEnd, "{wire:?}");
    }
}

#[test]
fn extensions_are_ignored() {
    assert_eq!(decoded("5;a\r\nhello\r\n0;b=\"c;d\"\r\n\r\n"), whole("hello"));
    assert_eq!(decoded("5 \t; a = b ;c\r\nhello\r\n0\r\n\r\n"), whole("hello"));
    assert_eq!(refused("5;a\0\r\n"), BodyError::ChunkSize);
    assert_eq!(refused("5 a\r\n"), BodyError::ChunkSize);
}

#[test]
fn a_megabyte_of_extension_is_refused_within_a_few_kilobytes() {
    let mut wire = b"5;".to_vec();
    wire.resize(scaled(1 << 20, 1 << 14), b'a');
    assert_eq!(refused(&wire[..8192]), BodyError::ChunkExtensions);
    let mut decoder = chunked::Decoder::new(100);
    assert_eq!(decoder.receive(&wire), Err(BodyError::ChunkExtensions));
    // So are blanks, and many short ones that outweigh the data.
    assert_eq!(refused(format!("5{}", " ".repeat(8192))), BodyError::ChunkExtensions);
    assert_eq!(refused("1;abcdefghijklmno\r\na\r\n".repeat(400)), BodyError::ChunkExtensions);
}

#[test]
fn a_stream_of_signed_chunks_may_go_on_for_ever() {
    let chunk = format!("400;signature={}\r\n{}\r\n", "f".repeat(64), "x".repeat(1024));
    let mut decoder = chunked::Decoder::new(u64::MAX);
    for _ in 0..scaled(10_000, 10) {
        let step = decoder.receive(chunk.as_bytes()).unwrap();
        decoder.receive(&chunk.as_bytes()[step.consumed..]).unwrap();
    }
}

#[test]
fn trailers_are_checked_and_dropped() {
    assert_eq!(decoded("1\r\na\r\n0\r\nDigest: x\r\nB:\r\n\r\n"), whole("a"));
    for wire in [
        "0\r\nA\r\n\r\n",
        "0\r\nA : b\r\n\r\n",
        "0\r\n: b\r\n\r\n",
        "0\r\nA: b\n",
        "0\r\nA: b\r\n c\r\n\r\n",
        "0\r\nA: \0",
    ] {
        assert_eq!(refused(wire), BodyError::Trailer, "{wire:?}");
    }
    assert_eq!(refused("0\r\n\n"), BodyError::Trailer);
    assert_eq!(refused("0\r\n\r\r"), BodyError::Trailer);
}

#[test]
fn trailers_are_bounded() {
    assert_eq!(refused(format!("0\r\nA: {}", "b".repeat(8192))), BodyError::TrailerTooLarge);
    assert_eq!(refused(format!("0\r\n{}", "A: b\r\n".repeat(2000))), BodyError::TrailerTooLarge);
    assert_eq!(BodyError::TrailerTooLarge.status().as_u16(), 431);
}

#[test]
fn the_limit_passes_and_one_more_byte_is_refused_by_its_size() {
    assert_eq!(body(Framing::Chunked, 5, "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n").ok(), whole("hello"));
    let outcome = body(Framing::Chunked, 5, "3\r\nhel\r\n3\r\n");
    assert_eq!(outcome.error, Some(BodyError::TooLarge));
    assert_eq!(outcome.events, [Piece::Data(b"hel".to_vec())]);
    assert_eq!(BodyError::TooLarge.status().as_u16(), 413);
}

#[test]
fn an_error_is_final() {
    let mut decoder = chunked::Decoder::new(5);
    let error = decoder.receive(b"x").unwrap_err();
    assert_eq!(decoder.receive(b"0\r\n\r\n"), Err(error));
}

#[test]
fn chunks_are_encoded_with_their_size() {
    let mut output = BytesMut::new();
    chunked::encode(b"hello, wide world", &mut output);
    chunked::encode_end(&mut output);
    assert_eq!(&output[..], b"11\r\nhello, wide world\r\n0\r\n\r\n");
}

#[test]
fn nothing_is_not_encoded_as_the_end() {
    let mut output = BytesMut::from(&b"before"[..]);
    chunked::encode(b"", &mut output);
    chunked::encode_with(&mut output, |_| ());
    assert_eq!(&output[..], b"before");
}

#[test]
fn a_chunk_can_be_written_in_place() {
    let mut output = BytesMut::from(&b"before"[..]);
    let written = chunked::encode_with(&mut output, |output| {
        output.put_bytes(b'x', 0x1ab);
        7
    });
    assert_eq!(written, 7);
    assert!(output.starts_with(b"before000001ab\r\nxxx"));
    assert_eq!(decoded(&output[6..]), [Piece::Data(vec![b'x'; 0x1ab])]);
}

#[test]
fn writing_in_place_survives_a_writer_that_clears_the_output() {
    let mut output = BytesMut::from(&b"before"[..]);
    chunked::encode_with(&mut output, BytesMut::clear);
    assert!(output.is_empty());
}
