//! Any query over any document ends within its budget, and what it finds is JSON of the length it says. The input has
//! the query, then a line `---`, then the document.
#![no_main]

use attestry_policy::jmespath::{Budget, Query, QueryLimits};
use attestry_policy::json::{Json, JsonLimits};

/// Small, so that many searches fit into a second.
const QUERY: QueryLimits = QueryLimits {
    bytes: 4096,
    nesting: 128,
};
const DOCUMENT: JsonLimits = JsonLimits {
    bytes: 64 * 1024,
    depth: 120,
};
const BUDGET: Budget = Budget {
    steps: 20_000,
    json_bytes: 64 * 1024,
};

libfuzzer_sys::fuzz_target!(|input: &str| {
    let (query, document) = input.split_once("\n---\n").unwrap_or((input, "null"));
    let (Ok(query), Ok(document)) = (Query::compile(query, &QUERY), Json::parse(document, &DOCUMENT)) else {
        return;
    };
    let Ok(found) = query.search(&document, &mut BUDGET.clone()) else {
        return;
    };
    let text = found.to_string();
    assert_eq!(u64::try_from(text.len()), Ok(found.text_length()));
    let again = Json::parse(&text, &JsonLimits::default()).expect("what is written is read");
    assert_eq!(again.depth(), found.depth());
    assert_eq!(again, found);
});
