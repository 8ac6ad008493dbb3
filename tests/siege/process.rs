//! What a process takes, as `/proc` tells it.

use std::fs;
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub struct Process(pub u32);

/// At one moment.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Resident, in KiB.
    pub memory: u64,
    pub threads: u64,
    pub descriptors: u64,
}

impl Process {
    pub fn own() -> Self {
        Self(std::process::id())
    }

    pub fn sample(self) -> Sample {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let field = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        let descriptors = fs::read_dir(format!("/proc/{}/fd", self.0)).unwrap().count() as u64;
        Sample { memory: field("VmRSS:"), threads: field("Threads:"), descriptors }
    }

    /// What it has had of the CPUs so far.
    pub fn cpu(self) -> Duration {
        /// Milliseconds of what the system counts in: `USER_HZ` is 100 on Linux.
        const TICK: u64 = 10;
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap();
        // The second field is the name, in parentheses; the 14th and 15th are the time as a user's and the system's.
        let (_, behind_name) = stat.rsplit_once(')').unwrap();
        let ticks: u64 =
            behind_name.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * TICK)
    }
}

/// The middle one of some numbers: what a moment's peak does not move.
pub fn median(numbers: impl Iterator<Item = u64>) -> u64 {
    let mut numbers: Vec<u64> = numbers.collect();
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().expect("there are samples")
}
