//! How statements over many rows are written for both databases, and run.

use sea_orm::{DbBackend, DbErr, Statement, Value};

use super::{Row, Sql};

/// Rows of one statement at most: bounds its parameters (32,766 on SQLite, 65,535 on Postgres).
const RUN_MAX: usize = 128;
/// Up to here there is a statement for every number of rows; above, for its multiples.
const RUN_EXACT: usize = 32;

/// Cuts rows into as few runs as possible whose lengths are among [`RUN_EXACT`] and a few more, so
/// that there are only so many texts of each statement to prepare, whatever the group's size.
pub fn runs<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let length = match rest.len() {
            0 => return None,
            rows @ ..=RUN_EXACT => rows,
            rows @ ..RUN_MAX => rows - rows % RUN_EXACT,
            _ => RUN_MAX,
        };
        let (run, more) = rest.split_at(length);
        rest = more;
        Some(run)
    })
}

/// `(?,?),(?,?)`: marks for `rows` rows, to be numbered with the rest of the statement; `types` are
/// cast to in the first row, since Postgres takes a bare `VALUES` list for text.
pub fn rows_of_values(backend: DbBackend, types: &[&str], rows: usize) -> String {
    let first: Vec<String> = match backend {
        DbBackend::Postgres => {
            types.iter().map(|column_type| format!("?::{column_type}")).collect()
        }
        _ => vec!["?".to_owned(); types.len()],
    };
    let further = format!(",({})", vec!["?"; types.len()].join(","));
    format!("({}){}", first.join(","), further.repeat(rows.saturating_sub(1)))
}

/// The statement's text with each `?` replaced by what the backend calls its next parameter.
fn numbered(backend: DbBackend, sql: &str) -> String {
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
    let backend = db.backend();
    db.execute(Statement::from_sql_and_values(backend, numbered(backend, sql), values)).await
}

/// Runs a query whose parameters are written as `?`.
///
/// # Errors
/// When the database is away or refuses it.
pub async fn query_all(db: &impl Sql, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, DbErr> {
    let backend = db.backend();
    db.query(Statement::from_sql_and_values(backend, numbered(backend, sql), values)).await
}

/// Runs a query of at most one row, its parameters written as `?`.
///
/// # Errors
/// When the database is away or refuses it.
pub async fn query_one(db: &impl Sql, sql: &str, values: Vec<Value>) -> Result<Option<Row>, DbErr> {
    Ok(query_all(db, sql, values).await?.into_iter().next())
}

/// As many `?` as there are items, with the list padded to a power of two by its last item: a query
/// `… IN (…)` then has few distinct texts. Empty lists are the caller's to avoid.
pub fn padded_list(mut items: Vec<Value>) -> (String, Vec<Value>) {
    if let Some(last) = items.last().cloned() {
        items.resize(items.len().next_power_of_two(), last);
    }
    let marks = vec!["?"; items.len()].join(",");
    (marks, items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_have_few_lengths_and_lose_nothing() {
        let rows: Vec<u32> = (0..205).collect();
        let lengths: Vec<usize> = runs(&rows).map(<[u32]>::len).collect();
        assert_eq!(lengths, [128, 64, 13]);
        assert_eq!(runs(&rows).flatten().copied().collect::<Vec<_>>(), rows);
    }

    #[test]
    fn parameters_are_written_as_each_database_wants_them() {
        assert_eq!(numbered(DbBackend::Postgres, "a = ? AND b = ?"), "a = $1 AND b = $2");
        assert_eq!(numbered(DbBackend::Sqlite, "a = ? AND b = ?"), "a = ? AND b = ?");
        assert_eq!(
            rows_of_values(DbBackend::Postgres, &["uuid", "bigint"], 2),
            "(?::uuid,?::bigint),(?,?)"
        );
        assert_eq!(rows_of_values(DbBackend::Sqlite, &["uuid"], 2), "(?),(?)");
    }
}
