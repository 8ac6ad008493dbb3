//! Runs every seed of every fuzz target through that target, so that plain `cargo test` asserts the invariants that
//! the fuzzer asserts, and a crash that was once found stays found. How to fuzz: `fuzz/README.md`.
#![cfg(all(feature = "server", feature = "deflate"))] // of the targets some need the one, some the other
#![allow(clippy::duplicate_mod)] // a target that needs tests/support brings it along for itself, as it must alone

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One line per target: the module is the fuzz target itself, the test runs its seeds.
macro_rules! targets {
    ($($name:ident = $path:literal;)+) => {
        $(
            #[path = $path]
            mod $name;

            #[test]
            fn $name() {
                run_seeds(stringify!($name), $name::run);
            }
        )+

        const TARGETS: &[&str] = &[$(stringify!($name)),+];
    };
}

targets! {
    chunked = "../fuzz/fuzz_targets/chunked.rs";
    cursor = "../fuzz/fuzz_targets/cursor.rs";
    extended_connect = "../fuzz/fuzz_targets/extended_connect.rs";
    handshake = "../fuzz/fuzz_targets/handshake.rs";
    http_head = "../fuzz/fuzz_targets/http_head.rs";
    inspect = "../fuzz/fuzz_targets/inspect.rs";
    sse_decode = "../fuzz/fuzz_targets/sse_decode.rs";
    ws_connection = "../fuzz/fuzz_targets/ws_connection.rs";
    ws_deflate = "../fuzz/fuzz_targets/ws_deflate.rs";
    ws_frame = "../fuzz/fuzz_targets/ws_frame.rs";
    ws_halves = "../fuzz/fuzz_targets/ws_halves.rs";
}

#[test]
fn every_target_is_listed_here_and_in_the_manifest() {
    let listed: BTreeSet<String> = TARGETS.iter().map(ToString::to_string).collect();
    let present: BTreeSet<String> = files(&fuzz().join("fuzz_targets")).iter().map(|path| stem(path)).collect();
    assert_eq!(listed, present, "targets listed in this file, and files under fuzz/fuzz_targets");

    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("fuzz/Cargo.toml");
    for name in TARGETS {
        let entry = format!("path = \"fuzz_targets/{name}.rs\"");
        assert!(manifest.contains(&entry), "fuzz/Cargo.toml has no [[bin]] with {entry}");
    }
}

/// Panics, and so fails the test, where the target does; says first which seed it was.
fn run_seeds(target: &str, run: fn(&[u8])) {
    let folder = fuzz().join("seeds").join(target);
    let seeds = files(&folder);
    assert!(!seeds.is_empty(), "no seed in {}", folder.display());
    run(b""); // which libFuzzer always tries first
    for seed in seeds {
        println!("{}", seed.display());
        run(&fs::read(&seed).expect("a readable seed"));
    }
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a file name").to_string_lossy().into_owned()
}

/// The files in a folder, in the order of their names. A folder that is not there has none.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}
