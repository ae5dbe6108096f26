//! Evidence as a tree of named fields with their positions, for people to look at. Nothing here verifies anything.
