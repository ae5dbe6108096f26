//! Envelopes written header by header for tests (RFC 9052), where nothing is signed; and the forge's signer, made once.

use std::sync::LazyLock;

use attestry_forge::azure::{Cbor, UvmAuthority};

use super::UvmTrust;

/// The time of the tests, seconds since 1970.
pub(super) const NOW: i64 = 1_768_435_200;

/// The forge's signer and time stamp authority at [`NOW`].
pub(super) fn authority() -> UvmAuthority {
    static AUTHORITY: LazyLock<UvmAuthority> = LazyLock::new(|| UvmAuthority::new(NOW));
    AUTHORITY.clone()
}

/// Trust in [`authority`] alone.
pub(super) fn trust() -> &'static UvmTrust {
    static TRUST: LazyLock<UvmTrust> = LazyLock::new(|| {
        let authority = authority();
        UvmTrust::from_certificates(&[authority.root.to_der()], &[authority.time_stamp_root.to_der()])
            .unwrap()
    });
    &TRUST
}

/// The parts of an envelope, each of which a test can replace.
#[derive(Clone)]
pub(super) struct RawEnvelope {
    pub(super) protected: Vec<(Cbor, Cbor)>,
    pub(super) unprotected: Vec<(Cbor, Cbor)>,
    pub(super) payload: Cbor,
    pub(super) signature: Vec<u8>,
}

impl RawEnvelope {
    /// The early form: `iss`, `feed` and `signingtime` are headers.
    pub(super) fn early() -> Self {
        let measurement = crate::hex::encode(&[0xAB; 48]);
        let payload = format!(
            r#"{{"x-ms-sevsnpvm-guestsvn":"104","x-ms-sevsnpvm-launchmeasurement":"{measurement}"}}"#
        );
        Self {
            protected: vec![
                (Cbor::Int(1), Cbor::Int(-38)),
                (Cbor::Int(3), Cbor::text("application/json")),
                (Cbor::Int(33), Cbor::Array(vec![Cbor::Bytes(vec![0x30, 0])])),
                (Cbor::text("iss"), Cbor::text(ISSUER)),
                (Cbor::text("feed"), Cbor::text("ContainerPlat-AMD-UVM")),
                (
                    Cbor::text("signingtime"),
                    Cbor::Tag(1, Box::new(Cbor::Int(1_700_000_000))),
                ),
            ],
            unprotected: Vec::new(),
            payload: Cbor::Bytes(payload.into_bytes()),
            signature: vec![7; 8],
        }
    }

    /// The later form: CWT claims, and the measurement itself as payload.
    pub(super) fn later() -> Self {
        let mut raw = Self::early();
        for label in ["iss", "feed", "signingtime"] {
            raw.remove(&Cbor::text(label));
        }
        raw.set(Cbor::Int(3), Cbor::text("application/octet-stream"));
        raw.set(
            Cbor::Int(15),
            Cbor::Map(vec![
                (Cbor::Int(1), Cbor::text(ISSUER)),
                (Cbor::Int(2), Cbor::text("ContainerPlat-AMD-UVM")),
                (Cbor::Int(6), Cbor::Int(1_700_000_000)),
                (Cbor::text("svn"), Cbor::Int(104)),
            ]),
        );
        raw.payload = Cbor::Bytes(vec![0xAB; 48]);
        raw
    }

    /// Replaces or adds a protected header.
    pub(super) fn set(&mut self, label: Cbor, value: Cbor) {
        self.remove(&label);
        self.protected.push((label, value));
    }

    pub(super) fn remove(&mut self, label: &Cbor) {
        self.protected
            .retain(|(known, _)| known.encode() != label.encode());
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let parts = vec![
            Cbor::Bytes(Cbor::Map(self.protected.clone()).encode()),
            Cbor::Map(self.unprotected.clone()),
            self.payload.clone(),
            Cbor::Bytes(self.signature.clone()),
        ];
        Cbor::Tag(18, Box::new(Cbor::Array(parts))).encode()
    }
}

/// The item that is nothing (RFC 8949, 3.3).
pub(super) fn null() -> Cbor {
    Cbor::Raw(vec![0xf6])
}

/// A did:x509 of the form that the endorsements of Azure Container Instances have.
pub(super) const ISSUER: &str =
    "did:x509:0:sha256:I__iuL25oXEVFdTP_aBLx_eT1RPHbCQ_ECBQfYZpt9s::eku:1.3.6.1.4.1.311.76.59.1.2";
