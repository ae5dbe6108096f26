//! Tests of policies: claims in, decision and claims out. Owns the model of a test file and running it;
//! must not know file formats or evidence.
