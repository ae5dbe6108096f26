//! The words of the language and what they mean (MAA documentation, "attestation policy", "policy version 1.2").

use crate::configuration::{REQUIRE_VALID_AIK_CERT, REQUIRED_PCR_MASK, TCB_IDENTIFIER};
use crate::program::{ActionKind, ClaimAction, Function, Property, SectionKind};

/// A name that the language gives a meaning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) name: &'static str,
    /// How it is written, or its type.
    pub(super) signature: &'static str,
    /// What it means, in sentences.
    pub(super) meaning: &'static str,
}

pub(super) const VERSION: Word = Word {
    name: "version",
    signature: "version=1.2;",
    meaning: "The version of the language. 1.1 adds `configurationrules`; 1.2 adds functions, negated conditions and \
              claims that hold JSON.",
};

pub(super) const CLAIM: Word = Word {
    name: "claim",
    signature: "claim=identifier",
    meaning: "Copies every claim that the identifier is bound to.",
};

pub(super) const fn section(kind: SectionKind) -> Word {
    let (signature, meaning) = match kind {
        SectionKind::Configuration => (
            "configurationrules { ... };",
            "Settings of the verification, made with `issueproperty`. They apply before anything is verified, so the \
             rules see no claims of the evidence. From version 1.1 on.",
        ),
        SectionKind::Authorization => (
            "authorizationrules { ... };",
            "Whether the evidence is accepted. All rules are evaluated in order: one `deny()` that fires refuses, \
             whatever else permits; without a `permit()` that fires the evidence is refused too.",
        ),
        SectionKind::Issuance => (
            "issuancerules { ... };",
            "What the token says. Runs only when the evidence is accepted.",
        ),
    };
    Word {
        name: kind.name(),
        signature,
        meaning,
    }
}

pub(super) const fn action(kind: ActionKind) -> Word {
    let (signature, meaning) = match kind {
        ActionKind::Permit => (
            "permit()",
            "Accepts the evidence, unless a `deny()` fires, before or after.",
        ),
        ActionKind::Deny => ("deny()", "Refuses the evidence, whatever permits it."),
        ActionKind::Claim(ClaimAction::Add) => (
            "add(type=\"...\", value=...)",
            "Adds a claim to the incoming claims, where later rules see it. It does not go into the token. A value \
             that stands for several makes one claim for each.",
        ),
        ActionKind::Claim(ClaimAction::Issue) => (
            "issue(type=\"...\", value=...)",
            "Adds a claim to the token, and to the incoming claims, where later rules see it. A value that stands for \
             several makes one claim for each; in the token they are an array.",
        ),
        ActionKind::Claim(ClaimAction::IssueProperty) => (
            "issueproperty(type=\"...\", value=...)",
            "In `configurationrules`, a setting of the verification; in `issuancerules`, a property of the token.",
        ),
    };
    Word {
        name: kind.name(),
        signature,
        meaning,
    }
}

pub(super) const fn property(property: Property) -> Word {
    let (signature, meaning) = match property {
        Property::Type => ("type: String", "The claim's name, compared byte for byte."),
        Property::Value => (
            "value: Boolean, Integer or String",
            "The claim's value. Integers can be ordered; values of different types never match.",
        ),
        Property::ValueType => (
            "valueType: String",
            "The type of the value: `\"Boolean\"`, `\"Integer\"` or `\"String\"`.",
        ),
        Property::Issuer => (
            "issuer: String",
            "Who states the claim: `\"AttestationService\"` from evidence, `\"AttestationPolicy\"` from this policy, \
             `\"CustomClaim\"` from the client, unverified.",
        ),
    };
    Word {
        name: property.name(),
        signature,
        meaning,
    }
}

pub(super) const fn function(function: Function) -> Word {
    let (signature, meaning) = match function {
        Function::JmesPath => (
            "JmesPath(json, query)",
            "Searches a JSON document with a JMESPath query and gives the result as JSON text; a string loses its \
             quotes. What is not found is `null`. From version 1.2 on.",
        ),
        Function::JsonToClaimValue => (
            "JsonToClaimValue(json)",
            "Turns JSON text into claim values: a number, a boolean or a string into one, an array of them into \
             several, `null` into none. From version 1.2 on.",
        ),
        Function::IsSubsetOf => (
            "IsSubsetOf(a, b)",
            "Whether every value of the first is among the values of the second; true when the first has none. From \
             version 1.2 on.",
        ),
        Function::AppendString => (
            "AppendString(first, second)",
            "The first text followed by the second. From version 1.2 on.",
        ),
        Function::NegateBool => (
            "NegateBool(boolean)",
            "`true` for `false` and `false` for `true`. From version 1.2 on.",
        ),
        Function::ContainsOnlyValue => (
            "ContainsOnlyValue(set, value)",
            "Whether the first has values and all of them equal the second. From version 1.2 on.",
        ),
    };
    Word {
        name: function.name(),
        signature,
        meaning,
    }
}

/// What `configurationrules` can set.
pub(super) const SETTINGS: [Word; 3] = [
    Word {
        name: TCB_IDENTIFIER,
        signature: "String",
        meaning: "The TCB baseline that SGX evidence is judged by; `azuredefault` unless it is set.",
    },
    Word {
        name: REQUIRE_VALID_AIK_CERT,
        signature: "Boolean",
        meaning: "Whether TPM evidence needs a valid certificate of its attestation key; true unless it is set.",
    },
    Word {
        name: REQUIRED_PCR_MASK,
        signature: "Integer",
        meaning: "The PCRs that a TPM quote has to cover: bit 0 for PCR 0, bit 1 for PCR 1 and so on; all 24 unless it \
                  is set.",
    },
];

/// What `issueproperty` can set in `issuancerules`.
pub(super) const TOKEN_PROPERTIES: [Word; 2] = [
    Word {
        name: "report_validity_in_minutes",
        signature: "Integer",
        meaning: "For how many minutes the token is valid, at most 525600; one day unless it is set.",
    },
    Word {
        name: "omit_x5c",
        signature: "Boolean",
        meaning: "Whether the token names its signing certificate by `x5t` instead of carrying it as `x5c`.",
    },
];
