//! Numbers of JSON and CEL: 64-bit integers exactly, everything else as a double. They compare by
//! value, whatever their kinds.

use std::cmp::Ordering;
use std::fmt;

/// One number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Int(i64),
    Uint(u64),
    Double(f64),
}

/// Why arithmetic has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NumberError {
    #[error("an integer overflows 64 bits")]
    Overflow,
    #[error("division by zero")]
    DivisionByZero,
    #[error("% takes integers only")]
    RemainderOfDouble,
    #[error("only an int or a double can be negated")]
    NegatedUint,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Number {
    pub(super) fn from_json(number: &serde_json::Number) -> Self {
        match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Self::Int(int),
            (None, Some(uint)) => Self::Uint(uint),
            // Reading JSON refuses what is out of a double's range.
            (None, None) => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
        }
    }

    /// The integer, if it is one by kind.
    const fn integer(self) -> Option<i128> {
        match self {
            Self::Int(int) => Some(int as i128),
            Self::Uint(uint) => Some(uint as i128),
            Self::Double(_) => None,
        }
    }

    pub(super) const fn to_double(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Uint(uint) => uint as f64,
            Self::Double(double) => double,
        }
    }

    /// Towards zero; `None` when it is far out of 64 bits.
    pub(super) fn to_integer(self) -> Option<i128> {
        self.integer().or_else(|| {
            let double = self.to_double();
            // Within this range an i128 holds every whole double, so the cast only drops the fraction.
            (double.abs() < TWO_POW_64 * 2.0).then_some(double as i128)
        })
    }

    /// The position that the number names in a list: its value, if that is whole.
    pub(super) fn to_position(self) -> Option<i128> {
        match self {
            Self::Double(double) if double.trunc() != double => None,
            _ => self.to_integer(),
        }
    }

    /// By value; `None` when one is not a number (NaN).
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        match (self.integer(), other.integer()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            (Some(a), None) => compare_with_double(a, other.to_double()),
            (None, Some(b)) => compare_with_double(b, self.to_double()).map(Ordering::reverse),
            (None, None) => self.to_double().partial_cmp(&other.to_double()),
        }
    }

    /// Integers exactly, or an error when the result does not fit; a double makes the result one.
    pub(super) fn combine(self, how: Arithmetic, other: Self) -> Result<Self, NumberError> {
        let (Some(a), Some(b)) = (self.integer(), other.integer()) else {
            let (a, b) = (self.to_double(), other.to_double());
            return Ok(Self::Double(match how {
                Arithmetic::Add => a + b,
                Arithmetic::Subtract => a - b,
                Arithmetic::Multiply => a * b,
                Arithmetic::Divide => a / b,
                Arithmetic::Remainder => return Err(NumberError::RemainderOfDouble),
            }));
        };
        let exact = match how {
            Arithmetic::Add => a.checked_add(b),
            Arithmetic::Subtract => a.checked_sub(b),
            Arithmetic::Multiply => a.checked_mul(b),
            Arithmetic::Divide | Arithmetic::Remainder if b == 0 => {
                return Err(NumberError::DivisionByZero);
            }
            Arithmetic::Divide => a.checked_div(b),
            Arithmetic::Remainder => a.checked_rem(b),
        };
        let exact = exact.ok_or(NumberError::Overflow)?;
        let int = || i64::try_from(exact).map(Self::Int);
        let uint = || u64::try_from(exact).map(Self::Uint);
        match (self, other) {
            (Self::Int(_), Self::Int(_)) => int(),
            (Self::Uint(_), Self::Uint(_)) => uint(),
            _ => int().or_else(|_| uint()),
        }
        .map_err(|_| NumberError::Overflow)
    }

    pub(super) fn negate(self) -> Result<Self, NumberError> {
        match self {
            Self::Int(int) => int.checked_neg().map(Self::Int).ok_or(NumberError::Overflow),
            Self::Uint(_) => Err(NumberError::NegatedUint),
            Self::Double(double) => Ok(Self::Double(-double)),
        }
    }
}

const TWO_POW_64: f64 = 18_446_744_073_709_551_616.0;

/// An integer of 64 bits beside a double, without rounding the integer.
fn compare_with_double(int: i128, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        None
    } else if double >= TWO_POW_64 {
        Some(Ordering::Less)
    } else if double <= -TWO_POW_64 {
        Some(Ordering::Greater)
    } else {
        let whole = double.trunc();
        Some(int.cmp(&(whole as i128)).then_with(|| whole.total_cmp(&double)))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => write!(f, "{int}"),
            Self::Uint(uint) => write!(f, "{uint}"),
            Self::Double(double) => write!(f, "{double}"),
        }
    }
}
