//! `--help` of every command, as people read it. Every command must show an example.

mod common;

use common::attestry;

const COMMANDS: &[&str] = &[
    "",
    "demo",
    "serve",
    "attest",
    "verify",
    "inspect",
    "token",
    "token inspect",
    "token verify",
    "policy",
    "policy check",
    "policy fmt",
    "policy eval",
    "policy test",
    "policy hash",
    "policy lsp",
    "policy show",
    "policy set",
    "policy reset",
    "policy sign",
    "policy history",
    "policy diff",
    "policy rollback",
    "signer",
    "signer list",
    "signer add",
    "signer remove",
    "change",
    "change list",
    "change approve",
    "change reject",
    "provider",
    "provider create",
    "provider list",
    "provider show",
    "provider update",
    "provider delete",
    "provider list-default",
    "provider list-deleted",
    "provider restore",
    "provider protect",
    "provider unprotect",
    "provider settings",
    "collateral",
    "collateral fetch",
    "collateral import",
    "collateral export",
    "collateral status",
    "reference",
    "reference check",
    "reference sign",
    "reference show",
    "reference import",
    "reference match",
    "forge",
    "forge sgx-quote",
    "forge oe-report",
    "forge oe-evidence",
    "forge tdx-quote",
    "forge collateral",
    "forge root",
    "forge snp-report",
    "forge snp-evidence",
    "forge amd-certificates",
    "forge hcl-report",
    "forge uvm-endorsement",
    "forge windows-events",
    "forge fields",
    "forge collateral-server",
    "config",
    "config check",
    "completions",
    "man",
];

#[test]
fn every_command_explains_itself_with_an_example() {
    for command in COMMANDS {
        let mut args: Vec<&str> = command.split_whitespace().collect();
        args.push("--help");
        let help = attestry(&args).exits(0).stdout;
        assert!(
            help.contains("Examples:") || help.contains("Start here:"),
            "`{command}` shows no example:\n{help}"
        );
        for line in help.lines() {
            assert!(
                line.chars().count() <= 100,
                "`{command}`: longer than a terminal: {line}"
            );
        }
        insta::assert_snapshot!(
            format!("help-{}", if command.is_empty() { "attestry" } else { command }),
            help
        );
    }
}

#[test]
fn wrong_usage_exits_2_and_names_the_mistake() {
    let unknown = attestry(&["verfy"]).exits(2);
    assert!(
        unknown.stderr.contains("verify"),
        "suggests the nearest command: {}",
        unknown.stderr
    );
    assert!(unknown.stdout.is_empty());

    let kind = attestry(&["verify", "--type", "sgx", "quote.bin"]).exits(2);
    assert!(kind.stderr.contains("sgx-enclave"), "{}", kind.stderr);

    attestry(&["serve"]).exits(2);
    attestry(&[]).exits(2);
}
