//! The sections that code, tests and documents cite.

use crate::code::File;
use crate::notes::{Notes, WHATWG, number};

/// The standard that a bare `§` means, by the beginning of the path, unless the file's own header names an RFC.
const BARE_SECTIONS: [(&str, &str); 10] = [
    ("src/blocking/", "6455"),
    ("src/http/", "9112"),
    ("src/longpoll/", "6202"),
    ("src/sse/", WHATWG),
    ("src/ws/", "6455"),
    ("tests/http/", "9112"),
    ("tests/inspect/", "6455"),
    ("tests/longpoll/", "6202"),
    ("tests/sse/", WHATWG),
    ("tests/ws/", "6455"),
];

/// The citations of a file for which the notes have no row: one of the section itself, or of one within it.
pub fn uncited(file: &File, notes: &Notes) -> Vec<String> {
    let mut faults: Vec<String> = citations(file)
        .into_iter()
        .filter_map(|citation| match citation {
            (None, section) => Some(format!("{}: §{section} is of no RFC", file.path)),
            (Some(spec), section) if has_row(notes, &spec, &section) => None,
            (Some(spec), section) => Some(format!("{}: {spec} §{section} has no row", file.path)),
        })
        .collect();
    faults.sort();
    faults.dedup();
    faults
}

fn has_row(notes: &Notes, spec: &str, section: &str) -> bool {
    let is_within = |inner: &str| inner.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'));
    // The rows of a standard without numbers say by name where they are; the prose above them tells the numbers.
    (spec == WHATWG && notes.prose.contains(&format!("§{section}")))
        || notes.rows.iter().any(|row| row.spec == spec && (row.section == section || is_within(&row.section)))
}

/// Each `§4.1`, with whose it is.
fn citations(file: &File) -> Vec<(Option<String>, String)> {
    let header: String = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
    let of_path =
        BARE_SECTIONS.iter().find(|(path, _)| file.path.starts_with(path)).map(|(_, spec)| (*spec).to_owned());
    let bare = rfcs(&header).next().or(of_path);
    let mut citations = Vec::new();
    for text in passages(&file.text) {
        // An RFC that is named holds for the sections behind it, until the sentence or the parenthesis ends.
        let mut spec = bare.clone();
        let mut rest = &text[..];
        while let Some((before, behind)) = rest.split_once('§') {
            let sentence = before.rsplit([')', ';']).next().unwrap_or_default();
            let sentence = sentence.rsplit(". ").next().unwrap_or_default();
            spec = rfcs(sentence).last().or(if sentence.len() < before.len() { bare.clone() } else { spec });
            let digits = behind.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(behind.len());
            let (section, further) = behind.split_at(digits);
            let section = section.trim_end_matches('.');
            if !section.is_empty() {
                citations.push((spec.clone(), section.to_owned()));
            }
            rest = further;
        }
    }
    citations
}

/// Comments as a whole, all other lines one by one.
fn passages(text: &str) -> Vec<String> {
    let mut passages: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in text.lines().map(str::trim) {
        let words = line.trim_start_matches(['/', '!', '*']).trim();
        let is_comment = line.starts_with("//") && !words.is_empty();
        match passages.last_mut() {
            Some(last) if goes_on && is_comment => last.extend([" ", words]),
            _ => passages.push(words.to_owned()),
        }
        goes_on = is_comment;
    }
    passages
}

fn rfcs(text: &str) -> impl Iterator<Item = String> {
    text.split("RFC ").skip(1).filter_map(number)
}
