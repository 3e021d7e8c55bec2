//! Lists in the order of numbers.
//!
//! A sort for each kind of list is kilobytes of code that a browser has to load; here numbers are sorted, and lists follow.

/// Sorts by two numbers, the smaller first; what has equal ones stays as it was. Time O(n log n), space O(n).
pub(crate) fn by_numbers<T>(items: &mut Vec<T>, numbers: impl Fn(&T) -> (u64, u64)) {
    let keys = items.iter().map(numbers).enumerate();
    let mut keys: Vec<(u64, u64, usize)> = keys.map(|(place, (first, second))| (first, second, place)).collect();
    keys.sort_unstable();
    let mut from: Vec<Option<T>> = std::mem::take(items).into_iter().map(Some).collect();
    items.extend(keys.into_iter().filter_map(|(_, _, place)| from[place].take()));
}

/// Sorts by a number, the largest first; what has equal ones stays as it was.
pub(crate) fn largest_first<T>(items: &mut Vec<T>, number: impl Fn(&T) -> u64) {
    by_numbers(items, |item| (largest(number(item)), 0));
}

/// The number by which larger ones come first.
pub(crate) fn largest(number: u64) -> u64 {
    u64::MAX - number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_follow_their_numbers_and_equal_ones_stay() {
        let mut words = vec!["bb", "a", "dd", "ccc", ""];
        largest_first(&mut words, |word| word.len() as u64);
        assert_eq!(words, ["ccc", "bb", "dd", "a", ""]);
        by_numbers(&mut words, |word| (word.len() as u64 % 2, largest(word.len() as u64)));
        assert_eq!(words, ["bb", "dd", "", "ccc", "a"]);
    }
}
