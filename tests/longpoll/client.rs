//! The client's machine: the table at its head, row by row, and what it learns.

use crate::{at, seconds};
use proptest::prelude::*;
use std::time::Duration;
use tidings::http::Status;
use tidings::longpoll::{Ask, PollDue, PollResponse, Poller, PollerOptions};
use tidings::reconnect::Backoff;
use tidings::topic::{After, Cursor, Reset, ResetReason};

const ZERO: Duration = Duration::ZERO;
const START: Cursor = at(1);

/// Draws the greatest number: backoffs are as long as they may be, intervals as short.
fn backoff() -> Backoff {
    Backoff::new(seconds(1), seconds(30), |bytes| bytes.fill(0xff))
}

/// Draws zero: backoffs are as short as they may be, intervals as long.
fn shortest() -> Backoff {
    Backoff::new(seconds(1), seconds(30), |bytes| bytes.fill(0))
}

/// A poller and its clock.
struct Client {
    poller: Poller<Duration>,
    now: Duration,
}

impl Client {
    fn long(after: impl Into<After>) -> Self {
        Self { poller: Poller::long(after.into(), PollerOptions::default(), backoff(), ZERO), now: ZERO }
    }

    fn short(backoff: Backoff) -> Self {
        let options = PollerOptions { interval_max: seconds(60), ..PollerOptions::default() };
        Self { poller: Poller::short(After::Cursor(at(1)), options, backoff, ZERO), now: ZERO }
    }

    /// A long poller that has been answered once, and stands at cursor 1.
    fn connected() -> Self {
        let mut client = Self::long(After::Now);
        client.ask();
        client.events(0, 1);
        client
    }

    /// Waits for the next poll.
    #[track_caller]
    fn ask(&mut self) -> Ask {
        self.now = self.now.max(self.poller.poll_timeout().expect("it goes on"));
        match self.poller.handle_timeout(self.now) {
            Some(PollDue::Ask(ask)) => ask,
            other => panic!("{other:?}"),
        }
    }

    /// The poll is answered now, with so many messages.
    #[track_caller]
    fn events(&mut self, messages: usize, next: u64) {
        assert_eq!(self.respond(200), PollResponse::Events);
        self.poller.handle_events(messages, at(next), false, self.now);
    }

    fn respond(&mut self, code: u16) -> PollResponse {
        self.poller.handle_response(Status::new(code).unwrap(), None, self.now)
    }

    #[track_caller]
    fn reset(&mut self, oldest: u64) {
        assert_eq!(self.respond(410), PollResponse::Reset);
        let reset = Reset { reason: ResetReason::Trimmed, oldest: at(oldest), newest: at(99) };
        self.poller.handle_reset(&reset, self.now);
    }

    /// How long it waits before the next poll.
    fn pause(&self) -> Duration {
        self.poller.poll_timeout().expect("it goes on").saturating_sub(self.now)
    }

    /// Waits for the next poll that asks to be held, and lets it be cut after so long.
    #[track_caller]
    fn cut_after(&mut self, held: Duration) {
        let ask = self.ask();
        assert!(ask.wait > ZERO && self.poller.is_connected());
        self.now += held;
        assert!(self.poller.handle_cut(self.now).is_some());
        self.ask();
        self.events(0, 1);
    }

    /// Waits for the next poll, and lets it be held for as long as it asks to.
    #[track_caller]
    fn hold(&mut self) -> Duration {
        let ask = self.ask();
        self.now += ask.wait;
        self.events(0, 1);
        ask.wait
    }
}

#[test]
fn the_first_poll_is_at_once_and_not_held() {
    assert_eq!(Client::long(After::Now).ask(), Ask { after: After::Now, wait: ZERO });
    assert_eq!(Client::long(After::Oldest).ask(), Ask { after: After::Oldest, wait: ZERO });
    assert_eq!(Client::long(at(7)).ask(), Ask { after: After::Cursor(at(7)), wait: ZERO });
}

#[test]
fn row_200_with_news_the_next_is_at_once() {
    let mut client = Client::connected();
    assert_eq!(client.ask(), Ask { after: After::Cursor(at(1)), wait: seconds(25) });
    client.now += seconds(3);
    client.events(2, 3);
    assert_eq!(client.pause(), ZERO);
    assert_eq!(client.ask(), Ask { after: After::Cursor(at(3)), wait: seconds(25) });
}

#[test]
fn row_200_with_more_behind_it_the_next_is_at_once() {
    let mut client = Client::short(backoff());
    client.ask();
    client.respond(200);
    client.poller.handle_events(500, at(501), true, ZERO);
    assert_eq!(client.pause(), ZERO);
    client.ask();
    client.respond(200);
    client.poller.handle_events(0, at(501), true, ZERO);
    assert!(client.pause() > seconds(1), "but not where it leads nowhere");
}

#[test]
fn row_200_held_in_vain_the_next_is_at_once() {
    let mut client = Client::connected();
    client.hold();
    assert_eq!(client.pause(), ZERO);
    client.ask();
    client.now += seconds(25);
    client.events(0, 8);
    assert_eq!(
        (client.pause(), client.poller.after()),
        (ZERO, After::Cursor(at(8))),
        "the cursor may move all the same"
    );
}

#[test]
fn row_200_not_held_the_next_is_after_the_interval() {
    let mut client = Client::connected();
    client.ask();
    client.events(0, 1);
    assert_eq!(client.pause(), seconds(1));
    client.ask();
    client.now += Duration::from_millis(400);
    client.events(1, 1); // the same again
    assert_eq!(client.pause(), Duration::from_millis(600));
}

#[test]
fn row_410_polling_goes_on_at_the_oldest_at_once() {
    let mut client = Client::long(at(7));
    client.ask();
    client.reset(20);
    assert_eq!(client.pause(), ZERO);
    assert!(client.poller.is_connected());
    assert_eq!(client.ask(), Ask { after: After::Cursor(at(20)), wait: seconds(25) });
}

#[test]
fn row_410_after_a_second_one_in_a_row_after_the_interval() {
    let mut client = Client::long(at(7));
    client.ask();
    client.reset(20);
    client.ask();
    client.reset(21);
    assert_eq!(client.pause(), seconds(1));
    client.ask();
    client.events(1, 22);
    client.ask();
    client.reset(30);
    assert_eq!(client.pause(), ZERO, "there was news in between");
    let mut nowhere = Client::long(at(20));
    nowhere.ask();
    nowhere.reset(20);
    assert_eq!(nowhere.pause(), seconds(1));
}

#[test]
fn row_a_cut_and_a_truncated_body_the_same_cursor_after_a_backoff() {
    let mut client = Client::connected();
    let mut waits = Vec::new();
    for n in 0..6 {
        assert_eq!(client.ask().after, After::Cursor(at(1)));
        if n % 2 == 0 {
            assert_eq!(client.respond(200), PollResponse::Events); // but the body is not whole
        }
        waits.push((client.poller.handle_cut(client.now).unwrap() + Duration::from_millis(1)).as_secs());
        assert!(!client.poller.is_connected());
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 30]);
}

#[test]
fn row_no_connection_the_same_cursor_after_a_backoff_and_nothing_is_learnt() {
    let mut client = Client::connected();
    client.ask();
    client.now += seconds(10);
    assert!(client.poller.handle_unreachable(client.now) > Some(ZERO));
    assert_eq!(client.ask(), Ask { after: After::Cursor(at(1)), wait: ZERO });
    client.events(0, 1);
    assert_eq!(client.ask().wait, seconds(25));
}

#[test]
fn row_a_time_out_the_same_cursor_after_a_backoff() {
    let mut client = Client::connected();
    let asked = client.ask();
    let due = client.now + asked.wait + PollerOptions::default().patience;
    assert_eq!(client.poller.poll_timeout(), Some(due));
    assert_eq!(client.poller.handle_timeout(client.now + asked.wait), None);
    assert!(matches!(client.poller.handle_timeout(due), Some(PollDue::Silent(_))));
    client.now = due;
    assert_eq!(client.ask(), Ask { after: asked.after, wait: ZERO });
}

#[test]
fn row_408_425_429_5xx_the_same_cursor_after_a_backoff() {
    for code in [408, 425, 429, 500, 502, 503, 504, 599] {
        let mut client = Client::long(at(7));
        let waits = [0; 4].map(|_| {
            assert_eq!(client.ask().after, After::Cursor(at(7)));
            let PollResponse::Later(wait) = client.respond(code) else { panic!("{code}") };
            (wait + Duration::from_millis(1)).as_secs()
        });
        assert_eq!(waits, [1, 2, 4, 8], "{code}");
    }
}

#[test]
fn row_408_425_429_5xx_retry_after_wins() {
    for code in [408, 429, 503] {
        let mut client =
            Client { poller: Poller::long(After::Now, PollerOptions::default(), shortest(), ZERO), now: ZERO };
        client.ask();
        let later = client.poller.handle_response(Status::new(code).unwrap(), Some(seconds(7)), ZERO);
        assert_eq!((later, client.pause()), (PollResponse::Later(seconds(7)), seconds(7)), "{code}");
    }
}

#[test]
fn row_anything_else_stops() {
    for code in [101, 204, 206, 304, 400, 401, 403, 404, 405, 406, 501, 505] {
        let mut client = Client::long(After::Now);
        client.ask();
        assert_eq!(client.respond(code), PollResponse::Refused, "{code}");
        assert_eq!((client.poller.poll_timeout(), client.poller.handle_timeout(seconds(9))), (None, None), "{code}");
    }
}

#[test]
fn a_redirect_is_part_of_the_same_poll() {
    let mut client = Client::long(After::Now);
    client.ask();
    assert_eq!(client.respond(307), PollResponse::Redirect);
    client.events(0, 1);
    assert!(client.poller.is_connected());
}

#[test]
fn a_held_poll_that_is_answered_proves_the_server_and_a_first_answer_does_not() {
    let mut client = Client::long(START);
    let mut waits = Vec::new();
    for _ in 0..4 {
        client.ask();
        client.events(0, 1);
        client.ask();
        waits.push((client.poller.handle_cut(client.now).unwrap() + Duration::from_millis(1)).as_secs());
    }
    assert_eq!(waits, [1, 2, 4, 8], "one that cuts each held poll at once is asked less and less often");
    client.ask();
    client.events(0, 1);
    client.hold();
    client.ask();
    assert!(client.poller.handle_cut(client.now) <= Some(seconds(1)));
}

#[test]
fn a_wait_that_is_cut_short_is_learnt() {
    let mut client = Client::connected();
    client.cut_after(Duration::from_millis(300));
    assert_eq!(client.hold(), seconds(25), "an early cut is no impatience");
    client.cut_after(seconds(20));
    assert_eq!(client.hold(), seconds(15));
    for _ in 0..20 {
        client.cut_after(seconds(1));
    }
    assert_eq!(client.hold(), seconds(2), "and no shorter");
}

#[test]
fn a_proxy_as_patient_as_the_wait_is_long_is_learnt_too() {
    let mut client = Client::connected();
    client.cut_after(seconds(25));
    assert_eq!(client.hold(), seconds(18));
    for code in [408, 502, 504] {
        let mut client = Client::connected();
        client.ask();
        client.now += seconds(25);
        assert!(matches!(client.respond(code), PollResponse::Later(_)));
        client.ask();
        client.events(0, 1);
        assert_eq!(client.hold(), seconds(18), "{code}");
    }
}

#[test]
fn who_says_that_it_is_overloaded_is_not_impatient() {
    for code in [425, 429, 500, 503] {
        let mut client = Client::connected();
        client.ask();
        client.now += seconds(20);
        assert!(matches!(client.respond(code), PollResponse::Later(_)));
        client.ask();
        client.events(0, 1);
        assert_eq!(client.hold(), seconds(25), "{code}");
    }
}

#[test]
fn a_connection_that_was_forgotten_on_the_way_is_learnt_too() {
    let mut client = Client::connected();
    client.ask();
    client.now = client.poller.poll_timeout().unwrap();
    assert!(matches!(client.poller.handle_timeout(client.now), Some(PollDue::Silent(_))));
    client.ask();
    client.events(0, 1);
    assert_eq!(client.hold(), seconds(18));
}

#[test]
fn a_longer_wait_is_carefully_tried_again() {
    let mut client = Client::connected();
    client.cut_after(seconds(8));
    let holds: Vec<u64> = (0..130).map(|_| client.hold().as_secs()).collect();
    let mut steps = holds.clone();
    steps.dedup();
    assert_eq!(steps, [6, 7, 8, 10, 12, 15, 18, 22, 25], "back to where it began, if nobody minds");
    assert_eq!(holds.iter().filter(|wait| **wait == 6).count(), 16, "and not in haste");
}

#[test]
fn a_trial_that_fails_is_repeated_less_and_less_often() {
    // Somebody on the way waits for 10 s and no longer.
    let mut client = Client::connected();
    let (mut cuts, mut polls) = (Vec::new(), 0);
    while cuts.len() < 12 {
        polls += 1;
        let ask = client.ask();
        if ask.wait < seconds(10) {
            client.now += ask.wait;
            client.events(0, 1);
        } else {
            client.now += seconds(10);
            client.poller.handle_cut(client.now);
            cuts.push(polls);
            polls = 0;
        }
    }
    assert!(cuts[1..].is_sorted(), "{cuts:?}");
    assert!(cuts[11] >= 2048, "{cuts:?}");
}

#[test]
fn a_short_poll_asks_more_often_while_there_is_news_and_less_often_while_it_is_quiet() {
    let mut client = Client::short(shortest());
    let mut pauses = Vec::new();
    for n in 0..18 {
        assert_eq!(client.ask().wait, ZERO);
        let news = usize::from(n >= 12);
        client.events(news, 1 + n * news as u64);
        pauses.push(client.pause().as_millis());
    }
    assert_eq!(pauses[..5], [1500, 2250, 3375, 5062, 7593]);
    assert_eq!(pauses[9..], [57_665, 60_000, 60_000, 30_000, 15_000, 7500, 3750, 1875, 1000]);
}

#[test]
fn the_interval_has_bounds_and_jitter() {
    let mut client = Client::short(backoff());
    for _ in 0..20 {
        client.ask();
        client.events(0, 1);
    }
    let jittered = client.pause();
    assert!((seconds(45)..seconds(46)).contains(&jittered), "a quarter of 60 s is drawn, not {jittered:?}");

    let options = PollerOptions { interval: seconds(9), interval_max: seconds(3), ..PollerOptions::default() };
    let mut poller = Poller::short(After::Now, options, backoff(), ZERO);
    poller.handle_timeout(ZERO);
    poller.handle_events(0, at(1), false, ZERO);
    assert_eq!(poller.poll_timeout(), Some(seconds(9)), "the shortest counts");
}

#[test]
fn what_comes_when_nothing_was_asked_changes_nothing() {
    let mut client = Client::connected();
    let before = format!("{:?}", client.poller);
    client.poller.handle_events(3, at(9), true, client.now);
    client.poller.handle_reset(&Reset { reason: ResetReason::Epoch, oldest: at(9), newest: at(9) }, client.now);
    assert_eq!(client.poller.handle_cut(client.now), None);
    assert_eq!(client.poller.handle_unreachable(client.now), None);
    assert_eq!(format!("{:?}", client.poller), before);
    client.poller.stop();
    assert_eq!((client.poller.handle_cut(client.now), client.poller.poll_timeout()), (None, None));
}

#[test]
fn times_without_end_overflow_nothing() {
    let time = Duration::MAX;
    let options = PollerOptions { wait: time, interval: time, interval_max: time, patience: time };
    for mut poller in [Poller::long, Poller::short].map(|make| make(After::Now, options, backoff(), ZERO)) {
        for _ in 0..40 {
            poller.handle_timeout(Duration::from_secs(1 << 40));
            poller.handle_events(0, at(1), false, ZERO);
            poller.handle_timeout(Duration::from_secs(1 << 40));
            poller.handle_cut(Duration::from_secs(1 << 40));
        }
        assert!(poller.poll_timeout().is_some());
    }
}

proptest! {
    /// Whatever servers do that brings no news: a poll timeout that never advances would be a busy loop.
    #[test]
    fn no_server_makes_polling_a_busy_loop(acts in prop::collection::vec((0_u8..8, 0_u64..3, 0_u64..300), 1..40), is_long: bool) {
        let make = if is_long { Poller::long } else { Poller::short };
        // The mean of what may be drawn.
        let backoff = Backoff::new(ZERO, seconds(30), |bytes| bytes.fill(0x80));
        let mut poller = make(START.into(), PollerOptions::default(), backoff, ZERO);
        let (mut now, polls) = (ZERO, 400);
        for (_, &(act, n, millis)) in (0..polls).zip(acts.iter().cycle()) {
            now = now.max(poller.poll_timeout().unwrap());
            let asked = poller.handle_timeout(now);
            prop_assert!(matches!(asked, Some(PollDue::Ask(_))), "{asked:?}");
            let status = |code| Status::new(code).unwrap();
            match act {
                0 => poller.handle_events(0, at(1), false, now),
                1 => poller.handle_events(0, at(1), true, now),
                // The same message again.
                2 => poller.handle_events(usize::from(poller.after() == START.into()), at(1), n == 0, now),
                3 => poller.handle_reset(&Reset { reason: ResetReason::Trimmed, oldest: at(n), newest: at(9) }, now),
                4 => prop_assert!(poller.handle_cut(now).is_some()),
                5 => prop_assert!(poller.handle_unreachable(now).is_some()),
                6 => {
                    poller.handle_response(status(503), Some(Duration::from_millis(millis)), now);
                }
                _ => {
                    now = poller.poll_timeout().unwrap();
                    prop_assert!(matches!(poller.handle_timeout(now), Some(PollDue::Silent(_))));
                }
            }
        }
        // At most two polls between two of the shortest waits: one that is answered, and one that is turned away.
        prop_assert!(now > Duration::from_millis(25) * (polls - 4), "{polls} polls in {now:?}");
    }
}
