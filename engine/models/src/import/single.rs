//! Comparisons in 32-bit floats, said in 64 bits.
//!
//! A library that works in `f32` rounds a value x before it compares. Rounding never changes an order, so the values that
//! pass `f32(x) < t` are all up to some largest one, and `x <= that one` is the same question without any rounding.

/// The largest `f64` that, rounded to `f32`, is below `t`; `f64::MIN` where there is none.
pub(super) fn largest_below(t: f32) -> f64 {
    if t == f32::NEG_INFINITY {
        return f64::MIN;
    }
    let below = t.next_down();
    // Halfway between neighbours; above the largest float the next one would be 2^128. Exact: 25 bits suffice.
    let upper = if t == f32::INFINITY { 2f64.powi(128) } else { f64::from(t) };
    let lower = if below == f32::NEG_INFINITY { -(2f64.powi(128)) } else { f64::from(below) };
    let middle = f64::midpoint(lower, upper);
    // A tie goes to the even neighbour.
    if (middle as f32) < t { middle } else { middle.next_down() }
}

/// The largest `f64` that, rounded to `f32`, is at most `t`; `f64::MAX` where all are.
pub(super) fn largest_up_to(t: f32) -> f64 {
    if t == f32::INFINITY { f64::MAX } else { largest_below(t.next_up()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Values around a float where its comparisons may change their answer.
    fn near(t: f32) -> impl Iterator<Item = f64> {
        let neighbours = [t.next_down().next_down(), t.next_down(), t, t.next_up(), t.next_up().next_up()];
        let pairs = neighbours.into_iter().flat_map(move |a| neighbours.map(|b| f64::midpoint(a.into(), b.into())));
        pairs.flat_map(|x: f64| [x.next_down().next_down(), x.next_down(), x, x.next_up(), x.next_up().next_up()])
    }

    fn agrees(t: f32, x: f64) {
        assert_eq!((x as f32) < t, x <= largest_below(t), "{x:e} < {t:e}");
        assert_eq!((x as f32) <= t, x <= largest_up_to(t), "{x:e} <= {t:e}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn says_the_same_as_the_cast(bits in any::<u32>(), other in any::<u64>(), part in -2.0..2.0f64) {
            let t = f32::from_bits(bits);
            prop_assume!(t.is_finite());
            near(t).filter(|x| x.is_finite()).for_each(|x| agrees(t, x));
            let x = f64::from_bits(other);
            if x.is_finite() {
                agrees(t, x);
            }
            agrees(t, f64::from(t) * part);
        }
    }

    #[test]
    fn holds_at_the_ends() {
        let least = f32::from_bits(1);
        for t in
            [0.0, -0.0, least, -least, f32::MIN_POSITIVE, -f32::MIN_POSITIVE, f32::MAX, f32::MIN, 1.0, 16_777_216.0]
        {
            near(t).filter(|x| x.is_finite()).for_each(|x| agrees(t, x));
        }
        for x in [f64::MIN.next_up(), -1e39, 0.0, 1e39, f64::MAX] {
            agrees(f32::INFINITY, x);
            assert!(x > largest_below(f32::NEG_INFINITY));
        }
        assert_eq!(largest_up_to(f32::INFINITY), f64::MAX);
    }
}
