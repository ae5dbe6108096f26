//! A decoded file as a tree: position, size, name, value.

use std::fmt::Write as _;

use attestry_evidence::inspect::Node;

use super::{BOLD, FAINT, NAME, cut, paint, plain};

/// Longest value shown unless everything is asked for; a line then fits a wide terminal.
const MAX_VALUE: usize = 64;

/// The tree as text, one field a line.
pub fn tree(root: &Node, full: bool) -> String {
    let mut text = format!("{}\n", paint(FAINT, "offset  bytes  field"));
    write_node(&mut text, root, "", "", full);
    text
}

/// `branch` draws the line to this node, `indent` the lines past it to the nodes below.
fn write_node(text: &mut String, node: &Node, branch: &str, indent: &str, full: bool) {
    let position = format!("{:06x}  {:>5}", node.offset, node.length);
    let name = if node.children.is_empty() {
        paint(NAME, plain(&node.name))
    } else {
        paint(BOLD, plain(&node.name))
    };
    let value = if full {
        plain(&node.value)
    } else {
        cut(&plain(&node.value), MAX_VALUE)
    };
    let separator = if value.is_empty() { "" } else { "  " };
    let _ = writeln!(
        text,
        "{}  {}{name}{separator}{value}",
        paint(FAINT, position),
        paint(FAINT, branch)
    );
    for (index, child) in node.children.iter().enumerate() {
        let last = index.saturating_add(1) == node.children.len();
        let (fork, rail) = if last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        write_node(
            text,
            child,
            &format!("{indent}{fork}"),
            &format!("{indent}{rail}"),
            full,
        );
    }
}
