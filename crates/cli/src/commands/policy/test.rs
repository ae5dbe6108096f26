//! `attestry policy test`: finds test files, runs them, and says what differs and which rules no case reached.

mod discovery;
mod report;
mod tree;

use std::collections::BTreeMap;
use std::path::PathBuf;

use attestry_api::AttestationType;
use attestry_policy::testing::{
    Coverage, EvidenceClaims, EvidenceFiles, Report, SUITE_BYTES, Suite, run as run_suite,
};
use attestry_policy::{ClaimSet, Diagnostic, Limits};

use self::discovery::Found;
use self::tree::Tree;
use crate::appraisal::{Case, Options};
use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::Output;

/// Run the tests of policies
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry policy test
  attestry policy test policies/ --min-coverage 100
  attestry policy test policy.txt
  attestry policy test --json | jq '.policies[].percent'

The tests of policy.txt lie beside it in policy.test.toml:
  type = \"sgx-enclave\"

  [[case]]
  name = \"a debug enclave is refused\"
  claims = { x-ms-sgx-is-debuggable = true }
  expect = \"deny\"")]
pub struct Args {
    /// Test files, policies that have one, and directories to search for *.test.toml
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    /// Fail when the tests of a policy reach less than this part of its rules
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    min_coverage: Option<u8>,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    let files = discovery::test_files(&args.paths)?;
    if files.is_empty() {
        return Err(Failure::usage("no test files found")
            .hint("the tests of policy.txt lie beside it in policy.test.toml; `attestry policy test --help` shows one"));
    }
    let mut results = Vec::new();
    for file in files {
        results.push(TestFile::read(file)?.run());
    }
    let policies = coverage_by_policy(&results);
    let passed = results.iter().all(Tested::passed)
        && policies.values().all(|policy| {
            args.min_coverage
                .is_none_or(|minimum| policy.coverage.percent() >= minimum)
        });
    let document = report::document(passed, &results, &policies);
    output.answer(&document, || {
        report::text(passed, &results, &policies, args.min_coverage)
    })?;
    Ok(if passed {
        Verdict::Accepted
    } else {
        Verdict::Refused
    })
}

/// A test file and the policy that it is about, read.
struct TestFile {
    path: PathBuf,
    tree: Tree,
    suite: Suite,
    policy: PathBuf,
    policy_text: String,
}

/// What came of a test file.
struct Tested {
    path: PathBuf,
    policy: PathBuf,
    policy_text: String,
    /// The findings, when the policy does not compile.
    report: Result<Report, Vec<Diagnostic>>,
}

/// What all test files of one policy reach.
struct PolicyCoverage {
    shown: String,
    coverage: Coverage,
}

impl TestFile {
    fn read(file: Found) -> Result<Self, Failure> {
        let text = input::read_text(&file.path)?;
        let name = input::name(&file.path);
        if text.len() > SUITE_BYTES {
            return Err(Failure::usage(format!(
                "{name} is larger than {SUITE_BYTES} bytes"
            )));
        }
        let suite: Suite = toml::from_str(&text).map_err(|error| {
            Failure::usage(format!(
                "{name} is not a test file: {}",
                error.to_string().trim_end()
            ))
        })?;
        let policy = discovery::policy_of(&file, suite.policy.as_deref())?;
        // Told before anything is run: the test file is unusable, no case of it failed.
        for evidence in suite.cases.iter().filter_map(|case| case.evidence.as_ref()) {
            for named in names(evidence) {
                file.tree.file(named)?;
            }
        }
        Ok(Self {
            path: file.path,
            tree: file.tree,
            suite,
            policy_text: input::read_text(&policy)?,
            policy,
        })
    }

    fn run(self) -> Tested {
        let evidence = FilesBeside {
            tree: &self.tree,
            kind: self.suite.subject.and_then(|subject| subject.name().parse().ok()),
        };
        let report = run_suite(&self.policy_text, &self.suite, &Limits::default(), &evidence);
        Tested {
            path: self.path,
            policy: self.policy,
            policy_text: self.policy_text,
            report,
        }
    }
}

impl Tested {
    fn passed(&self) -> bool {
        self.report.as_ref().is_ok_and(Report::passed)
    }
}

/// Several test files may be about one policy: together they count.
fn coverage_by_policy(results: &[Tested]) -> BTreeMap<PathBuf, PolicyCoverage> {
    let mut policies: BTreeMap<PathBuf, PolicyCoverage> = BTreeMap::new();
    for result in results {
        let Ok(report) = &result.report else { continue };
        let key = std::fs::canonicalize(&result.policy).unwrap_or_else(|_| result.policy.clone());
        policies
            .entry(key)
            .and_modify(|policy| policy.coverage.add(&report.coverage))
            .or_insert_with(|| PolicyCoverage {
                shown: result.policy.display().to_string(),
                coverage: report.coverage.clone(),
            });
    }
    policies
}

/// Evidence in files whose paths are relative to the test file.
struct FilesBeside<'t> {
    tree: &'t Tree,
    kind: Option<AttestationType>,
}

impl FilesBeside<'_> {
    fn options(&self, files: &EvidenceFiles) -> Result<Options, String> {
        let beside = |file: &Option<String>| file.as_deref().map(|file| self.file(file)).transpose();
        Ok(Options {
            collateral: beside(&files.collateral)?,
            bundle_key: beside(&files.bundle_key)?,
            root: files
                .root
                .iter()
                .map(|file| self.file(file))
                .collect::<Result<_, _>>()?,
            at: files.at.as_deref().map(input::time).transpose()?,
            runtime_data: beside(&files.runtime_data)?,
            init_time_data: beside(&files.init_time_data)?,
            ..Options::default()
        })
    }

    fn file(&self, named: &str) -> Result<PathBuf, String> {
        self.tree.file(named).map_err(|failure| failure.to_string())
    }
}

impl EvidenceClaims for FilesBeside<'_> {
    fn claims(&self, evidence: &EvidenceFiles) -> Result<ClaimSet, String> {
        let (Some(kind), Some(file)) = (self.kind, &evidence.file) else {
            return Err("the test file does not say what its evidence is".to_owned());
        };
        let options = self.options(evidence)?;
        let case = Case::read(kind, &self.file(file)?, &options).map_err(|failure| failure.to_string())?;
        match case.judge() {
            Ok(appraised) => Ok(appraised.policy_claims()),
            Err(judgement) => {
                let explanation = judgement.explain(kind).map_err(|failure| failure.to_string())?;
                let message = explanation.get("message").and_then(serde_json::Value::as_str);
                Err(message.unwrap_or("the evidence is rejected").to_owned())
            }
        }
    }
}

/// The files that evidence names.
fn names(evidence: &EvidenceFiles) -> impl Iterator<Item = &String> {
    [
        &evidence.file,
        &evidence.collateral,
        &evidence.bundle_key,
        &evidence.runtime_data,
        &evidence.init_time_data,
    ]
    .into_iter()
    .flatten()
    .chain(&evidence.root)
}
