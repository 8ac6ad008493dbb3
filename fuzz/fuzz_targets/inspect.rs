//! The explainer takes anything: every byte is explained once and in order, whole or in pieces, with room to wait for
//! what belongs together or without; only at the end something is said to be missing. Frames are explained the same
//! however they are cut. A field's text is short, whatever it inflates to.
//!
//! The first byte chooses what the rest is taken for, whose it is and the size of the pieces.
#![cfg_attr(fuzzing, no_main)]

#[path = "../../tests/support/covered.rs"]
mod covered;

use covered::assert_covers;
use tidings::inspect::{Conversation, Explainer, Field, Format, Side, chunked};

const FORMATS: [Format; 4] = [Format::Frames, Format::Http, Format::EventStream, Format::Json];
/// Too little for most things that belong together.
const LITTLE: usize = 16;

/// One input.
pub fn run(data: &[u8]) {
    let Some((&choice, bytes)) = data.split_first() else { return };
    let choice = usize::from(choice);
    let (format, side, piece) =
        (FORMATS[choice % 4], [None, Some(Side::Client), Some(Side::Server)][choice / 4 % 3], choice / 12 + 1);
    let explainer = || match side {
        Some(side) => Explainer::new(format).from(side),
        None => Explainer::new(format),
    };
    let _ = Format::guess_early(bytes);
    assert_covers(bytes, &format.explain(bytes));
    let whole = fields(explainer(), bytes, bytes.len().max(1));
    let pieces = fields(explainer(), bytes, piece);
    assert_covers(bytes, &whole);
    assert_covers(bytes, &pieces);
    if format == Format::Frames {
        assert_eq!(whole, pieces, "in pieces of {piece}");
    }
    assert_covers(bytes, &fields(explainer().waiting_for(LITTLE), bytes, piece));
    assert_covers(bytes, &chunked(bytes, format));
    converse(bytes, piece);
}

fn fields(mut explainer: Explainer, bytes: &[u8], piece: usize) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut take = |field: &Field, own: &[u8]| {
        assert_eq!(bytes.get(field.at..field.at + field.len), Some(own));
        fields.push(field.clone());
    };
    for piece in bytes.chunks(piece) {
        explainer.push(piece, &mut take);
    }
    explainer.end(take);
    fields
}

/// The pieces in turn from one side and the other.
fn converse(bytes: &[u8], piece: usize) {
    let mut conversation = Conversation::default();
    let mut sides = [(Side::Client, Vec::new(), Vec::new()), (Side::Server, Vec::new(), Vec::new())];
    for (n, piece) in bytes.chunks(piece).enumerate() {
        let (side, sent, fields) = &mut sides[n % 2];
        sent.extend_from_slice(piece);
        conversation.push(*side, piece, |field, _| fields.push(field.clone()));
    }
    conversation.end(|side, field, _| sides[usize::from(side == Side::Server)].2.push(field.clone()));
    for (_, sent, fields) in &sides {
        assert_covers(sent, fields);
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| run(data));
