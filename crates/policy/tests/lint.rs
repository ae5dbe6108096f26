//! The pages about findings: their examples do what they say, and every finding has its place.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use attestry_policy::catalog::Subject;
use attestry_policy::lint::{CODES, lint};
use attestry_policy::{Diagnostic, format};
use proptest::prelude::*;

#[test]
fn every_page_has_an_example_and_its_correction() {
    for (code, page) in pages() {
        let examples = examples(&page);
        let [(wrong, subject), (corrected, same)] = examples.as_slice() else {
            panic!("{code}: {} examples", examples.len());
        };
        assert_eq!(subject, same, "{code}");
        let found = lint(wrong, Some(*subject));
        let codes: BTreeSet<&str> = found.iter().map(|finding| finding.code).collect();
        assert!(codes.contains(code.as_str()), "{code}: {}", shown(&found, wrong));
        for other in codes {
            assert!(
                other == code || page.contains(&format!("[`{other}`]({other}.md)")),
                "{code}: {}",
                shown(&found, wrong)
            );
        }
        let found = lint(corrected, Some(*subject));
        assert!(found.is_empty(), "{code}: {}", shown(&found, corrected));
        assert_eq!(format(corrected).as_deref(), Ok(corrected.as_str()), "{code}");
    }
}

#[test]
fn every_lint_has_a_page_and_every_page_a_finding() {
    let pages: BTreeSet<String> = pages().into_keys().collect();
    for code in CODES {
        assert!(pages.contains(code), "`{code}` has no page");
    }
    let codes = codes_in_source();
    for page in pages {
        assert!(codes.contains(&page), "there is no finding `{page}`");
    }
}

#[test]
fn the_table_has_every_finding_once() {
    let table = std::fs::read_to_string(directory().join("README.md")).unwrap();
    let mut listed: Vec<String> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .filter_map(|row| row.split('`').nth(1).filter(|_| row.starts_with(['`', '['])))
        .map(str::to_owned)
        .collect();
    listed.sort();
    let codes: Vec<String> = codes_in_source().into_iter().collect();
    assert_eq!(listed, codes);
    for code in pages().into_keys() {
        assert!(
            table.contains(&format!("[`{code}`]({code}.md)")),
            "{code}: no link"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    /// Whatever the text is, every finding has a place in it and is one line for people.
    #[test]
    fn any_text_is_linted(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40), subject in subject()) {
        let text = format!("version=1.2;authorizationrules{{{}}};", pieces.concat());
        for finding in lint(&text, subject) {
            let (start, end) = (finding.span.start as usize, finding.span.end as usize);
            prop_assert!(text.get(start..end).is_some(), "{finding:?}");
            prop_assert!(!finding.message.contains('\n') && !finding.message.ends_with('.'), "{finding:?}");
            prop_assert!(finding.render("policy", &text).contains('^'));
        }
    }
}

fn subject() -> impl Strategy<Value = Option<Subject>> {
    prop::option::of(prop::sample::select(&Subject::ALL[..]))
}

/// Parts of rules, and what may stand between them.
const PIECES: &[&str] = &[
    "[type==\"x-ms-sgx-is-debuggable\", value==false]",
    "[type==\"pcrs\"]",
    "c:[type==\"events\", issuer==\"AttestationService\"]",
    "d:[value==1, value!=c.value, type!=\"é\"]",
    "[type==\"a\", value<5, value>3, value!=4]",
    "[issuer==\"CustomClaim\", valueType==\"Integer\"]",
    "!",
    "&&",
    "=> permit();",
    "=> deny();",
    "=> add(type=\"a\", value=JmesPath(c.value, \"events[?é == '1' || null == `1`\"));",
    "=> add(type=c.type, value=true);",
    "=> add(claim=c);",
    "=> add(type=\"a\", value=AppendString(c.value, \"'\\\\'\"));",
    "// é[a] => permit()\n",
    "// [a] &&\n",
    "\n",
    "};issuancerules{",
    "=> issue(type=\"exp\", value=1);",
    "=> issue(claim=c);",
    "\"",
    "[",
];

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/lints")
}

/// The pages by the code they are about, which is their name and title.
fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    for path in std::fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        let code = path.file_stem().unwrap().to_string_lossy().into_owned();
        if code != "README" {
            let page = std::fs::read_to_string(&path).unwrap();
            assert!(page.starts_with(&format!("# `{code}`\n")), "{code}: title");
            pages.insert(code, page);
        }
    }
    pages
}

/// The policies of a page with the attestation type that they are for.
fn examples(page: &str) -> Vec<(String, Subject)> {
    page.split("```policy ")
        .skip(1)
        .map(|block| {
            let (subject, rest) = block.split_once('\n').unwrap();
            let (policy, _) = rest.split_once("```").expect("the block is closed");
            (policy.to_owned(), subject.parse().unwrap())
        })
        .collect()
}

/// The codes that the stages of compiling and the lints report, from their source.
fn codes_in_source() -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = ["lexer.rs", "parser/error.rs", "check/error.rs", "lint/finding.rs"];
    files
        .map(|file| std::fs::read_to_string(source.join(file)).unwrap())
        .iter()
        .flat_map(|text| text.split("fn code(&self) -> &'static str {").skip(1))
        .filter_map(|function| function.split("\n    }\n").next())
        .flat_map(|body| body.split('"').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

fn shown(findings: &[Diagnostic], text: &str) -> String {
    findings
        .iter()
        .map(|finding| finding.render("policy", text))
        .collect()
}
