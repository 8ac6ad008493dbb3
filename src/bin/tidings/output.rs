//! Standard output, in whole lines.

use crate::Failure;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// What is handed to the system in one piece: a pipe takes so much whole or not at all (`PIPE_BUF` on Linux), so that
/// even a program that is killed while it writes leaves no half line, unless that line alone is longer.
const PIECE: usize = 4096;
/// Written without waiting for the end of a batch.
const MAX_BATCH: usize = 64 * 1024;

/// Whether a write is under way, maybe into a pipe that nobody empties.
static WRITING: AtomicBool = AtomicBool::new(false);

/// Records that belong to one batch.
#[derive(Debug, Default)]
pub struct Output {
    batch: Vec<u8>,
    /// Where each record of the batch ends.
    ends: Vec<usize>,
}

impl Output {
    /// Appends a record and a line break, and writes everything out if that is much.
    pub fn push(&mut self, record: &[u8]) -> Result<(), Failure> {
        self.append(record);
        if self.is_full() { self.flush() } else { Ok(()) }
    }

    /// Appends a record and a line break.
    pub fn append(&mut self, record: &[u8]) {
        self.batch.extend_from_slice(record);
        self.batch.push(b'\n');
        self.ends.push(self.batch.len());
    }

    /// Whether there is so much that it should be written out.
    pub fn is_full(&self) -> bool {
        self.batch.len() >= MAX_BATCH
    }

    pub fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// How many bytes [`flush`](Self::flush) will write.
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// Writes everything out, in pieces of whole records.
    pub fn flush(&mut self) -> Result<(), Failure> {
        let mut start = 0;
        let mut ends = self.ends.iter().copied().peekable();
        while let Some(end) = ends.next() {
            if ends.peek().is_none_or(|next| next - start > PIECE) {
                write(self.batch.get(start..end).unwrap_or_default())?;
                start = end;
            }
        }
        self.batch.clear();
        self.ends.clear();
        Ok(())
    }
}

/// Text as it is.
pub fn print(text: &str) -> Result<(), Failure> {
    write(text.as_bytes())
}

/// Whether the program is in the midst of a write.
pub fn is_writing() -> bool {
    WRITING.load(Ordering::SeqCst)
}

/// Waits until nobody reads standard output any more; false: the system does not tell.
#[cfg(unix)]
pub fn wait_until_closed() -> bool {
    use rustix::event::{PollFd, PollFlags, poll};
    let stdout = io::stdout();
    loop {
        // Asked for nothing, it tells of errors and of the other end's going. A file has neither.
        let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
        match poll(&mut polled, None) {
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
            Ok(_) => return polled.iter().any(|end| end.revents().intersects(PollFlags::ERR | PollFlags::HUP)),
        }
    }
}

/// Elsewhere the next write finds out.
#[cfg(not(unix))]
pub fn wait_until_closed() -> bool {
    false
}

fn write(bytes: &[u8]) -> Result<(), Failure> {
    WRITING.store(true, Ordering::SeqCst);
    let mut stdout = io::stdout().lock();
    let result = stdout.write_all(bytes).and_then(|()| stdout.flush());
    WRITING.store(false, Ordering::SeqCst);
    result.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::OutputClosed,
        _ => Failure::Failed(format!("standard output: {error}")),
    })
}
