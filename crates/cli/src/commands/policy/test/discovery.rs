//! Which test files there are, and the policy of each.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::tree::Tree;
use crate::failure::Failure;
use crate::input;

/// How test files are named: `policy.test.toml` beside `policy.txt`.
const SUFFIX: &str = ".test.toml";
/// What a policy's file may end in, when a test file does not name it.
const POLICY_EXTENSIONS: [&str; 3] = ["txt", "policy", "maa"];
/// Directories below one another; a tree of policies has some levels.
const MAX_DEPTH: usize = 32;
/// Test files of one run, so that a search in the wrong place ends.
const MAX_FILES: usize = 10_000;

/// A test file and the tree of files that it may name.
#[derive(Debug)]
pub struct Found {
    pub path: PathBuf,
    pub tree: Tree,
}

/// The test files that `paths` name, each once, sorted within a directory.
pub fn test_files(paths: &[PathBuf]) -> Result<Vec<Found>, Failure> {
    let mut unique: Vec<Found> = Vec::new();
    let mut known: HashMap<PathBuf, usize> = HashMap::new();
    for found in all_test_files(paths)? {
        let index = *known.entry(found.path.clone()).or_insert(unique.len());
        match unique.get_mut(index) {
            Some(same) => same.tree.widen(found.tree),
            None => unique.push(found),
        }
    }
    Ok(unique)
}

fn all_test_files(paths: &[PathBuf]) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut files = Vec::new();
            search(path, 0, &mut files)?;
            for file in files {
                let tree = Tree::searched(path, &file)?;
                found.push(Found { path: file, tree });
            }
        } else {
            let path = if has_suffix(path, ".toml") {
                path.clone()
            } else {
                tests_of(path)?
            };
            let tree = Tree::around(&path)?;
            found.push(Found { path, tree });
        }
    }
    Ok(found)
}

/// The policy that a test file is about: the one it names, else the one beside it with its name.
pub fn policy_of(file: &Found, named: Option<&str>) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        return file.tree.file(named);
    }
    let name = file.path.file_name().and_then(|name| name.to_str());
    let stem = name.unwrap_or_default().strip_suffix(SUFFIX).unwrap_or_default();
    let directory = file.path.parent().unwrap_or_else(|| Path::new(""));
    let beside = POLICY_EXTENSIONS
        .iter()
        .map(|extension| format!("{stem}.{extension}"))
        .find(|candidate| !stem.is_empty() && directory.join(candidate).is_file());
    match beside {
        Some(name) => file.tree.file(&name),
        None => Err(
            Failure::usage(format!("there is no policy for {}", input::name(&file.path))).hint(format!(
                "name it in the test file (policy = \"file\"), or put it beside as `{stem}.txt`"
            )),
        ),
    }
}

fn search(directory: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error| input::unreadable(directory, &error);
    let mut entries = fs::read_dir(directory)
        .map_err(failed)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        // Links to directories are not followed, so the search ends.
        let kind = entry.file_type().map_err(failed)?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if kind.is_dir() && !hidden && depth < MAX_DEPTH {
            search(&entry.path(), depth.saturating_add(1), files)?;
        } else if !kind.is_dir() && has_suffix(&entry.path(), SUFFIX) {
            if files.len() >= MAX_FILES {
                return Err(Failure::usage(format!(
                    "there are more than {MAX_FILES} test files"
                )));
            }
            // `./` before every name says nothing.
            let path = entry.path();
            files.push(
                path.strip_prefix(".")
                    .map_or_else(|_| path.clone(), Path::to_owned),
            );
        }
    }
    Ok(())
}

/// The test file of the policy at `path`.
fn tests_of(path: &Path) -> Result<PathBuf, Failure> {
    if !path.is_file() {
        return Err(Failure::usage(format!(
            "cannot read {}: no such file",
            input::name(path)
        )));
    }
    let tests = path.with_extension(SUFFIX.trim_start_matches('.'));
    if tests.is_file() {
        Ok(tests)
    } else {
        Err(Failure::usage(format!("{} has no tests", input::name(path)))
            .hint(format!("write them to {}", input::name(&tests))))
    }
}

fn has_suffix(path: &Path, suffix: &str) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.ends_with(suffix))
}
