//! `RFC-NOTES.md` and the code belong together: each row names code and tests that exist, each rule is kept and shown or
//! says why not, each section that the code cites has its row, and no requirement of an RFC is left out.

mod citations;
mod code;
mod counts;
mod made_up;
mod notes;

use citations::uncited;
use code::Code;
use notes::{Notes, Row};
use std::path::Path;

#[test]
fn the_notes_and_the_code_belong_together() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = include_str!("../../RFC-NOTES.md");
    let code = Code::read(root);
    let notes = Notes::parse(text);
    assert!(notes.rows.len() > 300, "only {} rows were found", notes.rows.len());

    let mut faults = faults(&notes, &code);
    faults.extend(notes.paths().filter(|path| !names_a_path(root, path)).map(|path| format!("there is no `{path}`")));
    faults.extend(counts::faults(&notes));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// What is wrong with the notes, the code being what it is.
fn faults(notes: &Notes, code: &Code) -> Vec<String> {
    let mut faults = notes.faults.clone();
    for row in &notes.rows {
        let own = row_faults(row, code);
        faults.extend(own.into_iter().map(|fault| format!("line {}: {fault}", row.line)));
    }
    faults.extend(code.files.iter().flat_map(|file| uncited(file, notes)));
    faults
}

/// Words by which a row says why something is not done or not shown here.
const REASONS: [&str; 6] = ["Not done:", "Not followed:", "Not needed:", "Left to", "The caller's", "The caller owns"];

fn row_faults(row: &Row, code: &Code) -> Vec<String> {
    let mut faults: Vec<String> = row.code.iter().filter_map(|item| code.missing(item)).collect();
    faults.extend(row.tests.iter().filter_map(|test| code.missing_test(test)));
    let says_why = REASONS.iter().any(|reason| row.rule.contains(reason));
    if !says_why && row.code.is_empty() {
        faults.push(format!("a {} with neither code nor a reason", row.level));
    }
    if !says_why && row.tests.is_empty() {
        faults.push(format!("a {} with neither a test nor a reason", row.level));
    }
    faults
}

/// A path of the prose is one below `src/`, or one of the repository.
fn names_a_path(root: &Path, path: &str) -> bool {
    root.join("src").join(path).exists() || root.join(path).exists()
}
