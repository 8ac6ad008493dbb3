//! A standard output whose length tells what was written.

use crate::Failure;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};

/// A standard output that is a regular file.
#[derive(Debug)]
pub struct Stdout {
    file: File,
    /// Device and inode.
    pub identity: (u64, u64),
}

impl Stdout {
    #[cfg(unix)]
    pub fn if_regular() -> Option<Self> {
        use std::os::fd::AsFd;
        use std::os::unix::fs::MetadataExt;
        let file = File::from(io::stdout().as_fd().try_clone_to_owned().ok()?);
        let found = file.metadata().ok().filter(fs::Metadata::is_file)?;
        Some(Self { identity: (found.dev(), found.ino()), file })
    }

    /// Elsewhere nothing tells whether it is the same file as before.
    #[cfg(not(unix))]
    pub fn if_regular() -> Option<Self> {
        None
    }

    pub fn len(&self) -> Result<u64, Failure> {
        self.file.metadata().map(|found| found.len()).map_err(failed_output)
    }

    /// How long it is up to the end of its last whole line behind `from`. Where it cannot be read, that is `from`.
    pub fn whole_lines(from: u64) -> u64 {
        // Who appends may not read: it is opened anew.
        let lines = || {
            let mut file = BufReader::new(File::open("/dev/fd/1")?);
            let (mut at, mut end) = (file.seek(SeekFrom::Start(from))?, from);
            loop {
                let read = file.fill_buf()?;
                let len = read.len();
                if let Some(n) = read.iter().rposition(|byte| *byte == b'\n') {
                    end = at + n as u64 + 1;
                }
                if len == 0 {
                    return io::Result::Ok(end);
                }
                file.consume(len);
                at += len as u64;
            }
        };
        lines().unwrap_or(from)
    }

    pub fn sync(&self) -> Result<(), Failure> {
        self.file.sync_data().map_err(failed_output)
    }

    /// Whoever does not append writes on from a place that the killed run has left behind the new end: a hole would stay.
    pub fn cut_back(&self, len: u64) -> Result<(), Failure> {
        let mut file = &self.file;
        file.set_len(len).and_then(|()| file.seek(SeekFrom::End(0))).map(drop).map_err(failed_output)
    }
}

#[allow(clippy::needless_pass_by_value)] // as `map_err` calls it
fn failed_output(error: io::Error) -> Failure {
    Failure::Failed(format!("standard output: {error}"))
}
