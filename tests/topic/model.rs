//! The topic against a model that is too simple to be wrong: a vector that never forgets.

use crate::{Clock, EPOCH};
use proptest::prelude::*;
use std::time::Duration;
use tidings::topic::{Bounds, Cursor, Message, PublishError, ResetReason, Topic};

#[derive(Debug, Clone)]
enum Action {
    Publish { bytes: usize, named: bool },
    Wait(u64),
    HandleTimeout,
    Read { epoch: u64, n: u64 },
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (0..400_usize, any::<bool>()).prop_map(|(bytes, named)| Action::Publish { bytes, named }),
        2 => (0..8_u64).prop_map(Action::Wait),
        1 => Just(Action::HandleTimeout),
        4 => (prop_oneof![9 => Just(EPOCH), 1 => Just(EPOCH + 1)], 0..30_u64)
            .prop_map(|(epoch, n)| Action::Read { epoch, n }),
    ]
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (0..8_usize, 0..1500_usize, 0..20_u64).prop_map(|(messages, bytes, age)| Bounds {
        messages,
        bytes,
        age: Duration::from_secs(age),
    })
}

/// Everything ever published, and how many from its front are gone.
struct Model {
    bounds: Bounds,
    published: Vec<(String, bool, Clock)>,
    gone: usize,
}

impl Model {
    fn cost((data, named, _): &(String, bool, Clock)) -> usize {
        data.len() + if *named { "name".len() } else { 0 } + Message::OVERHEAD
    }

    fn kept(&self) -> &[(String, bool, Clock)] {
        &self.published[self.gone..]
    }

    fn bytes(&self) -> usize {
        self.kept().iter().map(Self::cost).sum()
    }

    fn expire(&mut self, now: Clock) {
        let age = self.bounds.age;
        self.gone += self.kept().iter().take_while(|(_, _, at)| *at + age <= now).count();
    }

    fn publish(&mut self, data: String, named: bool, now: Clock) -> bool {
        let message = (data, named, now);
        if Self::cost(&message) > self.bounds.bytes {
            return false;
        }
        self.expire(now);
        self.published.push(message);
        while self.kept().len() > self.bounds.messages || self.bytes() > self.bounds.bytes {
            self.gone += 1;
        }
        true
    }

    fn read(&self, after: Cursor) -> Result<&[(String, bool, Clock)], ResetReason> {
        match usize::try_from(after.n()).unwrap() {
            _ if after.epoch() != EPOCH => Err(ResetReason::Epoch),
            n if n > self.published.len() => Err(ResetReason::Future),
            n if n < self.gone => Err(ResetReason::Trimmed),
            n => Ok(&self.published[n..]),
        }
    }
}

proptest! {
    #[test]
    fn the_topic_does_what_a_vector_does(bounds in bounds(), actions in prop::collection::vec(action(), 0..60)) {
        let mut topic: Topic<Clock> = Topic::new(EPOCH, bounds);
        let mut model = Model { bounds, published: Vec::new(), gone: 0 };
        let mut now = Clock::ZERO;
        for action in actions {
            match action {
                Action::Publish { bytes, named } => {
                    let data = "x".repeat(bytes);
                    let event = named.then(|| "name".parse().unwrap());
                    let published = topic.publish(event, data.clone(), now);
                    if model.publish(data, named, now) {
                        prop_assert_eq!(published, Ok(Cursor::new(EPOCH, model.published.len() as u64)));
                    } else {
                        let refused = matches!(published, Err(PublishError::TooLarge { .. }));
                        prop_assert!(refused, "{:?}", published);
                    }
                }
                Action::Wait(seconds) => now += Duration::from_secs(seconds),
                Action::HandleTimeout => {
                    topic.handle_timeout(now);
                    model.expire(now);
                    prop_assert!(topic.poll_timeout().is_none_or(|due| due > now));
                }
                Action::Read { epoch, n } => {
                    let after = Cursor::new(epoch, n);
                    match (topic.read(after), model.read(after)) {
                        (Ok(messages), Ok(expected)) => {
                            prop_assert_eq!(messages.len(), expected.len());
                            for (number, (message, (data, named, _))) in (n + 1..).zip(messages.zip(expected)) {
                                prop_assert_eq!(message.id, Cursor::new(EPOCH, number));
                                prop_assert_eq!(&*message.data, data.as_str());
                                prop_assert_eq!(message.event.is_some(), *named);
                            }
                        }
                        (Err(reset), Err(reason)) => {
                            prop_assert_eq!(reset.reason, reason);
                            prop_assert_eq!((reset.oldest, reset.newest), (topic.oldest(), topic.newest()));
                        }
                        (real, expected) => prop_assert!(false, "{:?} instead of {:?}", real, expected.is_ok()),
                    }
                }
            }
            prop_assert_eq!(topic.oldest(), Cursor::new(EPOCH, model.gone as u64));
            prop_assert_eq!(topic.newest(), Cursor::new(EPOCH, model.published.len() as u64));
            prop_assert_eq!((topic.len(), topic.bytes()), (model.kept().len(), model.bytes()));
            prop_assert_eq!(topic.is_empty(), model.kept().is_empty());
        }
    }
}
