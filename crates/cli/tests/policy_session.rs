//! The terminal session in `docs/policy-diagnostics.md` is what the program prints.

mod common;

use std::path::Path;

use common::attestry_in;

#[test]
fn the_session_in_the_documentation_is_true() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy-diagnostics.md");
    let page = std::fs::read_to_string(page).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut blocks = page.split("\n```");
    let mut before = blocks.next().unwrap();
    let mut sessions = 0;
    while let (Some(block), Some(after)) = (blocks.next(), blocks.next()) {
        let (kind, content) = block.split_once('\n').unwrap();
        match kind {
            "policy" => {
                let named = before
                    .trim_end()
                    .rsplit('`')
                    .nth(1)
                    .expect("the file's name stands before it");
                std::fs::write(directory.path().join(named), format!("{content}\n")).unwrap();
            }
            "console" => {
                let (command, printed) = content.split_once('\n').unwrap();
                let arguments: Vec<&str> = command.strip_prefix("$ attestry ").unwrap().split(' ').collect();
                let run = attestry_in(directory.path(), &arguments);
                assert_eq!(run.stdout.trim_end(), printed.trim_end(), "{command}");
                assert_eq!(
                    run.status,
                    i32::from(!printed.contains("\n0 errors")),
                    "{command}"
                );
                sessions += 1;
            }
            other => panic!("a block of kind `{other}`"),
        }
        before = after;
    }
    assert_eq!(sessions, 3);
}
