//! Limits of a connection (RFC 6455 §10.4).

/// What a [`Connection`](super::Connection) takes from its peer. Every limit is exact: the limit passes, one more is
/// refused with close code 1009.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Payload bytes of one data frame. Default: 16 MiB, as for a message.
    pub max_frame: usize,
    /// Bytes of one message, over all its fragments and after inflating. Default: 16 MiB; memory grows with what
    /// arrived, so the limit costs nothing until somebody sends that much.
    pub max_message: usize,
    /// Frames of one message, empty ones too: they cost no memory, but without a bound a peer could send them for ever
    /// and a message would never end. At least 1. Default: 131,072, which lets 8 MiB through in fragments of 64 bytes.
    pub max_fragments: usize,
    /// Bytes that the caller's input buffer can hold. A frame that fits, its header included, stays there until it is whole
    /// and is handed out as it lies, without a copy or memory of the connection's; the parts of a larger one are consumed
    /// as they arrive. Default: 4 KiB; the least that counts: [`Connection::MIN_INPUT`](super::Connection::MIN_INPUT).
    /// It is worth raising where large messages are usual and the buffer is there anyway, one for all connections.
    pub input_buffer: usize,
    /// Bytes in `output` from which on Pongs are no longer appended: the newest is kept, which §5.5.3 allows, so that a
    /// peer that pings and never reads costs no growing memory. The next [`receive`](super::Connection::receive) that
    /// finds room sends it: call it, without input if there is none, when `output` was written. Default: 64 KiB.
    pub max_unsent: usize,
    /// How messages that do not lie whole in the input are handed out. Default: whole.
    pub delivery: Delivery,
}

/// How a message is handed out that arrives in several pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// Put together in memory of the connection's, as one [`Event::Text`](super::Event::Text) or
    /// [`Event::Binary`](super::Event::Binary).
    #[default]
    Whole,
    /// Piece by piece as it arrives, as [`Event::TextChunk`](super::Event::TextChunk) and
    /// [`Event::BinaryChunk`](super::Event::BinaryChunk), without being kept. A message that lies whole in the input is
    /// still one event.
    Chunks,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_frame: 16 << 20,
            max_message: 16 << 20,
            max_fragments: 1 << 17,
            input_buffer: 4 << 10,
            max_unsent: 64 << 10,
            delivery: Delivery::Whole,
        }
    }
}
