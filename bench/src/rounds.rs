//! Rounds and medians: what disturbs one round does not decide.

/// The one in the middle; of an even number the upper.
///
/// # Panics
/// When there is none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    percentile(values, 50)
}

/// The value that so many of a hundred do not exceed.
///
/// # Panics
/// When there is none.
pub(crate) fn percentile(values: impl IntoIterator<Item = f64>, percent: usize) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[(values.len() * percent / 100).min(values.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "nothing is computed")]
    fn one_disturbed_round_of_five_does_not_decide() {
        let rounds = [11.0, 10.0, 90.0, 10.5, 12.0];

        assert_eq!(median(rounds), 11.0);
        assert_eq!(percentile(rounds, 0), 10.0);
        assert_eq!(percentile(rounds, 100), 90.0);
    }
}
