//! The conversation with an editor as a state machine: one message in, the answers out. No I/O.

use std::collections::BTreeMap;

use attestry_policy::catalog::Subject;
use attestry_policy::lint::lint;
use attestry_policy::{editor, format};
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, Exit, Notification as _,
    PublishDiagnostics,
};
use lsp_types::request::{Completion, Formatting, HoverRequest, Initialize, Request as _, Shutdown};
use lsp_types::{
    CompletionOptions, CompletionParams, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DocumentFormattingParams, HoverParams, HoverProviderCapability,
    InitializeParams, InitializeResult, OneOf, PublishDiagnosticsParams, ServerCapabilities, ServerInfo,
    TextDocumentPositionParams, TextDocumentSyncCapability, TextDocumentSyncKind, TextEdit, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answers;
use super::positions::{Encoding, Lines};
use super::wire::error_number;

/// Policies open at once. An editor with more of them gets no answers about the rest.
const MAX_DOCUMENTS: usize = 256;

/// Bytes of all open policies with their names. As many of the longest that compile would fit (256 KiB each).
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Characters after which editors ask what could follow.
const TRIGGERS: [&str; 7] = ["\"", "[", "(", ",", "=", ".", ">"];

/// One conversation.
pub struct Server {
    state: State,
    encoding: Encoding,
    subject: Option<Subject>,
    documents: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// `initialize` has not come.
    New,
    Ready,
    /// `shutdown` has come.
    ShutDown,
}

/// What follows from a message.
pub enum Step {
    /// Messages to send, perhaps none.
    Answer(Vec<Message>),
    /// The conversation is over; orderly when the editor said so first.
    Exit { orderly: bool },
}

/// Why a request has no result.
struct Refusal {
    code: ErrorCode,
    message: String,
}

type Answered = Result<Value, Refusal>;

impl Server {
    /// `subject`: what policies judge that do not say so.
    pub fn new(subject: Option<Subject>) -> Self {
        Self {
            state: State::New,
            encoding: Encoding::default(),
            subject,
            documents: BTreeMap::new(),
        }
    }

    /// Takes the next message.
    pub fn take(&mut self, message: Message) -> Step {
        match message {
            Message::Request(request) => Step::Answer(vec![self.request(request)]),
            Message::Notification(notification) if notification.method == Exit::METHOD => Step::Exit {
                orderly: self.state == State::ShutDown,
            },
            Message::Notification(notification) if self.state == State::Ready => {
                Step::Answer(self.notification(notification).into_iter().collect())
            }
            // Nothing is asked of editors, so responses answer nothing.
            Message::Notification(_) | Message::Response(_) => Step::Answer(Vec::new()),
        }
    }

    fn request(&mut self, request: Request) -> Message {
        let Request { id, method, params } = request;
        let answered = match (self.state, method.as_str()) {
            (State::New, Initialize::METHOD) => self.initialize(params),
            (State::New, _) => Err(Refusal {
                code: ErrorCode::ServerNotInitialized,
                message: "the first request is `initialize`".to_owned(),
            }),
            (State::ShutDown, _) | (State::Ready, Initialize::METHOD) => Err(Refusal {
                code: ErrorCode::InvalidRequest,
                message: format!("`{method}` does not belong here"),
            }),
            (State::Ready, Shutdown::METHOD) => {
                self.state = State::ShutDown;
                Ok(Value::Null)
            }
            (State::Ready, Completion::METHOD) => self.completion(params),
            (State::Ready, HoverRequest::METHOD) => self.hover(params),
            (State::Ready, Formatting::METHOD) => self.formatting(params),
            (State::Ready, _) => Err(Refusal {
                code: ErrorCode::MethodNotFound,
                message: format!("`{method}` is not offered"),
            }),
        };
        response(id, answered)
    }

    fn initialize(&mut self, params: Value) -> Answered {
        let params: InitializeParams = parameters(params)?;
        let offered = params
            .capabilities
            .general
            .and_then(|general| general.position_encodings);
        self.encoding = Encoding::choose(offered.as_deref());
        let named = params
            .initialization_options
            .as_ref()
            .and_then(|options| options.get("type")?.as_str());
        self.subject = self.subject.or_else(|| named.and_then(|name| name.parse().ok()));
        self.state = State::Ready;
        let capabilities = ServerCapabilities {
            position_encoding: Some(self.encoding.kind()),
            text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL)),
            completion_provider: Some(CompletionOptions {
                trigger_characters: Some(TRIGGERS.map(str::to_owned).into()),
                ..CompletionOptions::default()
            }),
            hover_provider: Some(HoverProviderCapability::Simple(true)),
            document_formatting_provider: Some(OneOf::Left(true)),
            ..ServerCapabilities::default()
        };
        Ok(json!(InitializeResult {
            capabilities,
            server_info: Some(ServerInfo {
                name: "attestry".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        }))
    }

    fn notification(&mut self, notification: Notification) -> Option<Message> {
        let Notification { method, params } = notification;
        match method.as_str() {
            DidOpenTextDocument::METHOD => {
                let params: DidOpenTextDocumentParams = serde_json::from_value(params).ok()?;
                let document = params.text_document;
                self.set(document.uri, document.text, Some(document.version))
            }
            DidChangeTextDocument::METHOD => {
                let params: DidChangeTextDocumentParams = serde_json::from_value(params).ok()?;
                // Every change is the whole text, so the last one counts.
                let text = params.content_changes.into_iter().next_back()?.text;
                let document = params.text_document;
                self.set(document.uri, text, Some(document.version))
            }
            DidCloseTextDocument::METHOD => {
                let params: DidCloseTextDocumentParams = serde_json::from_value(params).ok()?;
                let uri = params.text_document.uri;
                self.documents.remove(uri.as_str())?;
                Some(published(uri, Vec::new(), None))
            }
            _ => None,
        }
    }

    /// Keeps the text of a document, and says what is wrong with it.
    fn set(&mut self, uri: Uri, text: String, version: Option<i32>) -> Option<Message> {
        let was_open = self.documents.remove(uri.as_str()).is_some();
        if self.documents.len() >= MAX_DOCUMENTS || self.bytes_with(uri.as_str(), &text) > MAX_BYTES {
            // What was said of the text before would be wrong.
            return was_open.then(|| published(uri, Vec::new(), version));
        }
        let lines = Lines::new(&text, self.encoding);
        let found = lint(&text, self.subject_of(&text));
        let diagnostics = found
            .iter()
            .map(|found| answers::diagnostic(found, &lines))
            .collect();
        self.documents.insert(uri.as_str().to_owned(), text);
        Some(published(uri, diagnostics, version))
    }

    /// Bytes of the open policies and of one more.
    fn bytes_with(&self, uri: &str, text: &str) -> usize {
        let one = |uri: &str, text: &str| uri.len().saturating_add(text.len());
        self.documents
            .iter()
            .map(|(uri, text)| one(uri, text))
            .fold(one(uri, text), usize::saturating_add)
    }

    fn completion(&self, params: Value) -> Answered {
        let params: CompletionParams = parameters(params)?;
        let (text, lines, offset) = self.place(&params.text_document_position)?;
        let offers = editor::complete(text, offset, self.subject_of(text));
        let items = (0..)
            .zip(offers)
            .map(|(rank, offer)| answers::completion(offer, rank, &lines));
        Ok(json!(items.collect::<Vec<_>>()))
    }

    fn hover(&self, params: Value) -> Answered {
        let params: HoverParams = parameters(params)?;
        let (text, lines, offset) = self.place(&params.text_document_position_params)?;
        let found = editor::hover(text, offset, self.subject_of(text));
        Ok(json!(found.map(|found| answers::hover(&found, &lines))))
    }

    /// The whole text anew; null for a text with errors, which the editor has been told of.
    fn formatting(&self, params: Value) -> Answered {
        let params: DocumentFormattingParams = parameters(params)?;
        let text = self.document(&params.text_document.uri)?;
        let lines = Lines::new(text, self.encoding);
        let edits = format(text).ok().map(|formatted| {
            let changed = formatted != *text;
            changed
                .then(|| TextEdit::new(lines.whole(), formatted))
                .into_iter()
                .collect::<Vec<_>>()
        });
        Ok(json!(edits))
    }

    fn place(&self, at: &TextDocumentPositionParams) -> Result<(&str, Lines<'_>, usize), Refusal> {
        let text = self.document(&at.text_document.uri)?;
        let lines = Lines::new(text, self.encoding);
        let offset = lines.offset(at.position);
        Ok((text, lines, offset))
    }

    fn document(&self, uri: &Uri) -> Result<&str, Refusal> {
        let document = self.documents.get(uri.as_str());
        document.map(String::as_str).ok_or_else(|| Refusal {
            code: ErrorCode::InvalidParams,
            message: format!("`{}` is not open", uri.as_str()),
        })
    }

    /// What the policy says of itself counts more than the settings.
    fn subject_of(&self, text: &str) -> Option<Subject> {
        editor::declared_subject(text).or(self.subject)
    }
}

fn parameters<P: DeserializeOwned>(params: Value) -> Result<P, Refusal> {
    serde_json::from_value(params).map_err(|error| Refusal {
        code: ErrorCode::InvalidParams,
        message: error.to_string(),
    })
}

fn response(id: RequestId, answered: Answered) -> Message {
    let response = match answered {
        Ok(result) => Response::new_ok(id, result),
        Err(refusal) => Response::new_err(id, error_number(refusal.code), refusal.message),
    };
    response.into()
}

fn published(uri: Uri, diagnostics: Vec<lsp_types::Diagnostic>, version: Option<i32>) -> Message {
    let params = PublishDiagnosticsParams::new(uri, diagnostics, version);
    Notification::new(PublishDiagnostics::METHOD.to_owned(), params).into()
}

#[cfg(test)]
mod tests;
