//! Grid — floats that stand for decimals, back to the integers they stand for.

use crate::error::CoreError;

/// How far from the grid, in units, a float may lie and still stand for the unit.
const SLACK: f64 = 1e-6;

/// Above this, neighbouring floats are so far apart that the decimal is no longer certain.
const UNITS_MAX: f64 = (1_u64 << 53) as f64;

/// Each value times `10^decimals`, where that is a whole number that is not negative.
///
/// # Errors
/// [`CoreError::BadArgument`] with row and value where it is not: off the grid, negative, too
/// large or not a number.
pub fn floats_to_ints(values: &[f64], decimals: u32) -> Result<Vec<i64>, CoreError> {
    if decimals > 15 {
        let why = format!("{decimals} decimals do not fit a float");
        return Err(CoreError::BadArgument { name: "decimals", why });
    }
    let scale = 10_i64.pow(decimals) as f64;
    let whole = |value: f64| (value * scale).round();
    // A float near a large number of units differs from the decimal by more than the slack.
    let on_grid = |value: f64| {
        let units = whole(value);
        let slack = SLACK.max(units * f64::EPSILON);
        (0.0..UNITS_MAX).contains(&units) && (value * scale - units).abs() <= slack
    };
    if let Some(row) = values.iter().position(|value| !on_grid(*value)) {
        let why = format!("row {row}: {} is no decimal of {decimals} places >= 0", values[row]);
        return Err(CoreError::BadArgument { name: "values", why });
    }
    Ok(values.iter().map(|value| whole(*value) as i64).collect())
}

#[cfg(test)]
mod tests {
    use super::floats_to_ints;

    #[test]
    fn decimals_come_back_exactly() {
        let values = [0.0, 0.1 + 0.2, 61_803.4, 108_345.1, 1e9];
        let want = Ok(vec![0, 3, 618_034, 1_083_451, 10_000_000_000]);
        assert_eq!(floats_to_ints(&values, 1), want);
        assert_eq!(floats_to_ints(&[0.00123], 5), Ok(vec![123]));
        assert_eq!(floats_to_ints(&[123_456_789.12345], 5), Ok(vec![12_345_678_912_345]));
    }

    #[test]
    fn what_is_no_decimal_is_refused_with_row_and_value() {
        for bad in [0.15, -0.1, f64::NAN, f64::INFINITY, 1e300] {
            let why = floats_to_ints(&[1.0, bad], 1).expect_err("off the grid").to_string();
            assert!(why.contains("row 1") && why.contains(&bad.to_string()), "{why}");
        }
        assert!(floats_to_ints(&[1.0], 16).is_err());
    }
}
