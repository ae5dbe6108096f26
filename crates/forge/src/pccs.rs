//! A collateral server on loopback that speaks the vendors' protocols: Intel's Provisioning Certification
//! Service (PCS) v3 and v4, its caching service (PCCS), AMD's key distribution service (KDS), and Azure's caches
//! of both (THIM). It serves the documents of an [`IntelForge`] and of the [`AmdForge`](crate::amd::AmdForge) of
//! the same seed, counts requests, and misbehaves on demand.
//!
//! It owns paths, headers and faults; what the documents say is the forge's.

mod amd;
mod controls;
mod documents;
mod request;

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{StatusCode, header},
    response::Response,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::intel::IntelForge;

pub use amd::AmdContent;
pub use controls::{Content, Controls, Fault};
use documents::Answer;
use request::Query;

/// A document asked for, whoever issues it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Document {
    Intel(request::Asked),
    Amd(amd::Wanted),
}

impl Document {
    /// Whether there are so few such documents that answers can be kept.
    fn can_be_kept(&self) -> bool {
        match self {
            Self::Intel(_) => true,
            Self::Amd(wanted) => wanted.can_be_kept(),
        }
    }

    /// Whether the request counts against the limit of AMD's service.
    fn is_limited(&self) -> bool {
        match self {
            Self::Intel(_) => false,
            Self::Amd(wanted) => wanted.is_limited(),
        }
    }
}

/// A running collateral server; dropping it stops it.
pub struct PccsServer {
    address: SocketAddr,
    controls: Arc<Controls>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<io::Result<()>>,
}

impl PccsServer {
    /// Starts on a free loopback port, serving the documents of `forge` as of its `now`.
    pub async fn start(forge: IntelForge) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr()?;
        let controls = Arc::new(Controls::new(forge));
        let (stop, stopped) = oneshot::channel();
        let router = router(controls.clone());
        let task = tokio::spawn(async move {
            axum::serve(listener, router)
                .with_graceful_shutdown(async {
                    // A dropped sender stops the server as well.
                    let _ = stopped.await;
                })
                .await
        });
        Ok(Self {
            address,
            controls,
            stop: Some(stop),
            task,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base of its URLs, without a final slash: `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its switches and counters.
    pub fn controls(&self) -> &Controls {
        &self.controls
    }
}

impl Drop for PccsServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The task may be gone already; then there is nothing to stop.
            let _ = stop.send(());
        }
        self.task.abort();
    }
}

/// Serves on `listener` until the task is dropped: the collateral server of the command line.
pub async fn serve(listener: TcpListener, controls: Arc<Controls>) -> io::Result<()> {
    axum::serve(listener, router(controls)).await
}

fn router(controls: Arc<Controls>) -> Router {
    Router::new().fallback(answer).with_state(controls)
}

async fn answer(State(controls): State<Arc<Controls>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let has_metadata_header = request
        .headers()
        .get("metadata")
        .is_some_and(|value| value == "true");
    controls.count(&path);
    controls.wait_while_held().await;
    match controls.take_fault(&path) {
        Some(Fault::Status { status, retry_after }) => {
            return respond(Answer::refusal(status).with_retry_after(retry_after));
        }
        Some(Fault::Hang) => std::future::pending().await,
        None => {}
    }
    let document = match amd::parse(&path, &Query(&query), has_metadata_header) {
        Some(wanted) => wanted.map(Document::Amd),
        None => request::parse(&path, &query, has_metadata_header).map(Document::Intel),
    };
    respond(match document {
        Ok(document) => controls.answer(&document),
        Err(status) => Answer::refusal(status),
    })
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response
        .header(header::CONTENT_TYPE, answer.content_type)
        .body(Body::from(answer.body))
        .unwrap_or_else(|_| {
            let mut failed = Response::new(Body::empty());
            *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            failed
        })
}

#[cfg(test)]
mod tests;
