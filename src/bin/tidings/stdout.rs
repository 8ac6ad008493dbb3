//! A standard output whose length tells what was written.

use crate::Failure;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};

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
