//! Time: one timer that is set anew only when it must be, and the keepalive that it serves.

use crate::ws::{Keepalive, KeepaliveEvent, KeepaliveOptions};
use ::tokio::time::{Instant, Sleep, sleep_until};
use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

/// Made when it is first waited for. A deadline that moves away, as one does with every read, costs nothing: the timer goes
/// off at the old one and is set again then.
#[derive(Debug, Default)]
pub(super) struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    pub(super) fn poll(&mut self, due: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if due < sleep.deadline() {
            sleep.as_mut().reset(due);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline() >= due {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(due);
        }
        Poll::Pending
    }
}

/// The keepalive of a connection, if it has one.
#[derive(Debug)]
pub(super) struct Clock(Option<(Keepalive<Instant>, Timer)>);

impl Clock {
    pub(super) fn new(options: Option<KeepaliveOptions>) -> Self {
        Self(options.map(|options| (Keepalive::new(options, Instant::now()), Timer::default())))
    }

    /// Something was read.
    pub(super) fn received(&mut self) {
        if let Some((keepalive, _)) = &mut self.0 {
            keepalive.received(Instant::now());
        }
    }

    /// A Close has been sent, or the connection has failed.
    pub(super) fn closing(&mut self) {
        if let Some((keepalive, _)) = &mut self.0 {
            keepalive.closing(Instant::now());
        }
    }

    /// What is due; `Pending` is woken up for it.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<KeepaliveEvent> {
        let Some((keepalive, timer)) = &mut self.0 else { return Poll::Pending };
        while let Some(due) = keepalive.poll_timeout() {
            if timer.poll(due, cx).is_pending() {
                return Poll::Pending;
            }
            if let Some(event) = keepalive.handle_timeout(Instant::now()) {
                return Poll::Ready(event);
            }
        }
        Poll::Ready(KeepaliveEvent::Gone)
    }
}
