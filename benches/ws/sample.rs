//! The messages that are decoded and encoded.

pub struct Sample {
    pub name: &'static str,
    pub payload: Payload,
}

pub enum Payload {
    Text(String),
    Binary(Vec<u8>),
}

impl Sample {
    pub fn len(&self) -> usize {
        match &self.payload {
            Payload::Text(text) => text.len(),
            Payload::Binary(data) => data.len(),
        }
    }
}

pub fn texts() -> Vec<Sample> {
    let text = |name, text| Sample { name, payload: Payload::Text(text) };
    vec![
        text("16 B text", ascii(16)),
        text("125 B text", ascii(125)),
        text("1 KiB text", ascii(1024)),
        text("1 KB non-ASCII text", "Größe κόσμε 😀".repeat(44)),
    ]
}

pub fn binaries() -> Vec<Sample> {
    let binary = |name, len| Sample { name, payload: Payload::Binary(ascii(len).into_bytes()) };
    vec![
        binary("16 B binary", 16),
        binary("125 B binary", 125),
        binary("1 KiB binary", 1024),
        binary("16 KiB binary", 16 << 10),
        binary("1 MiB binary", 1 << 20),
    ]
}

fn ascii(len: usize) -> String {
    "The quick brown fox, 42! ".chars().cycle().take(len).collect()
}
