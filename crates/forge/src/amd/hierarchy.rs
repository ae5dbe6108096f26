//! The certificates above a report's signing key, in the shape of AMD's
//! (AMD VCEK Certificate and KDS Interface Specification 57230, sections 3.2 to 3.4), and revocation lists.

use crate::{
    Seed,
    pki::{AnyKey, CertificateSpec, CrlSpec, Extension, Name, RsaHash, RsaKeyPair, RsaScheme},
};

use super::{ProductLine, VekKind, keys};

/// One forged AMD: its keys and its certificates. Every public field may be changed before minting.
///
/// RSA keys cannot be derived from a seed. The default seed has nine keys of its own, which are files of this
/// crate; all other seeds share a second set of three, so that their worlds differ from the default one but
/// not from each other. The keys of chips derive from every seed.
///
/// Signatures are randomized: the same certificate minted twice differs in its last bytes.
#[derive(Clone, Debug)]
pub struct AmdForge {
    /// Where keys and identities of chips come from.
    pub seed: Seed,
    /// The moment that dates of VEK certificates and lists are relative to, unix seconds.
    pub now: i64,
    /// The hierarchy of Milan.
    pub milan: LineCertificates,
    /// The hierarchy of Genoa, Bergamo and Siena.
    pub genoa: LineCertificates,
    /// The hierarchy of Turin.
    pub turin: LineCertificates,
}

/// The authorities of one product line.
#[derive(Clone, Debug)]
pub struct LineCertificates {
    /// AMD root key: signs the other two and the revocation list.
    pub ark: CertificateSpec<AnyKey>,
    /// AMD SEV key: signs VCEKs.
    pub ask: CertificateSpec<AnyKey>,
    /// AMD SEV VLEK key: signs VLEKs.
    pub asvk: CertificateSpec<AnyKey>,
}

impl AmdForge {
    /// The world of `seed`, with VEK certificates and lists fresh at `now` (unix seconds).
    pub fn new(seed: Seed, now: i64) -> Self {
        let line = |line| LineCertificates::new(&seed, line);
        let (milan, genoa, turin) = (
            line(ProductLine::Milan),
            line(ProductLine::Genoa),
            line(ProductLine::Turin),
        );
        Self {
            seed,
            now,
            milan,
            genoa,
            turin,
        }
    }

    /// The authorities of a line.
    pub fn line(&self, line: ProductLine) -> &LineCertificates {
        match line {
            ProductLine::Milan => &self.milan,
            ProductLine::Genoa => &self.genoa,
            ProductLine::Turin => &self.turin,
        }
    }

    /// The authorities of a line, to be changed.
    pub fn line_mut(&mut self, line: ProductLine) -> &mut LineCertificates {
        match line {
            ProductLine::Milan => &mut self.milan,
            ProductLine::Genoa => &mut self.genoa,
            ProductLine::Turin => &mut self.turin,
        }
    }

    /// The revocation list of a line: nothing revoked, a week old, good for forty-six days in all.
    pub fn crl(&self, line: ProductLine) -> CrlSpec<AnyKey> {
        let ark = &self.line(line).ark;
        let this_update = self.now.saturating_sub(7 * DAY);
        let next_update = this_update.saturating_add(CRL_LIFE);
        let key = ark.subject_key.clone();
        CrlSpec::empty(ark.subject.clone(), key, CRL_NUMBER, this_update, next_update)
    }
}

impl LineCertificates {
    fn new(seed: &Seed, line: ProductLine) -> Self {
        let keys = keys::line_keys(seed, line);
        let name = line.name();
        // AMD's own authorities spell the trailer field out.
        let ark_key = AnyKey::from(keys.ark.with_scheme(PSS_WITH_TRAILER));
        let ark_name = Name::forged_amd(&format!("ARK-{name}"));
        let ark = CertificateSpec {
            serial: serial(line, Role::Ark),
            issuer: ark_name.clone(),
            subject: ark_name.clone(),
            not_before: NOT_BEFORE,
            not_after: NOT_AFTER,
            subject_key: ark_key.clone(),
            issuer_key: ark_key.clone(),
            extensions: vec![
                Extension::key_usage(&[KEY_CERT_SIGN, CRL_SIGN]),
                Extension::subject_key_id(&ark_key),
                Extension::unbounded_authority(),
                Extension::crl_distribution_point(&crl_url("vcek", line)),
            ],
        };
        let intermediate = |role, common_name: String, key: &RsaKeyPair, path: &str| {
            let key = AnyKey::from(key.clone());
            CertificateSpec {
                serial: serial(line, role),
                subject: Name::forged_amd(&common_name),
                extensions: vec![
                    Extension::subject_key_id(&key),
                    Extension::authority_key_id(&ark_key),
                    Extension::basic_constraints(Some(0)),
                    Extension::key_usage(&[KEY_CERT_SIGN]),
                    Extension::crl_distribution_point(&crl_url(path, line)),
                ],
                subject_key: key,
                ..ark.clone()
            }
        };
        let ask = intermediate(Role::Ask, format!("SEV-{name}"), &keys.ask, "vcek");
        let asvk = intermediate(Role::Asvk, format!("SEV-VLEK-{name}"), &keys.asvk, "vlek");
        Self { ark, ask, asvk }
    }

    /// The authority that signs VEKs of a kind.
    pub fn vek_issuer(&self, kind: VekKind) -> &CertificateSpec<AnyKey> {
        match kind {
            VekKind::Vcek => &self.ask,
            VekKind::Vlek => &self.asvk,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Ark,
    Ask,
    Asvk,
}

/// Serial numbers of AMD's scheme: line, kind, position. Genoa's second ASK replaced its first.
fn serial(line: ProductLine, role: Role) -> Vec<u8> {
    let line_number = match line {
        ProductLine::Milan => 1,
        ProductLine::Genoa => 2,
        ProductLine::Turin => 3,
    };
    match role {
        Role::Ark => vec![line_number, 0, 0],
        Role::Ask if line == ProductLine::Genoa => vec![line_number, 0, 2],
        Role::Ask => vec![line_number, 0, 1],
        Role::Asvk => vec![line_number, 1, 1],
    }
}

fn crl_url(path: &str, line: ProductLine) -> String {
    format!("https://forge.invalid/{path}/v1/{}/crl", line.name())
}

const PSS_WITH_TRAILER: RsaScheme = RsaScheme::Pss {
    hash: RsaHash::Sha384,
    spells_trailer: true,
};
pub(super) const DAY: i64 = 86_400;
/// 2020-10-22T17:23:05Z and 25 years later: the life of AMD's oldest root, for all lines.
const NOT_BEFORE: i64 = 1_603_387_385;
const NOT_AFTER: i64 = 2_392_305_785;
/// AMD renews its lists about every 46 days.
const CRL_LIFE: i64 = 46 * DAY;
const CRL_NUMBER: u64 = 1;
const KEY_CERT_SIGN: u8 = 5;
const CRL_SIGN: u8 = 6;
