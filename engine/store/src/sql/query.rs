//! One statement with its values, as both databases take it.
//!
//! `$1 …` are single values. `{rows}` stands for a table of values (`{rows2}` for a second one) with the alias `r`: so
//! one statement handles a whole batch. `{lock}` and `{skip}` are row locks, which only Postgres needs.

/// A single value.
#[derive(Clone, Debug)]
pub enum Arg {
    /// 64 bits.
    Int(Option<i64>),
    /// UTF-8.
    Text(Option<String>),
}

/// The values of one column of a [`Table`].
#[derive(Clone, Debug)]
pub enum Column {
    /// 64 bits.
    Int(Vec<Option<i64>>),
    /// UTF-8.
    Text(Vec<Option<String>>),
    /// 64 bits.
    Float(Vec<Option<f64>>),
    /// Any bytes.
    Bytes(Vec<Vec<u8>>),
}

/// Rows of values, kept by column; all columns are of the same length.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Name and values.
    pub columns: Vec<(&'static str, Column)>,
}

impl Table {
    /// Adds whole numbers.
    pub fn ints<V: Into<Option<i64>>>(self, name: &'static str, values: impl IntoIterator<Item = V>) -> Table {
        self.add(name, Column::Int(values.into_iter().map(Into::into).collect()))
    }

    /// Adds texts.
    pub fn texts<V: Into<Option<String>>>(self, name: &'static str, values: impl IntoIterator<Item = V>) -> Table {
        self.add(name, Column::Text(values.into_iter().map(Into::into).collect()))
    }

    /// Adds texts by reference.
    pub fn strs<'a>(self, name: &'static str, values: impl IntoIterator<Item = &'a str>) -> Table {
        self.texts(name, values.into_iter().map(str::to_owned))
    }

    /// Adds numbers.
    pub fn floats(self, name: &'static str, values: impl IntoIterator<Item = Option<f64>>) -> Table {
        self.add(name, Column::Float(values.into_iter().collect()))
    }

    /// Adds bytes.
    pub fn bytes(self, name: &'static str, values: impl IntoIterator<Item = Vec<u8>>) -> Table {
        self.add(name, Column::Bytes(values.into_iter().collect()))
    }

    fn add(mut self, name: &'static str, column: Column) -> Table {
        self.columns.push((name, column));
        self
    }
}

/// A statement with its values.
#[derive(Clone, Debug)]
pub struct Query {
    /// The text with its marks.
    pub sql: &'static str,
    /// `$1 …`.
    pub args: Vec<Arg>,
    /// `{rows}`, `{rows2}`.
    pub tables: Vec<Table>,
}

impl Query {
    /// A statement without values.
    pub fn new(sql: &'static str) -> Query {
        Query { sql, args: Vec::new(), tables: Vec::new() }
    }

    /// The next single value: a whole number.
    pub fn int(mut self, value: impl Into<Option<i64>>) -> Query {
        self.args.push(Arg::Int(value.into()));
        self
    }

    /// The next single value: text.
    pub fn text(mut self, value: &str) -> Query {
        self.args.push(Arg::Text(Some(value.to_owned())));
        self
    }

    /// The next single value: text, or nothing.
    pub fn maybe(mut self, value: Option<&str>) -> Query {
        self.args.push(Arg::Text(value.map(str::to_owned)));
        self
    }

    /// The next table.
    pub fn table(mut self, table: Table) -> Query {
        self.tables.push(table);
        self
    }

    /// A table of one text column `id`.
    pub fn ids<'a>(self, ids: impl IntoIterator<Item = &'a str>) -> Query {
        self.table(Table::default().strs("id", ids))
    }

    /// The text with `{rows}` as `source` writes it (given the table and the number of its first value, it returns its
    /// text and how many numbers it used) and row locks written out or left out.
    pub fn render(&self, locks: bool, source: impl Fn(&Table, usize) -> (String, usize)) -> String {
        let mut sql = self.sql.to_owned();
        let mut next = self.args.len() + 1;
        for (mark, table) in ["{rows}", "{rows2}"].into_iter().zip(&self.tables) {
            let (text, used) = source(table, next);
            sql = sql.replace(mark, &text);
            next += used;
        }
        let (lock, skip) = if locks { ("FOR UPDATE", "FOR UPDATE SKIP LOCKED") } else { ("", "") };
        sql.replace("{lock}", lock).replace("{skip}", skip)
    }
}
