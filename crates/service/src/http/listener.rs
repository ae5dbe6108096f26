//! The listener: an accept loop that owns every connection and every limit on it.
//!
//! Each connection has a time for its TLS handshake, for the header of a request, for its body, and for being
//! idle; their number is capped; HTTP/1.1 or HTTP/2 is chosen by ALPN, never by looking at the first bytes.
//! On shutdown requests in flight are answered and then the connections are closed. It knows nothing of
//! routes: it serves whatever [`Router`] it is given.

mod activity;
mod body;
mod tls;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use tracing::{debug, warn};

use self::activity::{Activity, WatchedIo};
pub use self::body::BodyError;
use self::body::DeadlineBody;
pub use self::tls::{ClientCertificate, TlsError, TlsFiles, TlsIdentity};
use crate::config::ServerConfig;
use crate::telemetry::Metrics;

/// The limits of every connection.
#[derive(Debug, Clone)]
pub struct ListenerLimits {
    /// Most connections held at a time.
    pub max_connections: usize,
    /// Most bytes of a request's header.
    pub max_header_bytes: usize,
    /// Most header fields of a request (HTTP/1.1).
    pub max_headers: usize,
    /// Most requests in flight on one HTTP/2 connection.
    pub max_concurrent_streams: u32,
    /// Time for the TLS handshake.
    pub handshake_timeout: Duration,
    /// Time for a request's header from its first byte, and for a connection's first request.
    pub header_timeout: Duration,
    /// Time for a request's whole body.
    pub body_timeout: Duration,
    /// How long a connection without a request is kept.
    pub idle_timeout: Duration,
    /// How long requests in flight may take to finish on shutdown.
    pub drain_timeout: Duration,
}

impl From<&ServerConfig> for ListenerLimits {
    fn from(config: &ServerConfig) -> Self {
        let seconds = Duration::from_secs;
        Self {
            max_connections: config.max_connections,
            max_header_bytes: config.max_header_bytes,
            max_headers: config.max_headers,
            max_concurrent_streams: config.max_concurrent_streams,
            handshake_timeout: seconds(config.handshake_timeout_seconds),
            header_timeout: seconds(config.header_timeout_seconds),
            body_timeout: seconds(config.body_timeout_seconds),
            idle_timeout: seconds(config.idle_timeout_seconds),
            drain_timeout: seconds(config.drain_timeout_seconds),
        }
    }
}

/// Accepts connections and serves `router` on them until `shutdown`, then drains.
///
/// `tls` `None` means plain HTTP/1.1. Returns when the last connection is closed, or when the drain timeout
/// has passed and the remaining ones were cut: `false` then.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsIdentity>,
    router: Router,
    limits: ListenerLimits,
    metrics: Arc<Metrics>,
    shutdown: CancellationToken,
) -> bool {
    let permits = Arc::new(Semaphore::new(limits.max_connections));
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    let drain_timeout = limits.drain_timeout;
    let context = Arc::new(Context {
        tls,
        router,
        limits,
        metrics,
        shutdown: shutdown.clone(),
    });

    while let Some((stream, peer, permit)) = next_connection(&listener, &permits, &shutdown).await {
        let context = Arc::clone(&context);
        let cut = cut.clone();
        connections.spawn(async move {
            context.metrics.connections.inc();
            let _ = cut
                .run_until_cancelled(Box::pin(context.connection(stream, peer)))
                .await;
            context.metrics.connections.dec();
            drop(permit);
        });
    }
    drop(listener);
    connections.close();
    if timeout(drain_timeout, connections.wait()).await.is_ok() {
        return true;
    }
    warn!(
        connections.open = connections.len(),
        "drain timeout passed, closing the remaining connections"
    );
    cut.cancel();
    connections.wait().await;
    false
}

/// Waits for room and a connection; `None` on shutdown.
async fn next_connection(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    shutdown
        .run_until_cancelled(async {
            let permit = Arc::clone(permits).acquire_owned().await.ok()?;
            loop {
                match listener.accept().await {
                    Ok((stream, peer)) => return Some((stream, peer, permit)),
                    // Out of file descriptors, or the peer is gone already: neither goes away by asking again
                    // at once.
                    Err(error) => {
                        warn!(error = %error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        })
        .await
        .flatten()
}

/// What the connections share.
struct Context {
    tls: Option<TlsIdentity>,
    router: Router,
    limits: ListenerLimits,
    metrics: Arc<Metrics>,
    shutdown: CancellationToken,
}

impl Context {
    async fn connection(&self, stream: TcpStream, address: SocketAddr) {
        // Responses are small and complete: nothing is gained by waiting for more.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else {
            let peer = Peer {
                address,
                certificate: None,
            };
            return self.http(stream, peer, Protocol::Http1).await;
        };
        match timeout(self.limits.handshake_timeout, tls.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => {
                let session = stream.get_ref().1;
                let protocol = Protocol::by_alpn(session.alpn_protocol());
                let peer = Peer {
                    address,
                    certificate: ClientCertificate::of(session),
                };
                self.http(stream, peer, protocol).await;
            }
            failed => {
                self.metrics.handshake_failures.inc();
                let error = failed.map_or("timeout".to_owned(), |result| {
                    result.err().map_or_else(String::new, |error| error.to_string())
                });
                debug!(client.address = %address, error, "TLS handshake failed");
            }
        }
    }

    async fn http<S>(&self, stream: S, peer: Peer, protocol: Protocol)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Arc::new(Activity::new(
            self.limits.header_timeout,
            self.limits.idle_timeout,
        ));
        let io = TokioIo::new(WatchedIo::new(
            stream,
            // HTTP/2 frames may arrive at any time without starting a request.
            (protocol == Protocol::Http1).then(|| Arc::clone(&activity)),
        ));
        let service = {
            let (router, activity) = (self.router.clone(), Arc::clone(&activity));
            let body_timeout = self.limits.body_timeout;
            service_fn(move |request| {
                answer(
                    router.clone(),
                    Arc::clone(&activity),
                    request,
                    peer.clone(),
                    body_timeout,
                )
            })
        };
        match protocol {
            Protocol::Http1 => {
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    // `Activity` bounds the header's time, and keeps it apart from idle time.
                    .header_read_timeout(None)
                    .max_buf_size(self.limits.max_header_bytes)
                    .max_headers(self.limits.max_headers)
                    .serve_connection(io, service);
                self.drive(connection, http1::Connection::graceful_shutdown, &activity)
                    .await;
            }
            Protocol::Http2 => {
                let connection = http2::Builder::new(TokioExecutor::new())
                    .timer(TokioTimer::new())
                    .max_concurrent_streams(self.limits.max_concurrent_streams)
                    .max_header_list_size(u32::try_from(self.limits.max_header_bytes).unwrap_or(u32::MAX))
                    .keep_alive_interval(self.limits.idle_timeout)
                    .keep_alive_timeout(self.limits.header_timeout)
                    .serve_connection(io, service);
                self.drive(connection, http2::Connection::graceful_shutdown, &activity)
                    .await;
            }
        }
    }

    /// Drives a connection to its end. When it is idle for too long or the service stops, it is asked to end
    /// gracefully; when it is idle still after that, it is dropped.
    async fn drive<C>(&self, connection: C, end: impl Fn(std::pin::Pin<&mut C>), activity: &Activity)
    where
        C: Future<Output = hyper::Result<()>>,
    {
        let mut connection = pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => return,
            () = activity.expired() => {}
            () = self.shutdown.cancelled() => {}
        }
        end(connection.as_mut());
        tokio::select! {
            _ = connection.as_mut() => {}
            () = activity.quiet_for(CLOSE_GRACE) => {}
        }
    }
}

async fn answer(
    router: Router,
    activity: Arc<Activity>,
    mut request: Request<Incoming>,
    peer: Peer,
    body_timeout: Duration,
) -> Result<Response<Body>, Infallible> {
    let _in_flight = activity.request();
    request.extensions_mut().insert(ConnectInfo(peer.address));
    if let Some(certificate) = peer.certificate {
        request.extensions_mut().insert(certificate);
    }
    let request = request.map(|body| Body::new(DeadlineBody::new(body, body_timeout)));
    router.oneshot(request).await
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone)]
struct Peer {
    address: SocketAddr,
    certificate: Option<ClientCertificate>,
}

/// How a connection is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    fn by_alpn(protocol: Option<&[u8]>) -> Self {
        if protocol == Some(tls::ALPN_HTTP2) {
            Self::Http2
        } else {
            Self::Http1
        }
    }
}

/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a connection that was asked to end, and has no request in flight, may take to do so.
const CLOSE_GRACE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
