//! "Did you mean": the candidate nearest to a misspelt name.

#[cfg(test)]
mod tests;

/// Longer names are not compared; every name of the language is shorter.
const NAME_CHARACTERS: usize = 64;

/// The candidate that a typing mistake or two could have turned into `name`.
pub(crate) fn closest<'c>(name: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let length = name.chars().take(NAME_CHARACTERS.saturating_add(1)).count();
    if length > NAME_CHARACTERS {
        return None;
    }
    let tolerated = (length / 3).max(1);
    candidates
        .iter()
        .map(|candidate| (distance(name, candidate), *candidate))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one name into the other,
/// ignoring case (optimal string alignment).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().flat_map(char::to_lowercase).collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut left_before = None;
    for (row, left_character) in left.chars().flat_map(char::to_lowercase).enumerate() {
        let mut current = vec![row.saturating_add(1)];
        let mut right_before = None;
        for (column, right_character) in right.iter().copied().enumerate() {
            let cell = |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX);
            let replaced = cell(&last, column).saturating_add(usize::from(left_character != right_character));
            let inserted = cell(&current, column).saturating_add(1);
            let deleted = cell(&last, column.saturating_add(1)).saturating_add(1);
            let mut best = replaced.min(inserted).min(deleted);
            if left_before == Some(right_character) && right_before == Some(left_character) {
                best = best.min(cell(&before_last, column.saturating_sub(1)).saturating_add(1));
            }
            current.push(best);
            right_before = Some(right_character);
        }
        before_last = std::mem::replace(&mut last, current);
        left_before = Some(left_character);
    }
    last.last().copied().unwrap_or_default()
}
