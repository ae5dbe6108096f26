use super::*;

fn caller(grants: Vec<Grant>) -> Principal {
    Principal {
        issuer: "https://login.example".to_owned(),
        subject: "somebody".to_owned(),
        object_id: None,
        application_id: None,
        display_name: None,
        tenant_id: None,
        grants,
    }
}

const TARGET: Target<'_> = Target {
    provider: Some("tenant1"),
    subscription: Some("S"),
    resource_group: Some("G"),
    owner: None,
};

fn may(role: Role, scope: Scope, operation: Operation) -> bool {
    let caller = caller(vec![Grant { role, scope }]);
    authorize(&caller, operation, &TARGET).is_ok()
}

#[test]
fn each_role_may_do_what_the_table_says() {
    use Operation as Op;
    let table = [
        //                     reader contributor owner operator
        (Op::ReadPolicies, [true, true, true, true]),
        (Op::WritePolicies, [false, true, true, false]),
        (Op::DeletePolicies, [false, true, true, false]),
        (Op::Attest, [true, true, true, false]),
        (Op::ReadProvider, [true, false, true, true]),
        (Op::WriteProvider, [false, false, true, true]),
        (Op::DeleteProvider, [false, false, true, true]),
        (Op::Operate, [false, false, false, true]),
    ];
    for (operation, allowed) in table {
        for (role, allowed) in Role::ALL.into_iter().zip(allowed) {
            assert_eq!(
                may(role, Scope::Everything, operation),
                allowed,
                "{role:?} {operation:?}"
            );
        }
        assert!(authorize(&caller(Vec::new()), operation, &TARGET).is_err());
    }
}

#[test]
fn a_role_counts_in_its_scope_only() {
    let group = |subscription: &str, group: &str| Scope::ResourceGroup {
        subscription: subscription.to_owned(),
        group: group.to_owned(),
    };
    for (scope, expected) in [
        (Scope::Everything, true),
        (Scope::Provider("TENANT1".to_owned()), true),
        (Scope::Provider("tenant2".to_owned()), false),
        (Scope::Provider("tenant".to_owned()), false),
        (Scope::Subscription("s".to_owned()), true),
        (Scope::Subscription("T".to_owned()), false),
        (group("S", "g"), true),
        (group("S", "H"), false),
        (group("T", "G"), false),
    ] {
        assert_eq!(
            may(Role::Reader, scope.clone(), Operation::ReadPolicies),
            expected,
            "{scope:?}"
        );
    }
    // A provider of no subscription is in none, and the service as a whole is no provider.
    let caller = caller(vec![Grant {
        role: Role::Operator,
        scope: Scope::Subscription(String::new()),
    }]);
    assert!(authorize(&caller, Operation::Operate, &Target::default()).is_err());
}

#[test]
fn whoever_a_provider_belongs_to_owns_it() {
    let caller = caller(Vec::new());
    let id = caller.id();
    let target = Target {
        owner: Some(&id),
        ..TARGET
    };
    assert!(authorize(&caller, Operation::DeleteProvider, &target).is_ok());
    assert!(authorize(&caller, Operation::WritePolicies, &target).is_ok());
    assert!(authorize(&caller, Operation::Operate, &target).is_err());
    let target = Target {
        owner: Some("https://login.example#somebody else"),
        ..TARGET
    };
    assert!(authorize(&caller, Operation::ReadProvider, &target).is_err());
}

#[test]
fn a_refusal_names_the_caller_the_operation_and_the_roles() {
    let denied = authorize(&caller(Vec::new()), Operation::WritePolicies, &TARGET).unwrap_err();
    assert_eq!(
        denied.to_string(),
        "`https://login.example#somebody` may not do `Microsoft.Attestation/attestationProviders/attestation/write` here; one of these roles is needed: contributor, owner"
    );
}
