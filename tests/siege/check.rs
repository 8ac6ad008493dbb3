//! What messages say, and whether each arrives once and in order, or is covered by a reset. Nothing is kept of those that
//! have been looked at, however long it goes.

use crate::position::Position;
use tidings::client::Received;
use tidings::topic::Cursor;

/// The `number`th message of a publisher, with what its receivers are to know besides.
pub fn data(number: u64, note: u64) -> String {
    format!("{number} {note} {}", filler(number))
}

/// The number and the note; whatever does not belong there fails the test.
pub fn parse(data: &str) -> (u64, u64) {
    let mut parts = data.splitn(3, ' ');
    let mut number = || parts.next().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{data:?}"));
    let (number, note) = (number(), number());
    assert_eq!(parts.next(), Some(filler(number).as_str()), "the data of message {number}");
    (number, note)
}

/// Up to 400 bytes, 200 on average.
fn filler(number: u64) -> String {
    "tidings ".repeat(usize::try_from(number * 7 % 50).unwrap())
}

/// Looks at everything that a subscriber is given of one topic with one publisher, over all servers there are.
#[derive(Debug, Default)]
pub struct Check {
    pub position: Position,
    /// The publisher's number of the last message.
    pub number: u64,
    /// An epoch and by how much the publisher's numbers are ahead of the topic's in it.
    ahead: Option<(u64, u64)>,
    pub cuts: u64,
    /// Of the last message.
    pub note: u64,
}

impl Check {
    /// Whether it was a message.
    pub fn take(&mut self, received: &Received) -> bool {
        match received {
            Received::Message { id, event: None, data } => {
                self.message(id.as_deref().expect("every message has an id").parse().unwrap(), data);
                return true;
            }
            // It says where the subscriber stands, and takes it nowhere.
            Received::Bookmark { id } => {
                let id: Cursor = id.parse().unwrap();
                assert_eq!(*self.position.at.get_or_insert(id), id, "a bookmark moves the cursor");
            }
            Received::Reset(reset) => self.position.reset(reset),
            Received::Reconnecting { .. } => self.cuts += 1,
            Received::Connected | Received::Drain => {}
            other => panic!("unexpected: {other:?}"),
        }
        false
    }

    fn message(&mut self, id: Cursor, data: &str) {
        self.position.message(id);
        let (number, note) = parse(data);
        let ahead = number - id.n();
        match self.ahead {
            Some((epoch, before)) if epoch == id.epoch() => assert_eq!(ahead, before, "message {number} is {id}"),
            // One that the last server took without a word may have been sent again to this one.
            _ => assert!(number >= self.number, "{number} comes behind {}", self.number),
        }
        self.ahead = Some((id.epoch(), ahead));
        (self.number, self.note) = (number, note);
    }
}
