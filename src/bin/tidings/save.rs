//! `--save FILE`: where a subscription stands, kept so that a killed one goes on there.
//!
//! ```text
//!   standard output        before a write            after it
//!   a regular file         FILE: cursor, and what    FILE: the new cursor, once all that
//!                          is about to be written    had arrived is written
//!   a pipe or else         —                         FILE: the new cursor
//! ```
//!
//! A file tells how long it is, so that the next run sees how far a write had come which was announced: all of it, and
//! the new cursor holds; or less, and what stands there of it is cut off. So each line stands there once, wherever
//! SIGKILL struck. Of lines without an id, which do not come again, only half a one is cut off. A pipe tells nothing: a
//! kill between a write and its saving doubles that write.
//!
//! Beside FILE there are FILE.new, for as long as it takes to put it in the place of FILE, and FILE.lock, by which a
//! second run sees that there is one.

use crate::output::Output;
use crate::secrets::IN_QUERY;
use crate::stdout::Stdout;
use crate::{Failure, say};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A file that holds a cursor, and standard output as far as the two depend on each other.
#[derive(Debug)]
pub struct Save {
    path: PathBuf,
    /// Held for the whole run.
    _lock: File,
    state: State,
    /// Whether the file says less than `state`.
    behind: bool,
    stdout: Option<Stdout>,
    /// Whether it was said that there is nothing to save.
    told: bool,
}

/// What is in the file: one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    /// What is subscribed to; see [`subscription`].
    url: String,
    /// To resume after. Empty: from the beginning, for the server has taken its last id back.
    cursor: String,
    /// A write that was about to happen when this was saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    writing: Option<Writing>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Writing {
    /// To resume after if it did happen.
    cursor: String,
    device: u64,
    inode: u64,
    /// The length of the output before and after.
    from: u64,
    to: u64,
}

/// A URL and a cursor, twice, of servers that are not ours: what is longer is another file.
const MAX_FILE: u64 = 256 * 1024;

impl Save {
    /// Takes up what is in the file, if there is one, and makes sure that it can be written.
    pub fn open(path: &Path, url: &str) -> Result<Self, Failure> {
        // A link stays one: what it leads to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let url = subscription(url);
        // Before anything is put beside a file that is another's; and again when no other run can change it any more.
        read(&path, &url)?;
        let lock = lock(&path)?;
        let found = read(&path, &url)?;
        let mut save = Self {
            state: State { url, cursor: String::new(), writing: None },
            behind: false,
            stdout: Stdout::if_regular(),
            told: false,
            path,
            _lock: lock,
        };
        if let Some(state) = found {
            save.state = state;
            save.settle()?;
            save.replace()?;
        } else {
            save.write_beside().and_then(fs::remove_file).map_err(|error| failed(&save.path, &error))?;
        }
        Ok(save)
    }

    /// To resume after.
    pub fn cursor(&self) -> Option<&str> {
        Some(self.state.cursor.as_str()).filter(|cursor| !cursor.is_empty())
    }

    /// Why the cursor did not do.
    pub fn refused(&self, why: &str) -> String {
        let (path, cursor) = (self.path.display(), &self.state.cursor);
        format!("the cursor saved in {path} ({cursor:?}) was refused: {why}; delete {path} to begin anew")
    }

    /// Writes everything out, which brings the output up to this cursor. `idle`: nothing more is there to be written.
    pub fn flush(&mut self, output: &mut Output, cursor: Option<&str>, idle: bool) -> Result<(), Failure> {
        let cursor = cursor.unwrap_or_default();
        let moved = cursor != self.state.cursor;
        if cursor.is_empty() && !moved && !output.is_empty() && !self.told {
            say("the server gives its messages no ids: there is nothing to save");
            self.told = true;
        }
        // Also what has no id: half a line would stay there and run into the next.
        let announced = if output.is_empty() { None } else { self.announce(cursor, output.len() as u64)? };
        output.flush()?;
        let written = self.stdout.as_ref().filter(|_| announced.is_some()).map(Stdout::len).transpose()?;
        if announced != written {
            say("somebody else writes to the same file: lines may stand there twice after a kill");
            self.stdout = None;
        }
        if moved {
            self.state.cursor.clear();
            self.state.cursor.push_str(cursor);
        }
        self.behind |= moved || announced.is_some();
        // The next announcement tells the same: at full speed one replacement for a write is enough.
        if self.behind && (idle || self.stdout.is_none()) {
            self.state.writing = None;
            self.save()?;
        }
        Ok(())
    }

    /// Saves what is about to be written, where its length will tell whether it was: the length that is to come.
    fn announce(&mut self, cursor: &str, bytes: u64) -> Result<Option<u64>, Failure> {
        let Some(stdout) = &self.stdout else { return Ok(None) };
        let ((device, inode), from) = (stdout.identity, stdout.len()?);
        let to = from + bytes;
        self.state.writing = Some(Writing { cursor: cursor.into(), device, inode, from, to });
        self.save()?;
        Ok(Some(to))
    }

    /// Puts `state` into the file. What it says was written is on the disk by then, too: a power cut loses nothing.
    fn save(&mut self) -> Result<(), Failure> {
        if self.behind {
            self.stdout.as_ref().map_or(Ok(()), Stdout::sync)?;
        }
        self.replace()?;
        self.behind = false;
        Ok(())
    }

    /// Finds out how far the last write came that was announced, and undoes the half of one.
    fn settle(&mut self) -> Result<(), Failure> {
        let Some(writing) = self.state.writing.take() else { return Ok(()) };
        let same = |stdout: &&Stdout| stdout.identity == (writing.device, writing.inode);
        let Some(stdout) = self.stdout.as_ref().filter(same) else { return Ok(()) };
        let len = stdout.len()?;
        if len >= writing.to {
            self.state.cursor = writing.cursor;
            return Ok(());
        }
        // What has no id does not come again: only half a line of it is of no use.
        let comes_again = writing.cursor != self.state.cursor;
        let kept = if comes_again { writing.from } else { Stdout::whole_lines(writing.from) };
        if len > kept {
            stdout.cut_back(kept)?;
            let bytes = len - kept;
            let then = if comes_again { "what they told follows" } else { "what they told had no id and is lost" };
            say(&format!("cut {bytes} bytes off the output, of a write that was broken off; {then}"));
        }
        Ok(())
    }

    /// Puts a new file in the place of the old one, so that there is always a whole one. It is on the disk before it is
    /// in place, lest a power cut leaves an empty one.
    fn replace(&self) -> Result<(), Failure> {
        let replaced = self.write_beside().and_then(|new| fs::rename(new, &self.path));
        replaced.map_err(|error| failed(&self.path, &error))
    }

    /// The new file, in the same folder: it can be renamed only there.
    fn write_beside(&self) -> io::Result<PathBuf> {
        let path = beside(&self.path, ".new")?;
        // What a killed one has left there, or somebody's link.
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut line = serde_json::to_vec(&self.state)?;
        line.push(b'\n');
        let mut file = private().create_new(true).open(&path)?;
        file.write_all(&line).and_then(|()| file.sync_all()).inspect_err(|_| {
            let _ = fs::remove_file(&path);
        })?;
        Ok(path)
    }
}

/// What is there of this subscription; `None` if there is no file.
fn read(path: &Path, url: &str) -> Result<Option<State>, Failure> {
    let shown = path.display();
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(found) if !found.is_file() => return Err(Failure::Usage(format!("{shown} is not a regular file"))),
        _ => {}
    }
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE).read_to_end(&mut text));
    read.map_err(|error| Failure::Failed(format!("cannot read {shown}: {error}")))?;
    match serde_json::from_slice::<State>(&text) {
        Ok(state) if state.url == url => Ok(Some(state)),
        Ok(State { url, .. }) => {
            Err(Failure::Usage(format!("{shown} has the cursor of another subscription, to {url}")))
        }
        Err(_) => {
            let why = if text.is_empty() { ": it is empty" } else { "" };
            Err(Failure::Failed(format!("{shown} is no file that --save has written{why}")))
        }
    }
}

/// Keeps other runs away, by a file beside the one that is replaced, which stays there empty: whoever removed it would
/// take it from who has just opened it. The system gives the lock back when the program is gone, however it went.
fn lock(path: &Path) -> Result<File, Failure> {
    let file = beside(path, ".lock").and_then(|path| private().create(true).open(path));
    let file = file.map_err(|error| failed(path, &error))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Failure::Failed(format!("{} is in use by another run", path.display()))),
        // Where there are no locks, care is the caller's.
        Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => Err(failed(path, &error)),
        _ => Ok(file),
    }
}

fn beside(path: &Path, ending: &str) -> io::Result<PathBuf> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_owned();
    name.push(ending);
    Ok(path.with_file_name(name))
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::Failed(format!("cannot save the cursor in {}: {error}", path.display()))
}

/// A URL without what may differ from one run to the next: the scheme, since http and ws mean the same, where it began,
/// and the token that it shows, which is nobody else's to see.
fn subscription(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let url = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let differs = |pair: &str| ["after=", IN_QUERY].iter().any(|name| pair.starts_with(name));
    let query: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !differs(pair)).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("http://{path}{mark}{}", query.join("&"))
}

/// To open a file for the user alone: a URL may have a secret in its query.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
