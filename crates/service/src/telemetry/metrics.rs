//! Every metric of the service, declared here and nowhere else.
//!
//! Label values come from fixed sets (routes, statuses, types) or from verified platforms, whose number is
//! bounded: a client cannot make the registry grow.

use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Labels of [`Metrics::requests`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// The route's pattern, for example `/attest/{type}`; never the path as sent.
    pub route: &'static str,
    /// HTTP status.
    pub status: u16,
}

/// Labels of [`Metrics::attestations`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AttestationLabels {
    /// Attestation type, for example `SgxEnclave`.
    pub attestation_type: &'static str,
    /// `token`, or the stage that refused: `parse`, `collateral`, `platform`, `appraisal`, `binding`, `policy`.
    pub outcome: &'static str,
    /// TCB status as appraised; empty when the evidence did not get that far.
    pub tcb_status: &'static str,
}

/// Labels of [`Metrics::throttled`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ThrottleLabels {
    /// `attest` or `administration`.
    pub demand: &'static str,
    /// Whose rate was exceeded: `caller` or `provider`.
    pub bound: &'static str,
}

/// Labels of the collateral gauges: one kept set of documents.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CollateralLabels {
    /// `sgx` or `tdx`.
    pub tee: String,
    /// FMSPC in hexadecimal.
    pub fmspc: String,
    /// `processor` or `platform`.
    pub ca: String,
    /// `standard`, `early` or an evaluation number.
    pub edition: String,
}

/// Labels of the gauges of AMD's revocation lists.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AmdCrlLabels {
    /// The product line.
    pub product: &'static str,
}

/// Labels of [`Metrics::collateral_fetches`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct FetchLabels {
    /// Name of the source.
    pub source: String,
    /// `ok`, `unavailable`, `unknown` (the source does not know the platform), `refused` (not verified) or `busy` (it
    /// has been asked as often as it may).
    pub outcome: &'static str,
}

/// The service's metrics. Shared as an `Arc`.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// `attestry_requests_total`: answered requests by route and status.
    pub requests: Family<RequestLabels, Counter>,
    /// `attestry_attestations_total`: attest requests by type, outcome and TCB status.
    pub attestations: Family<AttestationLabels, Counter>,
    /// `attestry_request_duration_seconds`: from the request's header to the response's.
    pub request_duration: Histogram,
    /// `attestry_requests_in_flight`: requests being answered.
    pub in_flight: Gauge,
    /// `attestry_requests_shed_total`: requests turned away because the service was busy.
    pub shed: Counter,
    /// `attestry_decisions_lost_total`: decisions that should have been recorded and were not.
    pub decisions_lost: Counter,
    /// `attestry_connections`: open connections.
    pub connections: Gauge,
    /// `attestry_handshake_failures_total`: connections that did not complete a TLS handshake.
    pub handshake_failures: Counter,
    /// `attestry_collateral_age_seconds`: since a set of documents was obtained.
    pub collateral_age: Family<CollateralLabels, Gauge>,
    /// `attestry_collateral_expires_in_seconds`: until a set can no longer be used; negative: since then.
    pub collateral_expires_in: Family<CollateralLabels, Gauge>,
    /// `attestry_collateral_alarms_total`: documents refused because they were worse than those held.
    pub collateral_alarms: Family<CollateralLabels, Counter>,
    /// `attestry_collateral_fetches_total`: attempts to obtain a set, by source and outcome.
    pub collateral_fetches: Family<FetchLabels, Counter>,
    /// `attestry_amd_crl_age_seconds`: since AMD issued the revocation list at hand, of several roots' the oldest.
    pub amd_crl_age: Family<AmdCrlLabels, Gauge>,
    /// `attestry_amd_crl_expires_in_seconds`: until its successor is due; negative: since then.
    pub amd_crl_expires_in: Family<AmdCrlLabels, Gauge>,
    /// `attestry_amd_alarms_total`: certificates and lists that a source gave and that were refused.
    pub amd_alarms: Family<AmdCrlLabels, Counter>,
    /// `attestry_requests_throttled_total`: requests turned away because a rate was exceeded.
    pub throttled: Family<ThrottleLabels, Counter>,
    /// `attestry_diagnostic_records_lost_total`: records that could not be written or found the queue full.
    pub diagnostic_records_lost: Counter,
}

impl Metrics {
    /// A registry with every metric at zero.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("attestry"),
            requests: Family::default(),
            attestations: Family::default(),
            request_duration: Histogram::new(LATENCY_BUCKETS_SECONDS),
            in_flight: Gauge::<i64, AtomicI64>::default(),
            shed: Counter::<u64, AtomicU64>::default(),
            decisions_lost: Counter::default(),
            connections: Gauge::default(),
            handshake_failures: Counter::default(),
            collateral_age: Family::default(),
            collateral_expires_in: Family::default(),
            collateral_alarms: Family::default(),
            collateral_fetches: Family::default(),
            amd_crl_age: Family::default(),
            amd_crl_expires_in: Family::default(),
            amd_alarms: Family::default(),
            throttled: Family::default(),
            diagnostic_records_lost: Counter::default(),
        };
        metrics.register();
        metrics
    }

    /// All metrics in the OpenMetrics text format.
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("requests", "Answered requests", self.requests.clone());
        registry.register("attestations", "Attest requests", self.attestations.clone());
        registry.register_with_unit(
            "request_duration",
            "Time from the request's header to the response's",
            Unit::Seconds,
            self.request_duration.clone(),
        );
        registry.register(
            "requests_in_flight",
            "Requests being answered",
            self.in_flight.clone(),
        );
        registry.register(
            "requests_shed",
            "Requests turned away because of load",
            self.shed.clone(),
        );
        registry.register(
            "decisions_lost",
            "Decisions that should have been recorded and were not",
            self.decisions_lost.clone(),
        );
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register(
            "handshake_failures",
            "Failed TLS handshakes",
            self.handshake_failures.clone(),
        );
        registry.register_with_unit(
            "collateral_age",
            "Time since the documents were obtained",
            Unit::Seconds,
            self.collateral_age.clone(),
        );
        registry.register_with_unit(
            "collateral_expires_in",
            "Time until the documents can no longer be used",
            Unit::Seconds,
            self.collateral_expires_in.clone(),
        );
        registry.register(
            "collateral_alarms",
            "Documents refused for being worse than those held",
            self.collateral_alarms.clone(),
        );
        registry.register(
            "collateral_fetches",
            "Attempts to obtain documents",
            self.collateral_fetches.clone(),
        );
        registry.register_with_unit(
            "amd_crl_age",
            "Time since AMD issued the revocation list",
            Unit::Seconds,
            self.amd_crl_age.clone(),
        );
        registry.register_with_unit(
            "amd_crl_expires_in",
            "Time until the next revocation list is due",
            Unit::Seconds,
            self.amd_crl_expires_in.clone(),
        );
        registry.register(
            "amd_alarms",
            "Certificates and revocation lists refused that a source gave",
            self.amd_alarms.clone(),
        );
        registry.register(
            "requests_throttled",
            "Requests turned away because a rate was exceeded",
            self.throttled.clone(),
        );
        registry.register(
            "diagnostic_records_lost",
            "Records of the diagnostic log that were lost",
            self.diagnostic_records_lost.clone(),
        );
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A warm attestation takes about a millisecond, one that waits for a collateral source some seconds.
const LATENCY_BUCKETS_SECONDS: [f64; 12] = [
    0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.25, 1.0, 4.0, 16.0,
];

#[cfg(test)]
mod tests;
