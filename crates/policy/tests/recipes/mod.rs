//! The policies of the cookbook with their test files, for the tests that hold them to account.

use std::path::{Path, PathBuf};

use attestry_policy::testing::Suite;

/// A policy of the cookbook.
pub struct Recipe {
    /// Its path below the cookbook without extensions, such as `tpm/known-pcrs`.
    pub name: String,
    pub text: String,
    pub suite: Suite,
}

/// All of them, by name.
pub fn recipes() -> Vec<Recipe> {
    let root = root();
    let mut paths = Vec::new();
    search(&root, &mut paths);
    let mut recipes: Vec<Recipe> = paths.iter().map(|path| Recipe::read(&root, path)).collect();
    recipes.sort_by(|left, right| left.name.cmp(&right.name));
    recipes
}

/// The cookbook's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cookbook")
}

impl Recipe {
    fn read(root: &Path, path: &Path) -> Self {
        let name = path
            .strip_prefix(root)
            .expect("the path was found there")
            .to_string_lossy();
        let name = name.trim_end_matches(POLICY).replace('\\', "/");
        let tests = root.join(format!("{name}{TESTS}"));
        let suite = std::fs::read_to_string(&tests).unwrap_or_else(|error| panic!("{name}{TESTS}: {error}"));
        let suite = toml::from_str(&suite).unwrap_or_else(|error| panic!("{name}{TESTS}: {error}"));
        Self {
            text: std::fs::read_to_string(path).expect("the policy can be read"),
            suite,
            name,
        }
    }
}

fn search(directory: &Path, policies: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("the cookbook can be read") {
        let path = entry.expect("the cookbook can be read").path();
        if path.is_dir() {
            search(&path, policies);
        } else if path.to_string_lossy().ends_with(POLICY) {
            policies.push(path);
        }
    }
}

const POLICY: &str = ".policy.txt";
const TESTS: &str = ".policy.test.toml";
