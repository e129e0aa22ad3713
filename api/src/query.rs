//! The query string: every parameter is one that the route knows, and has a value that can be.

use std::fmt;
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use domain::time::Timestamp;
use engine::store::Window;
use futures::future::{Ready, ready};

use crate::problem::Problem;

/// Parameters of a query string in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    given: Vec<(String, String)>,
}

impl FromRequest for Query {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request.query_string())))
    }
}

impl Query {
    fn of(text: &str) -> Self {
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        Self { given: pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect() }
    }

    /// Refuses parameters that are not among `names`.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), Problem> {
        match self.given.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => {
                let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                let shown: String = name.chars().take(100).collect();
                Err(Problem::parameter(
                    &format!("query parameter {shown:?}"),
                    format!("is unknown; known here: {known}"),
                ))
            }
        }
    }

    /// The one value of a parameter.
    pub(crate) fn one<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem>
    where
        T::Err: fmt::Display,
    {
        let mut values = self.given.iter().filter(|(given, _)| given == name);
        let Some((_, value)) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(fault(name, "is given twice; give it once"));
        }
        value.parse().map(Some).map_err(|error| fault(name, error))
    }

    /// Any of the values: repeated, or separated by commas.
    pub(crate) fn any<T, E: fmt::Display>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Vec<T>, Problem> {
        let values = self
            .given
            .iter()
            .filter(|(given, _)| given == name)
            .flat_map(|(_, value)| value.split(','));
        let parsed: Vec<T> = values
            .map(|value| parse(value).map_err(|error| fault(name, error)))
            .collect::<Result<_, _>>()?;
        if parsed.len() > VALUES_MAX {
            return Err(fault(name, format!("has more than {VALUES_MAX} values")));
        }
        Ok(parsed)
    }

    /// Whether a flag is set; `false` when it is not given.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Problem> {
        Ok(self.switch(name)?.unwrap_or(false))
    }

    /// `true`, `false`, or not given.
    pub(crate) fn switch(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.one::<String>(name)?.as_deref() {
            None => Ok(None),
            Some("false") => Ok(Some(false)),
            Some("true") => Ok(Some(true)),
            Some(_) => Err(fault(name, "must be true or false")),
        }
    }

    /// `from` and `to`.
    pub(crate) fn window(&self) -> Result<Window, Problem> {
        Ok(Window { from: self.one::<Timestamp>("from")?, to: self.one::<Timestamp>("to")? })
    }
}

/// Values of one parameter.
const VALUES_MAX: usize = 100;

fn fault(name: &str, detail: impl fmt::Display) -> Problem {
    Problem::parameter(&format!("query parameter {name}"), detail)
}
