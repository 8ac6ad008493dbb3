//! The event stream format, rule by rule of the WHATWG HTML standard, section "Server-sent events".

#[path = "../support/mod.rs"]
mod support;

mod encode;
