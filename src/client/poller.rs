//! Long and short polling.

use super::error::Trouble;
use super::exchange::{self, Answer, Get};
use super::feed::{Feed, Link, Transport, subscriber};
use super::session::Hold;
use super::wire::Wire;
use super::{Cut, Error, Options};
use crate::envelope::{self, Batch};
use crate::reconnect::Verdict;
use crate::step::later;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use std::time::Instant;

/// Subscribes by asking again and again, over one connection as long as the server keeps it.
///
/// A long poll is asked again at once after each answer, and with the same cursor after a cut: reads take nothing away,
/// so that a lost answer comes again as it was (RFC 6202 §2.2). If somebody on the way cuts held polls short, it learns
/// to ask for less. A short poll is asked at intervals, and at once where there is more already.
#[derive(Debug)]
pub struct Poller(Feed<Polls>);

impl Poller {
    /// Long polling, held for up to [`Options::wait`]. Nothing is sent before the first [`next`](Iterator::next).
    ///
    /// # Errors
    /// A URL that cannot be used.
    pub fn long(url: &str, options: Options) -> Result<Self, Error> {
        let hold = Some(Hold::new(options.wait));
        Feed::new(url, options, Polls { hold, wire: None, next: None }).map(Self)
    }

    /// Short polling, each [`Options::interval`].
    ///
    /// # Errors
    /// A URL that cannot be used.
    pub fn short(url: &str, options: Options) -> Result<Self, Error> {
        Feed::new(url, options, Polls { hold: None, wire: None, next: None }).map(Self)
    }
}

subscriber!(Poller, Polls);

#[derive(Debug)]
struct Polls {
    /// For long polls.
    hold: Option<Hold>,
    wire: Option<Wire>,
    /// When the next short poll is due; at once if it has none.
    next: Option<Instant>,
}

impl Transport for Polls {
    fn open(&mut self, link: &mut Link) -> Result<(), Trouble> {
        // The first poll is not held: it shows that the server is there, and where "now" is.
        let (answer, body) = self.poll(link, None)?;
        link.connected();
        self.take(&answer, &body, None, link)
    }

    fn read(&mut self, link: &mut Link) -> Result<(), Trouble> {
        if let Some(next) = self.next {
            link.stop.wait_until(next);
        }
        let asked = Instant::now();
        let result = self.poll(link, self.hold);
        if let (Some(hold), Err(Trouble::Cut(cut, _))) = (&mut self.hold, &result)
            && is_impatience(cut)
        {
            hold.handle_cut(asked.elapsed());
        }
        let (answer, body) = result?;
        link.session.handle_bytes(Instant::now());
        self.take(&answer, &body, Some(asked), link)
    }

    fn close(&mut self) {
        self.wire = None;
        self.next = None;
    }
}

/// Whether a held poll was cut by somebody who would not wait, rather than by a server that is gone.
fn is_impatience(cut: &Cut) -> bool {
    match cut {
        Cut::Ended | Cut::Io(_) | Cut::Silent => true,
        Cut::Status(status) => matches!(status.as_u16(), 408 | 502 | 504),
        _ => false,
    }
}

impl Polls {
    /// One exchange: an answer that has something to say, and its body.
    fn poll(&mut self, link: &Link, hold: Option<Hold>) -> Result<(Answer, Vec<u8>), Trouble> {
        let wait = hold.map(|hold| hold.seconds().to_string());
        let mut parameters = Vec::from([("after", link.after())]);
        parameters.extend(wait.as_deref().map(|wait| ("wait", wait)));
        let get = Get {
            parameters: &parameters,
            headers: &[("Accept", "application/json")],
            limit: link.options.max_message as u64,
            hold: hold.map_or(Duration::ZERO, |hold| Duration::from_secs(hold.seconds())),
        };
        let (mut wire, mut answer) = exchange::get(&mut self.wire, &link.target, &link.options, &link.stop, &get)?;
        match Verdict::of(answer.status) {
            Verdict::Accepted => answer.expect_type("application/json")?,
            Verdict::Reset if answer.expect_type("application/json").is_ok() => {}
            _ => return Err(answer.refusal(&mut wire)),
        }
        let deadline = wire.response_deadline();
        let body = exchange::read_body(&mut wire, &mut answer.body, link.options.max_message, deadline)?;
        self.wire = Some(wire).filter(|_| answer.keep_alive);
        Ok((answer, body))
    }

    /// What an answer says; `asked`: when it was asked for, if it was asked to be held.
    fn take(&mut self, answer: &Answer, body: &[u8], asked: Option<Instant>, link: &mut Link) -> Result<(), Trouble> {
        let body = String::from_utf8_lossy(body);
        let before = link.session.resume().map(ToString::to_string);
        let interval = link.options.interval;
        // For one who does not hold, or who leads nowhere: they must not be asked without a pause.
        let pause = |now| asked.map(|asked| later(asked, interval)).filter(|next| *next > now);
        if Verdict::of(answer.status) == Verdict::Reset {
            link.reset(envelope::parse_reset(&body)?);
            let moved = link.session.resume() != before.as_deref();
            self.next = if moved { None } else { pause(Instant::now()) };
            return Ok(());
        }
        let batch = Batch::parse(&body)?;
        for entry in &batch.events {
            link.message(Some(&entry.id.to_string()), entry.event.as_deref(), &entry.data);
        }
        link.bookmark(&batch.next.to_string());
        let now = Instant::now();
        let moved = link.session.resume() != before.as_deref();
        self.next = match self.hold {
            _ if batch.more && moved => None,
            None => Some(later(now, interval)),
            // Held, and in vain: at once again, unless it was not held at all.
            Some(_) if batch.events.is_empty() || !moved => pause(now),
            Some(_) => None,
        };
        Ok(())
    }
}
