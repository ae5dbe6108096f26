use super::*;

#[test]
fn a_jws_is_found_however_it_is_wrapped() {
    for body in [
        "a.b.c",
        "  a.b.c\r\n",
        "\"a.b.c\"",
        " \" a.b.c \" ",
        "\u{feff}a.b.c",
        r#"{"policyCertificateToAdd":"a.b.c"}"#,
        r#"{"POLICYCERTIFICATETOREMOVE":"a.b.c","other":1}"#,
        r#"{"token":"a.b.c"}"#,
        r#""a.\u0062.c""#,
    ] {
        assert_eq!(jws_in(body.as_bytes()).unwrap(), "a.b.c", "{body}");
    }
}

#[test]
fn what_is_no_jws_is_malformed() {
    let bodies: [&[u8]; 8] = [
        b"\"a.b.c",
        b"{\"token\":1}",
        b"{}",
        b"{\"token\":\"a.b.c\",\"policyCertificateToAdd\":\"d.e.f\"}",
        b"{\"token\":\"a.b.c\",\"token\":\"d.e.f\"}",
        b"{\"policy\":\"a.b.c\"}",
        b"\"a\" \"b\"",
        b"\xff",
    ];
    for body in bodies {
        let error = jws_in(body).unwrap_err().into_body().error;
        assert_eq!(error.code, "InvalidOperation");
        assert!(error.message.starts_with("Malformed JWT"), "{}", error.message);
    }
}
