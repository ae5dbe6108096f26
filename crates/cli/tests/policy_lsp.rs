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
        self.write(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    }

    fn write(&mut self, text: &str) {
        let input = self.input.as_mut().expect("open");
        input.write_all(text.as_bytes()).expect("the server reads");
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

const URI: &str = "file:///policies/sgx.txt";
const WRONG: &str =
    "version=1.0;\nauthorizationrules {\n  [type==\"x-ms-sgx-svn\", value>=1] => premit();\n};\n";

/// An editor that the server has told what it can do.
fn initialized() -> Editor {
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
    editor
}

/// The errors that the server publishes next.
fn errors(editor: &mut Editor) -> Vec<Value> {
    let published = editor.receive();
    assert_eq!(published["method"], "textDocument/publishDiagnostics");
    let found = published["params"]["diagnostics"].as_array();
    let found = found.expect("a list");
    found
        .iter()
        .filter(|found| found["severity"] == 1)
        .cloned()
        .collect()
}

#[test]
fn a_session_from_the_first_word_to_the_last() {
    let mut editor = initialized();
    let document = json!({"uri": URI, "languageId": "attestry-policy", "version": 1, "text": WRONG});
    editor.notify("textDocument/didOpen", &json!({"textDocument": document}));
    let found = errors(&mut editor);
    assert_eq!(found[0]["range"]["start"], json!({"line": 2, "character": 38}));
    let message = found[0]["message"].as_str().unwrap();
    assert!(message.contains("did you mean `permit`?"), "{message}");

    let at = |line: u32, character: u32| json!({"textDocument": {"uri": URI}, "position": {"line": line, "character": character}});
    let offers = editor.request("textDocument/completion", &at(2, 17));
    let offers = offers.as_array().unwrap();
    let claim = offers
        .iter()
        .find(|offer| offer["label"] == "x-ms-sgx-mrsigner")
        .expect("a claim");
    assert_eq!(claim["textEdit"]["range"]["start"]["character"], 10);
    assert_eq!(claim["textEdit"]["range"]["end"]["character"], 22);
    let documentation = claim["documentation"]["value"].as_str().unwrap();
    assert!(!documentation.is_empty());
    let hover = editor.request("textDocument/hover", &at(2, 15));
    let shown = hover["contents"]["value"].as_str().unwrap();
    assert!(shown.contains("x-ms-sgx-svn: Integer"), "{shown}");

    let corrected = json!([{"text": WRONG.replace("premit", "permit")}]);
    let change = json!({"textDocument": {"uri": URI, "version": 2}, "contentChanges": corrected});
    editor.notify("textDocument/didChange", &change);
    assert_eq!(errors(&mut editor), [Value::Null; 0]);
    let params = json!({"textDocument": {"uri": URI}, "options": {"tabSize": 4, "insertSpaces": true}});
    let edits = editor.request("textDocument/formatting", &params);
    let formatted = edits[0]["newText"].as_str().unwrap();
    let rule = "\n    [type==\"x-ms-sgx-svn\", value>=1] => permit();\n";
    assert!(formatted.contains(rule), "{formatted}");

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
fn nonsense_is_told_of_and_survived() {
    let mut editor = Editor::start(&[]);
    let is_told = |editor: &mut Editor, code: i32| {
        let answer = editor.receive();
        assert_eq!(answer["id"], Value::Null, "{answer}");
        assert_eq!(answer["error"]["code"], code, "{answer}");
    };
    editor.send(&json!([1, 2, 3]));
    is_told(&mut editor, -32600);
    editor.send(&json!({"jsonrpc": "2.0", "id": 7, "result": null}));
    let long = " ".repeat(5 * 1024 * 1024);
    editor.send(&json!({"jsonrpc": "2.0", "id": 8, "method": "textDocument/hover", "params": [long]}));
    is_told(&mut editor, -32600);
    editor.write("Content-Length: many\r\n\r\n{}");
    is_told(&mut editor, -32700);
    editor.request("initialize", &json!({"processId": 1, "capabilities": {}}));
    editor.request("shutdown", &Value::Null);
    editor.notify("exit", &Value::Null);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn who_does_not_speak_the_protocol_is_told_so() {
    let mut editor = Editor::start(&[]);
    editor.write("GET / HTTP/1.1\r\n\r\n");
    assert_eq!(editor.end(), Some(3));
}
