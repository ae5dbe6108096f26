//! Points in time as the verifiers use them: whole seconds since 1970 in UTC, given by the caller. Owns the one
//! date form that collateral documents may use; it must not read a clock.

use std::fmt;

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds. Displayed as `YYYY-MM-DDThh:mm:ssZ`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UnixTime(i64);

impl UnixTime {
    /// The moment `seconds` after (or, negative, before) the start of 1970.
    pub const fn new(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the start of 1970.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// The moment `seconds` later; `None` when it cannot be represented.
    pub fn add_seconds(self, seconds: i64) -> Option<Self> {
        self.0.checked_add(seconds).map(Self)
    }

    /// Reads exactly `YYYY-MM-DDThh:mm:ssZ`, the only form Intel's collateral documents use (Intel PCS API v4,
    /// `issueDate` and `nextUpdate`). Offsets, fractions, lower case and impossible dates give `None`.
    pub fn parse_rfc3339_z(text: &str) -> Option<Self> {
        let &[
            y1,
            y2,
            y3,
            y4,
            b'-',
            m1,
            m2,
            b'-',
            d1,
            d2,
            b'T',
            h1,
            h2,
            b':',
            n1,
            n2,
            b':',
            s1,
            s2,
            b'Z',
        ] = text.as_bytes()
        else {
            return None;
        };
        let (year, month, day) = (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?);
        let (hour, minute, second) = (number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?);
        if hour > 23 || minute > 59 || second > 59 || day < 1 || day > days_in_month(year, month)? {
            return None;
        }
        let days = days_from_civil(year, month, day);
        let of_day = hour
            .checked_mul(3600)?
            .checked_add(minute.checked_mul(60)?)?
            .checked_add(second)?;
        days.checked_mul(SECONDS_PER_DAY)?.checked_add(of_day).map(Self)
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(SECONDS_PER_DAY));
        let of_day = self.0.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (
            of_day.div_euclid(3600),
            of_day.rem_euclid(3600).div_euclid(60),
            of_day.rem_euclid(60),
        );
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |value, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        value.checked_mul(10)?.checked_add(i64::from(digit))
    })
}

fn days_in_month(year: i64, month: i64) -> Option<i64> {
    let leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        _ => None,
    }
}

// The calendar repeats every 400 years. Counting years from March puts the leap day at the end of a year, so that
// the day of the year is a linear function of the month.

#[expect(
    clippy::arithmetic_side_effects,
    reason = "the year has four digits, so every value stays below 2^32"
)]
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (month + 9).rem_euclid(12);
    let day_of_year = (153 * month_from_march + 2).div_euclid(5) + day - 1;
    let day_of_era =
        year_of_era * 365 + year_of_era.div_euclid(4) - year_of_era.div_euclid(100) + day_of_year;
    era * DAYS_PER_ERA + day_of_era - DAYS_FROM_ERA_TO_1970
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "days are seconds / 86400, far from the limits of the type"
)]
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_FROM_ERA_TO_1970;
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let leap_days =
        day_of_era.div_euclid(1460) - day_of_era.div_euclid(36_524) + day_of_era.div_euclid(DAYS_PER_ERA - 1);
    let year_of_era = (day_of_era - leap_days).div_euclid(365);
    let day_of_year =
        day_of_era - (365 * year_of_era + year_of_era.div_euclid(4) - year_of_era.div_euclid(100));
    let month_from_march = (5 * day_of_year + 2).div_euclid(153);
    let day = day_of_year - (153 * month_from_march + 2).div_euclid(5) + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

const SECONDS_PER_DAY: i64 = 86_400;
/// Days in 400 Gregorian years.
const DAYS_PER_ERA: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_FROM_ERA_TO_1970: i64 = 719_468;

#[cfg(test)]
mod tests;
