//! How many hints of one address are stored at the same time (S-46): a sender that floods its own
//! address waits for itself, and every commit has room for the webhooks of others.
//!
//! What this module must not do: know whether there is such an address.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits;

/// The addresses that are being written to at the moment, by the hash of their token.
#[derive(Default)]
pub struct HookTurns {
    places: Mutex<HashMap<Vec<u8>, Arc<Semaphore>>>,
}

/// The right to store hints until it is dropped.
pub struct Turn<'a> {
    turns: &'a HookTurns,
    address: Vec<u8>,
    place: Option<(Arc<Semaphore>, Option<OwnedSemaphorePermit>)>,
}

impl HookTurns {
    /// Waits until so many hints of this address may be stored. First come, first served.
    pub async fn turn(&self, address: &[u8], hints: usize) -> Turn<'_> {
        let places = || Arc::new(Semaphore::new(limits::HOOK_HINTS_AT_ONCE_MAX));
        let place = {
            let mut all = self.places.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(address.to_owned()).or_insert_with(places))
        };
        let address = address.to_owned();
        let mut turn = Turn { turns: self, address, place: Some((Arc::clone(&place), None)) };
        let wanted = hints.clamp(1, limits::HOOK_HINTS_AT_ONCE_MAX);
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
        // It is never closed.
        turn.place = Some((Arc::clone(&place), place.acquire_many_owned(wanted).await.ok()));
        turn
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut all = self.turns.places.lock().unwrap_or_else(PoisonError::into_inner);
        self.place = None;
        if all.get(&self.address).is_some_and(|place| Arc::strong_count(place) == 1) {
            all.remove(&self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn s_46_one_address_waits_for_itself_and_for_nobody_else() {
        let turns = HookTurns::default();
        let half = limits::HOOK_HINTS_AT_ONCE_MAX / 2;
        let first = turns.turn(b"a", half).await;
        let second = turns.turn(b"a", half).await;
        let mut third = Box::pin(turns.turn(b"a", 1));
        assert!((&mut third).now_or_never().is_none(), "it has all that one address may have");
        // However many hints a body has, it comes through alone.
        let other = turns.turn(b"b", usize::MAX).now_or_never();
        assert!(other.is_some(), "another address has its own");
        drop(first);
        assert!(third.now_or_never().is_some());
        drop((second, other));
        assert!(turns.places.lock().unwrap().is_empty(), "nothing is kept of who is done");
    }
}
