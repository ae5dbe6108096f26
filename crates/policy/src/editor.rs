//! What an editor shows: completion and explanation at a place of a policy text. Must not know the
//! editor's protocol.
