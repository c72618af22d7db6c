//! What is counted over rows, for whoever sums them up.

use std::collections::HashMap;

use super::report::{PopState, Verdict};
use super::told::{Chain, Sink, Told};
use crate::error::Reason;

/// What the rows of one group have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// The verdict.
    pub verdict: Verdict,
    /// The reason, with its rule.
    pub reason: Option<Reason>,
    /// Whether they are nested in other messages.
    pub is_nested: bool,
}

/// Counts over rows.
#[derive(Debug, Default)]
pub struct Tally {
    /// Of each group how many rows, and the numbers of the first, in the order of those.
    pub groups: Vec<(Group, usize, Vec<usize>)>,
    places: HashMap<Group, usize>,
    /// Of signers.
    pub chains: [usize; Chain::ALL.len()],
    /// Of requests.
    pub pops: [usize; PopState::ALL.len()],
    /// Of notes, by reason.
    pub notes: Vec<(Reason, usize)>,
    examples: usize,
}

impl Tally {
    /// None yet; of each group the numbers of so many rows are kept.
    pub fn new(examples: usize) -> Self {
        Self { examples, ..Self::default() }
    }
}

impl Sink for Tally {
    fn take(&mut self, index: usize, told: &Told<'_>) {
        let is_nested = !told.path.is_empty();
        let group = Group { verdict: told.verdict, reason: told.reason, is_nested };
        let place = *self.places.entry(group).or_insert(self.groups.len());
        if place == self.groups.len() {
            self.groups.push((group, 0, Vec::new()));
        }
        self.groups.get_mut(place).into_iter().for_each(|(_, count, examples)| {
            *count += 1;
            examples.extend((examples.len() < self.examples).then_some(index));
        });
        let add = |counts: &mut [usize], index: usize| {
            counts.get_mut(index).into_iter().for_each(|count| *count += 1);
        };
        for chain in told.signers.iter().filter_map(|signer| signer.chain) {
            add(&mut self.chains, chain as usize);
        }
        for request in &told.requests {
            add(&mut self.pops, request.pop as usize);
        }
        for (_, reason) in &told.notes {
            match self.notes.iter_mut().find(|(other, _)| other == reason) {
                Some((_, count)) => *count += 1,
                None => self.notes.push((*reason, 1)),
            }
        }
    }
}
