//! Casts — which sets of a sweep play a stretch together, and on which thread.

use super::Player;
use super::Set;
use crate::error::CoreError;
use crate::replay::drive::Part;
use std::collections::BTreeMap;

/// The sets by kind, neighbours those that quote alike.
#[derive(Debug)]
pub(super) struct Casts {
    /// Those that may play together.
    kinds: Vec<Vec<usize>>,
    /// Those that play each for itself.
    singles: Vec<usize>,
}

impl Casts {
    /// Sort sets by what limits, rules and venue they have.
    ///
    /// # Errors
    /// What cannot be compared.
    pub(super) fn new(sets: &[Set]) -> Result<Self, CoreError> {
        let (mut kinds, mut singles) = (BTreeMap::<Vec<u8>, Vec<(f64, usize)>>::new(), Vec::new());
        for (at, set) in sets.iter().enumerate() {
            match &set.player {
                Player::Shared(run) if run.parts.len() == 1 && run.parts[0].seat().may_ride() => {
                    let seat = run.parts[0].seat();
                    let spread = seat.maker.params().fixed_half_ticks;
                    kinds.entry(seat.kind(&run.gate)?).or_default().push((spread, at));
                }
                Player::Shared(_) | Player::Alone(_) => singles.push(at),
            }
        }
        let (several, lonely): (Vec<_>, Vec<_>) =
            kinds.into_values().partition(|alike| alike.len() > 1);
        singles.extend(lonely.into_iter().flatten().map(|(_, at)| at));
        let sorted = several.into_iter().map(|mut alike| {
            alike.sort_by(|a, b| a.0.total_cmp(&b.0));
            alike.into_iter().map(|(_, at)| at).collect()
        });
        Ok(Self { kinds: sorted.collect(), singles })
    }

    /// Whether any sets may play together.
    pub(super) fn ride(&self) -> bool {
        !self.kinds.is_empty()
    }

    /// Who play together in the next stretch: each kind in more parts than there are threads, since
    /// one of them lays out the stretch after that, and parts take unequal time.
    pub(super) fn divide<'a>(&self, sets: &'a mut [Set], threads: usize) -> Vec<Vec<&'a mut Set>> {
        let mut sets: Vec<_> = sets.iter_mut().map(Some).collect();
        let mut take = |at: &usize| sets[*at].take();
        let count = if threads == 1 { 1 } else { threads + 1 };
        let parts = self.kinds.iter().flat_map(|kind| kind.chunks(kind.len().div_ceil(count)));
        let singles = self.singles.iter().map(std::slice::from_ref);
        parts.chain(singles).map(|part| part.iter().filter_map(&mut take).collect()).collect()
    }
}
