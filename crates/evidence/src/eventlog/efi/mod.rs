//! What firmware measures in the forms of UEFI (UEFI Specification; TCG PC Client Platform Firmware Profile, "Event
//! Types"). Owns these forms; whether a digest covers them is decided elsewhere.

mod guid;
mod variable;

pub use guid::Guid;
pub use variable::{Variable, VariableError};
