//! OpenSSL as an independent reader, and the recorded evidence of real platforms as a model of shape. Tests
//! skip, loudly, where either is absent.

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// Runs openssl on `input` and gives its output; `None`, loudly, where there is no openssl.
pub(crate) fn openssl(arguments: &[&str], input: &[u8]) -> Option<String> {
    let output = run(arguments, input)?;
    assert!(
        output.status.success(),
        "openssl {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Runs openssl on `input`, whether it succeeds or not.
pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Option<Output> {
    let child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("SKIPPED: openssl is not installed");
        return None;
    };
    child.stdin.take().unwrap().write_all(input).unwrap();
    Some(child.wait_with_output().unwrap())
}

/// Files for openssl to read, gone when dropped.
pub(crate) struct Files(PathBuf);

impl Files {
    /// An empty directory of this process and this test.
    pub(crate) fn new(test: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("attestry-forge-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    /// Writes a file and gives its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A recorded file; `None`, loudly, where there are no recordings.
pub(crate) fn recorded(path: &str) -> Option<Vec<u8>> {
    let pool = std::env::var_os("ATTESTRY_VECTORS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors")),
        PathBuf::from,
    );
    let file = pool.join(path);
    let bytes = std::fs::read(&file).ok();
    if bytes.is_none() {
        eprintln!(
            "SKIPPED: no recorded evidence at {} (set ATTESTRY_VECTORS)",
            file.display()
        );
    }
    bytes
}

/// The structure of DER as openssl sees it: depths, types and identifiers, no lengths and no values.
pub(crate) fn structure(der: &[u8]) -> Option<Vec<String>> {
    let text = openssl(&["asn1parse", "-inform", "DER"], der)?;
    let line = |line: &str| {
        let (_, rest) = line.split_once(':').unwrap();
        let (depth, rest) = rest.split_once(' ').unwrap();
        let (_, kind) = rest.split_at(rest.find("cons:").or(rest.find("prim:")).unwrap());
        let kind = if kind.contains("OBJECT") {
            kind
        } else {
            kind.split_once(" :").map_or(kind, |(kind, _)| kind)
        };
        let kind = kind.split_once("[HEX DUMP]").map_or(kind, |(kind, _)| kind);
        format!("{depth} {}", kind.trim())
    };
    Some(text.lines().map(line).collect())
}
