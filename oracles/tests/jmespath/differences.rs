//! Where the other engine is known to differ, and why ours is right.

use attestry_policy::jmespath::QueryProblem;

use crate::Case;

/// A kind of difference.
struct Difference {
    name: &'static str,
    holds: fn(&Case) -> bool,
}

pub(crate) const NAMES: [&str; TABLE.len()] = {
    let mut names = [""; TABLE.len()];
    let mut row = 0;
    while row < names.len() {
        names[row] = TABLE[row].name;
        row += 1;
    }
    names
};

const TABLE: [Difference; 5] = [
    // It looks up functions, counts arguments and checks slices when they are reached, we at once: what
    // depends on the query alone is found when a policy is uploaded.
    Difference {
        name: "checked when compiled",
        holds: |case| {
            let checked = matches!(
                case.refusal,
                Some(
                    QueryProblem::UnknownFunction { .. }
                        | QueryProblem::Arity { .. }
                        | QueryProblem::ArgumentForm { .. }
                        | QueryProblem::ZeroStep
                )
            );
            checked && case.theirs.is_ok()
        },
    },
    // It calculates with floating-point numbers throughout, so that the text of 2 becomes `2.0`. The
    // specification's `ceil` and `floor` give integers.
    Difference {
        name: "integers stay integers",
        holds: |case| {
            let calculates = ["abs(", "ceil(", "floor(", "sum("];
            let both = case.ours.is_ok() && case.theirs.is_ok();
            both && case.query.contains("to_string(")
                && calculates.iter().any(|call| case.query.contains(call))
        },
    },
    // It divides 0 by 0 and fails; the specification has null.
    Difference {
        name: "average of nothing",
        holds: |case| case.query.contains("avg(") && case.ours.is_ok() && case.theirs == Err("syntax"),
    },
    // It takes lists without commas between elements and with one after the last; the grammar does not.
    Difference {
        name: "commas",
        holds: |case| match &case.refusal {
            Some(QueryProblem::Unexpected { found, expected }) => {
                let after_comma = *expected == "an expression" && matches!(found.as_str(), ")" | "]");
                case.theirs.is_ok() && (after_comma || expected.starts_with("`,` or "))
            }
            _ => false,
        },
    },
    // It takes `&expression` for a value anywhere; in the grammar it is only an argument of a function.
    Difference {
        name: "expressions as values",
        holds: |case| {
            let Some(QueryProblem::Unexpected { found, .. }) = &case.refusal else {
                return false;
            };
            case.theirs.is_ok() && found == "&"
        },
    },
];

/// The row that explains why the outcomes of a case differ.
pub(crate) fn explain(case: &Case) -> Option<&'static str> {
    let row = TABLE.iter().find(|row| (row.holds)(case));
    row.map(|row| row.name)
}
