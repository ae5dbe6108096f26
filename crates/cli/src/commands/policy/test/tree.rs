//! Which files a test file may name. Test files come with policies from elsewhere, and what they name is shown in
//! messages: so they reach what the command line gives, and nothing else.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::failure::Failure;
use crate::input;
use crate::output::plain;

/// The files in reach of one test file.
#[derive(Debug)]
pub struct Tree {
    /// The test file, for messages.
    test_file: PathBuf,
    /// The directory that paths are relative to, as the user calls it.
    directory: PathBuf,
    /// The directory that paths must not leave, without links.
    root: PathBuf,
}

impl Tree {
    /// Of a test file that the search of a directory found: that directory.
    pub fn searched(directory: &Path, test_file: &Path) -> Result<Self, Failure> {
        let tree = Self::of(test_file, real(directory)?);
        // The file itself may be a link.
        if real(test_file)?.starts_with(&tree.root) {
            Ok(tree)
        } else {
            Err(
                Failure::usage(format!("{} is a link to another place", input::name(test_file)))
                    .hint("name that file on the command line to use it"),
            )
        }
    }

    /// Of a test file that was named: the current directory if the file is in it, else the file's own.
    pub fn around(test_file: &Path) -> Result<Self, Failure> {
        let own = real(parent(test_file))?;
        let current = real(Path::new("."))?;
        let root = if own.starts_with(&current) { current } else { own };
        Ok(Self::of(test_file, root))
    }

    fn of(test_file: &Path, root: PathBuf) -> Self {
        Self {
            test_file: test_file.to_owned(),
            directory: parent(test_file).to_owned(),
            root,
        }
    }

    /// Takes another tree of the same test file into account: the larger one counts.
    pub fn widen(&mut self, other: Self) {
        if self.root.starts_with(&other.root) {
            self.root = other.root;
        }
    }

    /// The file that the test file calls `named`, which need not exist.
    pub fn file(&self, named: &str) -> Result<PathBuf, Failure> {
        let mut place = real(&self.directory)?;
        for component in Path::new(named).components() {
            match component {
                Component::Normal(name) => place.push(name),
                Component::ParentDir => {
                    place.pop();
                }
                Component::CurDir => {}
                Component::RootDir | Component::Prefix(_) => return Err(self.absolute(named)),
            }
        }
        let mut path = self.directory.join(named);
        if path == Path::new("-") {
            // A file called that, not standard input.
            path = Path::new(".").join(path);
        }
        // By its name, then by where links lead.
        let leaves = !place.starts_with(&self.root)
            || fs::canonicalize(&path).is_ok_and(|real| !real.starts_with(&self.root));
        if leaves {
            Err(self.left_by(named))
        } else {
            Ok(path)
        }
    }

    fn absolute(&self, named: &str) -> Failure {
        let test_file = input::name(&self.test_file);
        Failure::usage(format!("{test_file} names the absolute path {}", shown(named)))
            .hint("paths are relative to the test file")
    }

    fn left_by(&self, named: &str) -> Failure {
        let test_file = input::name(&self.test_file);
        let (named, root) = (shown(named), input::name(&self.root));
        Failure::usage(format!("{test_file} names {named}, which is outside of {root}"))
            .hint("name a directory on the command line that holds both")
    }
}

/// A directory without links.
fn real(path: &Path) -> Result<PathBuf, Failure> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    fs::canonicalize(path).map_err(|error| input::unreadable(path, &error))
}

/// What a test file says, as messages have it.
fn shown(named: &str) -> String {
    format!("`{}`", plain(named))
}

/// The directory of a file, as the user calls it: nothing for a name alone.
fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or_else(|| Path::new(""))
}
