//! `attestry policy test` and `attestry policy fmt` over files.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Forged, attestry_fed, attestry_in};
use serde_json::json;

const POLICY: &str = r#"version=1.0;
authorizationrules {
    [type=="x-ms-sgx-is-debuggable", value==true] => deny();
    [type=="x-ms-sgx-svn", value>=2] => permit();
};
issuancerules {
    c:[type=="x-ms-sgx-svn"] => issue(type="svn", value=c.value);
};
"#;

const TESTS: &str = r#"type = "sgx-enclave"

[claims]
x-ms-sgx-is-debuggable = false
x-ms-sgx-svn = 2

[[case]]
name = "a current release build"
expect = "permit"
issued-exactly = { svn = 2 }

[[case]]
name = "an old build"
claims = { x-ms-sgx-svn = 1 }
expect = "deny"
denied-by = { line = 4 }
"#;

const DEBUG: &str = r#"
[[case]]
name = "a debug build"
claims = { x-ms-sgx-is-debuggable = true }
expect = "deny"
denied-by = { rule = 1 }
"#;

fn with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

#[test]
fn passing_tests_say_which_rules_no_case_reached() {
    let directory = with(&[("policy.txt", POLICY), ("policy.test.toml", TESTS)]);
    let text = attestry_in(directory.path(), &["policy", "test"]).exits(0).stdout;
    insta::assert_snapshot!("policy-test-passed", text);

    attestry_in(directory.path(), &["policy", "test", "--min-coverage", "66"]).exits(0);
    let low = attestry_in(directory.path(), &["policy", "test", "--min-coverage", "67"]).exits(1);
    assert!(low.stdout.contains("67% are asked for"), "{}", low.stdout);
    fs::write(
        directory.path().join("policy.test.toml"),
        format!("{TESTS}{DEBUG}"),
    )
    .unwrap();
    attestry_in(directory.path(), &["policy", "test", "--min-coverage", "100"]).exits(0);
}

#[test]
fn failing_cases_show_expected_and_found() {
    let wrong = TESTS
        .replace("svn = 2 }", "svn = 3 }")
        .replace("line = 4", "line = 3");
    let directory = with(&[("policy.txt", POLICY), ("policy.test.toml", &wrong)]);
    let text = attestry_in(directory.path(), &["policy", "test"]).exits(1).stdout;
    insta::assert_snapshot!("policy-test-failed", text);

    let json = attestry_in(directory.path(), &["policy", "test", "--json"])
        .exits(1)
        .json();
    assert_eq!(json["passed"], false);
    let cases = &json["files"][0]["cases"];
    assert_eq!(cases[0]["differences"][0]["code"], "values");
    assert_eq!(cases[1]["differences"][0]["code"], "denial-line");
    assert_eq!(json["policies"][0]["percent"], 66);
    let rule = json!({
        "section": "authorizationrules", "number": 1, "line": 3, "action": "deny", "evaluated": 2, "fired": 0,
        "conditions": [{"line": 3, "column": 5, "held": 0, "failed": 2}],
    });
    assert_eq!(json["policies"][0]["rules"][0], rule);
}

#[test]
fn test_files_are_found_by_directory_policy_and_name() {
    let named = TESTS.replace("type = ", "policy = \"../a.txt\"\ntype = ");
    let directory = with(&[
        ("a.txt", POLICY),
        ("a.test.toml", TESTS),
        ("deep/er/b.policy", POLICY),
        ("deep/er/b.test.toml", TESTS),
        ("deep/more.toml", &named),
        (".hidden/c.test.toml", "wrong"),
    ]);
    let files = |args: &[&str]| -> Vec<String> {
        let args = [&["policy", "test", "--json"], args].concat();
        let json = attestry_in(directory.path(), &args).exits(0).json();
        let files = json["files"].as_array().unwrap().iter();
        files
            .map(|file| file["file"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(files(&[]), ["a.test.toml", "deep/er/b.test.toml"]);
    assert_eq!(files(&["deep", "deep/er"]), ["deep/er/b.test.toml"]);
    assert_eq!(
        files(&["a.txt", "deep/more.toml"]),
        ["a.test.toml", "deep/more.toml"]
    );
    // Two files about one policy count together.
    fs::write(directory.path().join("deep/more.toml"), format!("{named}{DEBUG}")).unwrap();
    let args = ["policy", "test", "a.txt", "deep/more.toml", "--json"];
    let json = attestry_in(directory.path(), &args).exits(0).json();
    assert_eq!(json["policies"].as_array().unwrap().len(), 1);
    assert_eq!(json["policies"][0]["percent"], 100);
}

#[test]
fn unusable_test_files_are_wrong_usage() {
    let directory = with(&[
        ("policy.txt", POLICY),
        ("wrong.test.toml", "[[case]]\nname = 'a'\nexpect = 'maybe'\n"),
        ("alone.test.toml", TESTS),
        ("empty/policy.txt", POLICY),
    ]);
    for (args, told) in [
        (&["empty"][..], "no test files found"),
        (&["empty/policy.txt"], "has no tests"),
        (&["missing"], "no such file"),
        (&["wrong.test.toml"], "unknown variant `maybe`"),
        (&["alone.test.toml"], "there is no policy"),
        (&["empty", "--min-coverage", "101"], "101"),
    ] {
        let refused = attestry_in(directory.path(), &[&["policy", "test"], args].concat()).exits(2);
        assert!(refused.stderr.contains(told), "{args:?}: {}", refused.stderr);
    }
}

/// A test file in `tree/deep`, a policy beside it and one above, and outside of `tree` what is not its business.
struct Reach {
    directory: tempfile::TempDir,
}

impl Reach {
    fn new() -> Self {
        let directory = with(&[
            ("secret", "a secret"),
            ("tree/policy.txt", POLICY),
            ("tree/deep/policy.txt", POLICY),
        ]);
        Self { directory }
    }

    fn secret(&self) -> String {
        self.directory.path().join("secret").display().to_string()
    }

    fn test_file(&self) -> PathBuf {
        self.directory.path().join("tree/deep/a.test.toml")
    }

    fn test(&self, tests: &str, args: &[&str]) -> common::Run {
        fs::write(self.test_file(), tests).unwrap();
        attestry_in(self.directory.path(), &[&["policy", "test"], args].concat())
    }

    fn is_refused(&self, tests: &str, args: &[&str], told: &str) {
        let run = self.test(tests, args).exits(2);
        assert!(run.stderr.contains(told), "{tests}: {}", run.stderr);
        assert!(!run.stderr.contains("a secret"), "{}", run.stderr);
    }
}

fn naming(policy: &str) -> String {
    format!("policy = \"{policy}\"\n{TESTS}")
}

/// What they name is shown in messages, and they may come from anywhere.
#[test]
fn test_files_reach_no_further_than_the_command_line() {
    let reach = Reach::new();
    for args in [&["tree"][..], &["tree/deep/a.test.toml"], &[]] {
        reach.is_refused(&naming(&reach.secret()), args, "names the absolute path");
        reach.is_refused(&naming("../../../secret"), args, "which is outside of");
        reach.test(&naming("../policy.txt"), args).exits(0);
        reach.test(&naming("./policy.txt"), args).exits(0);
    }
    let told = "names `../../secret`, which is outside of";
    reach.is_refused(&naming("../../secret"), &["tree"], told);
    reach.is_refused(&naming("../policy.txt"), &["tree/deep"], "which is outside of");
    reach
        .test(&naming("../policy.txt"), &["tree/deep", "tree"])
        .exits(0);
    reach.is_refused(&naming("-"), &["tree"], "no such file");
    // Elsewhere, a test file that is named reaches its own directory.
    let elsewhere = tempfile::tempdir().unwrap();
    let file = reach.test_file();
    for (policy, status) in [("policy.txt", 0), ("../policy.txt", 2)] {
        fs::write(&file, naming(policy)).unwrap();
        attestry_in(elsewhere.path(), &["policy", "test", file.to_str().unwrap()]).exits(status);
    }
}

#[test]
fn evidence_is_read_within_the_same_reach() {
    let reach = Reach::new();
    let case = |evidence: &str| {
        let tests = naming("policy.txt");
        format!("{tests}\n[[case]]\nname = \"b\"\nevidence = {{ {evidence} }}\nexpect = \"deny\"\n")
    };
    for (path, told) in [
        (reach.secret().as_str(), "names the absolute path"),
        ("../../secret", "which is outside of"),
    ] {
        reach.is_refused(&case(&format!("file = \"{path}\"")), &["tree"], told);
        for key in ["collateral", "bundle-key", "runtime-data", "init-time-data"] {
            let evidence = format!("file = \"quote.bin\", {key} = \"{path}\"");
            reach.is_refused(&case(&evidence), &["tree"], told);
        }
        let evidence = format!("file = \"quote.bin\", root = [\"{path}\"]");
        reach.is_refused(&case(&evidence), &["tree"], told);
    }
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_test_files_elsewhere() {
    use std::os::unix::fs::symlink;

    let directory = with(&[
        ("secret", "a secret"),
        ("tree/real.txt", POLICY),
        ("tree/a.test.toml", TESTS),
    ]);
    let tree = directory.path().join("tree");
    symlink("real.txt", tree.join("a.txt")).unwrap();
    attestry_in(directory.path(), &["policy", "test", "tree"]).exits(0);
    let refused = |told: &str| {
        let run = attestry_in(directory.path(), &["policy", "test", "tree"]).exits(2);
        assert!(run.stderr.contains(told), "{}", run.stderr);
        assert!(!run.stderr.contains("a secret"), "{}", run.stderr);
    };
    fs::remove_file(tree.join("a.txt")).unwrap();
    symlink("../secret", tree.join("a.txt")).unwrap();
    refused("names `a.txt`, which is outside of");
    fs::remove_file(tree.join("a.test.toml")).unwrap();
    symlink("../secret", tree.join("a.test.toml")).unwrap();
    refused("`tree/a.test.toml` is a link to another place");
}

#[test]
fn a_policy_that_does_not_compile_fails_its_tests() {
    let directory = with(&[
        ("policy.txt", "version=1.0; authorizationrules { => premit(); };"),
        ("policy.test.toml", TESTS),
    ]);
    let text = attestry_in(directory.path(), &["policy", "test"]).exits(1).stdout;
    assert!(text.contains("did you mean `permit`?"), "{text}");
    let json = attestry_in(directory.path(), &["policy", "test", "--json"])
        .exits(1)
        .json();
    assert_eq!(json["files"][0]["diagnostics"][0]["severity"], "error");
    assert_eq!(json["passed"], false);
}

#[test]
fn evidence_beside_a_test_file_is_verified() {
    let forged = Forged::new();
    forged.write("policy.txt", POLICY.replace("value>=2", "value>=0").as_bytes());
    let tests = r#"type = "sgx-enclave"
evidence = { collateral = "sgx-collateral.json", root = ["root.pem"] }

[[case]]
name = "the quote"
evidence = { file = "quote.bin", runtime-data = "runtime.json" }
expect = "permit"

[[case]]
name = "the same in debug mode"
evidence = { file = "quote.bin" }
claims = { x-ms-sgx-is-debuggable = true }
expect = "deny"
"#;
    forged.write("policy.test.toml", tests.as_bytes());
    forged
        .attestry(&["policy", "test", "--min-coverage", "100"])
        .exits(0);

    forged.write(
        "policy.test.toml",
        tests
            .replace("runtime-data = \"runtime.json\"", "at = \"1\"")
            .as_bytes(),
    );
    let text = forged.attestry(&["policy", "test"]).exits(1).stdout;
    assert!(text.contains("the evidence gives no claims: "), "{text}");
}

fn format(directory: &Path, more: &[&str]) -> common::Run {
    attestry_in(directory, &[&["policy", "fmt"], more].concat())
}

#[test]
fn formatting_rewrites_only_what_changes() {
    let untidy = "version=1.0;authorizationrules{=>permit();}; // note\n";
    let directory = with(&[("a.txt", untidy), ("b.txt", untidy)]);
    let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
    let checked = format(directory.path(), &["--check", "a.txt", "b.txt"]).exits(1);
    assert_eq!(checked.stdout, "would change: a.txt\nwould change: b.txt\n");
    assert_eq!(read("a.txt"), untidy);

    assert_eq!(
        format(directory.path(), &["a.txt"]).exits(0).stdout,
        "formatted: a.txt\n"
    );
    let tidy = read("a.txt");
    assert!(tidy != untidy && tidy.contains("// note"), "{tidy}");
    assert_eq!(
        format(directory.path(), &["--check", "a.txt"]).exits(0).stdout,
        ""
    );
    let args = ["policy", "fmt", "-"];
    assert_eq!(
        attestry_fed(directory.path(), &args, untidy.as_bytes())
            .exits(0)
            .stdout,
        tidy
    );
    let json = format(directory.path(), &["--json", "--check", "a.txt", "b.txt"])
        .exits(1)
        .json();
    assert_eq!(
        json["files"],
        json!([{"file": "a.txt", "changed": false}, {"file": "b.txt", "changed": true}])
    );
}

#[test]
fn a_broken_policy_is_left_alone_and_told_of() {
    let broken = "version=1.0; authorizationrules { => permit() };";
    let directory = with(&[("broken.txt", broken)]);
    let refused = format(directory.path(), &["broken.txt"]).exits(1);
    assert!(refused.stderr.contains("unexpected-symbol"), "{}", refused.stderr);
    assert_eq!(
        fs::read_to_string(directory.path().join("broken.txt")).unwrap(),
        broken
    );
    let json = format(directory.path(), &["--json", "broken.txt"])
        .exits(1)
        .json();
    assert_eq!(json["diagnostics"][0]["code"], "unexpected-symbol");
    format(directory.path(), &["missing.txt"]).exits(2);
}

#[cfg(unix)]
#[test]
fn formatting_keeps_permissions_and_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let directory = with(&[("real/a.txt", "version=1.0;authorizationrules{=>permit();};\n")]);
    let real = directory.path().join("real/a.txt");
    let link = directory.path().join("link.txt");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real/a.txt", &link).unwrap();
    format(directory.path(), &["link.txt"]).exits(0);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::read_to_string(&real).unwrap().starts_with("version=1.0;\n"));
    assert_eq!(
        fs::read_dir(directory.path().join("real")).unwrap().count(),
        1,
        "nothing is left behind"
    );
}

/// The fenced blocks of a kind in the guide, in order.
fn guide(kind: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/policy-testing.md");
    let guide = fs::read_to_string(path).unwrap();
    let fence = format!("```{kind}\n");
    let blocks = guide.split(&fence).skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_guide_shows_what_happens() {
    let (policy, tests, sessions) = (&guide("policy")[0], guide("toml"), guide("console"));
    let directory = with(&[("policy.txt", policy), ("policy.test.toml", &tests[0])]);
    let printed = |session: &str| session.split_once('\n').unwrap().1.to_owned();
    let tested = attestry_in(directory.path(), &["policy", "test"]).exits(0);
    assert_eq!(tested.stdout, printed(&sessions[0]));

    let claims = sessions[1].split('\'').nth(1).unwrap();
    let args = ["policy", "eval", "policy.txt", "--claims", "-"];
    let evaluated = attestry_fed(directory.path(), &args, claims.as_bytes()).exits(1);
    assert_eq!(evaluated.stdout, printed(&sessions[1]));

    fs::write(
        directory.path().join("policy.test.toml"),
        format!("{}{}", tests[0], tests[1]),
    )
    .unwrap();
    attestry_in(directory.path(), &["policy", "test", "--min-coverage", "100"]).exits(0);
    // The other examples are read as they are; one starts from the file's claims.
    fs::write(directory.path().join("policy.test.toml"), &tests[2]).unwrap();
    let json = attestry_in(directory.path(), &["policy", "test", "--json"])
        .exits(1)
        .json();
    assert_eq!(json["files"][0]["cases"][0]["name"], "secure boot is on");
    fs::write(directory.path().join("policy.test.toml"), &tests[3]).unwrap();
    let json = attestry_in(directory.path(), &["policy", "test", "--json"])
        .exits(1)
        .json();
    assert_eq!(json["files"][0]["cases"][0]["differences"][0]["code"], "evidence");
}
