//! Parameters of a change: single values, and on Postgres all rows of a kind as one.

use sea_orm::sqlx::encode::IsNull;
use sea_orm::sqlx::error::BoxDynError;
use sea_orm::sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, Postgres};
use sea_orm::sqlx::{Encode, Type};
use sea_orm::{DbErr, Value};

use super::Sql;
use super::statement::table;

/// A parameter of a change.
#[derive(Debug)]
pub enum Param {
    One(Value),
    /// An array of rows; only where rows are taken as arrays.
    Rows(Vec<RowParam>),
}

impl<T: Into<Value>> From<T> for Param {
    fn from(value: T) -> Self {
        Self::One(value.into())
    }
}

impl Param {
    /// Each value by itself.
    pub fn each(values: Vec<Value>) -> Vec<Self> {
        values.into_iter().map(Self::One).collect()
    }
}

/// What the hot paths write many of. Each has a type in Postgres, with these columns in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    Event,
    Delivery,
    Move,
    Attempt,
}

impl RowKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Event => "event_row",
            Self::Delivery => "delivery_row",
            Self::Move => "move_row",
            Self::Attempt => "attempt_row",
        }
    }
}

/// One row.
#[derive(Debug)]
pub struct RowParam {
    pub kind: RowKind,
    pub values: Vec<Value>,
}

/// As [`table`], for a change.
pub fn row_table<const COLUMNS: usize>(
    db: &impl Sql,
    kind: RowKind,
    types: &[&str; COLUMNS],
    rows: impl ExactSizeIterator<Item = [Value; COLUMNS]>,
) -> (String, Vec<Param>) {
    if db.takes_arrays() {
        let rows = rows.map(|values| RowParam { kind, values: values.into() });
        let sql = format!("SELECT * FROM UNNEST(?::{}[])", kind.name());
        return (sql, vec![Param::Rows(rows.collect())]);
    }
    let (sql, values) = table(db, types, rows);
    (sql, Param::each(values))
}

/// The values of a change that is given none of its rows as arrays.
pub(super) fn values_of(params: Vec<Param>) -> Result<Vec<Value>, DbErr> {
    let value = |param| match param {
        Param::One(value) => Ok(value),
        Param::Rows(_) => Err(DbErr::Type("rows are no value".to_owned())),
    };
    params.into_iter().map(value).collect()
}

/// All rows of a parameter, which are of one kind.
pub(super) struct RowArray(pub(super) Vec<RowParam>);

impl Type<Postgres> for RowArray {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::array_of("record")
    }
}

impl Encode<'_, Postgres> for RowArray {
    fn produces(&self) -> Option<PgTypeInfo> {
        self.0.first().map(|row| PgTypeInfo::array_of(row.kind.name()))
    }

    fn encode_by_ref(&self, buf: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.0.as_slice().encode_by_ref(buf)
    }
}

// What stands for rows of which none is there to tell its kind.
impl Type<Postgres> for RowParam {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("record")
    }
}

impl Encode<'_, Postgres> for RowParam {
    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_name(self.kind.name()))
    }

    /// The binary form of a composite value: the number of its columns, and of each its type's OID, its length
    /// and its bytes (PostgreSQL, `record_send`).
    fn encode_by_ref(&self, buf: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buf.extend_from_slice(&i32::try_from(self.values.len())?.to_be_bytes());
        for value in &self.values {
            match value {
                Value::Bool(value) => put(value, buf)?,
                Value::SmallInt(value) => put(value, buf)?,
                Value::Int(value) => put(value, buf)?,
                Value::BigInt(value) => put(value, buf)?,
                Value::String(value) => put(value, buf)?,
                Value::Bytes(value) => put(value, buf)?,
                Value::Uuid(value) => put(value, buf)?,
                other => return Err(format!("{other:?} is in no row").into()),
            }
        }
        Ok(IsNull::No)
    }
}

fn put<'q, T>(value: &Option<T>, buf: &mut PgArgumentBuffer) -> Result<(), BoxDynError>
where
    T: Encode<'q, Postgres> + Type<Postgres>,
{
    let oid = T::type_info().oid().ok_or("a type of Postgres's own has an OID")?;
    buf.extend_from_slice(&oid.0.to_be_bytes());
    let length_at = buf.len();
    buf.extend_from_slice(&(-1_i32).to_be_bytes());
    if let Some(value) = value
        && !value.encode_by_ref(buf)?.is_null()
    {
        let length = i32::try_from(buf.len() - length_at - 4)?;
        buf[length_at..length_at + 4].copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}
