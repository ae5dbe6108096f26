//! The proleptic Gregorian calendar in UTC, from unix seconds: what the writers of certificates and of
//! collateral documents need to print a date. It reads no clock and parses nothing.

#[cfg(test)]
mod tests;

use std::fmt;

/// A moment in UTC, to the second, as its calendar fields.
///
/// `Display` gives the one RFC 3339 form Intel's collateral documents use: `2026-01-05T00:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UtcDateTime {
    /// Year, 0 to 9999.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59: unix time knows no leap seconds.
    pub second: u8,
}

impl UtcDateTime {
    /// The calendar fields of `unix_seconds`, clamped to the years 0000 to 9999, which is all that
    /// GeneralizedTime (RFC 5280, 4.1.2.5.2) and RFC 3339 can write.
    pub fn from_unix(unix_seconds: i64) -> Self {
        let seconds = unix_seconds.clamp(YEAR_0000, YEAR_9999_END);
        let (days, second_of_day) = (
            seconds.div_euclid(SECONDS_PER_DAY),
            seconds.rem_euclid(SECONDS_PER_DAY),
        );
        let (year, month, day) = civil_from_days(days);
        Self {
            year: u16::try_from(year).unwrap_or(0),
            month: small(month),
            day: small(day),
            hour: small(second_of_day / 3600),
            minute: small(second_of_day / 60 % 60),
            second: small(second_of_day % 60),
        }
    }
}

impl fmt::Display for UtcDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

/// Days since 1970-01-01 to (year, month, day), counting in eras of 400 years that begin on 1 March,
/// so that the leap day is the last of its year.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let since_0000_03_01 = days + DAYS_0000_03_01_TO_1970;
    let era = since_0000_03_01.div_euclid(DAYS_PER_ERA);
    let day_of_era = since_0000_03_01.rem_euclid(DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn small(value: i64) -> u8 {
    u8::try_from(value).unwrap_or(0)
}

const SECONDS_PER_DAY: i64 = 86_400;
const DAYS_PER_ERA: i64 = 146_097;
const DAYS_0000_03_01_TO_1970: i64 = 719_468;
/// 0000-01-01T00:00:00Z.
const YEAR_0000: i64 = -62_167_219_200;
/// 9999-12-31T23:59:59Z.
const YEAR_9999_END: i64 = 253_402_300_799;
