//! Solving a symmetric positive definite system by Cholesky's method, in a fixed order of operations.

/// Solves `a · x = b`; `a` is row by row, n × n, and only its lower triangle is read. `None` where `a` is not
/// positive definite to working precision.
pub fn cholesky(mut a: Vec<f64>, b: &[f64]) -> Option<Vec<f64>> {
    let n = b.len();
    let scale = (0..n).map(|i| a[i * n + i]).fold(0.0, f64::max);
    for j in 0..n {
        let known: f64 = (0..j).map(|k| a[j * n + k] * a[j * n + k]).sum();
        let pivot = a[j * n + j] - known;
        if pivot.is_nan() || pivot <= scale * 1e-14 {
            return None;
        }
        let root = pivot.sqrt();
        a[j * n + j] = root;
        for i in j + 1..n {
            let known: f64 = (0..j).map(|k| a[i * n + k] * a[j * n + k]).sum();
            a[i * n + j] = (a[i * n + j] - known) / root;
        }
    }
    let mut x = b.to_vec();
    for i in 0..n {
        let known: f64 = (0..i).map(|k| a[i * n + k] * x[k]).sum();
        x[i] = (x[i] - known) / a[i * n + i];
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| a[k * n + i] * x[k]).sum();
        x[i] = (x[i] - known) / a[i * n + i];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_and_refuses() {
        let x = cholesky(vec![4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 1.0, 3.0, 6.0], &[12.0, 30.0, 34.0]).unwrap();
        // 4x+2y+z, 2x+5y+3z, x+3y+6z
        let back =
            [4.0 * x[0] + 2.0 * x[1] + x[2], 2.0 * x[0] + 5.0 * x[1] + 3.0 * x[2], x[0] + 3.0 * x[1] + 6.0 * x[2]];
        assert!(back.iter().zip([12.0, 30.0, 34.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{back:?}");
        assert_eq!(cholesky(vec![1.0, 1.0, 1.0, 1.0], &[1.0, 1.0]), None);
        assert_eq!(cholesky(vec![f64::NAN], &[1.0]), None);
    }
}
