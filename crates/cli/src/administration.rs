//! What an administrative command answers: done, with what the service's validated token says, or waiting for a second
//! person.

use attestry_client::{ManagementToken, Outcome, PendingChange};
use serde_json::{Value, json};

use crate::failure::{Failure, Verdict};
use crate::output::claims::claims;
use crate::output::{CAUTION, GOOD, Output, facts, paint};

/// Reports a change; `what` is the sentence for one that was made.
pub fn report(outcome: &Outcome<ManagementToken>, what: &str, output: Output) -> Result<Verdict, Failure> {
    match outcome {
        Outcome::Done(token) => output.answer(&done(token), || {
            format!("{} {what}\n{}", paint(GOOD, "done:"), claims(token.claims()))
        }),
        Outcome::Waiting(change) => report_waiting(change, output),
    }?;
    Ok(Verdict::Accepted)
}

/// Reports a change that waits.
pub fn report_waiting(change: &PendingChange, output: Output) -> Result<(), Failure> {
    let document = json!({"done": false, "token": null, "claims": null, "change": change});
    output.answer(&document, || {
        format!(
            "{} nothing has changed yet, a second person must approve\n{}",
            paint(CAUTION, "waiting:"),
            facts([
                ("change", change.id.clone()),
                ("approve", format!("attestry change approve {}", change.id)),
            ])
        )
    })
}

fn done(token: &ManagementToken) -> Value {
    json!({"done": true, "token": token.token(), "claims": token.claims(), "change": null})
}
