//! Publishing: one script for each message, and again if that was not answered.
//!
//! Each message has an idempotency key in Redis, its publisher's or one that is made here. So what was sent and not
//! answered is sent again, and taken once. What was not sent for certain is refused at once.

use super::pool::Trouble;
use super::scripts::{self, Head, Put, PutAnswer};
use super::{Node, SETTLING, keys, unexpected};
use crate::server::PublishError;
use crate::server::store::NewMessage;
use crate::server::topics::TopicCell;
use crate::topic::{Cursor, IdempotencyKey, Message, PublishError as TopicError, Published, TopicName};
use redis::Cmd;
use std::string::String;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

/// For so long a publisher is kept waiting: a restart of Redis with a little data and [`SETTLING`] after it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a key is kept that was made here: only this server sends it again, and only for [`PATIENCE`]. It takes more
/// memory in Redis than a small message.
const MADE_KEY: Duration = Duration::from_secs(15);

/// For so long after it was sent Redis may take a message: what the network brings later might come when the key is gone.
/// Shorter than [`MADE_KEY`] by more than two clocks drift apart between two messages.
const DEADLINE: Duration = Duration::from_secs(10);

/// A message on its way.
struct Sending<'a> {
    name: &'a TopicName,
    message: &'a NewMessage,
    /// Where its key is kept, and for how long.
    key: String,
    key_time: Duration,
    /// Tells it from another message with its publisher's key; of no use, and empty, with a key that was made here.
    digest: String,
}

impl Node {
    pub(super) fn publish(
        &self,
        name: &TopicName,
        cell: Option<&Arc<TopicCell>>,
        message: NewMessage,
        now: Instant,
    ) -> Result<Published, PublishError> {
        let cost = Message::cost_of(message.event.as_ref(), &message.data)
            .saturating_add(message.key.as_ref().map_or(0, IdempotencyKey::cost));
        if cost > self.bounds.bytes {
            return Err(TopicError::TooLarge { bytes: cost, limit: self.bounds.bytes }.into());
        }
        let is_made = message.key.is_none();
        let put = self.put(&self.sending(name, &message), now).inspect_err(|_| self.status.refused.add(1))?;
        let (id, time) = match put {
            Put::New(Head { at, time }) => (at, Some(time)),
            Put::Known(id) => (id, None),
            Put::Reused => return Err(TopicError::KeyReused.into()),
        };
        let now = Instant::now();
        self.heads.seen(name, id, now);
        if let Some(time) = time {
            self.clock.set(now, time);
            self.show(name, cell, id, message, self.clock.instant(time, now));
        }
        Ok(Published { id, is_new: is_made || time.is_some() })
    }

    /// If it is the next one here, it need not come back from Redis first: who has published it finds it at once.
    fn show(
        &self,
        name: &TopicName,
        cell: Option<&Arc<TopicCell>>,
        id: Cursor,
        message: NewMessage,
        published: Instant,
    ) {
        let NewMessage { event, data, .. } = message;
        let Some(cell) = cell.cloned().or_else(|| self.topics.find(name)) else { return };
        if cell.take_next(Message { id, event, data }, published) {
            self.signal.news(&cell, published);
        }
    }

    fn sending<'a>(&self, name: &'a TopicName, message: &'a NewMessage) -> Sending<'a> {
        let (key, key_time, digest) = if let Some(key) = &message.key {
            let event = message.event.as_ref().map_or("", |event| event.as_str());
            // An event's name has no line break.
            let digest = scripts::digest(&[event, "\n", &message.data]);
            (keys::given(name, key), self.bounds.age, digest)
        } else {
            let n = self.made.fetch_add(1, Ordering::Relaxed);
            (keys::made(name, &IdempotencyKey::numbered(self.nonce, n)), MADE_KEY, String::new())
        };
        Sending { name, message, key, key_time, digest }
    }

    fn put(&self, sending: &Sending<'_>, now: Instant) -> Result<Put, PublishError> {
        let until = now + PATIENCE;
        let mut may_be_taken = false;
        loop {
            // Who has nothing on its way learns at once that there is no Redis; who has waits for it.
            let waits_until = if may_be_taken { until } else { now };
            let is_there = self.status.wait(waits_until, || self.status.is_there());
            let tried = if is_there { self.pool.with(until, |link| self.send(link, sending)) } else { None };
            let pause = match tried {
                Some(Ok(PutAnswer::Settling(left))) => left,
                // It was not late here: the clock there was set.
                Some(Ok(PutAnswer::Late(time))) => {
                    self.clock.set(Instant::now(), time);
                    PAUSE
                }
                Some(Ok(PutAnswer::Put(put))) => return Ok(put),
                Some(Err(trouble)) => {
                    self.tell(&trouble);
                    let is_unknown = matches!(trouble, Trouble::Unknown(_));
                    if !may_be_taken && !is_unknown {
                        return Err(PublishError::Unavailable);
                    }
                    may_be_taken = true;
                    PAUSE
                }
                None => return Err(given_up(may_be_taken)),
            };
            if Instant::now() + pause > until {
                return Err(given_up(may_be_taken));
            }
            thread::sleep(pause);
        }
    }

    fn send(&self, link: &mut super::Link, sending: &Sending<'_>) -> redis::RedisResult<PutAnswer> {
        let call = self.call(&link.run, sending);
        PutAnswer::parse(&link.run(&scripts::PUBLISH, &call)?).ok_or_else(unexpected)
    }

    fn call(&self, run: &str, sending: &Sending<'_>) -> Cmd {
        let Sending { name, message, key, key_time, digest } = sending;
        let mut call = scripts::PUBLISH.call();
        let topic = keys::TopicKeys::new(name);
        call.arg(3).arg(topic.stream).arg(topic.known).arg(key);
        self.add_common(&mut call, run, self.heads.get(name));
        // A key that is kept for no time would be an error.
        let key_time = scripts::millis(*key_time).clamp(1, scripts::LONGEST);
        // Redis counts to the largest number with a sign.
        let messages = i64::try_from(self.bounds.messages).unwrap_or(i64::MAX);
        call.arg(messages).arg(scripts::millis(SETTLING)).arg(key_time).arg(digest);
        call.arg(self.clock.there(Instant::now()).saturating_add(scripts::millis(DEADLINE)));
        call.arg(message.event.as_ref().map_or("", |event| event.as_str())).arg(&*message.data);
        call
    }
}

fn given_up(may_be_taken: bool) -> PublishError {
    if may_be_taken { PublishError::Unknown } else { PublishError::Unavailable }
}
