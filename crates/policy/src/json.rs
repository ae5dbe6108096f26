//! JSON documents as policies query them. Owns reading, writing, comparing and the bounds of size and
//! depth; must not know queries or claims.
