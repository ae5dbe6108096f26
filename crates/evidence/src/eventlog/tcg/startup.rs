//! The record of the locality that TPM2_Startup came from (TCG PC Client Platform Firmware Profile,
//! "TCG_EfiStartupLocalityEvent"). Owns where and how often it may stand; what it says is proven by PCR 0.

use super::{Event, TcgLogError};
use crate::eventlog::EventType;

pub(super) struct StartupLocality;

impl StartupLocality {
    /// The locality that the log records; 0 when it records none. The record belongs before everything that is
    /// extended into PCR 0, once.
    pub(super) fn find(events: &[Event<'_>]) -> Result<u8, TcgLogError> {
        let mut started = false;
        let mut found = None;
        for event in events {
            let Some(rest) = record(event) else {
                started |= event.pcr_index == 0 && event.is_extended();
                continue;
            };
            let problem = match rest {
                _ if event.pcr_index != 0 => "a record outside PCR 0",
                _ if found.is_some() => "a second record",
                _ if started => "a record behind what was extended into PCR 0",
                [0 | 3 | 4] => "",
                [_] => "another number",
                _ => "a record of another size",
            };
            if !problem.is_empty() {
                return Err(TcgLogError::StartupLocality {
                    event: event.sequence,
                    problem,
                });
            }
            found = rest.first().copied();
        }
        Ok(found.unwrap_or_default())
    }
}

/// What follows the name in such a record.
fn record<'a>(event: &Event<'a>) -> Option<&'a [u8]> {
    event
        .data
        .strip_prefix(SIGNATURE)
        .filter(|_| event.event_type == EventType::EV_NO_ACTION)
}

const SIGNATURE: &[u8; 16] = b"StartupLocality\0";
