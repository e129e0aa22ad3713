//! Statements as text with values, on whatever runs them: sea-orm's connections and transactions, and
//! the one that writes SQLite in place.

use async_trait::async_trait;
use domain::time::Timestamp;
use sea_orm::sea_query::{ArrayType, ValueType};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, TryGetable, Value};

use super::param::{Param, values_of};
use super::statement::statement;

/// The verbs of [`Sql::all_or_nothing`].
#[derive(Debug, Clone, Copy)]
pub struct AllOrNothing {
    pub insert: &'static str,
    pub update: &'static str,
}

/// A change of which nothing has to be known but that it was made; or a condition of the others.
#[derive(Debug)]
pub struct Change {
    /// Its parameters are written as `?`.
    pub sql: String,
    pub values: Vec<Param>,
    /// When there are fewer, the transaction comes to nothing.
    pub rows: Rows,
}

/// How many rows a change has to do with.
#[derive(Debug, Clone, Copy)]
pub enum Rows {
    /// However many it changes.
    Any,
    /// So many that it changes.
    Changed(usize),
    /// So many that it finds: a query.
    Found(usize),
}

/// Runs statements.
#[async_trait]
pub trait Sql: Sync {
    /// Whose dialect it takes.
    fn backend(&self) -> DbBackend;

    /// How a statement begins that changes many rows in a transaction which ends with its first
    /// failure: SQLite, told that nothing is to be kept then, need not copy each page before the
    /// statement changes it.
    fn all_or_nothing(&self) -> AllOrNothing {
        AllOrNothing { insert: "INSERT", update: "UPDATE" }
    }

    /// Whether many rows are given as one array for each column.
    fn takes_arrays(&self) -> bool {
        false
    }

    /// The day of an instant, when a statement may name its partitions in place of their table.
    fn named_day(&self, _: Timestamp) -> Option<Timestamp> {
        None
    }

    /// Runs a statement; the number of rows that it changed.
    async fn execute(&self, statement: Statement) -> Result<u64, DbErr>;

    /// Runs a query.
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, DbErr>;

    /// Runs a query whose answer the transaction need not hold on to: on Postgres it may run before it
    /// begins.
    async fn peek(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        self.query(statement).await
    }

    /// Makes a change now or, on Postgres, together with others and at the latest with the commit: then
    /// it is there that it fails, with [`DbErr::RecordNotUpdated`] when it changed too few rows.
    async fn make(&self, change: Change) -> Result<(), DbErr> {
        change.make_now(self).await
    }
}

impl Change {
    /// Makes it by a statement of its own.
    pub async fn make_now(self, db: &(impl Sql + ?Sized)) -> Result<(), DbErr> {
        let statement = statement(db.backend(), &self.sql, values_of(self.values)?);
        let (least, rows) = match self.rows {
            Rows::Found(least) => (least, db.query(statement).await?.len()),
            Rows::Changed(least) => {
                (least, usize::try_from(db.execute(statement).await?).unwrap_or(usize::MAX))
            }
            Rows::Any => return db.execute(statement).await.map(drop),
        };
        if rows < least { Err(DbErr::RecordNotUpdated) } else { Ok(()) }
    }
}

#[async_trait]
impl<C: ConnectionTrait> Sql for C {
    fn backend(&self) -> DbBackend {
        self.get_database_backend()
    }

    async fn execute(&self, statement: Statement) -> Result<u64, DbErr> {
        Ok(self.execute_raw(statement).await?.rows_affected())
    }

    async fn query(&self, statement: Statement) -> Result<Vec<Row>, DbErr> {
        Ok(self.query_all_raw(statement).await?.into_iter().map(Row::Sqlx).collect())
    }
}

/// A row of a result.
#[derive(Debug)]
pub enum Row {
    /// As sqlx gives it.
    Sqlx(QueryResult),
    /// As SQLite keeps it; its types are those that are asked for.
    InPlace(Vec<rusqlite::types::Value>),
}

impl Row {
    /// The value of a column, counted from 0.
    ///
    /// # Errors
    /// When there is no such column or it holds something else.
    pub fn get<T: TryGetable + ValueType>(&self, index: usize) -> Result<T, DbErr> {
        let values = match self {
            Self::Sqlx(row) => return row.try_get_by_index(index),
            Self::InPlace(values) => values,
        };
        let unfit = || DbErr::Type(format!("column {index} is no {}", T::type_name()));
        let value = values.get(index).and_then(|value| typed(value, &T::array_type()));
        <T as ValueType>::try_from(value.ok_or_else(unfit)?).map_err(|_| unfit())
    }
}

/// What SQLite keeps as the type that is wanted; `None` where it is something else.
fn typed(value: &rusqlite::types::Value, wanted: &ArrayType) -> Option<Value> {
    use rusqlite::types::Value::{Blob, Integer, Null, Text};
    Some(match (wanted, value) {
        (ArrayType::Bool, Integer(number)) => Value::Bool(Some(*number != 0)),
        (ArrayType::Bool, Null) => Value::Bool(None),
        (ArrayType::SmallInt, Integer(number)) => Value::SmallInt(Some((*number).try_into().ok()?)),
        (ArrayType::SmallInt, Null) => Value::SmallInt(None),
        (ArrayType::Int, Integer(number)) => Value::Int(Some((*number).try_into().ok()?)),
        (ArrayType::Int, Null) => Value::Int(None),
        (ArrayType::BigInt, Integer(number)) => Value::BigInt(Some(*number)),
        (ArrayType::BigInt, Null) => Value::BigInt(None),
        (ArrayType::String, Text(text)) => Value::String(Some(text.clone())),
        (ArrayType::String, Null) => Value::String(None),
        (ArrayType::Bytes, Blob(bytes)) => Value::Bytes(Some(bytes.clone())),
        (ArrayType::Bytes, Null) => Value::Bytes(None),
        (ArrayType::Uuid, Blob(bytes)) => Value::Uuid(Some(uuid::Uuid::from_slice(bytes).ok()?)),
        (ArrayType::Uuid, Null) => Value::Uuid(None),
        (ArrayType::Json, Text(text)) => {
            Value::Json(Some(Box::new(serde_json::from_str(text).ok()?)))
        }
        (ArrayType::Json, Null) => Value::Json(None),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::delivery::Trigger;
    use domain::ids::DeliveryId;
    use domain::subscription::SubscriptionStatus;
    use domain::time::Timestamp;
    use rusqlite::types::Value::{Blob, Integer, Null, Text};

    #[test]
    fn a_column_is_read_as_the_type_that_is_asked_for() {
        let now = Timestamp::from_unix_ms(1_768_996_800_000);
        let id = DeliveryId::derive(now, &[b"x"]);
        let row = Row::InPlace(vec![
            Blob(id.as_bytes().to_vec()),
            Integer(2),
            Text("paused".to_owned()),
            Integer(now.unix_ms()),
            Null,
            Integer(70_000),
        ]);
        assert_eq!(row.get::<DeliveryId>(0).expect("an id"), id);
        assert_eq!(row.get::<Trigger>(1).expect("a trigger"), Trigger::Replay);
        assert_eq!(row.get::<SubscriptionStatus>(2).expect("a status"), SubscriptionStatus::Paused);
        assert_eq!(row.get::<Option<Timestamp>>(3).expect("an instant"), Some(now));
        assert_eq!(row.get::<Option<Timestamp>>(4).expect("none"), None);
        assert_eq!(row.get::<i32>(5).expect("a number"), 70_000);
    }

    #[test]
    fn what_does_not_fit_is_no_null() {
        let row = Row::InPlace(vec![Integer(70_000), Text("x".to_owned()), Null]);
        assert!(row.get::<Option<i16>>(0).is_err(), "too large");
        assert!(row.get::<Option<DeliveryId>>(1).is_err(), "another type");
        assert!(row.get::<i64>(2).is_err(), "NULL where a value must be");
        assert!(row.get::<i64>(3).is_err(), "no such column");
    }
}
