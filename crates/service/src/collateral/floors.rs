//! Floors: numbers below which no set of documents is taken again, from whatever source and for whatever key.
//!
//! A list of revocations belongs to its issuer, not to a platform: one source must not be able to replay an
//! older one for a platform that was not seen before. The same goes for the generation of TCB levels that Intel
//! enforces, which is one for all platforms of a TEE (Intel PCS API v4, "Get TCB Info").

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

use attestry_evidence::dcap::{CollateralDocuments, PckCa, Tee, VerifiedCollateral};
use attestry_evidence::hex;
use attestry_evidence::x509::Certificate;
use aws_lc_rs::digest::{Context, SHA256};

use super::{CollateralKey, Edition, Regression};
use crate::store::CollateralRecord;

/// Which root documents descend from: the hash of the issuer's name and key identifier in what it issued, which
/// the root has signed and which is there also when its own certificate is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RootId([u8; 32]);

impl RootId {
    /// The root of documents that were verified. Of others nothing depends on it.
    pub(super) fn of(documents: &CollateralDocuments) -> Self {
        let chain = Certificate::parse_chain(&documents.tcb_info_issuer_chain).unwrap_or_default();
        let mut hash = Context::new(&SHA256);
        if let Some(issued) = chain.iter().find(|certificate| !certificate.is_self_issued()) {
            hash.update(issued.issuer());
            hash.update(issued.authority_key_identifier().unwrap_or_default());
        }
        let mut id = [0; 32];
        id.copy_from_slice(hash.finish().as_ref());
        Self(id)
    }

    /// As it is stored.
    pub(super) fn to_hex(self) -> String {
        hex::encode(&self.0)
    }
}

/// The numbers of a set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) key: CollateralKey,
    pub(super) root: RootId,
    evaluation: EvaluationNumbers,
    pck_crl: u64,
    root_crl: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct EvaluationNumbers {
    tcb_info: u32,
    qe_identity: u32,
}

impl Numbers {
    pub(super) fn of(key: CollateralKey, collateral: &VerifiedCollateral) -> Self {
        Self {
            key,
            root: RootId::of(collateral.documents()),
            evaluation: EvaluationNumbers {
                tcb_info: collateral.tcb_info_evaluation_number(),
                qe_identity: collateral.qe_identity_evaluation_number(),
            },
            pck_crl: collateral.pck_crl_number(),
            root_crl: collateral.root_crl_number(),
        }
    }

    pub(super) fn of_record(key: CollateralKey, record: &CollateralRecord) -> Self {
        Self {
            key,
            root: RootId::of(&record.documents),
            evaluation: EvaluationNumbers {
                tcb_info: record.tcb_info_evaluation_number,
                qe_identity: record.qe_identity_evaluation_number,
            },
            pck_crl: record.pck_crl_number,
            root_crl: record.root_crl_number,
        }
    }

    /// The lists of this set and their numbers.
    fn crls(&self) -> [(CrlIssuer, &'static str, u64); 2] {
        [
            ((self.root, Some(self.key.ca)), "pck_crl.crlNumber", self.pck_crl),
            ((self.root, None), "root_ca_crl.crlNumber", self.root_crl),
        ]
    }

    /// What the evaluation numbers must not be below. A numbered edition is what its number says.
    fn generations(&self) -> impl Iterator<Item = Generation> {
        let standard = (self.root, self.key.tee, None);
        let early = (self.root, self.key.tee, Some(self.key));
        let (own, other) = match self.key.edition {
            Edition::Standard => (Some(standard), None),
            Edition::Early => (Some(early), Some(standard)),
            Edition::Number(_) => (None, None),
        };
        own.into_iter().chain(other)
    }
}

/// The root, or one of its PCK authorities.
type CrlIssuer = (RootId, Option<PckCa>);

/// The standard edition of a TEE, or the early one of a key.
type Generation = (RootId, Tee, Option<CollateralKey>);

/// The highest numbers taken so far. They only ever rise.
#[derive(Default)]
pub(super) struct Floors(Mutex<Heights>);

#[derive(Clone, Default)]
struct Heights {
    crls: HashMap<CrlIssuer, u64>,
    generations: HashMap<Generation, EvaluationNumbers>,
}

impl Clone for Floors {
    fn clone(&self) -> Self {
        let heights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Self(Mutex::new(heights.clone()))
    }
}

impl Floors {
    /// The first number of `offered` that is too low.
    pub(super) fn regression(&self, offered: &Numbers) -> Option<Regression> {
        let heights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let evaluation = offered
            .generations()
            .filter_map(|generation| heights.generations.get(&generation))
            .find_map(|floor| {
                let (found, tcb_info) = (offered.evaluation, "tcb_info.tcbEvaluationDataNumber");
                lower(tcb_info, floor.tcb_info, found.tcb_info).or_else(|| {
                    let qe_identity = "qe_identity.tcbEvaluationDataNumber";
                    lower(qe_identity, floor.qe_identity, found.qe_identity)
                })
            });
        evaluation.or_else(|| {
            offered
                .crls()
                .into_iter()
                .find_map(|(issuer, field, number)| lower(field, *heights.crls.get(&issuer)?, number))
        })
    }

    /// Remembers the numbers of a set that was taken.
    pub(super) fn raise(&self, taken: &Numbers) {
        let mut heights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(generation) = taken.generations().next() {
            let floor = heights.generations.entry(generation).or_default();
            floor.tcb_info = floor.tcb_info.max(taken.evaluation.tcb_info);
            floor.qe_identity = floor.qe_identity.max(taken.evaluation.qe_identity);
        }
        for (issuer, _, number) in taken.crls() {
            let floor = heights.crls.entry(issuer).or_default();
            *floor = (*floor).max(number);
        }
    }
}

fn lower<T: Ord + Copy + Display>(field: &'static str, held: T, offered: T) -> Option<Regression> {
    (offered < held).then(|| Regression {
        field,
        held: held.to_string(),
        offered: offered.to_string(),
    })
}
