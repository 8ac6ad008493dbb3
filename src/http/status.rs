//! Status codes (RFC 9112 §4).

use core::fmt;

/// A status code, 100 to 599, with the phrase that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(u16);

macro_rules! statuses {
    ($($code:literal $name:ident $reason:literal;)*) => {
        impl Status {
            $(#[doc = concat!("`", $code, " ", $reason, "`")] pub const $name: Self = Self($code);)*

            /// The usual phrase; empty for a code that this crate has no name for (§4: the phrase may be absent).
            #[must_use]
            pub const fn reason(self) -> &'static str {
                match self.0 {
                    $($code => $reason,)*
                    _ => "",
                }
            }
        }
    };
}

statuses! {
    100 CONTINUE "Continue";
    101 SWITCHING_PROTOCOLS "Switching Protocols";
    200 OK "OK";
    201 CREATED "Created";
    202 ACCEPTED "Accepted";
    204 NO_CONTENT "No Content";
    301 MOVED_PERMANENTLY "Moved Permanently";
    302 FOUND "Found";
    303 SEE_OTHER "See Other";
    304 NOT_MODIFIED "Not Modified";
    307 TEMPORARY_REDIRECT "Temporary Redirect";
    308 PERMANENT_REDIRECT "Permanent Redirect";
    400 BAD_REQUEST "Bad Request";
    401 UNAUTHORIZED "Unauthorized";
    403 FORBIDDEN "Forbidden";
    404 NOT_FOUND "Not Found";
    405 METHOD_NOT_ALLOWED "Method Not Allowed";
    406 NOT_ACCEPTABLE "Not Acceptable";
    408 REQUEST_TIMEOUT "Request Timeout";
    409 CONFLICT "Conflict";
    410 GONE "Gone";
    411 LENGTH_REQUIRED "Length Required";
    413 CONTENT_TOO_LARGE "Content Too Large";
    414 URI_TOO_LONG "URI Too Long";
    415 UNSUPPORTED_MEDIA_TYPE "Unsupported Media Type";
    417 EXPECTATION_FAILED "Expectation Failed";
    421 MISDIRECTED_REQUEST "Misdirected Request";
    422 UNPROCESSABLE_CONTENT "Unprocessable Content";
    426 UPGRADE_REQUIRED "Upgrade Required";
    429 TOO_MANY_REQUESTS "Too Many Requests";
    431 REQUEST_HEADER_FIELDS_TOO_LARGE "Request Header Fields Too Large";
    500 INTERNAL_SERVER_ERROR "Internal Server Error";
    501 NOT_IMPLEMENTED "Not Implemented";
    502 BAD_GATEWAY "Bad Gateway";
    503 SERVICE_UNAVAILABLE "Service Unavailable";
    504 GATEWAY_TIMEOUT "Gateway Timeout";
    505 HTTP_VERSION_NOT_SUPPORTED "HTTP Version Not Supported";
}

impl Status {
    /// The status of that number; `None` outside 100 to 599.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        if matches!(code, 100..=599) { Some(Self(code)) } else { None }
    }

    /// The number, 100 to 599.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self.0
    }

    /// 1xx: not the final answer yet (but 101 is the last one that is HTTP).
    #[must_use]
    pub const fn is_informational(self) -> bool {
        self.0 < 200
    }

    /// 2xx.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self.0, 200..=299)
    }

    /// 3xx.
    #[must_use]
    pub const fn is_redirection(self) -> bool {
        matches!(self.0, 300..=399)
    }

    /// §6.3 rule 1: an answer with this code ends with its head, whatever its headers say.
    #[must_use]
    pub const fn has_no_body(self) -> bool {
        self.is_informational() || matches!(self.0, 204 | 304)
    }
}

/// `404 Not Found`, or the bare number for a code without a name.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            "" => write!(f, "{}", self.0),
            reason => write!(f, "{} {reason}", self.0),
        }
    }
}
