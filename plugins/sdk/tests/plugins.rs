//! Plugins of every shape, as an author writes and tests them.

use staunch_plugin::{Column, Inputs};

mod scalar {
    use staunch_plugin::{Inputs, Metric, Scalar, plugin};

    #[derive(Inputs)]
    pub struct Row {
        /// A comment.
        #[input(unit = "days")]
        recency: Option<f64>,
        #[input(name = "logins_7d", unit = "1/week")]
        pub logins: Option<f64>,
        pub r#type: Option<String>,
        pub(crate) paying: std::option::Option<bool>,
    }

    plugin! {
        score: score,
        name: "my-score",
        version: env!("CARGO_PKG_VERSION"),
        range: 0.0..=1.0,
        bands: [("low", 0.0), ("high", 0.5)],
        owner: "ben@example.com",
        purpose: "Chance of an order",
        metric: Metric::new("auc", 0.8).interval(0.7, 0.9),
        metric: Metric::new("brier", 0.1),
        base: 0.1,
        minimum_outcomes: 500,
        expires: "2027-01-01T00:00:00Z",
    }

    fn score(row: &Row) -> Scalar {
        let logins = 0.01 * row.logins.unwrap_or(0.0);
        let paying = if row.paying == Some(true) { 0.5 } else { 0.0 };
        let value = 0.1 + logins + paying;
        if row.r#type.as_deref() == Some("staff") || row.recency > Some(365.0) {
            return Scalar::new(0.0);
        }
        Scalar::new(value).raw(value).reason("logins_7d", logins).reason("paying", paying)
    }
}

mod classes {
    use staunch_plugin::{Classes, Declined, Inputs, plugin};

    #[derive(Inputs)]
    pub struct Row {
        pub text: Option<String>,
    }

    plugin! { score: score, name: "topic", version: "1", labels: ["bug", "other"], owner: "o", purpose: "p" }

    fn score(row: &Row) -> Result<Classes, Declined> {
        let text = row.text.as_deref().ok_or_else(|| Declined::because("no text"))?;
        let bug = if text.contains("crash") { 0.9 } else { 0.2 };
        Ok(Classes::new([("bug", bug), ("other", 1.0 - bug)]))
    }
}

mod ranking {
    use staunch_plugin::{Inputs, Ranking, plugin};

    #[derive(Inputs)]
    pub struct Row {
        pub spend: Option<f64>,
    }

    plugin! { batch: score, name: "offers", version: "1", owner: "o", purpose: "p" }

    fn score(rows: &[Row]) -> Result<Vec<Ranking>, String> {
        let spend = |row: &Row| row.spend.ok_or_else(|| "a row without spend".to_owned());
        rows.iter().map(|row| Ok(Ranking::new([("voucher", 10.0), ("upgrade", spend(row)?)]))).collect()
    }
}

use staunch_plugin::{Answer, Classes, Kind, Outcome, Ranking, ResultKind, Scalar};

#[test]
fn fields_are_inputs() {
    let inputs: Vec<_> = scalar::Row::INPUTS.iter().map(|input| (input.name, input.kind, input.unit)).collect();
    let expected = [
        ("recency", Kind::Number, Some("days")),
        ("logins_7d", Kind::Number, Some("1/week")),
        ("type", Kind::Text, None),
        ("paying", Kind::Number, None),
    ];
    assert_eq!(inputs, expected);
    assert_eq!(<Scalar as Answer>::KIND, ResultKind::Scalar);
    assert_ne!(scalar::manifest(), classes_manifest());
}

fn classes_manifest() -> staunch_plugin::Manifest {
    classes::manifest()
}

#[test]
fn rows_are_taken_out_of_columns() {
    let columns = || {
        vec![
            Column::numbers("recency", &[Some(3.0), None]),
            Column::numbers("logins_7d", &[Some(10.0), None]),
            Column::texts("type", &[None, Some("x")]),
            Column::numbers("paying", &[Some(1.0), Some(0.0)]),
        ]
    };
    let rows = scalar::scored(2, columns()).unwrap();
    let first = Scalar::new(0.7).raw(0.7).reason("paying", 0.5).reason("logins_7d", 0.1).row();
    assert_eq!(rows[0].reasons, first.reasons);
    assert_eq!((&rows[1].value, rows[1].raw), (&Outcome::Scalar(0.1), Some(0.1)));
    for broken in [0, 1, 3] {
        let mut columns = columns();
        columns.swap(broken, 2);
        assert!(scalar::scored(2, columns).unwrap_err().contains("is not the input"));
    }
    assert_eq!(scalar::scored(3, columns()).unwrap_err(), "column `recency` is not the input `recency` of 3 rows");
    assert_eq!(scalar::scored(2, columns()[1..].to_vec()).unwrap_err(), "3 columns are given, 4 are expected");
}

#[test]
fn a_row_can_be_declined_and_a_batch_refused() {
    let rows = classes::scored(2, vec![Column::texts("text", &[Some("a crash"), None])]).unwrap();
    assert_eq!(rows[0].value, Classes::new([("bug", 0.9), ("other", 1.0 - 0.9)]).row().value);
    assert_eq!(rows[1].value, Outcome::Declined("no text".into()));
    let rows = ranking::scored(1, vec![Column::numbers("spend", &[Some(20.0)])]).unwrap();
    assert_eq!(rows[0], Ranking::new([("upgrade", 20.0), ("voucher", 10.0)]).row());
    let refused = ranking::scored(1, vec![Column::numbers("spend", &[None])]);
    assert_eq!(refused.unwrap_err(), "a row without spend");
    assert!(format!("{:?}", ranking::manifest()).contains("offers"));
}
