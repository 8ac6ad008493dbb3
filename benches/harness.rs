//! Measures contestants beside each other. The machines that run this are shared and change their speed from one second
//! to the next, so the contestants of a row take turns, round by round and in another order each time, and the row shows
//! their medians and how these compare.
//!
//! `cargo bench --bench NAME` measures; `-- WORD` keeps to the rows that have the word in their section or name;
//! `-- --test` only checks that the contestants agree, as a run without cargo's `--bench` does.

pub mod child;
pub mod opening;
pub mod secure;
pub mod served;

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How often the contestants take turns.
const ROUNDS: usize = 101;
/// How long a turn shall last about: shorter than the time slices in which others get the processor.
const TURN: Duration = Duration::from_micros(500);

/// What the command line asks for.
pub struct Bench {
    filter: String,
    measures: bool,
    section: String,
    section_is_printed: bool,
}

impl Bench {
    #[must_use]
    pub fn from_args() -> Self {
        let asked = |word: &str| std::env::args().any(|arg| arg == word);
        let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
        let measures = asked("--bench") && !asked("--test");
        Self { filter, measures, section: String::new(), section_is_printed: false }
    }

    /// The rows from here on belong together; the heading says what is done and what the times are of.
    pub fn section(&mut self, heading: &str) {
        heading.clone_into(&mut self.section);
        self.section_is_printed = false;
    }

    /// Checks that the contestants agree, measures them, and prints one line: the time of each for one of the `units`
    /// that a call does, and in brackets how many times the first one's that is.
    ///
    /// # Panics
    /// They do not agree.
    pub fn row(&mut self, name: &str, units: u64, mut contestants: Vec<Contestant<'_>>) {
        if !self.section.contains(&self.filter) && !name.contains(&self.filter) {
            return;
        }
        agree(name, &mut contestants);
        if !self.measures {
            return;
        }
        if !self.section_is_printed {
            println!("\n{}", self.section);
            self.section_is_printed = true;
        }
        let medians = medians(units, &mut contestants);
        println!("{}", line(name, &contestants, &medians));
    }
}

/// One who takes part in a row: its name, and a function that does the row's work a number of times.
pub struct Contestant<'a> {
    name: &'static str,
    run: Box<dyn FnMut(u64) -> u64 + 'a>,
    is_limit: bool,
}

impl<'a> Contestant<'a> {
    /// `once` does the work and gives what it counted: the same as every other contestant of the row.
    pub fn new(name: &'static str, mut once: impl FnMut() -> u64 + 'a) -> Self {
        let run = move |times| (0..times).fold(0, |_, _| black_box(once()));
        Self { name, run: Box::new(run), is_limit: false }
    }

    /// What no contestant can do better than. It does less, so its count is not compared.
    pub fn limit(name: &'static str, once: impl FnMut() -> u64 + 'a) -> Self {
        Self { is_limit: true, ..Self::new(name, once) }
    }

    fn time(&mut self, times: u64) -> Duration {
        let start = Instant::now();
        (self.run)(times);
        start.elapsed()
    }

    /// Warms up, and finds how many calls make a turn.
    fn calls_per_turn(&mut self) -> u64 {
        let mut calls = 1;
        loop {
            let time = self.time(calls);
            if time >= TURN / 2 {
                let in_a_turn = calls as f64 * TURN.as_secs_f64() / time.as_secs_f64();
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a small positive number
                return in_a_turn.ceil() as u64;
            }
            calls *= 2;
        }
    }
}

fn agree(row: &str, contestants: &mut [Contestant<'_>]) {
    let counts: Vec<_> = contestants
        .iter_mut()
        .map(|contestant| (contestant.name, (contestant.run)(1), contestant.is_limit))
        .filter(|(_, _, is_limit)| !is_limit)
        .collect();
    for (name, count, _) in &counts {
        assert_eq!(*count, counts[0].1, "{row}: {name} does not agree with {}", counts[0].0);
    }
}

/// Nanoseconds a unit of each contestant.
fn medians(units: u64, contestants: &mut [Contestant<'_>]) -> Vec<f64> {
    let calls: Vec<u64> = contestants.iter_mut().map(Contestant::calls_per_turn).collect();
    let mut times = vec![Vec::with_capacity(ROUNDS); contestants.len()];
    let mut turns: Vec<usize> = (0..contestants.len()).collect();
    for round in 0..ROUNDS {
        shuffle(&mut turns, round);
        for &turn in &turns {
            let time = contestants[turn].time(calls[turn]);
            times[turn].push(time.as_secs_f64() * 1e9 / (calls[turn] * units) as f64);
        }
    }
    times
        .into_iter()
        .map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[ROUNDS / 2]
        })
        .collect()
}

/// Another order for each round: who comes next finds the cache and the allocator as the one before has left them.
fn shuffle(turns: &mut [usize], round: usize) {
    for at in (1..turns.len()).rev() {
        turns.swap(at, (round * 7 + at * 13 + round / 3) % (at + 1));
    }
}

fn line(row: &str, contestants: &[Contestant<'_>], medians: &[f64]) -> String {
    let mut line = format!("{row:<30}");
    for (contestant, median) in contestants.iter().zip(medians) {
        let (name, time, ratio) = (contestant.name, short(*median), median / medians[0]);
        write!(line, " | {name} {time} [{ratio:.2}]").expect("a string takes it");
    }
    line
}

fn short(ns: f64) -> String {
    match ns {
        ns if ns < 100.0 => format!("{ns:.1} ns"),
        ns if ns < 10_000.0 => format!("{ns:.0} ns"),
        ns if ns < 10_000_000.0 => format!("{:.1} µs", ns / 1e3),
        ns => format!("{:.1} ms", ns / 1e6),
    }
}
