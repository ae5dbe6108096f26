//! What a broken or hostile editor sends is told of and passed over, as long as the next message can be found.

use serde_json::Value;

use super::*;

fn framed(body: &str) -> String {
    format!("Content-Length: {}\r\n\r\n{body}", body.len())
}

const EXIT: &str = r#"{"jsonrpc":"2.0","method":"exit"}"#;

/// The methods of notifications, and what is said of the rest.
fn heard(stream: &str) -> Vec<String> {
    let mut messages = Messages::new(stream.as_bytes());
    let mut heard = Vec::new();
    while let Some(incoming) = messages.next().unwrap() {
        heard.push(match incoming {
            Incoming::Message(Message::Notification(notification)) => notification.method,
            Incoming::Message(other) => panic!("{other:?}"),
            Incoming::Unreadable(unreadable) => unreadable.to_string(),
        });
    }
    heard
}

#[test]
fn messages_are_read_to_the_end_of_the_stream() {
    assert_eq!(heard(""), [""; 0]);
    assert_eq!(heard(&format!("{0}{0}", framed(EXIT))), ["exit", "exit"]);
    let header = format!(
        "Content-Type: a; charset=utf-8\r\nunknown\r\ncontent-length:{}\r\n\r\n{EXIT}",
        EXIT.len()
    );
    assert_eq!(heard(&header), ["exit"]);
    assert_eq!(heard(&format!("Content-Length: 500\r\n\r\n{EXIT}")), [""; 0]);
    assert_eq!(heard("Content-Len"), [""; 0]);
}

#[test]
fn what_is_no_message_is_told_of_and_passed_over() {
    let deep = "[".repeat(100_000);
    let long = " ".repeat(5 * 1024 * 1024);
    for (body, told) in [
        ("", "a message that is not JSON: EOF while parsing a value"),
        ("{", "a message that is not JSON: EOF while parsing an object"),
        ("\u{0}", "a message that is not JSON: expected value"),
        (&deep, "a message that is not JSON: recursion limit exceeded"),
        ("[]", "neither a request nor a notification nor a response"),
        ("3", "neither a request nor a notification nor a response"),
        (
            "{\"jsonrpc\":\"2.0\"}",
            "neither a request nor a notification nor a response",
        ),
        (
            &long,
            "a message of 5242880 bytes is passed over; at most 4194304 are read",
        ),
    ] {
        let heard = heard(&format!("{}{}", framed(body), framed(EXIT)));
        assert!(
            matches!(heard.as_slice(), [first, second] if first.starts_with(told) && second == "exit"),
            "{heard:?}"
        );
    }
    assert_eq!(
        heard("Content-Length: 5242880\r\n\r\n{"),
        [""; 0],
        "it does not end"
    );
}

#[test]
fn after_a_broken_header_the_next_message_is_found() {
    let pretty = "{\n  \"text\": \"Content-Length: 5\\r\\n\"\n}";
    for (header, told) in [
        ("\r\n".to_owned(), "a message without `Content-Length`"),
        ("nothing\r\n\r\n".to_owned(), "a message without `Content-Length`"),
        (
            "Content-Length: many\r\n\r\n".to_owned(),
            "a `Content-Length` that is no number",
        ),
        (
            "Content-Length: -1\r\n\r\n".to_owned(),
            "a `Content-Length` that is no number",
        ),
        (
            "Content-Length: 99999999999999999999999\r\n\r\n".to_owned(),
            "a `Content-Length` that is no number",
        ),
        ("A: b\r\n".repeat(16), "a header that does not end"),
        (
            "a".repeat(5000),
            "a line of a header that is longer than 1024 bytes",
        ),
    ] {
        for body in ["", EXIT, pretty, &"é".repeat(3000)] {
            let next = format!("Content-Type: a\r\n{}", framed(EXIT));
            let found = heard(&format!("{header}{body}{next}{}", framed(EXIT)));
            let told = format!("{told}; what follows up to the next `Content-Length` is passed over");
            assert_eq!(found, [&told, "exit", "exit"], "{header}{body}");
        }
    }
}

#[test]
fn a_stream_in_which_no_message_is_found_ends_the_conversation() {
    let end = |stream: &str| {
        let mut messages = Messages::new(stream.as_bytes());
        loop {
            match messages.next() {
                Ok(Some(Incoming::Unreadable(_))) => {}
                Ok(other) => panic!("{other:?}"),
                Err(error) => return error.to_string(),
            }
        }
    };
    assert_eq!(
        end("GET / HTTP/1.1\r\n\r\n"),
        "a message without `Content-Length`"
    );
    assert_eq!(
        end(&"a".repeat(5000)),
        "a line of a header that is longer than 1024 bytes"
    );
    assert_eq!(
        end(&format!("\r\n{}{}", "a".repeat(65 * 1024 * 1024), framed(EXIT))),
        "a message without `Content-Length`"
    );
    assert_eq!(
        end("Content-Length: 99999999999\r\n\r\n"),
        "a message of 99999999999 bytes is passed over; at most 4194304 are read"
    );
}

#[test]
fn the_editor_is_told_without_an_id() {
    for (unreadable, code) in [
        (Unreadable::TooLong { length: 5 }, -32600),
        (Unreadable::NoMessage, -32600),
        (Unreadable::NotJson("expected value".to_owned()), -32700),
        (Unreadable::Header(Header::NoLength), -32700),
    ] {
        let mut written = Vec::new();
        unreadable.write(&mut written).unwrap();
        let written = String::from_utf8(written).unwrap();
        let (header, body) = written.split_once("\r\n\r\n").unwrap();
        assert_eq!(header, format!("Content-Length: {}", body.len()));
        let answer: Value = serde_json::from_str(body).unwrap();
        assert_eq!(answer["id"], Value::Null);
        assert_eq!(answer["error"]["code"], code);
        assert_eq!(answer["error"]["message"], unreadable.to_string());
    }
}
