//! `tidings serve`.

use crate::Failure;
use crate::args::Serve;

pub fn run(arguments: &Serve) -> Result<(), Failure> {
    Err(Failure::Failed(format!("cannot listen on {}", arguments.addr)))
}
