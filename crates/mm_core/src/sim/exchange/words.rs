//! Words — sides, times in force and client ids as the boundary writes them.

use crate::command::Tif;
use crate::units::Side;
use serde::de::Error;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

/// A client's own id of an order: `0x` and 32 hex digits in texts, a number in saved states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnId(pub u128);

impl Serialize for OwnId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            to.collect_str(&format_args!("0x{:032x}", self.0))
        } else {
            to.serialize_u128(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for OwnId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if !from.is_human_readable() {
            return u128::deserialize(from).map(Self);
        }
        let text = String::deserialize(from)?;
        let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 32);
        let value = digits.and_then(|digits| u128::from_str_radix(digits, 16).ok());
        value.map(Self).ok_or_else(|| D::Error::custom("a cloid is 0x and 32 hex digits"))
    }
}

/// [`Side`] as `bid` and `ask`.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", remote = "Side")]
pub(super) enum SideWord {
    Bid,
    Ask,
}

/// [`Tif`] as `alo`, `gtc` and `ioc`.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", remote = "Tif")]
pub(super) enum TifWord {
    #[serde(rename = "alo")]
    PostOnly,
    Gtc,
    Ioc,
}
