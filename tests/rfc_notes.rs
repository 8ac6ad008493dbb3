//! `RFC-NOTES.md` and the code belong together: each row names code and tests that exist, each rule that must be kept
//! is kept or says why not, and each section that a comment of the code cites has its row.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const NOTES: &str = include_str!("../RFC-NOTES.md");

/// Words by which a row says why something is not enforced or not tested here.
const REASONS: [&str; 5] = ["Not done:", "Not needed:", "Left to", "The caller's", "The caller owns"];

/// The RFC that a bare `§` means, by folder, unless the file's own header names another first.
const BARE_SECTIONS: [(&str, u32); 4] = [("blocking", 6455), ("ws", 6455), ("http", 9112), ("longpoll", 6202)];

/// What of `src/` is asked whether its citations have rows.
const CITING: [&str; 10] =
    ["blocking", "client", "http", "longpoll", "reconnect", "server", "sse", "step.rs", "topic", "ws"];

#[test]
fn the_notes_and_the_code_belong_together() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = read_all(&root.join("src"));
    let tests = read_all(&root.join("tests"));
    let mut faults = Vec::new();
    let rows = rows(&mut faults);
    assert!(rows.len() > 100, "only {} rows were found", rows.len());

    for row in &rows {
        for item in &row.code {
            check_item(item, &sources, row, &mut faults);
        }
        for test in &row.tests {
            if !sources.iter().chain(&tests).any(|file| defines_fn(&file.text, test)) {
                faults.push(format!("line {}: no test `{test}`", row.line));
            }
        }
        let is_enforced = !row.code.is_empty() && !row.tests.is_empty();
        let says_why = REASONS.iter().any(|reason| row.rule.contains(reason));
        if row.level.starts_with("MUST") && !is_enforced && !says_why {
            faults.push(format!("line {}: a {} with neither code and test nor a reason", row.line, row.level));
        }
    }
    for file in sources.iter().filter(|file| CITING.contains(&file.folder())) {
        check_citations(file, &rows, &mut faults);
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

struct File {
    /// Below `src/` or `tests/`, with slashes.
    path: String,
    text: String,
}

impl File {
    fn folder(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }
}

fn read_all(folder: &Path) -> Vec<File> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let parts: Vec<_> =
                    path.strip_prefix(folder).unwrap().iter().map(|part| part.to_string_lossy()).collect();
                files.push(File { path: parts.join("/"), text: fs::read_to_string(&path).expect("readable text") });
            }
        }
    }
    files
}

struct Row {
    line: usize,
    rfc: Option<u32>,
    section: String,
    level: String,
    rule: String,
    /// `path.rs` or `path.rs::Item::item`
    code: Vec<String>,
    tests: Vec<String>,
}

/// The rows of all tables; the heading above a table tells its RFC, or the row itself does (`9110 §7.2`).
fn rows(faults: &mut Vec<String>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut heading = None;
    for (number, line) in NOTES.lines().enumerate() {
        if line.starts_with('#') {
            heading = first_rfc(line);
        }
        let is_row = line.starts_with('|') && !line.starts_with("|---") && !line.starts_with("| § |");
        if !is_row {
            continue;
        }
        let cells: Vec<&str> = line.trim_matches('|').split(" |").map(str::trim).collect();
        let &[section, level, rule, code, tests] = &cells[..] else {
            faults.push(format!("line {}: {} cells instead of 5", number + 1, cells.len()));
            continue;
        };
        let (rfc, section) = match section.split_once('§') {
            Some((rfc, section)) => (rfc.trim().parse().ok().or(heading), section),
            None => (heading, section),
        };
        rows.push(Row {
            line: number + 1,
            rfc,
            section: section.to_owned(),
            level: level.to_owned(),
            rule: rule.to_owned(),
            code: quoted(code).filter(|word| word.contains(".rs")).collect(),
            tests: quoted(tests).collect(),
        });
    }
    rows
}

/// What stands in backquotes.
fn quoted(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}

fn check_item(item: &str, sources: &[File], row: &Row, faults: &mut Vec<String>) {
    let mut parts = item.split("::");
    let path = parts.next().unwrap_or_default();
    let Some(file) = sources.iter().find(|file| file.path == path) else {
        faults.push(format!("line {}: no file `src/{path}`", row.line));
        return;
    };
    for name in parts.filter(|name| !defines(&file.text, name)) {
        faults.push(format!("line {}: `src/{path}` defines no `{name}` (of `{item}`)", row.line));
    }
}

/// Whether a line of `text` defines an item, a variant or a field of that name, or implements the type.
fn defines(text: &str, name: &str) -> bool {
    const KEYWORDS: [&str; 9] = ["fn", "struct", "enum", "const", "static", "type", "trait", "mod", "macro_rules"];
    text.lines().map(str::trim).filter(|line| !line.starts_with("//")).any(|line| {
        let words: Vec<&str> =
            line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
        let is_item = words.windows(2).any(|pair| KEYWORDS.contains(&pair[0]) && pair[1] == name);
        let is_impl = words.first() == Some(&"impl") && words.contains(&name);
        let member = line.strip_prefix("pub(super) ").or(line.strip_prefix("pub ")).unwrap_or(line);
        let is_member =
            member.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with([',', '(', '{', ':', '=']));
        is_item || is_impl || is_member
    })
}

fn defines_fn(text: &str, name: &str) -> bool {
    text.contains(&format!("fn {name}("))
}

/// Each section that the file's comments cite must have a row: of that section, or of one above or below it.
fn check_citations(file: &File, rows: &[Row], faults: &mut Vec<String>) {
    let header: String = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
    let of_folder = BARE_SECTIONS.iter().find(|(name, _)| *name == file.folder()).map(|(_, rfc)| *rfc);
    let bare = first_rfc(&header).or(of_folder);
    let mut missing = BTreeSet::new();
    for comment in file.text.lines().filter_map(|line| line.split_once("//")).map(|(_, comment)| comment) {
        // An RFC that is named holds for the sections behind it, until the sentence or the parenthesis ends.
        let mut rfc = bare;
        let mut rest = comment;
        while let Some((before, behind)) = rest.split_once('§') {
            let sentence = before.rsplit([')', ';']).next().unwrap_or_default();
            let sentence = sentence.rsplit(". ").next().unwrap_or_default();
            rfc = last_rfc(sentence).or(if sentence.len() < before.len() { bare } else { rfc });
            let digits = behind.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(behind.len());
            let (section, further) = behind.split_at(digits);
            let section = section.trim_end_matches('.');
            let has_row = |rfc| rows.iter().any(|row| row.rfc == Some(rfc) && is_related(&row.section, section));
            if let Some(rfc) = rfc.filter(|rfc| !has_row(*rfc)) {
                missing.insert(format!("src/{}: RFC {rfc} §{section} has no row", file.path));
            }
            rest = further;
        }
    }
    faults.extend(missing);
}

/// The same section, or one within the other.
fn is_related(one: &str, other: &str) -> bool {
    let is_within = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
    one == other || is_within(one, other) || is_within(other, one)
}

fn first_rfc(text: &str) -> Option<u32> {
    text.split("RFC ").skip(1).find_map(number)
}

fn last_rfc(text: &str) -> Option<u32> {
    text.split("RFC ").skip(1).filter_map(number).last()
}

fn number(text: &str) -> Option<u32> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
