//! Messages of the Language Server Protocol on a byte stream. Bounded: what is too long is passed over unread, and
//! what is no message is told of, so that one mistake does not end the conversation.

use std::fmt;
use std::io::{self, BufRead, Read, Write};

use lsp_server::{ErrorCode, Message};
use serde_json::json;

/// The longest message that is read. A policy has at most 256 KiB, JSON escapes make it some times longer.
const MAX_MESSAGE: u64 = 4 * 1024 * 1024;
/// The most that is passed over at once to find the next message: sixteen of the longest.
const MAX_PASSED_OVER: u64 = 64 * 1024 * 1024;
/// The longest line of a message's header; real ones have some tens of bytes.
const MAX_HEADER: u64 = 1024;
/// Lines in a message's header; the protocol knows two.
const MAX_HEADER_LINES: usize = 16;
/// The name and value that start a message, at most: the name, a space, the digits of 64 bits and the line's end.
const MAX_LENGTH_HEADER: usize = 64;

/// What came.
#[derive(Debug)]
pub enum Incoming {
    Message(Message),
    /// Not to be read, so what it was and whether it had an id is not known.
    Unreadable(Unreadable),
}

/// Why there is no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// More bytes than are read.
    TooLong { length: u64 },
    /// No JSON, and the parser's reason.
    NotJson(String),
    /// JSON of another kind.
    NoMessage,
    /// Where the message ends is not known.
    Header(Header),
}

/// What is wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    NoLength,
    Length,
    LongLine,
    NoEnd,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { length } => write!(
                f,
                "a message of {length} bytes is passed over; at most {MAX_MESSAGE} are read"
            ),
            Self::NotJson(reason) => write!(f, "a message that is not JSON: {reason}"),
            Self::NoMessage => f.write_str("neither a request nor a notification nor a response"),
            Self::Header(header) => write!(
                f,
                "{header}; what follows up to the next `Content-Length` is passed over"
            ),
        }
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLength => f.write_str("a message without `Content-Length`"),
            Self::Length => f.write_str("a `Content-Length` that is no number"),
            Self::LongLine => write!(f, "a line of a header that is longer than {MAX_HEADER} bytes"),
            Self::NoEnd => f.write_str("a header that does not end"),
        }
    }
}

impl Unreadable {
    /// Tells the editor, without an id since it is not known (JSON-RPC 2.0, "response object").
    pub fn write(&self, stream: &mut impl Write) -> io::Result<()> {
        let code = match self {
            Self::NotJson(_) | Self::Header(_) => ErrorCode::ParseError,
            Self::TooLong { .. } | Self::NoMessage => ErrorCode::InvalidRequest,
        };
        let error = json!({"code": error_number(code), "message": self.to_string()});
        let body = json!({"jsonrpc": "2.0", "id": null, "error": error}).to_string();
        write!(stream, "Content-Length: {}\r\n\r\n{body}", body.len())?;
        stream.flush()
    }
}

/// JSON-RPC 2.0 and Language Server Protocol 3.17, "error codes".
pub fn error_number(code: ErrorCode) -> i32 {
    match code {
        ErrorCode::ParseError => -32700,
        ErrorCode::InvalidRequest => -32600,
        ErrorCode::MethodNotFound => -32601,
        ErrorCode::InvalidParams => -32602,
        ErrorCode::ServerNotInitialized => -32002,
        _ => -32603,
    }
}

/// A stream of messages.
pub struct Messages<S> {
    stream: S,
    /// Set when a header could not be read, so that the place in the stream is not known.
    lost: Option<Header>,
}

impl<S: BufRead> Messages<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, lost: None }
    }

    /// What comes next; nothing at the end of the stream. An error when the next message cannot be found.
    pub fn next(&mut self) -> io::Result<Option<Incoming>> {
        let first = match self.lost.take() {
            Some(header) => Some(self.find_length(header)?),
            None => None,
        };
        let length = match self.content_length(first)? {
            None => return Ok(None),
            Some(Ok(length)) => length,
            Some(Err(header)) => {
                self.lost = Some(header);
                return Ok(Some(Incoming::Unreadable(Unreadable::Header(header))));
            }
        };
        if length > MAX_MESSAGE {
            return self.pass_over(length);
        }
        let mut body = Vec::new();
        self.stream.by_ref().take(length).read_to_end(&mut body)?;
        if u64::try_from(body.len()).unwrap_or(u64::MAX) < length {
            return Ok(None);
        }
        Ok(Some(match serde_json::from_slice(&body) {
            Ok(message) => Incoming::Message(message),
            Err(error) if error.is_data() => Incoming::Unreadable(Unreadable::NoMessage),
            Err(error) => Incoming::Unreadable(Unreadable::NotJson(error.to_string())),
        }))
    }

    fn pass_over(&mut self, length: u64) -> io::Result<Option<Incoming>> {
        let unreadable = Unreadable::TooLong { length };
        if length > MAX_PASSED_OVER {
            return Err(invalid(&unreadable));
        }
        let passed = io::copy(&mut self.stream.by_ref().take(length), &mut io::sink())?;
        Ok((passed == length).then_some(Incoming::Unreadable(unreadable)))
    }

    /// Reads a header, or the rest of one that gave `length`; nothing at the end of the stream. Lines that the
    /// protocol does not know mean nothing.
    fn content_length(&mut self, mut length: Option<u64>) -> io::Result<Option<Result<u64, Header>>> {
        for _ in 0..MAX_HEADER_LINES {
            let line = self.piece()?;
            let Some(line) = line.strip_suffix(b"\n") else {
                let is_long = u64::try_from(line.len()).is_ok_and(|length| length >= MAX_HEADER);
                return Ok(is_long.then_some(Err(Header::LongLine)));
            };
            let line = String::from_utf8_lossy(line);
            let line = line.trim_end();
            if line.is_empty() {
                return Ok(Some(length.ok_or(Header::NoLength)));
            }
            if let Some((name, value)) = line.split_once(':')
                && name.trim().eq_ignore_ascii_case("content-length")
            {
                let Ok(bytes) = value.trim().parse() else {
                    return Ok(Some(Err(Header::Length)));
                };
                length = Some(bytes);
            }
        }
        Ok(Some(Err(Header::NoEnd)))
    }

    /// Passes over bytes up to the end of a line that ends in a `Content-Length`. JSON has no line ends within its
    /// texts, so that no text is taken for one.
    fn find_length(&mut self, header: Header) -> io::Result<u64> {
        let mut passed: u64 = 0;
        let mut line = Vec::new();
        while passed < MAX_PASSED_OVER {
            let piece = self.piece()?;
            if piece.is_empty() {
                break;
            }
            passed = passed.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            line.extend_from_slice(&piece);
            if line.ends_with(b"\n") {
                if let Some(length) = length_at_end(&line) {
                    return Ok(length);
                }
                line.clear();
            } else {
                let superfluous = line.len().saturating_sub(MAX_LENGTH_HEADER);
                line.drain(..superfluous);
            }
        }
        Err(invalid(&header))
    }

    /// A line with its end, or the beginning of a long one; empty at the end of the stream.
    fn piece(&mut self) -> io::Result<Vec<u8>> {
        let mut piece = Vec::new();
        self.stream
            .by_ref()
            .take(MAX_HEADER)
            .read_until(b'\n', &mut piece)?;
        Ok(piece)
    }
}

/// The length in `{...}Content-Length: 5`: between messages there is no end of line.
fn length_at_end(line: &[u8]) -> Option<u64> {
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    let (_, value) = line.rsplit_once("content-length:")?;
    value.trim().parse().ok()
}

fn invalid(what: &impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_string())
}

#[cfg(test)]
mod tests;
