//! Natural numbers without a limit: there can be more paths than any machine word counts.

use std::fmt;

/// A natural number. Only what counting needs: addition and printing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Natural {
    /// Digits to the base 2^64, lowest first, without leading zeros.
    digits: Vec<u64>,
}

/// The largest power of ten in a digit.
const DECIMAL_CHUNK: u64 = 10_000_000_000_000_000_000;
const DECIMAL_DIGITS: usize = 19;

impl Natural {
    /// Adds `other`. Time O(digits).
    pub fn add(&mut self, other: &Self) {
        if self.digits.len() < other.digits.len() {
            self.digits.resize(other.digits.len(), 0);
        }
        let mut carry = false;
        for (index, digit) in self.digits.iter_mut().enumerate() {
            let addend = other.digits.get(index).copied().unwrap_or(0);
            let (sum, over) = digit.overflowing_add(addend);
            let (sum, again) = sum.overflowing_add(u64::from(carry));
            *digit = sum;
            carry = over || again;
            if !carry && index >= other.digits.len() {
                break;
            }
        }
        if carry {
            self.digits.push(1);
        }
    }

    /// The number less `less`; 0 where that would be negative.
    #[must_use]
    pub fn less(&self, less: u64) -> Self {
        let mut digits = self.digits.clone();
        let mut borrow = less;
        for digit in &mut digits {
            let (difference, under) = digit.overflowing_sub(borrow);
            *digit = difference;
            borrow = u64::from(under);
            if !under {
                break;
            }
        }
        if borrow > 0 {
            return Self::default();
        }
        while digits.last() == Some(&0) {
            digits.pop();
        }
        Self { digits }
    }

    /// The number as a machine word, if it fits.
    #[must_use]
    pub fn to_u64(&self) -> Option<u64> {
        match self.digits.as_slice() {
            [] => Some(0),
            [digit] => Some(*digit),
            _ => None,
        }
    }

    /// The nearest double; infinite where there is none.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.digits.iter().rev().fold(0.0, |value, &digit| value * 18_446_744_073_709_551_616.0 + digit as f64)
    }
}

impl From<u64> for Natural {
    fn from(value: u64) -> Self {
        Self { digits: if value == 0 { Vec::new() } else { vec![value] } }
    }
}

impl fmt::Display for Natural {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = self.digits.clone();
        let mut chunks: Vec<u64> = Vec::new();
        while !digits.is_empty() {
            let mut rest: u128 = 0;
            for digit in digits.iter_mut().rev() {
                let value = rest << 64 | u128::from(*digit);
                *digit = (value / u128::from(DECIMAL_CHUNK)) as u64;
                rest = value % u128::from(DECIMAL_CHUNK);
            }
            chunks.push(rest as u64);
            while digits.last() == Some(&0) {
                digits.pop();
            }
        }
        let Some(first) = chunks.pop() else { return f.pad_integral(true, "", "0") };
        let mut text = first.to_string();
        for chunk in chunks.into_iter().rev() {
            text.push_str(&format!("{chunk:0DECIMAL_DIGITS$}"));
        }
        f.pad_integral(true, "", &text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Natural;

    #[test]
    fn doubling_gives_powers_of_two() {
        let mut number = Natural::from(1);
        for _ in 0..200 {
            let same = number.clone();
            number.add(&same);
        }
        assert_eq!(number.to_string(), "1606938044258990275541962092341162602522202993782792835301376");
        assert_eq!(number.to_u64(), None);
        assert!((number.to_f64() / 2f64.powi(200) - 1.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn sums_agree_with_wide_integers(a in any::<u64>(), b in any::<u64>(), c in any::<u64>()) {
            let mut sum = Natural::from(a);
            sum.add(&Natural::from(b));
            prop_assert_eq!(sum.to_string(), (u128::from(a) + u128::from(b)).to_string());
            let left = (u128::from(a) + u128::from(b)).saturating_sub(u128::from(c));
            prop_assert_eq!(sum.less(c).to_string(), left.to_string());
        }
    }
}
