//! Supplemental data of an appraisal: dates, numbers and identifiers.
