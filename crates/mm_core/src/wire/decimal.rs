//! Decimal texts to integers, exactly: a float never stands in between.

use crate::error::CoreError;
use crate::instrument::pow10;

/// More decimals than this do not fit 64 bits beside any digit.
const DECIMALS_MAX: u32 = 18;

const TOO_LARGE: &str = "does not fit 64 bits at this scale";
const MALFORMED: &str = "expected digits, at most one point between digits, and a leading minus";

/// A plain decimal (`-12.50`) in units of `10^-decimals`.
///
/// # Errors
/// [`CoreError::BadDecimal`] for any other grammar, for non-zero digits below the unit, and for
/// values that do not fit.
pub fn parse_decimal(text: &[u8], decimals: u32) -> Result<i64, CoreError> {
    scaled(text, decimals, 0).map_err(|why| bad(text, why))
}

/// As [`parse_decimal`], but also the exponents that programs write for small floats (`1e-05`).
///
/// # Errors
/// As [`parse_decimal`].
pub fn parse_float_text(text: &[u8], decimals: u32) -> Result<i64, CoreError> {
    let parsed = split_exponent(text).and_then(|(body, exp)| scaled(body, decimals, exp));
    parsed.map_err(|why| bad(text, why))
}

/// The decimal that a recording's float stands for, in units of `10^-decimals`.
///
/// # Errors
/// [`CoreError::BadDecimal`] where no such decimal is that float: too fine, too large, or NaN.
pub fn exact_float(value: f64, decimals: u32) -> Result<i64, CoreError> {
    // Beyond 2^53 neighbouring integers share a float, and 10^22 is the last exact power.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let wrong = |why| Err(bad(value.to_string().as_bytes(), why));
    if decimals > DECIMALS_MAX {
        return wrong("more than 18 decimals asked for");
    }
    let unit = pow10(decimals) as f64;
    let units = libm::rint(value * unit);
    if !units.is_finite() || units.abs() > EXACT_MAX {
        return wrong("not a number that a float holds exactly at this scale");
    }
    if units / unit != value {
        return wrong("more decimals than the scale has");
    }
    Ok(units as i64)
}

/// How many decimals a text needs: trailing zeros do not count.
///
/// # Errors
/// [`CoreError::BadDecimal`] where the text is not a number that [`parse_float_text`] takes.
pub fn decimals_of(text: &[u8]) -> Result<u32, CoreError> {
    let needed = || {
        let (body, exp) = split_exponent(text)?;
        let (_, whole, fraction) = split(body)?;
        let kept = fraction.len() - trailing_zeros(fraction);
        let zeros = if kept == 0 { trailing_zeros(whole) } else { 0 };
        let below = kept as i64 - zeros as i64 - i64::from(exp);
        let nothing = kept == 0 && zeros == whole.len();
        let needed = if nothing { 0 } else { below.max(0) };
        u32::try_from(needed).map_err(|_| TOO_LARGE)
    };
    needed().map_err(|why| bad(text, why))
}

/// The value in `10^-decimals`, or what is wrong with the text.
pub(super) fn scaled(text: &[u8], decimals: u32, exp: i32) -> Result<i64, &'static str> {
    let shift = i64::from(decimals) + i64::from(exp);
    if decimals > DECIMALS_MAX {
        return Err("more than 18 decimals asked for");
    }
    let (negative, whole, fraction) = split(text)?;
    let fraction = &fraction[..fraction.len() - trailing_zeros(fraction)];
    let mut value = 0_i64;
    for &digit in whole.iter().chain(fraction) {
        let next = value.checked_mul(10).and_then(|v| v.checked_add(i64::from(digit - b'0')));
        value = next.ok_or(TOO_LARGE)?;
    }
    let places = shift - fraction.len() as i64;
    value = if value == 0 {
        0
    } else if places >= 0 {
        let factor = u32::try_from(places).ok().filter(|&p| p <= DECIMALS_MAX).ok_or(TOO_LARGE)?;
        value.checked_mul(pow10(factor)).ok_or(TOO_LARGE)?
    } else {
        let factor = u32::try_from(-places).ok().filter(|&p| p <= DECIMALS_MAX);
        let factor = pow10(factor.ok_or("more decimals than the scale has")?);
        if value % factor != 0 {
            return Err("more decimals than the scale has");
        }
        value / factor
    };
    Ok(if negative { -value } else { value })
}

fn bad(text: &[u8], why: &'static str) -> CoreError {
    let shown = String::from_utf8_lossy(&text[..text.len().min(64)]).into_owned();
    CoreError::BadDecimal { text: shown, why }
}

/// Sign, digits before and digits after the point.
fn split(text: &[u8]) -> Result<(bool, &[u8], &[u8]), &'static str> {
    let (negative, body) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let point = body.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(body.len());
    let (whole, fraction) = match body.get(point) {
        None => (body, &body[point..]),
        Some(b'.') if point + 1 < body.len() => (&body[..point], &body[point + 1..]),
        Some(_) => return Err(MALFORMED),
    };
    if whole.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
        return Err(MALFORMED);
    }
    Ok((negative, whole, fraction))
}

fn split_exponent(text: &[u8]) -> Result<(&[u8], i32), &'static str> {
    let Some(at) = text.iter().position(|byte| matches!(byte, b'e' | b'E')) else {
        return Ok((text, 0));
    };
    let (negative, digits) = match &text[at + 1..] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    if digits.is_empty() || digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
        return Err("expected an exponent of one to three digits");
    }
    let exp = digits.iter().fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
    Ok((&text[..at], if negative { -exp } else { exp }))
}

fn trailing_zeros(digits: &[u8]) -> usize {
    digits.iter().rev().take_while(|&&digit| digit == b'0').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_decimals_are_exact() {
        for (text, decimals, wanted) in [
            ("83767.0", 1, 837_670),
            ("0.00015", 5, 15),
            ("-0.012639", 6, -12_639),
            ("123", 0, 123),
            ("1.50000000", 1, 15),
            ("0", 18, 0),
            ("-0.0", 2, 0),
            ("007.5", 1, 75),
            ("9223372036854775807", 0, i64::MAX),
            ("0.00000000000000000000", 2, 0),
        ] {
            assert_eq!(parse_decimal(text.as_bytes(), decimals), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_by_name() {
        for text in [
            "",
            "-",
            ".",
            "1.",
            ".5",
            "+1",
            " 1",
            "1 ",
            "1e5",
            "1_000",
            "0x1",
            "NaN",
            "inf",
            "1.2.3",
            "--1",
            "1,5",
            "１",
            "9223372036854775808",
            "1.234",
            "99999999999999999999999.0",
        ] {
            let error = parse_decimal(text.as_bytes(), 2).unwrap_err();
            assert!(matches!(error, CoreError::BadDecimal { .. }), "{text:?}: {error}");
        }
        assert!(parse_decimal(b"1", 19).is_err());
        let long = "9".repeat(200);
        let shown = parse_decimal(long.as_bytes(), 0).unwrap_err().to_string();
        assert!(shown.len() < 200, "{shown}");
    }

    #[test]
    fn texts_of_floats_may_have_exponents() {
        assert_eq!(parse_float_text(b"1e-05", 5), Ok(1));
        assert_eq!(parse_float_text(b"-2.5E+3", 1), Ok(-25_000));
        assert_eq!(parse_float_text(b"12.5", 1), Ok(125));
        assert_eq!(parse_float_text(b"0e999", 1), Ok(0));
        for text in ["1e", "1e-", "e5", "1e5.0", "1e9999", "1e400", "1e-06"] {
            assert!(parse_float_text(text.as_bytes(), 5).is_err(), "{text}");
        }
    }

    #[test]
    fn floats_are_taken_only_where_they_are_exact() {
        assert_eq!(exact_float(109_741.5, 1), Ok(1_097_415));
        assert!(exact_float(0.1 + 0.2, 1).is_err(), "not the float of 0.3");
        assert_eq!(exact_float(1e-5, 5), Ok(1));
        assert_eq!(exact_float(-0.3, 1), Ok(-3));
        for value in [f64::NAN, f64::INFINITY, 1e17, 0.000_015] {
            assert!(exact_float(value, 5).is_err(), "{value}");
        }
        assert!(exact_float(1.0, 19).is_err());
    }

    #[test]
    fn needed_decimals_ignore_trailing_zeros() {
        for (text, wanted) in [
            ("83767.0", 0),
            ("0.00015", 5),
            ("1.50", 1),
            ("1e-05", 5),
            ("2.5e-3", 4),
            ("10e-1", 0),
            ("100", 0),
            ("0.000", 0),
            ("0e-9", 0),
            ("1e3", 0),
        ] {
            assert_eq!(decimals_of(text.as_bytes()), Ok(wanted), "{text}");
        }
        assert!(decimals_of(b"nan").is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in any::<i64>(), decimals in 0_u32..=18) {
            prop_assume!(value != i64::MIN);
            let unit = i128::from(pow10(decimals));
            let size = i128::from(value).abs();
            let sign = if value < 0 { "-" } else { "" };
            let width = decimals as usize;
            let text = if decimals == 0 {
                format!("{sign}{size}")
            } else {
                format!("{sign}{}.{:0width$}", size / unit, size % unit)
            };
            prop_assert_eq!(parse_decimal(text.as_bytes(), decimals), Ok(value));
            let needed = decimals_of(text.as_bytes()).unwrap();
            prop_assert!(needed <= decimals);
            prop_assert!(needed == 0 || parse_decimal(text.as_bytes(), needed - 1).is_err());
        }

        #[test]
        fn floats_of_decimals_are_read_back(units in -(1_i64 << 50)..1 << 50, d in 0_u32..9) {
            let text = format!("{units}e-{d}");
            prop_assert_eq!(exact_float(text.parse().unwrap(), d), Ok(units));
            prop_assert_eq!(parse_float_text(text.as_bytes(), d), Ok(units));
        }

        #[test]
        fn no_text_panics(text in proptest::collection::vec(any::<u8>(), 0..24), d in 0_u32..30) {
            let _ = parse_decimal(&text, d);
            let _ = parse_float_text(&text, d);
            let _ = decimals_of(&text);
        }
    }
}
