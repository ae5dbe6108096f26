//! `docs/limits.md` says what the source says.
#![cfg(test)]

use std::path::Path;

#[test]
fn every_limit_on_the_page_has_that_value_in_its_file() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(workspace.join("docs/limits.md")).unwrap();
    let mut rows = 0;
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [_, name, file, value, why, _] = cells[..] else {
            panic!("a row of four cells: {row}")
        };
        let source = std::fs::read_to_string(workspace.join(file)).unwrap();
        let declared = source.lines().any(|line| {
            line.contains(&format!("const {name}: ")) && line.trim_end().ends_with(&format!("= {value};"))
        });
        assert!(declared, "`{file}` does not declare `{name}` as `{value}`");
        assert!(!why.is_empty(), "`{name}` without a reason");
        rows += 1;
    }
    assert!(rows > 20, "the page lists {rows} limits");
}
