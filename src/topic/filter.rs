//! Which messages a reader wants.

use super::{EventName, EventNameError, Message};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// Chooses messages by the names of their events: everything, or what has one of these names.
///
/// A message without a name counts as [`message`](Self::UNNAMED), as it does for a browser's `EventSource`. A filter
/// changes nothing about cursors: they are those of the whole topic, so that a reader may change its filter where it
/// stands. Filters of the same names are equal, in whatever order and however often they were given. Cheap to clone;
/// the default is everything.
///
/// ```
/// use tidings::topic::Filter;
///
/// let filter = Filter::parse(["price", "message"])?;
/// assert_eq!(filter, Filter::parse(["message", "price", "price"])?);
/// assert!(filter.accepts(None) && !filter.accepts(Some("weather")));
/// assert!(Filter::parse(["tidings.reset"]).is_err());
/// # Ok::<(), tidings::topic::FilterError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Filter {
    /// In order and each once; `None` is everything, and costs a comparison with nothing.
    names: Option<Arc<[EventName]>>,
}

impl Filter {
    /// So many different names at the most: more kinds of messages than anybody tells apart, and what a reader that asks
    /// for more wants is a topic of its own. It bounds a filter to 4 KiB and a look at a message to six comparisons.
    pub const MAX_NAMES: usize = 32;

    /// So many messages are looked at in one go: what a topic keeps unless it is told otherwise. That takes a tenth of a
    /// millisecond for one name, and one or two for the most and longest. Of a longer log the rest is for the next go, so
    /// that nobody waits for long for who wants next to nothing of it.
    pub const SCAN: usize = 10_000;

    /// What a message without a name counts as (WHATWG HTML, "dispatch the event").
    pub const UNNAMED: &'static str = "message";

    /// The filter of these names; of none it is everything.
    ///
    /// # Errors
    /// A name that no message can have, or more than [`MAX_NAMES`](Self::MAX_NAMES).
    pub fn parse<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Result<Self, FilterError> {
        let mut chosen: Vec<EventName> = Vec::new();
        for name in names {
            let name: EventName = name.as_ref().parse().map_err(FilterError::Name)?;
            if let Err(place) = chosen.binary_search(&name) {
                if chosen.len() == Self::MAX_NAMES {
                    return Err(FilterError::TooMany);
                }
                chosen.insert(place, name);
            }
        }
        Ok(Self { names: (!chosen.is_empty()).then(|| chosen.into()) })
    }

    /// Whether it lets everything through.
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.names.is_none()
    }

    /// The names, in alphabetical order; none if it is everything.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.names.as_deref().unwrap_or_default().iter().map(EventName::as_str)
    }

    /// Whether it lets a message of this event through.
    #[must_use]
    pub fn accepts(&self, event: Option<&str>) -> bool {
        let Some(names) = &self.names else { return true };
        let event = event.unwrap_or(Self::UNNAMED);
        names.binary_search_by(|name| name.as_str().cmp(event)).is_ok()
    }

    /// Whether it lets this message through.
    #[must_use]
    pub fn matches(&self, message: &Message) -> bool {
        self.is_everything() || self.accepts(message.event.as_ref().map(EventName::as_str))
    }
}

/// Why texts make no filter: the reader's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterError {
    /// One of them is not the name of an event that could be published: nothing could ever match it.
    Name(EventNameError),
    /// More than [`Filter::MAX_NAMES`] different ones.
    TooMany,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::TooMany => write!(f, "more than {} different names of events", Filter::MAX_NAMES),
        }
    }
}

impl core::error::Error for FilterError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Name(error) => Some(error),
            Self::TooMany => None,
        }
    }
}
