//! What firmware measures in the forms of UEFI (UEFI Specification; TCG PC Client Platform Firmware Profile, "Event
//! Types"). Owns these forms; whether a digest covers them is decided elsewhere.

mod device_path;
mod error;
mod gpt;
mod guid;
mod load_option;
mod signature_list;
mod tables;
mod variable;

pub use device_path::{DevicePath, Node};
pub use error::EfiError;
pub use gpt::{GptData, Partition};
pub use guid::Guid;
pub use load_option::{LoadOption, load_order};
pub use signature_list::{Signature, SignatureList};
pub use tables::{FirmwareBlob, HandoffTables, ImageLoad};
pub use variable::Variable;
