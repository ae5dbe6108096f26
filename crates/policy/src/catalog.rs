//! The claims that each attestation type offers to policies, with their meaning. Owns names and words
//! for authors; must not know how claims are derived from evidence.
