//! Arrays — arrays of any length in a saved state, as sequences: for fields' `serde(with)`.

use serde::de::Error;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

/// Arrays that stand in their struct.
pub(crate) mod inline {
    use super::*;

    pub(crate) fn serialize<T, S, const N: usize>(array: &[T; N], to: S) -> Result<S::Ok, S::Error>
    where
        T: Serialize,
        S: Serializer,
    {
        array.as_slice().serialize(to)
    }

    pub(crate) fn deserialize<'de, T, D, const N: usize>(from: D) -> Result<[T; N], D::Error>
    where
        T: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        let all = Vec::deserialize(from)?;
        all.try_into().map_err(|all: Vec<T>| D::Error::invalid_length(all.len(), &"an array"))
    }
}

/// Arrays in a box.
pub(crate) mod boxed {
    use super::*;

    pub(crate) use super::inline::serialize;

    pub(crate) fn deserialize<'de, T, D, const N: usize>(from: D) -> Result<Box<[T; N]>, D::Error>
    where
        T: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        let all = Vec::deserialize(from)?;
        all.try_into().map_err(|all: Vec<T>| D::Error::invalid_length(all.len(), &"an array"))
    }
}
