//! What the paper prints (Ororbia & Kifer, Nature Communications 13:2064, 2022), mean of 10 trials.

/// The data sets of its table, in the order of its columns.
pub(super) const DATA: [&str; 4] = ["MNIST", "KMNIST", "FMNIST", "CalTech 16×16"];

/// BCE, where there is one, and log p(x).
type Printed = (Option<f64>, f64);

/// BCE and log p(x) as printed, in nats, for each of [`DATA`]. The table has no BCE of a mixture on pixels.
#[rustfmt::skip]
const TABLE: [(&str, [Printed; 4]); 9] = [
    ("gmm", [(None, -185.37), (None, -426.73), (None, -302.96), (None, -88.63)]),
    ("rae", [(Some(60.94), -117.01), (Some(175.60), -234.41), (Some(102.72), -138.76), (Some(40.41), -50.47)]),
    ("gvae-cv", [(Some(69.90), -106.41), (Some(180.81), -229.12), (Some(111.71), -131.82), (Some(49.58), -41.34)]),
    ("gvae", [(Some(75.52), -100.10), (Some(199.37), -218.67), (Some(121.62), -127.64), (Some(38.35), -44.07)]),
    ("gan-ae", [(Some(73.54), -94.42), (Some(199.68), -216.76), (Some(132.94), -130.87), (Some(40.40), -40.68)]),
    ("gncn-t1-rao", [(Some(66.47), -102.22), (Some(136.49), -226.37), (Some(95.80), -136.63), (Some(34.60), -44.62)]),
    ("gncn-t1-sigma-friston",
        [(Some(47.25), -101.92), (Some(114.63), -229.04), (Some(81.73), -133.51), (Some(31.17), -42.53)]),
    ("gncn-t2-l-sigma", [(Some(59.66), -98.27), (Some(135.86), -220.41), (Some(97.80), -132.04), (Some(33.29), -41.52)]),
    ("gncn-pdh", [(Some(44.86), -97.26), (Some(128.39), -219.82), (Some(90.06), -130.03), (Some(26.76), -40.82)]),
];

/// Shares of active units ρ1 ρ2 ρ3 on MNIST.
const SPARSITY: [(&str, [f64; 3]); 3] = [
    ("gncn-t1-sigma-friston", [0.74, 0.60, 0.63]),
    ("gncn-t2-l-sigma", [0.21, 0.18, 0.16]),
    ("gncn-pdh", [0.22, 0.21, 0.19]),
];

/// Models whose sparsity is published.
pub(super) fn has_sparsity(model: &str) -> bool {
    SPARSITY.iter().any(|(name, _)| *name == model)
}

/// The published figure with which `measure` of a model is to be compared, on the data set `column` of [`DATA`].
/// The published log p(x) is the figure that the authors' script makes, so it goes with `log_px_as_published` alone.
pub(super) fn figure(measure: &str, model: &str, column: usize) -> Option<f64> {
    let (bce, log_px) = TABLE.iter().find(|(name, _)| *name == model).map(|(_, figures)| figures[column]).unzip();
    let layer = |index: usize| {
        let row = SPARSITY.iter().find(|(name, _)| *name == model && DATA[column] == "MNIST");
        row.map(|(_, shares)| shares[index])
    };
    match measure {
        "bce" => bce.flatten(),
        "log_px_as_published" => log_px,
        "rho_1" => layer(0),
        "rho_2" => layer(1),
        "rho_3" => layer(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn published_figures_stand_beside_what_they_measure() {
        assert_eq!(figure("bce", "gncn-pdh", 0), Some(44.86));
        assert_eq!(figure("log_px_as_published", "gncn-pdh", 3), Some(-40.82));
        assert_eq!(figure("log_px", "gncn-pdh", 0), None, "the printed figure is no log p(x)");
        assert_eq!(figure("bce", "gmm", 0), None);
        assert_eq!(figure("log_px_as_published", "dsrn", 0), None);
        assert_eq!((figure("rho_2", "gncn-t2-l-sigma", 0), figure("rho_2", "gncn-t2-l-sigma", 2)), (Some(0.18), None));
    }
}
