//! Where the recordings lie and how one is read.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

/// A recorded quote and what is known about it.
pub struct Vector {
    pub name: String,
    pub quote: Vec<u8>,
    pub expected: Value,
    directory: PathBuf,
}

impl Vector {
    /// Another file of the recording.
    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.directory.join(name)).ok()
    }

    /// The member of the outer object of what is known, or of the object at `path`, separated by slashes.
    pub fn known(&self, path: &str) -> &Value {
        self.expected.pointer(&format!("/{path}")).unwrap_or(&Value::Null)
    }
}

/// The recordings of one collection in the order of their names; none, and a word about it, when absent.
pub fn vectors(collection: &str) -> Vec<Vector> {
    let Some(directory) = recorded(&format!("dcap/{collection}")) else {
        return Vec::new();
    };
    let mut vectors: Vec<Vector> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| {
            let directory = entry.unwrap().path();
            Vector {
                name: directory.file_name().unwrap().to_string_lossy().into_owned(),
                quote: fs::read(directory.join("quote.bin")).unwrap(),
                expected: serde_json::from_slice(&fs::read(directory.join("expected.json")).unwrap())
                    .unwrap(),
                directory,
            }
        })
        .collect();
    vectors.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(!vectors.is_empty(), "no vectors in {}", directory.display());
    vectors
}

/// Every recorded quote of a real platform that comes with its collateral.
pub fn real_quotes() -> Vec<Vector> {
    [vectors("sets"), vectors("eval-series")]
        .into_iter()
        .flatten()
        .collect()
}

/// The directories in a directory, in the order of their names; none, and a word about it, when absent.
pub fn directories(path: &str) -> Vec<PathBuf> {
    let Some(directory) = recorded(path) else {
        return Vec::new();
    };
    let entries = fs::read_dir(&directory).unwrap();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    assert!(!found.is_empty(), "nothing in {}", directory.display());
    found
}

/// A single recorded file; `None`, and a word about it, when absent.
pub fn file(path: &str) -> Option<Vec<u8>> {
    recorded(path).map(|path| fs::read(path).unwrap())
}

fn recorded(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("ATTESTRY_VECTORS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors")),
        PathBuf::from,
    );
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!(
        "SKIPPED: no recorded evidence at {} (set ATTESTRY_VECTORS)",
        path.display()
    );
    None
}
