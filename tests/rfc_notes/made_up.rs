//! Each check finds what it is there to find: in notes and code that are made up.

use crate::code::{Code, File};
use crate::counts::section_faults;
use crate::faults;
use crate::notes::Notes;

const SOURCE: &str = "\
//! Frames (RFC 6455 §5).

pub struct Header {
    pub fin: bool,
}

impl Header {
    pub fn parse(input: &[u8]) -> Self {
        // §5.2
        admit(input);
    }
}

errors! {
    /// What is wrong.
    Fault {
        /// A word.
        Masked = \"masked\",
    }
}

pub(super) enum Role {
    Client,
    Server { keys: bool },
}

impl Role {
    fn name(self) {}
}
";

const TESTS: &str = "\
#[test]
fn it_works() {}

#[test]
#[ignore = \"takes an hour\"]
fn it_is_ignored() {}

#[ignore]
#[test]
fn it_is_ignored_too() {}

fn it_helps() {}

proptest! {
    #[test]
    fn it_holds(
        byte in any::<u8>(),
    ) {}
}
";

fn file(path: &str, text: &str) -> File {
    File { path: path.into(), text: text.into() }
}

fn code() -> Code {
    Code::of(vec![
        file("src/ws/frame.rs", SOURCE),
        file("tests/ws/main.rs", "mod s5;\nmod s7;\n"),
        file("tests/ws/s7/mod.rs", "mod closing;\n"),
        file("tests/ws/s7/closing.rs", "#[test]\nfn it_is_in_a_folder() {}\n"),
        file("tests/ws/s7/forgotten.rs", "#[test]\nfn nobody_runs_it_there() {}\n"),
        file("tests/ws/s5.rs", TESTS),
        file("tests/here.rs", "#[test]\nfn it_is_here_and_there() {}\n"),
        file("tests/there.rs", "#[test]\nfn it_is_here_and_there() {}\n"),
        file("tests/support/mod.rs", "#[test]\nfn nobody_runs_this_either() {}\n"),
        file("tests/ws/forgotten.rs", "#[test]\nfn nobody_runs_it() {}\n"),
    ])
}

fn notes(heading: &str, rows: &str) -> Notes {
    Notes::parse(&format!(
        "{heading}\n\n| § | level | rule in our words | enforced in | shown by |\n|---|---|---|---|---|\n{rows}\n"
    ))
}

/// What is wrong with these rows of RFC 6455, beside what [`SOURCE`] cites.
fn found(rows: &str) -> Vec<String> {
    faults(&notes("## RFC 6455: WebSocket", &format!("{rows}\n{CITED}")), &code())
}

const CITED: &str = "| 5.2 | MUST | Cited. | `ws/frame.rs::Header` | `it_works` |";

#[track_caller]
fn finds(row: &str, fault: &str) {
    let found = found(row);
    assert!(found.len() == 1 && found[0].contains(fault), "{row}\n{found:#?}");
}

#[test]
fn what_is_in_order_passes() {
    for row in [
        "| 5.1 | MUST | Do. | `ws/frame.rs::Header::parse` | `it_works`, `it_holds` |",
        "| 5.1 | MUST ×2, SHOULD NOT | Do. | `ws/frame.rs::parse`, `ws/frame.rs::Header::fin` | `it_works` |",
        "| 5.1 | algorithm | Do. | `ws/frame.rs::Role::Client`, `ws/frame.rs::Role::Server` | `it_works` |",
        "| 5.1 | MUST | Do. | `ws/frame.rs::Fault::Masked`, `ws/frame.rs::Role::name` | `it_works` |",
        "| 5.1 | MUST | Do. Not done: it would be too much. | | |",
        "| 9110 §5.1 | – | Do. Left to others. | `ws/frame.rs::Role` | |",
    ] {
        assert_eq!(found(row), [""; 0], "{row}");
    }
}

#[test]
fn an_item_must_be_there_and_belong_where_it_is_said_to() {
    for (item, fault) in [
        ("ws/other.rs::Header", "no file `src/ws/other.rs`"),
        ("ws/frame.rs::Trailer", "defines no `Trailer`"),
        ("ws/frame.rs::Header::name", "defines no `Header::name`"),
        ("ws/frame.rs::Role::fin", "defines no `Role::fin`"),
        ("ws/frame.rs::Role::keys::x", "defines no"),
        ("ws/frame.rs::admit", "defines no `admit`"), // called, not defined
        ("ws/frame.rs::input", "defines no `input`"),
        ("ws/frame.rs", "is no item"),
        ("ws/", "is no item"),
    ] {
        finds(&format!("| 5.1 | MUST | Do. | `{item}` | `it_works` |"), fault);
    }
}

#[test]
fn a_test_must_be_one_and_run() {
    for name in [
        "it_does_not_exist",
        "it_helps",
        "it_is_ignored",
        "it_is_ignored_too",
        "nobody_runs_it",
        "nobody_runs_it_there",
        "nobody_runs_this_either",
        "it_work",
    ] {
        finds(&format!("| 5.1 | MAY | Do. | `ws/frame.rs::Header` | `{name}` |"), &format!("no test `{name}` runs"));
    }
    finds("| 5.1 | MAY | Do. | `ws/frame.rs::Header` | `it_is_here_and_there` |", "is more than one test");
    assert!(found("| 5.1 | MAY | Do. | `ws/frame.rs::Header` | `it_is_in_a_folder` |").is_empty());
}

#[test]
fn code_and_test_are_both_wanted_or_a_reason() {
    finds("| 5.1 | MUST | Do. | `ws/frame.rs::Header` | |", "neither a test nor a reason");
    finds("| 5.1 | SHOULD | Do. | | `it_works` |", "neither code nor a reason");
    assert_eq!(found("| 5.1 | MUST | Do. | | |").len(), 2);
}

#[test]
fn a_row_has_its_form() {
    for (row, fault) in [
        ("| 5.1 | MUST | Do. | `ws/frame.rs::Header` |", "4 cells"),
        ("| 5.1 | MUTS | Do. | `ws/frame.rs::Header` | `it_works` |", "`MUTS` is no level"),
        ("| 5.1 | MUST ×1 | Do. | `ws/frame.rs::Header` | `it_works` |", "is no level"),
        ("| 5.1 | MUST ×x | Do. | `ws/frame.rs::Header` | `it_works` |", "is no level"),
        ("| 5.1 | MUST |  | `ws/frame.rs::Header` | `it_works` |", "a cell is empty"),
        ("| 5.1 | MUST | Do. | the header | `it_works` |", "is not in backquotes"),
        ("| 5.1 | MUST | Do. | `ws/frame.rs::Header` | all of them |", "is not in backquotes"),
        (CITED, "there twice"),
    ] {
        finds(row, fault);
    }
    let row = "| 5.1 | MUST | Do. | `ws/frame.rs::Header` | `it_works` |";
    assert!(notes("## RFC 9110 and RFC 9112", row).faults[0].contains("names no RFC"));
    assert_eq!(notes("## RFC 9110 and RFC 9112", &row.replacen("5.1", "9110 §5.1", 1)).faults, [""; 0]);
}

#[test]
fn a_citation_has_a_row_of_its_section_or_of_one_within() {
    let cites = |path: &str, text: &str, row: &str| {
        let code = Code::of(vec![file("src/ws/frame.rs", SOURCE), file(path, text), file("tests/t.rs", TESTS)]);
        faults(&notes("## RFC 6455: WebSocket", &format!("{row}\n{CITED}")), &code)
    };
    let row = "| 5.5.1 | MUST | Do. | `ws/frame.rs::Header` | `it_works` |";
    for (path, text) in [
        ("src/ws/a.rs", "// §5.5.1: so it is\n"),
        ("src/ws/a.rs", "fn a() {} // §5.5\n"),
        ("src/server/a.rs", "/// As RFC 6455\n/// §5.5.1 has it.\n"),
        ("src/inspect/a.rs", "const A: &str = \"so it is (RFC 6455 §5.5.1, §5.2)\";\n"),
        ("tests/ws/a.rs", "//! §5.5.1: closing.\n"),
    ] {
        assert_eq!(cites(path, text, row), [""; 0], "{path}: {text}");
    }
    for (path, text, fault) in [
        ("src/ws/a.rs", "// §5.5.1.2\n", "6455 §5.5.1.2 has no row"),
        ("src/ws/a.rs", "// §5.50\n", "6455 §5.50 has no row"),
        ("src/ws/a.rs", "// RFC 7692 §5.2\n", "7692 §5.2 has no row"),
        ("src/ws/deflate/a.rs", "//! Codec (RFC 7692 §5).\n// §5.2\n", "7692 §5"),
        ("src/http/a.rs", "// §5.2\n", "9112 §5.2 has no row"),
        ("src/inspect/a.rs", "const A: &str = \"so it is (RFC 6455 §9.9)\";\n", "6455 §9.9 has no row"),
        ("src/envelope/a.rs", "// §5.2\n", "§5.2 is of no RFC"),
        ("src/bin/tidings/a.rs", "// as RFC 6455 has it. And §5.2\n", "§5.2 is of no RFC"),
        ("src/server/page/a.js", "x();   // RFC 6455 §5.3\n", "6455 §5.3 has no row"),
        ("tests/client/a.rs", "/// RFC 9112 §9.6\n", "9112 §9.6 has no row"),
        ("src/sse/a.rs", "// §9.2.2, step 3\n", "WHATWG §9.2.2 has no row"),
    ] {
        let found = cites(path, text, row);
        assert!(found.iter().any(|found| found.contains(fault)), "{path}: {text}{found:?}");
    }
}

#[test]
fn each_requirement_of_a_section_has_a_row() {
    let counted =
        |rows: &str| section_faults(&notes("## RFC 6455: WebSocket", rows), "6455", "5.1", &[3, 1, 0, 0, 0, 1]);
    let row = |level: &str| format!("| 5.1 | {level} | Do {level}. | | |");
    assert_eq!(counted(&[row("MUST ×2"), row("MUST, MUST NOT")].join("\n")), [""; 0]);
    assert_eq!(counted(&row("MUST ×3, MUST NOT, MAY ×4")), [""; 0]);
    assert_eq!(counted(&row("MUST ×2, MUST NOT")), ["RFC 6455 §5.1: 2 of 3 times MUST"]);
    assert_eq!(counted(&row("MUST ×3")), ["RFC 6455 §5.1: 0 of 1 times MUST NOT"]);
    assert_eq!(counted(&row("MUST ×3, MUST NOT, SHOULD")), ["line 5: RFC 6455 §5.1 has no SHOULD"]);
    assert_eq!(counted("| 5.2 | MUST ×3, MUST NOT | Do. | | |"), ["RFC 6455 §5.1 has no row"]);
}
