//! How many requirements each section of an RFC has, counted in its text: words of RFC 2119 in capitals, but those that
//! explain the words themselves. As fixed as the RFCs are.

use crate::notes::{LEVELS, Notes};

/// A section and how often each of [`LEVELS`] stands in it; OPTIONAL counts as MAY.
type Section = (&'static str, [usize; LEVELS.len()]);

const COUNTS: [(&str, &[Section]); 5] =
    [("6455", RFC_6455), ("7240", RFC_7240), ("7692", RFC_7692), ("8441", RFC_8441), ("9112", RFC_9112)];

/// Sections whose requirements have no row or fewer than there are, rows that ask for more than their section does, and
/// a table of the sums that is not right.
pub fn faults(notes: &Notes) -> Vec<String> {
    let mut faults = Vec::new();
    for (rfc, sections) in COUNTS {
        for (section, counts) in sections {
            faults.extend(section_faults(notes, rfc, section, counts));
        }
        let of_rfc = notes.rows.iter().filter(|row| row.spec == rfc);
        let unknown = of_rfc.filter(|row| !sections.iter().any(|(section, _)| *section == row.section));
        let asking = unknown.filter(|row| LEVELS.iter().any(|level| row.asks(level) > 0));
        faults.extend(asking.map(|row| format!("line {}: RFC {rfc} §{} asks for nothing", row.line, row.section)));
        let sums: Vec<String> = (0..LEVELS.len())
            .map(|at| sections.iter().map(|(_, counts)| counts[at]).sum())
            .map(|sum: usize| sum.to_string())
            .collect();
        let line = format!("| {rfc} | {} | {} |", sections.len(), sums.join(" | "));
        if !notes.prose.lines().any(|prose| prose == line) {
            faults.push(format!("the table of the sums has no line\n{line}"));
        }
    }
    faults
}

pub fn section_faults(notes: &Notes, rfc: &str, section: &str, counts: &[usize]) -> Vec<String> {
    let rows: Vec<_> = notes.rows.iter().filter(|row| row.spec == rfc && row.section == section).collect();
    if rows.is_empty() {
        return vec![format!("RFC {rfc} §{section} has no row")];
    }
    let mut faults = Vec::new();
    for (level, &count) in LEVELS.iter().zip(counts) {
        let asked: usize = rows.iter().map(|row| row.asks(level)).sum();
        // What one MAY do is up to one.
        if asked < count && *level != "MAY" {
            faults.push(format!("RFC {rfc} §{section}: {asked} of {count} times {level}"));
        }
        if let Some(row) = rows.iter().find(|row| count == 0 && row.asks(level) > 0) {
            faults.push(format!("line {}: RFC {rfc} §{section} has no {level}", row.line));
        }
    }
    faults
}

const RFC_6455: &[Section] = &[
    ("2", [0, 0, 0, 0, 0, 1]),
    ("2.1", [0, 0, 0, 0, 0, 1]),
    ("3", [1, 1, 0, 0, 0, 1]),
    ("4.1", [39, 0, 3, 0, 0, 5]),
    ("4.2", [0, 0, 0, 0, 0, 1]),
    ("4.2.1", [1, 0, 0, 1, 0, 0]),
    ("4.2.2", [8, 2, 0, 0, 0, 2]),
    ("4.3", [1, 0, 0, 0, 0, 0]),
    ("4.4", [1, 0, 0, 0, 0, 0]),
    ("5.1", [3, 1, 0, 0, 0, 3]),
    ("5.2", [10, 0, 0, 0, 0, 1]),
    ("5.3", [3, 1, 0, 0, 0, 0]),
    ("5.4", [4, 6, 0, 0, 0, 2]),
    ("5.5", [1, 1, 0, 0, 0, 0]),
    ("5.5.1", [4, 2, 2, 0, 0, 5]),
    ("5.5.2", [1, 0, 1, 0, 0, 2]),
    ("5.5.3", [0, 0, 0, 0, 0, 2]),
    ("5.6", [1, 0, 0, 0, 0, 0]),
    ("5.8", [1, 0, 0, 0, 0, 0]),
    ("6.1", [8, 0, 0, 0, 0, 1]),
    ("6.2", [5, 0, 0, 0, 0, 2]),
    ("7.1.1", [0, 0, 4, 0, 0, 2]),
    ("7.1.2", [1, 0, 1, 0, 0, 0]),
    ("7.1.7", [2, 1, 2, 1, 0, 2]),
    ("7.2.1", [2, 0, 0, 1, 0, 0]),
    ("7.2.2", [1, 0, 0, 0, 0, 0]),
    ("7.2.3", [0, 0, 3, 0, 0, 1]),
    ("7.3", [0, 0, 0, 1, 0, 1]),
    ("7.4", [0, 0, 0, 0, 0, 1]),
    ("7.4.1", [0, 3, 1, 0, 0, 2]),
    ("8.1", [1, 0, 0, 0, 0, 0]),
    ("9", [1, 1, 0, 0, 0, 2]),
    ("9.1", [4, 1, 0, 0, 0, 2]),
    ("9.2", [0, 0, 0, 0, 0, 1]),
    ("10.2", [0, 0, 2, 0, 0, 0]),
    ("10.3", [1, 0, 0, 0, 0, 0]),
    ("10.4", [1, 0, 1, 0, 0, 0]),
    ("10.6", [1, 0, 1, 0, 0, 0]),
    ("10.7", [1, 0, 2, 0, 0, 1]),
    ("11.1.1", [2, 0, 0, 0, 0, 0]),
    ("11.1.2", [2, 0, 0, 0, 0, 0]),
    ("11.3.1", [0, 1, 0, 0, 0, 0]),
    ("11.3.2", [0, 1, 0, 0, 0, 1]),
    ("11.3.3", [0, 1, 0, 0, 0, 0]),
    ("11.3.4", [0, 1, 0, 0, 0, 1]),
    ("11.3.5", [0, 1, 0, 0, 0, 1]),
];

const RFC_7240: &[Section] =
    &[("2", [3, 0, 1, 2, 0, 4]), ("3", [0, 0, 0, 0, 0, 1]), ("4.2", [0, 0, 0, 0, 0, 1]), ("5.1", [0, 0, 0, 0, 0, 1])];

const RFC_7692: &[Section] = &[
    ("4", [2, 0, 0, 0, 0, 0]),
    ("5", [8, 3, 0, 0, 0, 2]),
    ("6.1", [3, 1, 0, 0, 0, 0]),
    ("6.2", [2, 0, 0, 0, 0, 0]),
    ("7", [2, 0, 0, 0, 0, 0]),
    ("7.1.1.1", [0, 0, 0, 0, 1, 2]),
    ("7.1.1.2", [1, 0, 0, 0, 0, 2]),
    ("7.1.2.1", [2, 0, 0, 0, 0, 2]),
    ("7.1.2.2", [2, 1, 0, 0, 0, 2]),
    ("7.2.1", [3, 4, 0, 0, 0, 7]),
    ("7.2.2", [6, 0, 0, 0, 0, 4]),
    ("7.3", [0, 0, 0, 0, 1, 0]),
];

const RFC_8441: &[Section] = &[("3", [1, 1, 0, 0, 0, 1]), ("4", [1, 1, 0, 0, 0, 1]), ("5", [3, 1, 0, 0, 0, 0])];

const RFC_9112: &[Section] = &[
    ("2.2", [4, 3, 2, 0, 0, 1]),
    ("2.3", [1, 0, 0, 1, 0, 1]),
    ("3", [1, 0, 1, 0, 1, 1]),
    ("3.2", [4, 0, 1, 1, 0, 0]),
    ("3.2.1", [2, 0, 0, 0, 0, 0]),
    ("3.2.2", [6, 0, 0, 0, 0, 0]),
    ("3.2.3", [1, 0, 0, 0, 0, 0]),
    ("3.2.4", [2, 0, 0, 0, 0, 0]),
    ("3.3", [0, 0, 0, 0, 0, 1]),
    ("4", [1, 0, 1, 0, 0, 2]),
    ("5.1", [2, 0, 0, 0, 0, 0]),
    ("5.2", [3, 1, 0, 0, 0, 0]),
    ("6.1", [5, 5, 1, 0, 0, 3]),
    ("6.2", [0, 1, 0, 0, 0, 0]),
    ("6.3", [9, 2, 2, 0, 0, 2]),
    ("7.1", [2, 0, 1, 0, 0, 1]),
    ("7.1.1", [1, 0, 0, 0, 0, 0]),
    ("7.1.2", [1, 1, 0, 0, 0, 1]),
    ("7.2", [0, 0, 1, 0, 0, 0]),
    ("7.3", [2, 1, 0, 1, 0, 0]),
    ("7.4", [1, 1, 0, 0, 0, 1]),
    ("8", [1, 0, 0, 0, 0, 1]),
    ("9.2", [2, 1, 1, 0, 0, 0]),
    ("9.3", [4, 1, 1, 0, 0, 1]),
    ("9.3.2", [1, 1, 2, 1, 0, 4]),
    ("9.5", [0, 0, 5, 0, 0, 1]),
    ("9.6", [4, 3, 2, 1, 0, 0]),
    ("9.7", [1, 0, 0, 0, 0, 0]),
    ("9.8", [2, 0, 3, 0, 0, 2]),
    ("10.1", [1, 0, 0, 0, 0, 0]),
];
