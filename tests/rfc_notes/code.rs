//! The repository's text: which items it defines, and which tests run.
//!
//! It is formatted by `rustfmt`, so that indentation tells what is within what.

use std::fs;
use std::path::Path;

pub struct Code {
    pub files: Vec<File>,
    /// The names of the tests, those that are there twice too.
    tests: Vec<String>,
}

pub struct File {
    /// From the root of the repository, with slashes.
    pub path: String,
    pub text: String,
}

/// What is looked through: folders of the repository, as far as they are there.
const FOLDERS: [&str; 5] = ["src", "tests", "examples", "benches", "fuzz"];
/// What is not: what is built, what inputs were found, and this test, whose citations are made up.
const LEFT_OUT: [&str; 5] = ["target", "node_modules", "corpus", "artifacts", "rfc_notes"];
const KINDS: [&str; 5] = ["rs", "js", "mjs", "py", "md"];

impl Code {
    pub fn read(root: &Path) -> Self {
        let mut files = Vec::new();
        for folder in FOLDERS.map(|folder| root.join(folder)).into_iter().filter(|folder| folder.is_dir()) {
            read_all(&folder, root, &mut files);
        }
        Self::of(files)
    }

    pub fn of(files: Vec<File>) -> Self {
        let runs: Vec<_> = files.iter().filter(|file| file.runs(&files)).collect();
        let tests = runs.into_iter().flat_map(|file| tests(&file.text)).collect();
        Self { files, tests }
    }

    /// What is missing of `path.rs::Item` or `path.rs::Type::item`.
    pub fn missing(&self, item: &str) -> Option<String> {
        let mut parts = item.split("::");
        let path = format!("src/{}", parts.next()?);
        let Some(file) = self.files.iter().find(|file| file.path == path) else {
            return Some(format!("no file `{path}`"));
        };
        let parts: Vec<&str> = parts.collect();
        let found = match parts[..] {
            [item] => defines(&file.text, item),
            [parent, item] => {
                blocks(&file.text, parent).any(|block| defines(&block, item))
                    || type_blocks(&file.text, parent).any(|block| is_member_of(&block, item))
            }
            _ => false,
        };
        (!found).then(|| format!("`{path}` defines no `{}`", parts.join("::")))
    }

    /// What is wrong with that test.
    pub fn missing_test(&self, name: &str) -> Option<String> {
        match self.tests.iter().filter(|test| *test == name).count() {
            0 => Some(format!("no test `{name}` runs")),
            1 => None,
            _ => Some(format!("`{name}` is more than one test")),
        }
    }
}

impl File {
    /// Whether the file is part of a test binary, or of the crate: a folder's `main.rs` has to name those beside it, and
    /// the folders, whose `mod.rs` names those in there.
    fn runs(&self, files: &[Self]) -> bool {
        let path = self.path.strip_suffix(".rs").and_then(|path| path.rsplit_once('/'));
        let Some((folder, module)) = path else { return false };
        let beside = |folder: &str, name: &str| files.iter().find(|file| file.path == format!("{folder}/{name}.rs"));
        if let Some(main) = beside(folder, "main") {
            return module == "main" || main.names(module);
        }
        if folder == "tests" || folder.starts_with("src") {
            return true;
        }
        match (folder.rsplit_once('/'), beside(folder, "mod")) {
            (Some((above, name)), Some(_)) if module == "mod" => {
                beside(above, "main").is_some_and(|main| main.names(name))
            }
            (_, Some(index)) => index.names(module) && index.runs(files),
            (_, None) => false,
        }
    }

    fn names(&self, module: &str) -> bool {
        self.text.lines().any(|line| line == format!("mod {module};"))
    }
}

fn read_all(folder: &Path, root: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        let is_left_out = LEFT_OUT.iter().any(|name| path.ends_with(name));
        if path.is_dir() && !is_left_out {
            read_all(&path, root, files);
        } else if path.extension().is_some_and(|extension| KINDS.iter().any(|kind| extension == *kind)) {
            files.push(File { path: relative(&path, root), text: fs::read_to_string(&path).expect("readable text") });
        }
    }
}

fn relative(path: &Path, root: &Path) -> String {
    let parts = path.strip_prefix(root).expect("within the repository").iter();
    parts.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The names of the functions of `text` that are tests and are not ignored.
fn tests(text: &str) -> Vec<String> {
    let (mut names, mut attributes) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") {
            attributes.push(line);
        } else if !line.starts_with("//") {
            let is_test = attributes.contains(&"#[test]");
            let is_ignored = attributes.iter().any(|attribute| attribute.starts_with("#[ignore"));
            let name = line.strip_prefix("fn ").and_then(|rest| rest.split(['(', '<']).next());
            names.extend(name.filter(|_| is_test && !is_ignored).map(str::to_owned));
            attributes.clear();
        }
    }
    names
}

/// Whether a line of `text` defines that item, or a variant or a field of that name.
fn defines(text: &str, name: &str) -> bool {
    lines(text).any(|line| is_item(line, name)) || member_blocks(text).any(|block| is_member_of(&block, name))
}

const KEYWORDS: [&str; 9] = ["fn", "struct", "enum", "const", "static", "type", "trait", "mod", "macro_rules"];

fn is_item(line: &str, name: &str) -> bool {
    words(line).windows(2).any(|pair| KEYWORDS.contains(&pair[0]) && pair[1] == name)
}

/// Where variants, fields and the entries of a macro's list stand.
fn member_blocks(text: &str) -> impl Iterator<Item = String> {
    let begins = |line: &str| {
        let is_type = words(line).iter().any(|word| *word == "struct" || *word == "enum");
        line.ends_with('{') && (is_type || line.ends_with("! {"))
    };
    blocks_from(text, begins)
}

fn is_member_of(block: &str, name: &str) -> bool {
    lines(block).any(|line| {
        let line = line.strip_prefix("pub(super) ").or(line.strip_prefix("pub ")).unwrap_or(line);
        let rest = line.strip_prefix(name).map(str::trim_start);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([',', '(', '{', ':', '=']))
    })
}

/// What stands within the type, trait, module or macro of that name, and within its `impl`s.
fn blocks(text: &str, name: &str) -> impl Iterator<Item = String> {
    blocks_from(text, move |line| {
        let is_impl = words(line).first() == Some(&"impl") && words(line).contains(&name);
        line.ends_with('{')
            && (is_impl || (!words(line).contains(&"fn") && is_item(line, name)) || is_entry(line, name))
    })
}

/// The fields or variants of the type of that name.
fn type_blocks(text: &str, name: &str) -> impl Iterator<Item = String> {
    blocks_from(text, move |line| {
        line.ends_with('{')
            && words(line).windows(2).any(|pair| (pair[0] == "struct" || pair[0] == "enum") && pair[1] == name)
            || is_entry(line, name)
    })
}

/// `Name {` in the list of a macro that makes types.
fn is_entry(line: &str, name: &str) -> bool {
    line.strip_suffix(" {") == Some(name)
}

/// The blocks whose first line is like that: up to the line that is indented as it.
fn blocks_from(text: &str, begins: impl Fn(&str) -> bool) -> impl Iterator<Item = String> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = (0..lines.len()).filter(move |at| begins(text.lines().nth(*at).unwrap_or_default().trim()));
    let starts: Vec<usize> = starts.collect();
    starts.into_iter().map(move |start| {
        let indent = indentation(lines[start]);
        let within = |line: &&&str| line.is_empty() || indentation(line) > indent;
        lines[start + 1..].iter().take_while(within).copied().collect::<Vec<_>>().join("\n")
    })
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.starts_with("//"))
}

fn words(line: &str) -> Vec<&str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect()
}
