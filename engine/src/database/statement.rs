//! How statements over many rows are written for both databases, and run.

use domain::time::Timestamp;
use sea_orm::sea_query::ArrayType;
use sea_orm::{DbBackend, DbErr, Statement, Value};

use super::{Row, Sql};
use crate::partition::Parent;

/// Rows of one statement at most: bounds its parameters (32,766 on SQLite, 65,535 on Postgres).
const RUN_MAX: usize = 128;
/// Up to here there is a statement for every number of rows; above, for its multiples.
const RUN_EXACT: usize = 32;

/// Cuts rows into as few runs as possible whose lengths are among [`RUN_EXACT`] and a few more, so
/// that there are only so many texts of each statement to prepare, whatever the group's size. Where rows
/// are given as arrays one text is enough, and all of them are one run.
pub fn runs<'a, S: Sql, T>(db: &S, rows: &'a [T]) -> impl Iterator<Item = &'a [T]> + use<'a, S, T> {
    let is_whole = db.takes_arrays();
    let mut rest = rows;
    std::iter::from_fn(move || {
        let length = match rest.len() {
            0 => return None,
            rows if is_whole => rows,
            rows @ ..=RUN_EXACT => rows,
            rows @ ..RUN_MAX => rows - rows % RUN_EXACT,
            _ => RUN_MAX,
        };
        let (run, more) = rest.split_at(length);
        rest = more;
        Some(run)
    })
}

/// The same for rows of a table that has partitions, in the order of their ids: each run with the name of the
/// table, or the partition, that holds all of it. `time_of` is the time in a row's id.
pub fn placed_runs<'a, S: Sql, T>(
    db: &'a S,
    parent: Parent,
    rows: &'a [T],
    time_of: impl Fn(&T) -> Timestamp + Copy + 'a,
) -> impl Iterator<Item = (String, &'a [T])> {
    let day_of = move |row: &T| db.named_day(time_of(row));
    rows.chunk_by(move |one, next| day_of(one) == day_of(next)).flat_map(move |of_day| {
        let name = parent.named(of_day.first().and_then(day_of));
        runs(db, of_day).map(move |run| (name.clone(), run))
    })
}

/// A run of rows as the table of a statement, whose parameters are to be numbered with the rest of it,
/// and the values of these. `types` are Postgres's names of the columns' types.
pub fn table<const COLUMNS: usize>(
    db: &impl Sql,
    types: &[&str; COLUMNS],
    rows: impl ExactSizeIterator<Item = [Value; COLUMNS]>,
) -> (String, Vec<Value>) {
    let cast = || types.iter().map(|column_type| format!("?::{column_type}"));
    if db.takes_arrays() {
        let mut columns: Vec<Vec<Value>> = vec![Vec::with_capacity(rows.len()); COLUMNS];
        for row in rows {
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
        let arrays =
            types.iter().zip(columns).map(|(column_type, values)| array(column_type, values));
        let marks: Vec<String> = cast().map(|mark| mark + "[]").collect();
        return (format!("SELECT * FROM UNNEST({})", marks.join(",")), arrays.collect());
    }
    let first: Vec<String> = match db.backend() {
        // It takes a bare list for text.
        DbBackend::Postgres => cast().collect(),
        _ => vec!["?".to_owned(); COLUMNS],
    };
    let further = format!(",({})", vec!["?"; COLUMNS].join(","));
    let marks =
        format!("VALUES ({}){}", first.join(","), further.repeat(rows.len().saturating_sub(1)));
    (marks, rows.flatten().collect())
}

/// What a column is compared with to be one of `items` (`IN (?,?)`), and the values. Lists are padded to a
/// power of two by their last item: there are few distinct texts then. Empty lists are the caller's to
/// avoid. `column_type` is Postgres's name of the items' type.
pub fn one_of(db: &impl Sql, column_type: &str, mut items: Vec<Value>) -> (String, Vec<Value>) {
    if db.takes_arrays() {
        return (format!("= ANY(?::{column_type}[])"), vec![array(column_type, items)]);
    }
    if let Some(last) = items.last().cloned() {
        items.resize(items.len().next_power_of_two(), last);
    }
    (format!("IN ({})", vec!["?"; items.len()].join(",")), items)
}

fn array(column_type: &str, values: Vec<Value>) -> Value {
    let items = match column_type {
        "boolean" => ArrayType::Bool,
        "smallint" => ArrayType::SmallInt,
        "integer" => ArrayType::Int,
        "bigint" => ArrayType::BigInt,
        "text" => ArrayType::String,
        "bytea" => ArrayType::Bytes,
        "uuid" => ArrayType::Uuid,
        other => unreachable!("no column is of type {other}"),
    };
    Value::Array(items, Some(Box::new(values)))
}

/// A statement whose parameters are written as `?`, as the backend takes it.
pub(super) fn statement(backend: DbBackend, sql: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(backend, numbered(backend, sql), values)
}

/// The statement's text with each `?` replaced by what the backend calls its next parameter.
pub(super) fn numbered(backend: DbBackend, sql: &str) -> String {
    if backend != DbBackend::Postgres {
        return sql.to_owned();
    }
    let mut text = String::with_capacity(sql.len() * 2);
    for (number, part) in sql.split('?').enumerate() {
        if number > 0 {
            text.push('$');
            text.push_str(&number.to_string());
        }
        text.push_str(part);
    }
    text
}

/// Runs a statement whose parameters are written as `?`; the number of rows that it changed.
///
/// # Errors
/// When the database is away or refuses it.
pub async fn execute(db: &impl Sql, sql: &str, values: Vec<Value>) -> Result<u64, DbErr> {
    db.execute(statement(db.backend(), sql, values)).await
}

/// Runs a query whose parameters are written as `?`.
///
/// # Errors
/// When the database is away or refuses it.
pub async fn query_all(db: &impl Sql, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, DbErr> {
    db.query(statement(db.backend(), sql, values)).await
}

/// Runs a query by [`Sql::peek`].
///
/// # Errors
/// When the database is away or refuses it.
pub async fn peek_all(db: &impl Sql, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, DbErr> {
    db.peek(statement(db.backend(), sql, values)).await
}

/// Runs a query of at most one row, its parameters written as `?`.
///
/// # Errors
/// When the database is away or refuses it.
pub async fn query_one(db: &impl Sql, sql: &str, values: Vec<Value>) -> Result<Option<Row>, DbErr> {
    Ok(query_all(db, sql, values).await?.into_iter().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Speaks a dialect and runs nothing.
    struct Mute(DbBackend, bool);

    #[async_trait::async_trait]
    impl Sql for Mute {
        fn backend(&self) -> DbBackend {
            self.0
        }

        fn takes_arrays(&self) -> bool {
            self.1
        }

        async fn execute(&self, _: Statement) -> Result<u64, DbErr> {
            Ok(0)
        }

        async fn query(&self, _: Statement) -> Result<Vec<Row>, DbErr> {
            Ok(Vec::new())
        }
    }

    const SQLITE: Mute = Mute(DbBackend::Sqlite, false);
    const POSTGRES: Mute = Mute(DbBackend::Postgres, false);
    const ARRAYS: Mute = Mute(DbBackend::Postgres, true);

    #[test]
    fn runs_have_few_lengths_and_lose_nothing() {
        let rows: Vec<u32> = (0..205).collect();
        let lengths: Vec<usize> = runs(&SQLITE, &rows).map(<[u32]>::len).collect();
        assert_eq!(lengths, [128, 64, 13]);
        assert_eq!(runs(&SQLITE, &rows).flatten().copied().collect::<Vec<_>>(), rows);
        assert_eq!(runs(&ARRAYS, &rows).map(<[u32]>::len).collect::<Vec<_>>(), [205]);
    }

    #[test]
    fn parameters_are_written_as_each_database_wants_them() {
        assert_eq!(numbered(DbBackend::Postgres, "a = ? AND b = ?"), "a = $1 AND b = $2");
        assert_eq!(numbered(DbBackend::Sqlite, "a = ? AND b = ?"), "a = ? AND b = ?");
        let rows =
            || [[Value::from(1_i64), Value::from("a")], [2_i64.into(), "b".into()]].into_iter();
        let types = &["bigint", "text"];
        let flat: Vec<Value> = rows().flatten().collect();
        assert_eq!(table(&SQLITE, types, rows()), ("VALUES (?,?),(?,?)".to_owned(), flat.clone()));
        let cast = "VALUES (?::bigint,?::text),(?,?)".to_owned();
        assert_eq!(table(&POSTGRES, types, rows()), (cast, flat));
        let (sql, columns) = table(&ARRAYS, types, rows());
        assert_eq!(sql, "SELECT * FROM UNNEST(?::bigint[],?::text[])");
        assert_eq!(columns[0], array("bigint", vec![1_i64.into(), 2_i64.into()]));
        assert_eq!(columns[1], array("text", vec!["a".into(), "b".into()]));
    }

    #[test]
    fn lists_have_few_lengths() {
        let items = || vec![Value::from(1_i64), 2_i64.into(), 3_i64.into()];
        let (sql, padded) = one_of(&SQLITE, "bigint", items());
        assert_eq!((sql.as_str(), padded.len()), ("IN (?,?,?,?)", 4));
        let (sql, one) = one_of(&ARRAYS, "bigint", items());
        assert_eq!((sql.as_str(), one), ("= ANY(?::bigint[])", vec![array("bigint", items())]));
    }
}
