//! The parameter table's rows: what a parameter is called, may be, and means.

use crate::error::CoreError;
use std::fmt;

/// A parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A real number.
    Number(f64),
    /// A whole number.
    Whole(i64),
    /// On or off.
    Switch(bool),
    /// One of a few words.
    Choice(&'static str),
    /// Any text.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => write!(f, "{value}"),
            Self::Whole(value) => write!(f, "{value}"),
            Self::Switch(value) => write!(f, "{value}"),
            Self::Choice(value) => f.write_str(value),
            Self::Text(value) => f.write_str(value),
        }
    }
}

/// What values a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Real numbers within bounds, both allowed.
    Number {
        /// The least.
        min: f64,
        /// The greatest.
        max: f64,
    },
    /// Whole numbers within bounds, both allowed.
    Whole {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// On or off.
    Switch,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any text; nothing is none.
    Text,
}

/// Where a parameter is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// By the strategy section, for all symbols or one; read by a running maker when it changes.
    Live,
    /// By the strategy section; takes effect at the next start.
    Start,
    /// By the run itself: account, simulated venue, replay.
    Run,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamSpec {
    /// Its name.
    pub name: &'static str,
    /// Its unit; empty for plain numbers and words.
    pub unit: &'static str,
    /// Its possible values.
    pub kind: Kind,
    /// Its value unless set.
    pub default: Value,
    /// Where it is set.
    pub scope: Scope,
    /// One line of meaning.
    pub meaning: &'static str,
}

impl ParamSpec {
    /// A text as a value of this parameter.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] naming the parameter, the text and what it may be.
    pub fn parse(&self, text: &str) -> Result<Value, CoreError> {
        match self.kind {
            Kind::Number { .. } | Kind::Whole { .. } => match text.trim().parse::<f64>() {
                Ok(number) => self.number(number),
                Err(_) => Err(self.refuse(text)),
            },
            Kind::Switch => match text.trim() {
                "true" | "on" => Ok(Value::Switch(true)),
                "false" | "off" => Ok(Value::Switch(false)),
                _ => Err(self.refuse(text)),
            },
            Kind::Choice(words) => match words.iter().find(|word| **word == text.trim()) {
                Some(word) => Ok(Value::Choice(word)),
                None => Err(self.refuse(text)),
            },
            Kind::Text => Ok(Value::Text(text.to_owned())),
        }
    }

    /// A number as a value of this parameter.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] naming the parameter, the number and what it may be.
    pub fn number(&self, number: f64) -> Result<Value, CoreError> {
        match self.kind {
            Kind::Number { min, max } if (min..=max).contains(&number) => Ok(Value::Number(number)),
            Kind::Whole { min, max }
                if libm::floor(number) == number && (min as f64..=max as f64).contains(&number) =>
            {
                Ok(Value::Whole(number as i64))
            }
            Kind::Number { .. }
            | Kind::Whole { .. }
            | Kind::Switch
            | Kind::Choice(_)
            | Kind::Text => Err(self.refuse(&number.to_string())),
        }
    }

    fn refuse(&self, got: &str) -> CoreError {
        let wanted = match self.kind {
            Kind::Number { min, max } => format!("a number from {min} to {max}"),
            Kind::Whole { min, max } => format!("a whole number from {min} to {max}"),
            Kind::Switch => "true or false".to_owned(),
            Kind::Choice(words) => format!("one of {}", words.join(", ")),
            Kind::Text => "a text".to_owned(),
        };
        let unit = if self.unit.is_empty() { "" } else { " " };
        let why = format!("must be {wanted}{unit}{}, had {got:?}", self.unit);
        CoreError::BadArgument { name: self.name, why }
    }
}

/// A type that a parameter's value can have in [`super::Params`].
pub(super) trait Field: Sized {
    /// The value as this type; the table guarantees the kind.
    fn of(value: Value) -> Self;
    /// This as a value.
    fn value(&self) -> Value;
}

impl Field for f64 {
    fn of(value: Value) -> Self {
        match value {
            Value::Number(value) => value,
            other => unreachable!("invariant: a number, had {other}"),
        }
    }

    fn value(&self) -> Value {
        Value::Number(*self)
    }
}

impl Field for i64 {
    fn of(value: Value) -> Self {
        match value {
            Value::Whole(value) => value,
            other => unreachable!("invariant: a whole number, had {other}"),
        }
    }

    fn value(&self) -> Value {
        Value::Whole(*self)
    }
}

impl Field for bool {
    fn of(value: Value) -> Self {
        match value {
            Value::Switch(value) => value,
            other => unreachable!("invariant: a switch, had {other}"),
        }
    }

    fn value(&self) -> Value {
        Value::Switch(*self)
    }
}

impl Field for String {
    fn of(value: Value) -> Self {
        match value {
            Value::Text(value) => value,
            other => unreachable!("invariant: a text, had {other}"),
        }
    }

    fn value(&self) -> Value {
        Value::Text(self.clone())
    }
}

/// The name that a mistyped one most likely meant.
pub(super) fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let far = 1 + wrong.len() / 3;
    names
        .map(|name| (edits(wrong, name), name))
        .filter(|(distance, _)| *distance <= far)
        .min()
        .map(|(_, name)| name)
}

/// Insertions, deletions and replacements between two texts (Levenshtein).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
