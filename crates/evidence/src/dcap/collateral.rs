//! Collateral: the signed reference documents that a quote is judged against (Intel SGX and TDX DCAP, quote
//! verification collateral). Owns their acceptance as one immutable snapshot; it must not know where documents come
//! from, nor any quote.

mod documents;
mod error;
mod hashes;
mod staleness;

use aws_lc_rs::digest;

pub use documents::CollateralDocuments;
pub use error::{CollateralError, Document};
pub use hashes::CollateralHashes;
pub use staleness::{Baseline, Freshness, Staleness};

use super::enclave_identity::EnclaveIdentity;
use super::json::SignedDocument;
use super::pck::PckCa;
use super::quote::Tee;
use super::tcb_info::TcbInfo;
use crate::time::UnixTime;
use crate::x509::{
    Certificate, CertificateError, ChainProfile, Crl, CrlError, PublicKey, TrustAnchors, VerifiedChain,
    is_in_future,
};

/// A complete set of documents that were verified together. Immutable; that it exists says that signatures, chains,
/// revocation and shapes were in order and that the dates were at the time of the verification. Dates have to be
/// checked again at every use ([`VerifiedCollateral::is_usable_at`]).
#[derive(Clone, Debug)]
pub struct VerifiedCollateral {
    documents: CollateralDocuments,
    tcb_info: TcbInfo,
    qe_identity: EnclaveIdentity,
    tcb_info_chain: VerifiedChain,
    qe_identity_chain: VerifiedChain,
    pck_crl_chain: VerifiedChain,
    root_ca_crl: Crl,
    pck_crl: Crl,
    ca: PckCa,
    hashes: CollateralHashes,
    root_key_id: [u8; 48],
    signatures_verified: u32,
}

impl VerifiedCollateral {
    /// Verifies a set of documents for one kind of environment at one time.
    pub fn verify(
        documents: CollateralDocuments,
        tee: Tee,
        anchors: &TrustAnchors,
        now: UnixTime,
        staleness: Staleness,
    ) -> Result<Self, CollateralError> {
        let chain = |text: &[u8], profile, document| issuer_chain(text, profile, anchors, now, document);
        let tcb_signing = ChainProfile::TCB_SIGNING;
        let tcb_info_chain = chain(
            &documents.tcb_info_issuer_chain,
            tcb_signing,
            Document::TcbInfoIssuerChain,
        )?;
        let qe_identity_chain = chain(
            &documents.qe_identity_issuer_chain,
            tcb_signing,
            Document::QeIdentityIssuerChain,
        )?;
        let pck_crl_chain = chain(
            &documents.pck_crl_issuer_chain,
            ChainProfile::PCK_CA,
            Document::PckCrlIssuerChain,
        )?;
        let root_ca_crl =
            Crl::parse(&documents.root_ca_crl).map_err(CollateralError::crl(Document::RootCaCrl))?;
        let pck_crl = Crl::parse(&documents.pck_crl).map_err(CollateralError::crl(Document::PckCrl))?;
        let chains = [
            (Document::TcbInfoIssuerChain, &tcb_info_chain),
            (Document::QeIdentityIssuerChain, &qe_identity_chain),
            (Document::PckCrlIssuerChain, &pck_crl_chain),
        ];
        check_one_root(&chains)?;
        check_root_ca_crl(&root_ca_crl, &chains)?;
        check_pck_crl(&pck_crl, &pck_crl_chain)?;
        let signatures_verified = chains.iter().fold(SIGNATURES_BESIDE_CHAINS, |sum, (_, chain)| {
            sum.saturating_add(chain.signatures_verified())
        });
        let tcb_info = read_tcb_info(&documents.tcb_info, &tcb_info_chain, tee)?;
        let qe_identity = read_qe_identity(&documents.qe_identity, &qe_identity_chain, tee)?;
        let verified = Self {
            hashes: CollateralHashes::of(&documents, &tcb_info_chain, &qe_identity_chain, &root_ca_crl),
            root_key_id: sha384(tcb_info_chain.root_key().point()),
            ca: PckCa::of(pck_crl_chain.leaf()),
            documents,
            tcb_info,
            qe_identity,
            tcb_info_chain,
            qe_identity_chain,
            pck_crl_chain,
            root_ca_crl,
            pck_crl,
            signatures_verified,
        };
        verified.is_usable_at(now, staleness)?;
        Ok(verified)
    }

    /// Whether every document may be used at `now`, and whether all are current.
    pub fn is_usable_at(&self, now: UnixTime, staleness: Staleness) -> Result<Freshness, CollateralError> {
        for (document, chain) in self.chains() {
            chain
                .check_validity(now)
                .map_err(CollateralError::certificate(document))?;
        }
        let mut freshness = Freshness::Fresh;
        for (document, crl) in self.crls() {
            let (this_update, next_update) = (crl.this_update(), crl.next_update());
            if is_in_future(this_update, now) {
                return Err(CollateralError::crl(document)(CrlError::NotYetValid {
                    this_update,
                    now,
                }));
            }
            if now > next_update {
                if !staleness.tolerates_crl(next_update, now) {
                    return Err(CollateralError::crl(document)(CrlError::Expired {
                        next_update,
                        now,
                    }));
                }
                freshness.note(document, next_update);
            }
        }
        for (document, issue_date, next_update) in self.dated() {
            if is_in_future(issue_date, now) {
                return Err(CollateralError::NotYetValid {
                    document,
                    issue_date,
                    now,
                });
            }
            if now >= next_update {
                if !staleness.tolerates_document(next_update, now) {
                    return Err(CollateralError::Expired {
                        document,
                        next_update,
                        now,
                    });
                }
                freshness.note(document, next_update);
            }
        }
        Ok(freshness)
    }

    /// Refuses the collateral unless both TCB info and QE identity belong to the baseline.
    pub fn check_baseline(&self, required: Baseline) -> Result<(), CollateralError> {
        let documents = [
            (Document::TcbInfo, self.tcb_info.evaluation_number),
            (Document::QeIdentity, self.qe_identity.evaluation_number),
        ];
        for (document, found) in documents {
            let met = match required {
                Baseline::AtLeast(number) => found >= number,
                Baseline::Exactly(number) => found == number,
            };
            if !met {
                return Err(CollateralError::EvaluationNumber {
                    document,
                    required,
                    found,
                });
            }
        }
        Ok(())
    }

    /// The kind of environment the documents are for.
    pub const fn tee(&self) -> Tee {
        self.tcb_info.tee
    }

    /// The kind of platform the TCB info is for.
    pub const fn fmspc(&self) -> [u8; 6] {
        self.tcb_info.fmspc
    }

    /// The provisioning certification enclave the TCB info is for.
    pub const fn pce_id(&self) -> [u8; 2] {
        self.tcb_info.pce_id
    }

    /// The authority whose CRL this is.
    pub const fn ca(&self) -> PckCa {
        self.ca
    }

    /// The lower of the two documents' TCB evaluation data numbers.
    pub fn evaluation_number(&self) -> u32 {
        self.tcb_info
            .evaluation_number
            .min(self.qe_identity.evaluation_number)
    }

    /// The TCB info's TCB evaluation data number.
    pub const fn tcb_info_evaluation_number(&self) -> u32 {
        self.tcb_info.evaluation_number
    }

    /// The QE identity's TCB evaluation data number.
    pub const fn qe_identity_evaluation_number(&self) -> u32 {
        self.qe_identity.evaluation_number
    }

    /// The date of the highest TCB level, by which baselines are told apart.
    pub fn tcb_date(&self) -> Option<UnixTime> {
        self.tcb_info
            .levels
            .iter()
            .map(|level| level.verdict.tcb_date)
            .max()
    }

    /// When the TCB info was issued.
    pub const fn tcb_info_issue_date(&self) -> UnixTime {
        self.tcb_info.issue_date
    }

    /// When the next TCB info is due.
    pub const fn tcb_info_next_update(&self) -> UnixTime {
        self.tcb_info.next_update
    }

    /// When the QE identity was issued.
    pub const fn qe_identity_issue_date(&self) -> UnixTime {
        self.qe_identity.issue_date
    }

    /// When the next QE identity is due.
    pub const fn qe_identity_next_update(&self) -> UnixTime {
        self.qe_identity.next_update
    }

    /// The PCK CA's CRL number.
    pub const fn pck_crl_number(&self) -> u64 {
        self.pck_crl.number()
    }

    /// When the next PCK CRL is due.
    pub const fn pck_crl_next_update(&self) -> UnixTime {
        self.pck_crl.next_update()
    }

    /// The root CA's CRL number.
    pub const fn root_crl_number(&self) -> u64 {
        self.root_ca_crl.number()
    }

    /// When the next root CRL is due.
    pub const fn root_crl_next_update(&self) -> UnixTime {
        self.root_ca_crl.next_update()
    }

    /// From when on every document is valid, without clock skew.
    pub fn valid_from(&self) -> UnixTime {
        self.starts().max().unwrap_or(self.tcb_info.issue_date)
    }

    /// Until when every document is current: the first end of any of them.
    pub fn valid_until(&self) -> UnixTime {
        self.ends().min().unwrap_or(self.tcb_info.next_update)
    }

    /// The hashes that MAA's collateral claim states.
    pub const fn hashes(&self) -> &CollateralHashes {
        &self.hashes
    }

    /// The documents as received.
    pub const fn documents(&self) -> &CollateralDocuments {
        &self.documents
    }

    /// How many signatures the verification took.
    pub const fn signatures_verified(&self) -> u32 {
        self.signatures_verified
    }

    pub(super) const fn tcb_info(&self) -> &TcbInfo {
        &self.tcb_info
    }

    pub(super) const fn qe_identity(&self) -> &EnclaveIdentity {
        &self.qe_identity
    }

    pub(super) const fn root_ca_crl(&self) -> &Crl {
        &self.root_ca_crl
    }

    pub(super) const fn pck_crl(&self) -> &Crl {
        &self.pck_crl
    }

    /// The authority that issued the PCK CRL.
    pub(super) const fn ca_certificate(&self) -> &Certificate {
        self.pck_crl_chain.leaf()
    }

    pub(super) const fn root_key(&self) -> &PublicKey {
        self.tcb_info_chain.root_key()
    }

    /// SHA-384 of the root key's uncompressed point.
    pub(super) const fn root_key_id(&self) -> &[u8; 48] {
        &self.root_key_id
    }

    /// The moments from which documents and certificates count.
    pub(super) fn starts(&self) -> impl Iterator<Item = UnixTime> {
        let certificates = self.certificates().map(Certificate::not_before);
        let crls = self.crls().into_iter().map(|(_, crl)| crl.this_update());
        certificates
            .chain(crls)
            .chain(self.dated().into_iter().map(|(_, issue_date, _)| issue_date))
    }

    /// The moments until which they do.
    pub(super) fn ends(&self) -> impl Iterator<Item = UnixTime> {
        let certificates = self.certificates().map(Certificate::not_after);
        let crls = self.crls().into_iter().map(|(_, crl)| crl.next_update());
        certificates
            .chain(crls)
            .chain(self.dated().into_iter().map(|(_, _, next_update)| next_update))
    }

    fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.chains()
            .into_iter()
            .flat_map(|(_, chain)| chain.with_root().map(|(_, certificate)| certificate))
    }

    const fn chains(&self) -> [(Document, &VerifiedChain); 3] {
        [
            (Document::TcbInfoIssuerChain, &self.tcb_info_chain),
            (Document::QeIdentityIssuerChain, &self.qe_identity_chain),
            (Document::PckCrlIssuerChain, &self.pck_crl_chain),
        ]
    }

    const fn crls(&self) -> [(Document, &Crl); 2] {
        [
            (Document::RootCaCrl, &self.root_ca_crl),
            (Document::PckCrl, &self.pck_crl),
        ]
    }

    const fn dated(&self) -> [(Document, UnixTime, UnixTime); 2] {
        [
            (
                Document::TcbInfo,
                self.tcb_info.issue_date,
                self.tcb_info.next_update,
            ),
            (
                Document::QeIdentity,
                self.qe_identity.issue_date,
                self.qe_identity.next_update,
            ),
        ]
    }
}

fn issuer_chain(
    text: &[u8],
    profile: ChainProfile,
    anchors: &TrustAnchors,
    now: UnixTime,
    document: Document,
) -> Result<VerifiedChain, CollateralError> {
    Certificate::parse_chain(text)
        .map_err(CertificateError::from)
        .and_then(|certificates| VerifiedChain::verify(certificates, profile, anchors, now))
        .map_err(CollateralError::certificate(document))
}

fn read_tcb_info(bytes: &[u8], chain: &VerifiedChain, tee: Tee) -> Result<TcbInfo, CollateralError> {
    let document = Document::TcbInfo;
    let open = signed_document(bytes, TCB_INFO_MEMBER, chain, document)?;
    let tcb_info = TcbInfo::parse(&open).map_err(CollateralError::json(document))?;
    check_tee(document, tee, tcb_info.tee)?;
    Ok(tcb_info)
}

fn read_qe_identity(
    bytes: &[u8],
    chain: &VerifiedChain,
    tee: Tee,
) -> Result<EnclaveIdentity, CollateralError> {
    let document = Document::QeIdentity;
    let open = signed_document(bytes, QE_IDENTITY_MEMBER, chain, document)?;
    let identity = EnclaveIdentity::parse(&open).map_err(CollateralError::json(document))?;
    check_tee(document, tee, identity.tee)?;
    Ok(identity)
}

/// All documents have to descend from one root. With several trust anchors configured, a document of one hierarchy must
/// not vouch for a platform of another.
fn check_one_root(chains: &[(Document, &VerifiedChain); 3]) -> Result<(), CollateralError> {
    let [(_, first), others @ ..] = chains;
    for (document, chain) in others {
        let same_name = chain.issued_by_root().issuer() == first.issued_by_root().issuer();
        if !same_name || chain.root_key() != first.root_key() {
            return Err(CollateralError::OtherRoot { document: *document });
        }
    }
    Ok(())
}

/// The root CA's CRL is the root's, and lists neither what the root issued nor the root itself.
fn check_root_ca_crl(crl: &Crl, chains: &[(Document, &VerifiedChain); 3]) -> Result<(), CollateralError> {
    let [(_, first), ..] = chains;
    // The root's certificate may have been left out; what it issued states its name and its key identifier.
    let issued = first.issued_by_root();
    crl.check_issuer(
        issued.issuer(),
        first.root_key(),
        issued.authority_key_identifier(),
    )
    .map_err(CollateralError::crl(Document::RootCaCrl))?;
    for (document, chain) in chains {
        chain
            .check_not_revoked(crl)
            .map_err(CollateralError::certificate(*document))?;
    }
    Ok(())
}

/// The PCK CRL is that of the authority in its issuer chain.
fn check_pck_crl(crl: &Crl, chain: &VerifiedChain) -> Result<(), CollateralError> {
    let ca = chain.leaf();
    crl.check_issuer(ca.subject(), ca.public_key(), ca.subject_key_identifier())
        .map_err(CollateralError::crl(Document::PckCrl))
}

/// Opens an envelope and verifies its signature by the chain's leaf, before anything in it is read.
fn signed_document<'a>(
    bytes: &'a [u8],
    member: &str,
    chain: &VerifiedChain,
    document: Document,
) -> Result<SignedDocument<'a>, CollateralError> {
    let open = SignedDocument::open(bytes, member).map_err(CollateralError::json(document))?;
    let key = chain.leaf().public_key().for_fixed_signatures();
    let verified = key.is_some_and(|key| key.verify_sig(open.text.as_bytes(), &open.signature).is_ok());
    if verified {
        Ok(open)
    } else {
        Err(CollateralError::Signature { document })
    }
}

fn check_tee(document: Document, expected: Tee, found: Tee) -> Result<(), CollateralError> {
    if expected == found {
        Ok(())
    } else {
        Err(CollateralError::OtherTee {
            document,
            expected: expected.name(),
            found: found.name(),
        })
    }
}

fn sha384(bytes: &[u8]) -> [u8; 48] {
    let mut hash = [0; 48];
    hash.copy_from_slice(digest::digest(&digest::SHA384, bytes).as_ref());
    hash
}

/// Of the envelope in which Intel's service answers.
const TCB_INFO_MEMBER: &str = "tcbInfo";
const QE_IDENTITY_MEMBER: &str = "enclaveIdentity";
/// Of TCB info, QE identity and the two CRLs.
const SIGNATURES_BESIDE_CHAINS: u32 = 4;

#[cfg(test)]
mod tests;
