//! The canonical form of a policy text. Owns layout; must not change what a policy means, nor lose a comment.
