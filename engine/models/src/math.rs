//! `exp`, `ln` and the logistic function as fixed sequences of basic float operations.
//!
//! The platform's own functions differ in the last bit between machines. A compiled model runs exactly this sequence
//! as wasm, so a native prediction and the plugin agree bit for bit; change both together (`compile/exp.rs`).

/// 1 / ln 2.
pub const LOG2_E: f64 = std::f64::consts::LOG2_E;
/// The high bits of ln 2: a multiple of it by a whole number up to 2^11 is exact.
pub const LN2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
/// ln 2 − [`LN2_HIGH`].
pub const LN2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);
/// Below this, `exp` is 0.
pub const EXP_MIN: f64 = -745.2;
/// Above this, `exp` is infinite.
pub const EXP_MAX: f64 = 709.79;
/// 1/n! for n = 13 down to 2: the tail of the series of e^r after 1 + r.
pub const EXP_SERIES: [f64; 12] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
];

/// e^x, within 2 units in the last place where the result is a normal number. NaN stays NaN.
pub fn exp(x: f64) -> f64 {
    let x = x.clamp(EXP_MIN, EXP_MAX);
    let k = (x * LOG2_E).round_ties_even();
    let r = (x - k * LN2_HIGH) - k * LN2_LOW;
    let mut tail = EXP_SERIES[0];
    for factor in &EXP_SERIES[1..] {
        tail = tail * r + factor;
    }
    let value = 1.0 + (r + r * r * tail);
    // Two factors, because 2^k itself is out of range at both ends. A NaN becomes k = 0, as it does in wasm.
    let k = k as i64;
    let half = k >> 1;
    value * power_of_two(half) * power_of_two(k - half)
}

fn power_of_two(k: i64) -> f64 {
    f64::from_bits(((k + 1023) as u64) << 52)
}

/// 1 / (1 + e^−x) without overflow and without loss near 0 and 1.
pub fn sigmoid(x: f64) -> f64 {
    let small = exp(-x.abs());
    let numerator = if x < 0.0 { small } else { 1.0 };
    numerator / (1.0 + small)
}

/// The natural logarithm of a positive finite number, within a few units in the last place; NaN otherwise.
pub fn ln(x: f64) -> f64 {
    if !x.is_finite() || x <= 0.0 {
        return f64::NAN;
    }
    let (x, shift) = if x < f64::MIN_POSITIVE { (x * 2f64.powi(54), -54.0) } else { (x, 0.0) };
    let exponent = ((x.to_bits() >> 52) as i64 - 1023) as f64;
    let mantissa = f64::from_bits((x.to_bits() & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    let (mantissa, exponent) =
        if mantissa > std::f64::consts::SQRT_2 { (mantissa / 2.0, exponent + 1.0) } else { (mantissa, exponent) };
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let mut series = 0.0;
    for n in (0..13).rev() {
        series = series * square + 1.0 / f64::from(2 * n + 1);
    }
    let exponent = exponent + shift;
    exponent * LN2_HIGH + (exponent * LN2_LOW + 2.0 * s * series)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ulps(a: f64, b: f64) -> u64 {
        a.to_bits().abs_diff(b.to_bits())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn exp_is_close_to_the_platform(x in -708.0..709.7f64) {
            prop_assert!(ulps(exp(x), x.exp()) <= 2, "{x}: {} {}", exp(x), x.exp());
        }
        #[test]
        fn ln_is_close_to_the_platform(x in 1e-300..1e300f64, y in 0.2..5.0f64) {
            prop_assert!(ulps(ln(x), x.ln()) <= 4, "{x}");
            prop_assert!((ln(y) - y.ln()).abs() <= 4.0 * f64::EPSILON * y.ln().abs(), "{y}");
        }
        #[test]
        fn sigmoid_is_symmetric(x in -700.0..700.0f64) {
            prop_assert!((sigmoid(x) + sigmoid(-x) - 1.0).abs() <= f64::EPSILON);
        }
    }

    #[test]
    fn ends_and_special_values() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-800.0), 0.0);
        assert_eq!(exp(f64::NEG_INFINITY), 0.0);
        assert_eq!(exp(800.0), f64::INFINITY);
        assert_eq!(exp(f64::INFINITY), f64::INFINITY);
        assert!(exp(f64::NAN).is_nan());
        assert!(exp(-740.0) > 0.0);
        assert_eq!((sigmoid(0.0), sigmoid(f64::INFINITY), sigmoid(f64::NEG_INFINITY)), (0.5, 1.0, 0.0));
        assert_eq!(ln(1.0), 0.0);
        assert!(ln(0.0).is_nan() && ln(-1.0).is_nan() && ln(f64::INFINITY).is_nan());
        assert!((ln(5e-324) - 5e-324f64.ln()).abs() < 1e-9);
    }
}
