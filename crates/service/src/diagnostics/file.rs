//! A file of whole lines that is replaced when it has grown enough.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{DiagnosticsError, FileOptions};

/// The open file, if it can be opened.
#[derive(Debug)]
pub(super) struct RotatingFile {
    options: FileOptions,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// Bytes of whole lines.
    length: u64,
}

impl RotatingFile {
    /// Opens the file, or makes it for its owner only.
    pub(super) fn open(options: &FileOptions) -> Result<Self, DiagnosticsError> {
        let open = Open::at(&options.path).map_err(|error| DiagnosticsError::Open {
            path: options.path.clone(),
            kind: error.kind(),
        })?;
        Ok(Self {
            options: options.clone(),
            open: Some(open),
        })
    }

    /// Appends whole lines; `durable`: they are on disk when this returns.
    pub(super) fn append(&mut self, lines: &[u8], durable: bool) -> io::Result<()> {
        let mut open = match self.open.take() {
            // Somebody may have moved or removed the file: nobody would find what is written there.
            Some(open) if open.is_at(&self.options.path) => open,
            _ => Open::at(&self.options.path)?,
        };
        let added = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        if open.length > 0 && open.length.saturating_add(added) > self.options.max_bytes {
            open.file.sync_data()?;
            self.rotate()?;
            open = Open::at(&self.options.path)?;
        }
        open.append(lines, durable)?;
        self.open = Some(open);
        Ok(())
    }

    /// Makes room for a new file: each older one moves up by one, the oldest is dropped.
    fn rotate(&self) -> io::Result<()> {
        let path = &self.options.path;
        for number in (1..self.options.keep).rev() {
            match std::fs::rename(older(path, number), older(path, number.saturating_add(1))) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if self.options.keep == 0 {
            return std::fs::remove_file(path);
        }
        std::fs::rename(path, older(path, 1))
    }
}

fn older(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

impl Open {
    fn at(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        let length = end_of_lines(&mut file)?;
        sync_directory_of(path)?;
        Ok(Self { file, length })
    }

    fn append(&mut self, lines: &[u8], durable: bool) -> io::Result<()> {
        let mut written = self.file.write_all(lines);
        if durable {
            written = written.and_then(|()| self.file.sync_data());
        }
        if written.is_err() {
            // Whatever part of a line was written is no record; should this fail as well, opening it again sees to it.
            let _ = self.file.set_len(self.length);
        }
        self.length = self
            .length
            .saturating_add(u64::try_from(lines.len()).unwrap_or(u64::MAX));
        written
    }

    /// Whether `path` still names this file.
    fn is_at(&self, path: &Path) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
            let here = self.file.metadata().map(identity);
            let there = std::fs::metadata(path).map(identity);
            matches!((here, there), (Ok(here), Ok(there)) if here == there)
        }
        #[cfg(not(unix))]
        path.exists()
    }
}

/// Cuts off a line that a crash left unfinished (nobody was told that it was written), and returns the length.
fn end_of_lines(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(LONGEST_LINE);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    Read::take(&mut *file, LONGEST_LINE).read_to_end(&mut tail)?;
    let unfinished = match tail.iter().rposition(|&byte| byte == b'\n') {
        Some(last) => tail.len().saturating_sub(last.saturating_add(1)),
        // No line of ours is as long as that.
        None if start > 0 => return Err(io::ErrorKind::InvalidData.into()),
        None => tail.len(),
    };
    let whole = length.saturating_sub(u64::try_from(unfinished).unwrap_or(u64::MAX));
    if whole < length {
        file.set_len(whole)?;
    }
    Ok(whole)
}

/// A new name is durable only when its directory is.
fn sync_directory_of(path: &Path) -> io::Result<()> {
    let directory = path
        .parent()
        .filter(|directory| !directory.as_os_str().is_empty());
    let directory = directory.unwrap_or_else(|| Path::new("."));
    #[cfg(unix)]
    File::open(directory)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = directory;
    Ok(())
}

/// The parts of a record are cut to less than this together.
const LONGEST_LINE: u64 = 64 * 1024;

#[cfg(test)]
mod tests;
