//! What in a sound policy is probably not meant. Owns the lints; must not refuse a policy.
