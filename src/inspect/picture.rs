//! The first two bytes of a frame, drawn (RFC 6455 §5.2).

use super::Field;
use super::frames::FIRST;
use alloc::format;
use alloc::string::String;

/// Draws the two bytes that a frame begins with, bit by bit, as text of several lines.
///
/// ```
/// let picture = tidings::inspect::frame_picture([0x81, 0x85]);
/// assert!(picture.lines().any(|line| line == "│  1  │  0   │  0   │  0   │ 0 0 0 1 │  1   │ 0 0 0 0 1 0 1 │"));
/// ```
#[must_use]
pub fn frame_picture(header: [u8; 2]) -> String {
    let [first, second] = header;
    let [fin, rsv1, rsv2, rsv3] = [7, 6, 5, 4].map(|n| first >> n & 1);
    let opcode = spaced(&format!("{:04b}", first & 0xf));
    let (mask, len) = (second >> 7, spaced(&format!("{:07b}", second & 0x7f)));
    let [first, second] = header.map(|byte| format!(" {byte:02x} "));
    format!(
        "┌{first:─^36}┬{second:─^22}┐\n\
         │ FIN │ RSV1 │ RSV2 │ RSV3 │ opcode  │ MASK │  payload len  │\n\
         │  {fin}  │  {rsv1}   │  {rsv2}   │  {rsv3}   │{opcode} │  {mask}   │{len} │\n\
         └─────┴──────┴──────┴──────┴─────────┴──────┴───────────────┘\n"
    )
}

fn spaced(bits: &str) -> String {
    bits.chars().flat_map(|bit| [' ', bit]).collect()
}

impl Field {
    /// Whether it is the first byte of a frame; the second is the next field, unless that says that it is missing.
    #[must_use]
    pub fn begins_frame(&self) -> bool {
        self.name == FIRST
    }
}
