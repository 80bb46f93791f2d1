//! Agents — keys that may act for an account: one without a name, and a few with one.

use crate::sim::rules::Refusal;
use crate::units::UnixNanos;
use serde::Deserialize;
use serde::Serialize;

const NAMED_MAX: usize = 3;

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its address.
    pub address: String,
    /// Its name; empty for the one without.
    pub name: String,
    /// The end of its validity.
    pub valid_until: Option<i64>,
}

/// The agents of one account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Agents(Vec<Agent>);

impl Agents {
    /// Those approved, expired ones too.
    #[must_use]
    pub fn all(&self) -> &[Agent] {
        &self.0
    }

    /// Approve an agent in place of the one of its name.
    ///
    /// # Errors
    /// It would be over before it begins, or there are too many with names.
    pub fn approve(&mut self, agent: Agent, now: UnixNanos) -> Result<(), Refusal> {
        if agent.valid_until.is_some_and(|end| end <= now.0) {
            return Err(Refusal::AgentExpired);
        }
        let named = self.0.iter().filter(|other| !other.name.is_empty());
        let full = named.filter(|other| other.name != agent.name).count() >= NAMED_MAX;
        if !agent.name.is_empty() && full {
            return Err(Refusal::TooManyAgents { limit: NAMED_MAX });
        }
        self.0.retain(|other| other.name != agent.name && other.address != agent.address);
        self.0.push(agent);
        Ok(())
    }

    /// Take an agent's permission away, by its address or its name; whether it had one.
    pub fn revoke(&mut self, which: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|agent| agent.address != which && agent.name != which);
        self.0.len() < before
    }

    /// Whether an address may act now.
    #[must_use]
    pub fn may_act(&self, address: &str, now: UnixNanos) -> bool {
        let valid = |agent: &&Agent| agent.valid_until.is_none_or(|end| end > now.0);
        self.0.iter().filter(valid).any(|agent| agent.address == address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(address: &str, name: &str, valid_until: Option<i64>) -> Agent {
        Agent { address: address.to_owned(), name: name.to_owned(), valid_until }
    }

    #[test]
    fn a_name_again_replaces_and_a_fourth_is_refused() {
        let (mut agents, now) = (Agents::default(), UnixNanos(100));
        for name in ["", "a", "b", "c"] {
            assert_eq!(agents.approve(agent(&format!("0x{name}"), name, None), now), Ok(()));
        }
        let fourth = agents.approve(agent("0xd", "d", None), now);
        assert_eq!(fourth, Err(Refusal::TooManyAgents { limit: 3 }));
        assert_eq!(agents.approve(agent("0xe", "b", None), now), Ok(()));
        assert!(agents.may_act("0xe", now) && !agents.may_act("0xb", now));
    }

    #[test]
    fn an_agent_ends_with_its_validity() {
        let (mut agents, now) = (Agents::default(), UnixNanos(100));
        assert_eq!(agents.approve(agent("0xa", "", Some(150)), now), Ok(()));
        assert!(agents.may_act("0xa", UnixNanos(149)) && !agents.may_act("0xa", UnixNanos(150)));
        let over = agents.approve(agent("0xb", "", Some(100)), now);
        assert_eq!(over, Err(Refusal::AgentExpired));
        assert!(agents.revoke("0xa") && !agents.may_act("0xa", now));
    }
}
