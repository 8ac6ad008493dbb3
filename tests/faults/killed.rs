//! `tidings subscribe --save`, killed in the midst of it, again and again, behind the same proxy.

use crate::fault::Plans;
use crate::feed::Via;
use crate::live::{EndsWith, Progress, over_each_transport};
use crate::proxy::Proxy;
use crate::run::{Fragile, Published, Run, TOPIC, data};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};
use tidings::topic::{Bounds, Cursor};

/// So long nothing may be printed: the program's waits are those of its users, up to a second after a first cut.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn killed_again_and_again_each_line_is_printed_once() {
    over_each_transport(|via| {
        let run = Run::new("killed_again_and_again_each_line_is_printed_once", via, 1);
        let kills = (run.messages / 1_000).clamp(6, 100);
        let plans = Plans::gentle(run.random("faults"), run.messages * 400 / 10);
        let (proxy, published, progress) = (Proxy::start(plans), Mutex::default(), Progress::default());
        let mut server = Fragile::start(&proxy, Bounds::default(), &published);
        let printed = thread::scope(|scope| {
            let _end = EndsWith(&progress);
            scope.spawn(|| publish(&run, &mut server, &progress));
            kill_and_go_on(&run, &proxy, kills, &published, &progress)
        });
        assert_eq!(published.lock().unwrap().messages, run.messages);
        println!("{}: {} kills, {} lines, {}", via.name(), kills, printed, proxy.counts());
    });
}

/// Publishes in bursts and lets the program be as far behind as the log allows: its short polls are a second apart.
fn publish(run: &Run, server: &mut Fragile<'_>, progress: &Progress) {
    let mut random = run.random("publisher");
    let mut left = run.messages;
    while left > 0 {
        let burst = (1 + random.about(60)).min(left);
        let last = (0..burst).map(|_| server.publish(run.seed)).last().unwrap();
        left -= burst;
        let behind = random.below(8_000);
        if !progress.wait_for(Cursor::new(last.epoch(), last.n().saturating_sub(behind))) {
            return;
        }
    }
}

/// Runs the program until it has printed all messages, and kills it that many times: how many messages were printed,
/// each of them once and in order.
fn kill_and_go_on(run: &Run, proxy: &Proxy, kills: u64, published: &Mutex<Published>, progress: &Progress) -> u64 {
    let mut random = run.random("kills");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("killed-{}", run.via.name()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    let mut reader = Reader { path: folder.join("output"), seed: run.seed, at: 0, messages: 0 };
    for kill in 1..=kills {
        let target = if kill == kills { run.messages } else { run.messages * kill / kills - random.below(100) };
        let mut program = Program::start(run.via, &proxy.url(TOPIC), &folder);
        let mut since = Instant::now();
        while reader.messages < target {
            if reader.read(published, progress) {
                since = Instant::now();
            }
            program.assert_runs();
            assert!(since.elapsed() < PATIENCE, "nothing more after {} messages", reader.messages);
            // A file tells nobody that it has grown. When the kill comes is chance, and better for it.
            thread::sleep(Duration::from_micros(random.below(2_000)));
        }
        drop(program);
    }
    reader.read(published, progress);
    reader.messages
}

/// What has been printed, as far as it was looked at.
struct Reader {
    path: PathBuf,
    seed: u64,
    /// In bytes.
    at: usize,
    messages: u64,
}

impl Reader {
    /// Looks at what is new; whether there was anything. What was checked stays as it is: only a broken line is undone.
    fn read(&mut self, published: &Mutex<Published>, progress: &Progress) -> bool {
        use std::io::{Read, Seek, SeekFrom};
        let Ok(mut file) = File::open(&self.path) else { return false };
        let mut new = Vec::new();
        file.seek(SeekFrom::Start(self.at as u64)).and_then(|_| file.read_to_end(&mut new)).unwrap();
        let before = self.messages;
        let mut rest = new.as_slice();
        let mut expected = self.expected();
        while let Some(behind) = rest.strip_prefix(expected.as_slice()) {
            rest = behind;
            self.at += expected.len();
            self.messages += 1;
            expected = self.expected();
        }
        let found = String::from_utf8_lossy(rest.get(..expected.len()).unwrap_or(rest));
        assert!(expected.starts_with(rest), "instead of message {}: {found:?}", self.messages + 1);
        let epoch = published.lock().unwrap().epochs.first().copied();
        progress.reached(epoch.map(|epoch| Cursor::new(epoch, self.messages)));
        self.messages > before
    }

    /// The next line, or lines.
    fn expected(&self) -> Vec<u8> {
        [data(self.seed, 0, self.messages + 1).as_bytes(), b"\n"].concat()
    }
}

/// The program, which is killed when it is dropped.
struct Program(Child);

impl Program {
    fn start(via: Via, url: &str, folder: &Path) -> Self {
        let append = |name: &str| File::options().create(true).append(true).open(folder.join(name)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
        command.args(["subscribe", url, "--via", via.name(), "--after", "oldest", "--save"]).arg(folder.join("cursor"));
        command.stdin(Stdio::null()).stdout(append("output")).stderr(append("words"));
        Self(command.spawn().unwrap())
    }

    fn assert_runs(&mut self) {
        let ended = self.0.try_wait().unwrap();
        // A first connect that is refused or cut is a failure of the program's, as it says; here it is a fault.
        assert!(ended.is_none(), "it has ended: {ended:?}");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SIGKILL: it has no time for anything.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
