//! The demo's evidence as files, so that what it suggests to try next works as it stands.

use std::path::{Path, PathBuf};

use attestry_api::b64;
use attestry_client::Data;
use serde_json::json;

use super::evidence::{Piece, RUNTIME_DATA};
use crate::failure::Failure;

/// Where the samples are.
pub struct Samples {
    pub directory: PathBuf,
}

impl Samples {
    /// The evidence file of a piece.
    pub fn evidence(&self, slug: &str) -> PathBuf {
        self.directory.join(format!("{slug}.bin"))
    }

    /// The data that quotes bind. Other evidence has its own beside it.
    pub fn runtime_data(&self) -> PathBuf {
        self.directory.join("runtime-data.json")
    }

    /// A request body for `POST /attest/SgxEnclave`.
    pub fn request(&self) -> PathBuf {
        self.directory.join("request.json")
    }
}

/// Writes every piece, the data they bind, and one request as it goes over the wire.
pub fn write(directory: &Path, pieces: &[Piece]) -> Result<Samples, Failure> {
    let samples = Samples {
        directory: directory.to_owned(),
    };
    let write = |path: PathBuf, bytes: &[u8]| {
        std::fs::write(&path, bytes)
            .map_err(|error| Failure::environment(format!("cannot write `{}`: {error}", path.display())))
    };
    std::fs::create_dir_all(directory)
        .map_err(|error| Failure::environment(format!("cannot make `{}`: {error}", directory.display())))?;
    write(samples.runtime_data(), RUNTIME_DATA.as_bytes())?;
    for piece in pieces {
        write(samples.evidence(piece.slug), &piece.evidence)?;
        if let Data::Json(data) = &piece.runtime_data
            && data != RUNTIME_DATA.as_bytes()
        {
            write(directory.join(format!("{}-runtime-data.json", piece.slug)), data)?;
        }
    }
    if let Some(first) = pieces.first() {
        let data = json!({"data": b64::encode_url(RUNTIME_DATA.as_bytes()), "dataType": "JSON"});
        let request = json!({"quote": b64::encode_url(&first.evidence), "runtimeData": data});
        write(samples.request(), request.to_string().as_bytes())?;
    }
    Ok(samples)
}
