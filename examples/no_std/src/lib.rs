//! A thermometer on a board without an operating system: see [`device`].

#![no_std]

extern crate alloc;

pub mod device;
