//! Layers — who may name whom in the core, and how large a file may grow.
//!
//! The rules are those of the style document, section 3: a module names only what stands below
//! it, `|` separates modules that do not know each other, and only `replay` and `python` may
//! name `sim`, so that a strategy cannot peek at the simulated venue.

use std::fs;
use std::path::Path;

/// Lowest first; modules of one row do not know each other.
const LAYERS: [&[&str]; 16] = [
    &["units", "arrays"],
    &["error"],
    &["instrument", "fees"],
    &["event", "command"],
    &["wire", "book", "account", "stats"],
    &["tape"],
    &["queue"],
    &["signal", "sim"],
    &["quote", "risk"],
    &["order"],
    &["strategy"],
    &["engine"],
    &["replay", "candle"],
    &["live"],
    &["python"],
    &["lib"],
];

const LINES_MAX: usize = 600;

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The module a path below `src` belongs to: `book/merge.rs` is `book`, `units.rs` is `units`.
fn module_of(path: &str) -> &str {
    let first = path.split('/').next().unwrap_or(path);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// Code without line comments, so that documentation may name anything.
fn code_of(line: &str) -> &str {
    line.split("//").next().unwrap_or("")
}

/// The modules that a line names through `crate::`.
fn named(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

fn uses_of(path: &str, line: &str) -> Vec<String> {
    let from = module_of(path);
    let mut found = Vec::new();
    for to in named(line) {
        let Some(below) = rank(to) else { continue };
        let here = rank(from).unwrap_or(0);
        if to != from && below >= here {
            found.push(format!("`{from}` may not name `{to}`"));
        }
        if to == "sim" && !["sim", "replay", "python"].contains(&from) {
            found.push(format!("only replay and python name `sim`, not `{from}`"));
        }
    }
    found
}

/// What one line does that it may not, in words.
fn broken_by_line(path: &str, line: &str) -> Vec<String> {
    let mut found = uses_of(path, line);
    if line.contains("use crate::{") {
        found.push("one module a line: `use crate::{` is refused".to_owned());
    }
    if line.contains("super::super") {
        found.push("`super::super` is refused: write `crate::`".to_owned());
    }
    let python = module_of(path) == "python";
    if !python && ["pyo3", "numpy"].iter().any(|name| line.contains(name)) {
        found.push("pyo3 and numpy stand in src/python only".to_owned());
    }
    found
}

/// Everything that a file does and may not.
fn broken_by_file(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if rank(module_of(path)).is_none() {
        found.push(format!("{path}: `{}` has no place in the layers", module_of(path)));
    }
    if !text.starts_with("//!") {
        found.push(format!("{path}:1: a file opens with `//!` and its purpose"));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        found.push(format!("{path}: {lines} lines, at most {LINES_MAX}"));
    }
    for (at, line) in text.lines().enumerate() {
        let at = at + 1;
        found.extend(
            broken_by_line(path, code_of(line)).iter().map(|w| format!("{path}:{at}: {w}")),
        );
    }
    found
}

/// Every Rust file below `dir`, as paths relative to `root` with their text.
fn sources(root: &Path, dir: &Path, out: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(dir).expect("the source folder is readable") {
        let path = entry.expect("a folder entry is readable").path();
        if path.is_dir() {
            sources(root, &path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy();
            let text = fs::read_to_string(&path).expect("a source file is readable");
            out.push((name.replace('\\', "/"), text));
        }
    }
}

#[test]
fn the_core_keeps_its_layers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &root, &mut files);
    assert!(files.len() > 20, "found only {} files to check", files.len());
    let broken: Vec<String> =
        files.iter().flat_map(|(path, text)| broken_by_file(path, text)).collect();
    assert!(broken.is_empty(), "layers broken:\n{}", broken.join("\n"));
}

#[test]
fn a_planted_violation_is_found() {
    let planted = [
        ("book/merge.rs", "use crate::tape::Reader;"),
        ("wire/json.rs", "let book = crate::book::Merger::default();"),
        ("quote/glft.rs", "use crate::sim::Venue;"),
        ("engine/maker.rs", "use crate::sim::Venue;"),
        ("book/view.rs", "use crate::{error::CoreError, units::Px};"),
        ("book/view.rs", "use super::super::units::Px;"),
        ("tape/reader.rs", "use numpy::PyArray1;"),
        ("python/wire.rs", "use crate::lib::Everything;"),
    ];
    for (path, line) in planted {
        let text = format!("//! Planted.\n{line}\n");
        assert_eq!(broken_by_file(path, &text).len(), 1, "{path}: {line}");
    }
}

#[test]
fn a_file_without_place_purpose_or_measure_is_found() {
    assert_eq!(broken_by_file("misc.rs", "//! Misc.\n").len(), 1);
    assert_eq!(broken_by_file("units.rs", "pub struct Px(i64);\n").len(), 1);
    let long = format!("//! Long.\n{}", "\n".repeat(LINES_MAX));
    assert_eq!(broken_by_file("units.rs", &long).len(), 1);
}

#[test]
fn lawful_lines_pass() {
    let lawful = [
        ("replay/drive.rs", "use crate::sim::Venue;"),
        ("python/replay.rs", "use numpy::PyArray1;"),
        ("book/ladder.rs", "use crate::units::Px; // as crate::tape::Reader does"),
        ("event/rows.rs", "use crate::event::ContextKind;"),
    ];
    for (path, line) in lawful {
        assert_eq!(broken_by_file(path, &format!("//! Lawful.\n{line}\n")), Vec::<String>::new());
    }
}
