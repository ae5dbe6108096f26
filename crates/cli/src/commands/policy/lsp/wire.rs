//! Messages of the Language Server Protocol on a byte stream. Bounded: what is too long is passed over unread.

use std::io::{self, BufRead, Read};

use lsp_server::Message;

use crate::output::Output;

/// The longest message that is read. A policy has at most 256 KiB, JSON escapes make it some times longer.
const MAX_MESSAGE: u64 = 4 * 1024 * 1024;
/// The longest line of a message's header; real ones have some tens of bytes.
const MAX_HEADER: u64 = 1024;
/// Lines in a message's header; the protocol knows two.
const MAX_HEADER_LINES: usize = 16;

/// The next message that can be read; nothing at the end of the stream. What is no message is told on stderr and
/// passed over: its length is known, so the next one is found.
pub fn read(stream: &mut impl BufRead) -> io::Result<Option<Message>> {
    loop {
        let Some(length) = content_length(stream)? else {
            return Ok(None);
        };
        if length > MAX_MESSAGE {
            Output::note(&format!(
                "a message of {length} bytes is passed over; at most {MAX_MESSAGE} are read"
            ));
            io::copy(&mut stream.by_ref().take(length), &mut io::sink())?;
            continue;
        }
        let mut body = Vec::new();
        stream.by_ref().take(length).read_to_end(&mut body)?;
        if u64::try_from(body.len()).unwrap_or(u64::MAX) < length {
            return Ok(None);
        }
        match serde_json::from_slice(&body) {
            Ok(message) => return Ok(Some(message)),
            Err(error) => Output::note(&format!("a message is passed over: {error}")),
        }
    }
}

fn content_length(stream: &mut impl BufRead) -> io::Result<Option<u64>> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut length = None;
    for _ in 0..MAX_HEADER_LINES {
        let mut line = Vec::new();
        stream.by_ref().take(MAX_HEADER).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        let line = std::str::from_utf8(&line)
            .ok()
            .and_then(|line| line.strip_suffix('\n'))
            .ok_or_else(|| invalid("a header that is no line"))?
            .trim_end();
        if line.is_empty() {
            return length
                .map(Some)
                .ok_or_else(|| invalid("a message without `Content-Length`"));
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| invalid("a header without a name"))?;
        if name.trim().eq_ignore_ascii_case("content-length") {
            let bytes = value
                .trim()
                .parse()
                .map_err(|_| invalid("a length that is no number"))?;
            length = Some(bytes);
        }
    }
    Err(invalid("a header that does not end"))
}

#[cfg(test)]
mod tests;
