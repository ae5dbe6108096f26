//! `attestry policy lsp`: an editor's session with the built binary.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test ends where something unexpected happens"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// An editor with a language server.
struct Editor {
    server: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    requests: i32,
}

impl Editor {
    fn start(args: &[&str]) -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_attestry"))
            .args(["policy", "lsp"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        Self {
            input: server.stdin.take(),
            output: BufReader::new(server.stdout.take().expect("piped")),
            server,
            requests: 0,
        }
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let input = self.input.as_mut().expect("open");
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len()).expect("the server reads");
        input.flush().expect("the server reads");
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(
                self.output.read_line(&mut line).expect("a header"),
                0,
                "the server is gone"
            );
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", value)) => length = value.parse().expect("a number"),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).expect("a body");
        let message: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(message["jsonrpc"], "2.0");
        message
    }

    fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn request(&mut self, method: &str, params: &Value) -> Value {
        self.requests += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.requests, "method": method, "params": params}));
        let response = self.receive();
        assert_eq!(response["id"], self.requests);
        assert!(response.get("error").is_none(), "{response}");
        response["result"].clone()
    }

    /// Waits for the end and gives the exit status.
    fn end(mut self) -> Option<i32> {
        self.input = None;
        self.server.wait().expect("the server ends").code()
    }
}

const URI: &str = "file:///work/policy.txt";

#[test]
fn a_session_from_the_first_word_to_the_last() {
    let mut editor = Editor::start(&["--type", "sgx-enclave"]);
    let capabilities =
        &editor.request("initialize", &json!({"processId": 1, "capabilities": {}}))["capabilities"];
    assert_eq!(capabilities["positionEncoding"], "utf-16");
    assert_eq!(capabilities["textDocumentSync"], 1);
    for provider in [
        "completionProvider",
        "hoverProvider",
        "documentFormattingProvider",
    ] {
        assert!(capabilities.get(provider).is_some(), "{provider}: {capabilities}");
    }
    editor.notify("initialized", &json!({}));

    let wrong = "version=1.0;\nauthorizationrules {\n  [type==\"x-ms-sgx-svn\", value>=1] => premit();\n};\n";
    let document = json!({"uri": URI, "languageId": "attestry-policy", "version": 1, "text": wrong});
    editor.notify("textDocument/didOpen", &json!({"textDocument": document}));
    let published = editor.receive();
    assert_eq!(published["method"], "textDocument/publishDiagnostics");
    let found = published["params"]["diagnostics"].as_array().unwrap();
    let error = found
        .iter()
        .find(|found| found["severity"] == 1)
        .expect("an error");
    assert_eq!(error["range"]["start"], json!({"line": 2, "character": 38}));
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("did you mean `permit`?"),
        "{error}"
    );

    let at = |line: u32, character: u32| json!({"textDocument": {"uri": URI}, "position": {"line": line, "character": character}});
    let offers = editor.request("textDocument/completion", &at(2, 17));
    let claim = offers
        .as_array()
        .unwrap()
        .iter()
        .find(|offer| offer["label"] == "x-ms-sgx-mrsigner")
        .expect("a claim");
    assert_eq!(claim["textEdit"]["range"]["start"]["character"], 10);
    assert_eq!(claim["textEdit"]["range"]["end"]["character"], 22);
    assert!(
        claim["documentation"]["value"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );

    let hover = editor.request("textDocument/hover", &at(2, 15));
    assert!(
        hover["contents"]["value"]
            .as_str()
            .unwrap()
            .contains("x-ms-sgx-svn: Integer"),
        "{hover}"
    );

    let params = json!({"textDocument": {"uri": URI}, "options": {"tabSize": 4, "insertSpaces": true}});
    editor.notify(
        "textDocument/didChange",
        &json!({"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": wrong.replace("premit", "permit")}]}),
    );
    let published = editor.receive();
    let found = published["params"]["diagnostics"].as_array().unwrap();
    assert!(found.iter().all(|found| found["severity"] != 1), "{published}");
    let edits = editor.request("textDocument/formatting", &params);
    let formatted = edits[0]["newText"].as_str().unwrap();
    assert!(
        formatted.contains("\n    [type==\"x-ms-sgx-svn\", value>=1] => permit();\n"),
        "{formatted}"
    );

    assert_eq!(editor.request("shutdown", &Value::Null), Value::Null);
    editor.notify("exit", &Value::Null);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn an_editor_that_goes_away_ends_the_server() {
    let mut editor = Editor::start(&[]);
    editor.request("initialize", &json!({"processId": 1, "capabilities": {}}));
    assert_eq!(editor.end(), Some(1));
    assert_eq!(Editor::start(&[]).end(), Some(1));
}

#[test]
fn nonsense_is_survived_or_ends_the_server_with_a_reason() {
    let mut editor = Editor::start(&[]);
    editor.send(&json!([1, 2, 3]));
    editor.send(&json!({"jsonrpc": "2.0", "id": 7, "result": null}));
    editor.request("initialize", &json!({"processId": 1, "capabilities": {}}));
    editor.request("shutdown", &Value::Null);
    editor.notify("exit", &Value::Null);
    assert_eq!(editor.end(), Some(0));

    let mut editor = Editor::start(&[]);
    editor
        .input
        .as_mut()
        .unwrap()
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .unwrap();
    assert_eq!(editor.end(), Some(3));
}
