//! Runs the built binary and writes down what a user would see.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

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
        "ATTESTRY_CONFIG",
        "RUST_LOG",
        "CLICOLOR_FORCE",
    ] {
        command.env_remove(variable);
    }
    command
}

fn run_of(output: Output) -> Run {
    Run {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs `attestry` to its end.
pub fn attestry(args: &[&str]) -> Run {
    run_of(command(args).output().expect("the binary starts"))
}

/// Runs `attestry` in a directory, so that transcripts show relative paths.
pub fn attestry_in(directory: &Path, args: &[&str]) -> Run {
    run_of(
        command(args)
            .current_dir(directory)
            .output()
            .expect("the binary starts"),
    )
}

/// Runs `attestry` with something on standard input.
pub fn attestry_fed(directory: &Path, args: &[&str], input: &[u8]) -> Run {
    let mut child = command(args)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(input)
        .expect("the command reads its input");
    run_of(child.wait_with_output().expect("the command ends"))
}

/// A `serve --dev` in the background; killed when dropped.
pub struct Service {
    child: Child,
    /// Base URL.
    pub url: String,
}

impl Service {
    /// Starts on a free port and waits for the `listening on` line.
    pub fn start(data: &Path, more: &[&str]) -> Self {
        let data = data.to_str().expect("a UTF-8 path");
        let mut args = vec!["serve", "--dev", "--listen", "127.0.0.1:0", "--data", data];
        args.extend(more);
        let mut child = command(&args)
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped"))
            .read_line(&mut line)
            .expect("a line");
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("`{line}`"))
            .to_owned();
        Self { child, url }
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
