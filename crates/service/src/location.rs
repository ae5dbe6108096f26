//! Locations of providers, as Azure names its regions, and the short codes that stand for them in host names.

use std::fmt;

use thiserror::Error;

/// The longest name of a location: it is a label of a host name, and Azure's longest has 18 characters.
pub const MAX_LOCATION_BYTES: usize = 40;

/// A location, normalised as Azure Resource Manager does: lower case, no spaces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location(String);

/// The text does not name a location.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{found}` is not a location: letters and digits are needed, {MAX_LOCATION_BYTES} at most, as in `eastus`"
)]
pub struct LocationError {
    /// The text, cut to a readable length.
    pub found: String,
}

impl Location {
    /// `East US` and `eastus` are the same.
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        let letters = text.chars().filter(|letter| *letter != ' ');
        // One character more than is allowed is enough to refuse it.
        let name: String = letters
            .take(MAX_LOCATION_BYTES.saturating_add(1))
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        let plain = name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if name.is_empty() || name.len() > MAX_LOCATION_BYTES || !plain {
            return Err(LocationError {
                found: text
                    .chars()
                    .take(MAX_LOCATION_BYTES)
                    .flat_map(char::escape_debug)
                    .collect(),
            });
        }
        Ok(Self(name))
    }

    /// The normalised name: `eastus`.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// What stands for it in host names: Azure's code for its regions, else the name itself.
    pub fn short(&self) -> &str {
        SHORT_CODES
            .iter()
            .find(|(name, _)| *name == self.0)
            .map_or(&self.0, |(_, short)| short)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Azure's regions with a shared attestation provider, and their codes (MAA documentation, "Regional shared provider").
const SHORT_CODES: [(&str, &str); 61] = [
    ("australiacentral", "cau"),
    ("australiacentral2", "cau2"),
    ("australiaeast", "eau"),
    ("australiasoutheast", "sau"),
    ("austriaeast", "ate"),
    ("brazilsouth", "sbr"),
    ("brazilsoutheast", "sebr"),
    ("canadacentral", "cac"),
    ("canadaeast", "cae"),
    ("centralindia", "cin"),
    ("centralus", "cus"),
    ("centraluseuap", "cuse"),
    ("chilecentral", "clc"),
    ("eastasia", "easia"),
    ("eastus", "eus"),
    ("eastus2", "eus2"),
    ("eastus2euap", "eus2e"),
    ("francecentral", "frc"),
    ("francesouth", "frs"),
    ("germanynorth", "den"),
    ("germanywestcentral", "dewc"),
    ("israelcentral", "ilc"),
    ("italynorth", "itn"),
    ("japaneast", "jpe"),
    ("japanwest", "jpw"),
    ("jioindiacentral", "jinc"),
    ("jioindiawest", "jinw"),
    ("koreacentral", "krc"),
    ("koreasouth", "krs"),
    ("malaysiasouth", "mys"),
    ("mexicocentral", "mxc"),
    ("newzealandnorth", "nzn"),
    ("northcentralus", "ncus"),
    ("northeurope", "neu"),
    ("norwayeast", "noe"),
    ("norwaywest", "now"),
    ("polandcentral", "plc"),
    ("southafricanorth", "san"),
    ("southafricawest", "saw"),
    ("southcentralus", "scus"),
    ("southeastasia", "sasia"),
    ("southindia", "sin"),
    ("spaincentral", "esc"),
    ("swedencentral", "sec"),
    ("swedensouth", "ses"),
    ("switzerlandnorth", "swn"),
    ("switzerlandwest", "sww"),
    ("taiwannorth", "twn"),
    ("taiwannorthwest", "twnw"),
    ("uaecentral", "uaec"),
    ("uaenorth", "uaen"),
    ("uksouth", "uks"),
    ("ukwest", "ukw"),
    ("usgovarizona", "uga"),
    ("usgovvirginia", "ugv"),
    ("westcentralus", "wcus"),
    ("westeurope", "weu"),
    ("westindia", "win"),
    ("westus", "wus"),
    ("westus2", "wus2"),
    ("westus3", "wus3"),
];

#[cfg(test)]
mod tests;
