//! The conversation keeps to the protocol, whatever the editor says.

use super::*;

const URI: &str = "file:///policy.txt";

/// A server that has been initialized.
fn ready(options: &Value, encodings: &[&str]) -> Server {
    let mut server = Server::new(None);
    let capabilities = json!({"general": {"positionEncodings": encodings}});
    let params = json!({"processId": null, "capabilities": capabilities, "initializationOptions": options});
    let answer = ask(&mut server, "initialize", params).unwrap();
    assert_eq!(answer["serverInfo"]["name"], "attestry");
    server
}

/// The result of a request, or its error code.
fn ask(server: &mut Server, method: &str, params: Value) -> Result<Value, i32> {
    let request = Request::new(RequestId::from(1), method.to_owned(), params);
    let Step::Answer(answers) = server.take(request.into()) else {
        panic!("`{method}` ended the conversation")
    };
    match answers.as_slice() {
        [Message::Response(response)] => response.response_result.clone().map_err(|error| error.code),
        other => panic!("{other:?}"),
    }
}

/// The diagnostics that a notification causes.
fn tell(server: &mut Server, method: &str, params: Value) -> Option<Value> {
    let notification = Notification::new(method.to_owned(), params);
    let Step::Answer(answers) = server.take(notification.into()) else {
        panic!("`{method}` ended the conversation")
    };
    match answers.as_slice() {
        [] => None,
        [Message::Notification(published)] => {
            assert_eq!(published.method, "textDocument/publishDiagnostics");
            Some(published.params.clone())
        }
        other => panic!("{other:?}"),
    }
}

fn open(server: &mut Server, uri: &str, text: &str) -> Option<Value> {
    let document = json!({"uri": uri, "languageId": "attestry-policy", "version": 1, "text": text});
    tell(server, "textDocument/didOpen", json!({"textDocument": document}))
}

fn at(line: u32, character: u32) -> Value {
    json!({"textDocument": {"uri": URI}, "position": {"line": line, "character": character}})
}

fn labels(answer: &Value) -> Vec<&str> {
    let items = answer.as_array().unwrap();
    items.iter().map(|item| item["label"].as_str().unwrap()).collect()
}

#[test]
fn the_order_of_the_protocol_is_kept() {
    let mut server = Server::new(None);
    assert_eq!(ask(&mut server, "textDocument/hover", at(0, 0)), Err(-32002));
    assert_eq!(open(&mut server, URI, "wrong"), None);
    assert_eq!(
        ask(&mut server, "initialize", json!({"capabilities": 3})),
        Err(-32602)
    );

    let mut server = ready(&Value::Null, &[]);
    assert_eq!(
        ask(&mut server, "initialize", json!({"capabilities": {}})),
        Err(-32600)
    );
    assert_eq!(ask(&mut server, "textDocument/rename", json!({})), Err(-32601));
    assert_eq!(
        ask(&mut server, "textDocument/hover", json!({"position": 1})),
        Err(-32602)
    );
    assert_eq!(
        ask(&mut server, "textDocument/hover", at(0, 0)),
        Err(-32602),
        "not open"
    );
    assert_eq!(tell(&mut server, "initialized", json!({})), None);
    assert_eq!(tell(&mut server, "textDocument/didOpen", json!([])), None);
    assert_eq!(tell(&mut server, "$/cancelRequest", json!({"id": 1})), None);

    assert_eq!(ask(&mut server, "shutdown", Value::Null), Ok(Value::Null));
    assert_eq!(ask(&mut server, "textDocument/hover", at(0, 0)), Err(-32600));
    let exit = Notification::new("exit".to_owned(), Value::Null);
    assert!(matches!(
        server.take(exit.clone().into()),
        Step::Exit { orderly: true }
    ));
    assert!(matches!(
        ready(&Value::Null, &[]).take(exit.into()),
        Step::Exit { orderly: false }
    ));
}

#[test]
fn changes_are_judged_and_closing_clears() {
    let mut server = ready(&Value::Null, &[]);
    let published = open(
        &mut server,
        URI,
        "version=1.0;\nauthorizationrules { => premit(); };",
    )
    .unwrap();
    assert_eq!(
        (&published["uri"], &published["version"]),
        (&json!(URI), &json!(1))
    );
    let found = &published["diagnostics"][0];
    assert_eq!(
        (&found["severity"], &found["source"]),
        (&json!(1), &json!("attestry"))
    );
    let range = json!({"start": {"line": 1, "character": 24}, "end": {"line": 1, "character": 30}});
    assert_eq!(found["range"], range);
    assert!(
        found["message"]
            .as_str()
            .unwrap()
            .ends_with("help: did you mean `permit`?")
    );

    let change = json!({
        "textDocument": {"uri": URI, "version": 2},
        "contentChanges": [{"text": "version"}, {"text": "version=1.0;\nauthorizationrules { => permit(); };"}],
    });
    let published = tell(&mut server, "textDocument/didChange", change).unwrap();
    assert_eq!(published["version"], 2);
    let errors = published["diagnostics"].as_array().unwrap().iter();
    assert_eq!(
        errors.filter(|found| found["severity"] == 1).count(),
        0,
        "{published}"
    );

    let closed = json!({"textDocument": {"uri": URI}});
    let published = tell(&mut server, "textDocument/didClose", closed.clone()).unwrap();
    assert_eq!(published["diagnostics"], json!([]));
    assert_eq!(tell(&mut server, "textDocument/didClose", closed), None);
    assert_eq!(ask(&mut server, "textDocument/hover", at(0, 0)), Err(-32602));
}

#[test]
fn columns_are_counted_as_agreed() {
    // The emoji is two units in UTF-16 and four in UTF-8.
    let text = "version=1.0; authorizationrules { [type==\"😀\", vlue==1] => permit(); };";
    for (encodings, column) in [
        (&[][..], 47),
        (&["utf-16"][..], 47),
        (&["utf-16", "utf-8"][..], 49),
    ] {
        let mut server = ready(&Value::Null, encodings);
        let published = open(&mut server, URI, text).unwrap();
        let found = published["diagnostics"].as_array().unwrap();
        let wrong = found.iter().find(|found| found["severity"] == 1).unwrap();
        assert_eq!(
            wrong["range"]["start"]["character"], column,
            "{encodings:?}: {wrong}"
        );
    }
}

#[test]
fn the_type_of_the_text_counts_more_than_the_settings() {
    let text = "version=1.0; authorizationrules { [type==\"\"] => permit(); };";
    let claims = |options: &Value, text: &str, line: u32| {
        let mut server = ready(options, &[]);
        open(&mut server, URI, text);
        ask(&mut server, "textDocument/completion", at(line, 42)).unwrap()
    };
    let all = claims(&Value::Null, text, 0);
    assert!(labels(&all).contains(&"tdx_mrtd") && labels(&all).contains(&"x-ms-sgx-svn"));
    let sgx = claims(&json!({"type": "sgx-enclave"}), text, 0);
    assert!(!labels(&sgx).contains(&"tdx_mrtd") && labels(&sgx).contains(&"x-ms-sgx-svn"));
    let tdx = claims(
        &json!({"type": "sgx-enclave"}),
        &format!("// attestry: type=TdxVm\n{text}"),
        1,
    );
    assert!(labels(&tdx).contains(&"tdx_mrtd") && !labels(&tdx).contains(&"x-ms-sgx-svn"));
    assert_eq!(claims(&json!({"type": 3}), text, 0), all);
}

#[test]
fn formatting_gives_the_whole_text_anew() {
    let mut server = ready(&Value::Null, &[]);
    let params = json!({"textDocument": {"uri": URI}, "options": {"tabSize": 2, "insertSpaces": true}});
    open(&mut server, URI, "version=1.0;authorizationrules{=>permit();};\n");
    let edits = ask(&mut server, "textDocument/formatting", params.clone()).unwrap();
    let formatted = edits[0]["newText"].as_str().unwrap().to_owned();
    assert_ne!(formatted, "version=1.0;authorizationrules{=>permit();};\n");
    let whole = json!({"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}});
    assert_eq!(edits[0]["range"], whole);
    open(&mut server, URI, &formatted);
    assert_eq!(
        ask(&mut server, "textDocument/formatting", params.clone()),
        Ok(json!([]))
    );
    open(&mut server, URI, "version=");
    assert_eq!(
        ask(&mut server, "textDocument/formatting", params),
        Ok(Value::Null)
    );
}

#[test]
fn open_policies_are_bounded() {
    let mut server = ready(&Value::Null, &[]);
    for number in 0..MAX_DOCUMENTS {
        assert!(open(&mut server, &format!("file:///{number}"), "").is_some());
    }
    assert_eq!(open(&mut server, "file:///more", ""), None);
    assert!(open(&mut server, "file:///0", "version").is_some());
    let long = " ".repeat(300 * 1024);
    let published = open(&mut server, "file:///0", &long).unwrap();
    assert_eq!(published["diagnostics"][0]["code"], "policy-too-long");
}

#[test]
fn the_bytes_of_open_policies_are_bounded() {
    let mut server = ready(&Value::Null, &[]);
    let long = " ".repeat(4 * 1024 * 1024 - 1024);
    for number in 0..16 {
        assert!(open(&mut server, &format!("file:///{number}"), &long).is_some());
    }
    // Sixteen short of a kilobyte: there is room for that.
    assert_eq!(open(&mut server, "file:///more", &" ".repeat(17 * 1024)), None);
    assert!(open(&mut server, URI, "version").is_some());
    assert!(open(&mut server, "file:///0", "version").is_some());
    assert!(open(&mut server, "file:///more", &long).is_some());
    // A policy that grows too long is known no more, and nothing is said of it.
    let change = json!({
        "textDocument": {"uri": URI, "version": 2},
        "contentChanges": [{"text": long}],
    });
    let published = tell(&mut server, "textDocument/didChange", change).unwrap();
    assert_eq!(published["diagnostics"], json!([]));
    assert_eq!(ask(&mut server, "textDocument/hover", at(0, 0)), Err(-32602));
}
