//! Saved exchanges — the whole state in bytes, and the exchange from them.

use crate::error::CoreError;
use crate::sim::exchange::action::Action;
use crate::sim::exchange::Exchange;
use serde::Deserialize;
use serde::Serialize;

/// What a state begins with; its last digit is the number of the format.
const MAGIC: &[u8] = b"BOTMM-EXCHANGE-2\n";

/// An action beside the text that it was read from: the text is what is saved.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Worded {
    text: String,
    pub(super) action: Action,
}

impl TryFrom<String> for Worded {
    type Error = serde_json::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let action = serde_json::from_str(&text)?;
        Ok(Self { text, action })
    }
}

impl From<Worded> for String {
    fn from(worded: Worded) -> Self {
        worded.text
    }
}

impl Exchange {
    /// Everything but replies and events that were not asked for yet.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] where the state cannot be written.
    pub fn save(&self) -> Result<Vec<u8>, CoreError> {
        postcard::to_extend(self, MAGIC.to_vec()).map_err(|e| bad(&e.to_string()))
    }

    /// The exchange of a state. Tapes are opened again where they were.
    ///
    /// # Errors
    /// [`CoreError::BadArgument`] for bytes that are no state of this format.
    pub fn restore(state: &[u8]) -> Result<Self, CoreError> {
        let body = state.strip_prefix(MAGIC).ok_or_else(|| bad("not a state of this version"))?;
        postcard::from_bytes(body).map_err(|e| bad(&e.to_string()))
    }
}

fn bad(why: &str) -> CoreError {
    CoreError::BadArgument { name: "exchange state", why: why.to_owned() }
}
