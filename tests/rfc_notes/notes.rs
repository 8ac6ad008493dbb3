//! `RFC-NOTES.md`, taken apart.

use std::collections::HashSet;

/// The notes as they stand, and what is wrong with their form.
#[derive(Default)]
pub struct Notes {
    pub rows: Vec<Row>,
    pub faults: Vec<String>,
    /// What stands outside of the tables of rules.
    pub prose: String,
}

/// One rule.
pub struct Row {
    pub line: usize,
    /// The number of the RFC, or [`WHATWG`], or nothing for what is nobody else's.
    pub spec: String,
    pub section: String,
    /// As it stands; see [`Row::asks`].
    pub level: String,
    pub rule: String,
    /// `path.rs::Item` or `path.rs::Type::item`, below `src/`.
    pub code: Vec<String>,
    pub tests: Vec<String>,
}

/// What [`Row::spec`] is where the standard has no number.
pub const WHATWG: &str = "WHATWG";

/// The words of RFC 2119 that a level may be.
pub const LEVELS: [&str; 6] = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "RECOMMENDED", "MAY"];

/// What else a level may be: what kind of text the rule stands in.
const KINDS: [&str; 13] = [
    "algorithm",
    "grammar",
    "examples",
    "advice",
    "security",
    "registry",
    "rule",
    "ought",
    "must",
    "step",
    "note",
    "term",
    "–",
];

const HEADER: &str = "| § | level | rule in our words | enforced in | shown by |";

impl Notes {
    pub fn parse(text: &str) -> Self {
        let mut notes = Self::default();
        let (mut heading, mut in_rules) = (Heading::None, false);
        let mut known = HashSet::new();
        for (number, line) in (1..).zip(text.lines()) {
            if line.starts_with('#') {
                heading = Heading::of(line);
            }
            in_rules = line == HEADER || (in_rules && line.starts_with('|'));
            if !in_rules {
                notes.prose.extend([line, "\n"]);
            } else if line != HEADER && !line.starts_with("|---") {
                match Row::parse(number, line, &heading) {
                    Ok(row) if !known.insert((row.spec.clone(), row.section.clone(), row.rule.clone())) => {
                        notes.faults.push(format!("line {number}: this row is there twice"));
                    }
                    Ok(row) => notes.rows.push(row),
                    Err(fault) => notes.faults.push(format!("line {number}: {fault}")),
                }
            }
        }
        notes
    }

    /// The files and folders that the prose names.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let is_path = |word: &&str| word.strip_suffix(".rs").or(word.strip_suffix('/')).is_some();
        self.prose.split('`').skip(1).step_by(2).filter(is_path)
    }
}

/// Whose rules a table has.
enum Heading {
    None,
    /// An RFC, or the WHATWG's standard.
    Of(String),
    /// Each row says it, or the rules are this crate's own.
    Mixed,
}

impl Heading {
    fn of(line: &str) -> Self {
        let rfcs: HashSet<_> = line.split("RFC ").skip(1).filter_map(number).collect();
        match rfcs.into_iter().collect::<Vec<_>>().as_slice() {
            [only] => Self::Of(only.clone()),
            _ if line.contains("WHATWG") => Self::Of(WHATWG.into()),
            _ => Self::Mixed,
        }
    }
}

impl Row {
    fn parse(line: usize, text: &str, heading: &Heading) -> Result<Self, String> {
        let cells: Vec<&str> = text.strip_prefix('|').unwrap_or(text).split(" |").map(str::trim).collect();
        let &[section, level, rule, code, tests, ""] = &cells[..] else {
            return Err(format!("{} cells instead of 5", cells.len() - 1));
        };
        let (own, section) = section.split_once('§').unwrap_or(("", section));
        let spec = match (own.trim(), heading) {
            ("", Heading::Of(spec)) => spec.clone(),
            ("", Heading::Mixed) if section.starts_with(|c: char| c.is_ascii_digit()) => {
                return Err("the heading names no RFC, and the row neither".into());
            }
            ("", Heading::Mixed) => String::new(),
            ("", Heading::None) => return Err("a table without a heading".into()),
            (own, _) => own.to_owned(),
        };
        let code = quoted(code)?;
        if let Some(file) = code.iter().find(|item| !item.contains(".rs::")) {
            return Err(format!("`{file}` is no item of a file"));
        }
        let row = Self {
            line,
            spec,
            section: section.to_owned(),
            level: level.to_owned(),
            rule: rule.to_owned(),
            code,
            tests: quoted(tests)?,
        };
        match row.level.split(", ").find(|level| !is_level(level)) {
            Some(unknown) => Err(format!("`{unknown}` is no level")),
            None if row.rule.is_empty() || row.section.is_empty() => Err("a cell is empty".into()),
            None => Ok(row),
        }
    }

    /// How many statements of that level the row stands for: `MUST ×3`, or one.
    pub fn asks(&self, level: &str) -> usize {
        let counts = self.level.split(", ").filter_map(|asked| asked.strip_prefix(level));
        counts.map(|rest| if rest.is_empty() { 1 } else { times(rest).unwrap_or(0) }).sum()
    }
}

/// A word of RFC 2119, also with how often, or a kind of text.
fn is_level(level: &str) -> bool {
    let asked = |known: &str| level.strip_prefix(known).is_some_and(|rest| rest.is_empty() || times(rest).is_some());
    KINDS.contains(&level) || LEVELS.iter().any(|known| asked(known))
}

fn times(text: &str) -> Option<usize> {
    text.strip_prefix(" ×")?.parse().ok().filter(|times| *times > 1)
}

/// What stands in backquotes, and nothing else may stand there.
fn quoted(cell: &str) -> Result<Vec<String>, String> {
    let words = cell.split(", ").filter(|word| !word.is_empty());
    let quoted = words.map(|word| {
        let inner = word.strip_prefix('`').and_then(|word| word.strip_suffix('`'));
        inner.filter(|inner| !inner.contains('`')).map(str::to_owned).ok_or(format!("{word:?} is not in backquotes"))
    });
    quoted.collect()
}

/// The number that `text` begins with.
pub fn number(text: &str) -> Option<String> {
    let digits = text.split(|c: char| !c.is_ascii_digit()).next()?;
    (!digits.is_empty()).then(|| digits.to_owned())
}
