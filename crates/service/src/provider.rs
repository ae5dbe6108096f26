//! Providers: immutable snapshots of tenants.
