//! What a broken or hostile editor sends ends the conversation or is passed over.

use lsp_server::Message;

use super::*;

fn framed(body: &str) -> String {
    format!("Content-Length: {}\r\n\r\n{body}", body.len())
}

const EXIT: &str = r#"{"jsonrpc":"2.0","method":"exit"}"#;

fn methods(stream: &str) -> Vec<String> {
    let mut stream = stream.as_bytes();
    let mut methods = Vec::new();
    while let Some(message) = read(&mut stream).unwrap() {
        match message {
            Message::Notification(notification) => methods.push(notification.method),
            other => panic!("{other:?}"),
        }
    }
    methods
}

#[test]
fn messages_are_read_to_the_end_of_the_stream() {
    assert_eq!(methods(""), [""; 0]);
    assert_eq!(methods(&format!("{0}{0}", framed(EXIT))), ["exit", "exit"]);
    let header = format!(
        "Content-Type: a; charset=utf-8\r\ncontent-length:{}\r\n\r\n{EXIT}",
        EXIT.len()
    );
    assert_eq!(methods(&header), ["exit"]);
    assert_eq!(methods(&format!("Content-Length: 500\r\n\r\n{EXIT}")), [""; 0]);
}

#[test]
fn what_is_no_message_is_passed_over() {
    for body in ["", "{", "[]", "3", "{\"jsonrpc\":\"2.0\"}", "\u{0}"] {
        assert_eq!(
            methods(&format!("{}{}", framed(body), framed(EXIT))),
            ["exit"],
            "{body}"
        );
    }
    let deep = "[".repeat(100_000);
    assert_eq!(methods(&format!("{}{}", framed(&deep), framed(EXIT))), ["exit"]);
    let long = " ".repeat(5 * 1024 * 1024);
    assert_eq!(methods(&format!("{}{}", framed(&long), framed(EXIT))), ["exit"]);
}

#[test]
fn a_broken_header_ends_the_conversation() {
    let headers = [
        "\r\n".to_owned(),
        "Content-Length: many\r\n\r\n".to_owned(),
        "Content-Length: -1\r\n\r\n".to_owned(),
        "Content-Length: 99999999999999999999999\r\n\r\n".to_owned(),
        "nothing\r\n\r\n".to_owned(),
        "A: b\r\n".repeat(17),
        "a".repeat(5000),
    ];
    for header in headers {
        assert!(read(&mut header.as_bytes()).is_err(), "{header}");
    }
}
