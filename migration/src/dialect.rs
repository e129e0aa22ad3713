//! The words that SQLite and Postgres spell differently.
//!
//! | placeholder | SQLite | Postgres |
//! | --- | --- | --- |
//! | `{uuid}` | `BLOB` | `UUID` |
//! | `{bytes}` | `BLOB` | `BYTEA` |
//! | `{json}` | `TEXT` | `JSON` |
//! | `{bool}` | `BOOLEAN` | `BOOLEAN` |
//! | `{without_rowid}` | ` WITHOUT ROWID` | |
//! | `{by_range(column)}` | | ` PARTITION BY RANGE (column)` |
//! | `{default_partition(table)}` | | a statement that makes `table_default` |
//! | `{row_type(name: columns)}` | | a statement that makes a composite type |
//! | `{drop_row_type(name)}` | | a statement that drops it |
//! | `{postgres(sql)}` | | the text itself |
//! | `{append_only(table)}` | a trigger that refuses changes of the table's rows | the same, with its function |
//! | `{drop_append_only(table)}` | | a statement that drops the function, once the table is gone |
//!
//! Declared types matter on SQLite as well: sqlx decides by them what a value may be read as. UUIDs
//! are 16 bytes there, which sort as the UUIDs do.

use sea_orm_migration::DbErr;
use sea_orm_migration::sea_orm::DbBackend;

/// The template's SQL for one database.
///
/// # Errors
/// When the template has a placeholder that the table above does not name, or the database is
/// neither of the two.
pub(crate) fn render(template: &str, backend: DbBackend) -> Result<String, DbErr> {
    let mut sql = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (placeholder, after) = after
            .split_once('}')
            .ok_or_else(|| DbErr::Migration(format!("a placeholder has no end: {after}")))?;
        sql.push_str(before);
        sql.push_str(&spell(placeholder, backend)?);
        rest = after;
    }
    sql.push_str(rest);
    Ok(sql)
}

fn spell(placeholder: &str, backend: DbBackend) -> Result<String, DbErr> {
    let (word, argument) =
        placeholder.strip_suffix(')').and_then(|p| p.split_once('(')).unwrap_or((placeholder, ""));
    let sqlite = match backend {
        DbBackend::Sqlite => true,
        DbBackend::Postgres => false,
        _ => {
            return Err(DbErr::Migration("only SQLite and Postgres are supported".to_owned()));
        }
    };
    Ok(match (word, sqlite) {
        ("uuid", true) => "BLOB".to_owned(),
        ("uuid", false) => "UUID".to_owned(),
        ("bytes", true) => "BLOB".to_owned(),
        ("bytes", false) => "BYTEA".to_owned(),
        ("json", true) => "TEXT".to_owned(),
        ("json", false) => "JSON".to_owned(),
        ("bool", _) => "BOOLEAN".to_owned(),
        ("without_rowid", true) => " WITHOUT ROWID".to_owned(),
        ("by_range", false) => format!(" PARTITION BY RANGE ({argument})"),
        ("default_partition", false) => {
            format!("CREATE TABLE {argument}_default PARTITION OF {argument} DEFAULT;")
        }
        ("row_type", false) => {
            let (name, columns) = argument.split_once(": ").ok_or_else(|| {
                DbErr::Migration(format!("a row type has no columns: {placeholder}"))
            })?;
            format!("CREATE TYPE {name} AS ({columns});")
        }
        ("drop_row_type", false) => format!("DROP TYPE {argument};"),
        ("postgres", false) => argument.to_owned(),
        ("append_only", true) => format!(
            "CREATE TRIGGER {argument}_append_only BEFORE UPDATE ON {argument} \
             BEGIN SELECT RAISE(ABORT, '{argument} is append-only'); END;"
        ),
        ("append_only", false) => format!(
            "CREATE FUNCTION {argument}_append_only() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION '{argument} is append-only'; END $$; \
             CREATE TRIGGER {argument}_append_only BEFORE UPDATE ON {argument} \
             FOR EACH ROW EXECUTE FUNCTION {argument}_append_only();"
        ),
        ("drop_append_only", false) => format!("DROP FUNCTION {argument}_append_only();"),
        ("without_rowid", false)
        | (
            "by_range" | "default_partition" | "row_type" | "drop_row_type" | "postgres"
            | "drop_append_only",
            true,
        ) => String::new(),
        _ => {
            return Err(DbErr::Migration(format!("no such placeholder: {placeholder}")));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "CREATE TABLE t (id {uuid}, body {bytes}, facts {json}, on {bool}){without_rowid}{by_range(id)};{default_partition(t)}{row_type(r: a int, b text)}";

    fn rendered(backend: DbBackend) -> String {
        render(TABLE, backend).expect("every placeholder is known")
    }

    #[test]
    fn each_database_gets_its_own_words() {
        assert_eq!(
            rendered(DbBackend::Sqlite),
            "CREATE TABLE t (id BLOB, body BLOB, facts TEXT, on BOOLEAN) WITHOUT ROWID;"
        );
        assert_eq!(
            rendered(DbBackend::Postgres),
            "CREATE TABLE t (id UUID, body BYTEA, facts JSON, on BOOLEAN) PARTITION BY RANGE (id);\
             CREATE TABLE t_default PARTITION OF t DEFAULT;CREATE TYPE r AS (a int, b text);"
        );
    }

    #[test]
    fn an_unknown_or_endless_placeholder_is_refused() {
        for template in ["{money}", "{uuid", "a {} b", "{uuid(}", "{row_type(r)}"] {
            assert!(render(template, DbBackend::Postgres).is_err(), "{template}");
        }
    }
}
