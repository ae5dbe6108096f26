use super::*;

#[test]
fn pem_lines_have_64_columns() {
    assert_eq!(pem("X", &[0; 3]), "-----BEGIN X-----\nAAAA\n-----END X-----\n");
    let line = "A".repeat(64);
    assert_eq!(
        pem("X", &[0; 48]),
        format!("-----BEGIN X-----\n{line}\n-----END X-----\n")
    );
    assert_eq!(
        pem("X", &[0; 51]),
        format!("-----BEGIN X-----\n{line}\nAAAA\n-----END X-----\n")
    );
}
