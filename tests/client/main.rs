//! The clients and the explainer, through the public API.
#![cfg(feature = "client")]

mod inspect;
mod session;
