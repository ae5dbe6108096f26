//! Runs the built binary and writes down what a user would see.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where something unexpected happens"
)]
#![expect(
    dead_code,
    reason = "every test binary has its own copy and uses a part of it"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;

/// What one invocation left behind.
#[derive(Debug)]
pub struct Run {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The one JSON document on stdout.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts the exit status, showing everything when it differs.
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attestry"));
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for variable in [
        "ATTESTRY_ENDPOINT",
        "ATTESTRY_CA",
        "ATTESTRY_TOKEN",
        "ATTESTRY_CLIENT_CERT",
        "ATTESTRY_CLIENT_KEY",
        "ATTESTRY_SUBSCRIPTION",
        "ATTESTRY_CONFIG",
        "RUST_LOG",
        "CLICOLOR_FORCE",
    ] {
        command.env_remove(variable);
    }
    command
}

fn run_of(output: &Output) -> Run {
    Run {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs `attestry` to its end.
pub fn attestry(args: &[&str]) -> Run {
    run_of(&command(args).output().expect("the binary starts"))
}

/// Runs `attestry` in a directory, so that transcripts show relative paths.
pub fn attestry_in(directory: &Path, args: &[&str]) -> Run {
    run_of(
        &command(args)
            .current_dir(directory)
            .output()
            .expect("the binary starts"),
    )
}

/// Runs `attestry` with something on standard input. A command that ends before it has read all of it closes the
/// pipe, which is no failure of the test.
pub fn attestry_fed(directory: &Path, args: &[&str], input: &[u8]) -> Run {
    let mut child = command(args)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let fed = child.stdin.take().expect("piped").write_all(input);
    if let Err(error) = fed {
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe, "{error}");
    }
    run_of(&child.wait_with_output().expect("the command ends"))
}

/// A directory with minted evidence, its collateral and its root; gone when dropped.
pub struct Forged {
    directory: tempfile::TempDir,
}

impl Forged {
    /// One piece of every kind, each with the runtime data in `runtime.json`.
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(directory.path().join("runtime.json"), br#"{"key":"value"}"#).expect("written");
        let forged = Self { directory };
        for (kind, out) in [
            ("sgx-quote", "quote.bin"),
            ("oe-report", "report.bin"),
            ("oe-evidence", "evidence.bin"),
            ("tdx-quote", "tdquote.bin"),
        ] {
            forged
                .attestry(&["forge", kind, "--runtime-data", "runtime.json", "--out", out])
                .exits(0);
        }
        for tee in ["sgx", "tdx"] {
            let out = format!("{tee}-collateral.json");
            forged
                .attestry(&["forge", "collateral", "--tee", tee, "--out", &out])
                .exits(0);
        }
        forged.attestry(&["forge", "root", "--out", "root.pem"]).exits(0);
        forged
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Runs `attestry` there.
    pub fn attestry(&self, args: &[&str]) -> Run {
        attestry_in(self.path(), args)
    }

    /// Writes a file there.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path().join(name), bytes).expect("written");
    }

    /// Reads a file there.
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).expect("read")
    }
}

/// `attestry forge collateral-server` on a free port.
pub struct CollateralServer {
    child: Child,
    /// Base URL.
    pub url: String,
}

impl CollateralServer {
    /// Starts it with the forge's default seed.
    pub fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_attestry"))
            .args(["forge", "collateral-server", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped"))
            .read_line(&mut line)
            .expect("it says where it listens");
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .expect("an address")
            .to_owned();
        Self { child, url }
    }
}

impl Drop for CollateralServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A `serve --dev` in the background; killed when dropped.
pub struct Service {
    child: Child,
    /// Base URL.
    pub url: String,
    log: mpsc::Receiver<String>,
}

impl Service {
    /// A development server on a free port.
    pub fn start(data: &Path, more: &[&str]) -> Self {
        let data = data.to_str().expect("a UTF-8 path");
        Self::run(
            &[
                &["serve", "--dev", "--listen", "127.0.0.1:0", "--data", data],
                more,
            ]
            .concat(),
        )
    }

    /// Any server; waits for the `listening on` line.
    pub fn run(args: &[&str]) -> Self {
        let mut child = command(args).spawn().expect("the binary starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped"))
            .read_line(&mut line)
            .expect("a line");
        let log = BufReader::new(child.stderr.take().expect("piped"));
        let Some(url) = line.trim().strip_prefix("listening on ") else {
            let log: Vec<String> = log.lines().map_while(Result::ok).collect();
            panic!("`{line}`: {log:#?}")
        };
        let url = url.to_owned();
        // Read to its end, so that the service never waits for a reader of its log.
        let (lines, log_lines) = mpsc::channel();
        std::thread::spawn(move || {
            log.lines()
                .map_while(Result::ok)
                .try_for_each(|line| lines.send(line))
        });
        Self {
            child,
            url,
            log: log_lines,
        }
    }

    /// Waits until the service has logged a line with this text.
    pub fn wait_for_log(&self, text: &str) {
        assert!(
            self.log.iter().any(|line| line.contains(text)),
            "the log ended without `{text}`"
        );
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for the end and gives the exit status.
    pub fn wait(&mut self) -> i32 {
        self.child.wait().expect("the service ends").code().unwrap_or(-1)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
