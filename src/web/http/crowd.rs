//! How many forms of people who are not signed in are read at the same time (O-08).
//!
//! An honest form is there within a moment. Of too many, the one that has taken longest is ended,
//! so that whoever stalls makes place and keeps nobody else out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::limits;

/// The forms that are being read.
#[derive(Debug, Default)]
pub struct Crowd(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    next: u64,
    /// The one that has taken longest first. Whoever loses the sender is pushed out.
    taken: VecDeque<(u64, oneshot::Sender<()>)>,
}

/// A place in the crowd, for as long as it is held.
#[derive(Debug)]
pub struct Place {
    crowd: Arc<Crowd>,
    number: u64,
    pushed_out: oneshot::Receiver<()>,
}

impl Crowd {
    /// Takes a place. There always is one.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Place {
        let (keep, pushed_out) = oneshot::channel();
        let mut places = self.places();
        while places.taken.len() >= limits::STRANGER_FORMS_MAX {
            places.taken.pop_front();
        }
        let number = places.next;
        places.next = number.wrapping_add(1);
        places.taken.push_back((number, keep));
        drop(places);
        Place { crowd: Arc::clone(self), number, pushed_out }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Returns when somebody else needs the place.
    pub async fn pushed_out(&mut self) {
        // Nothing is ever sent.
        let _ = (&mut self.pushed_out).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let number = self.number;
        self.crowd.places().taken.retain(|(taken, _)| *taken != number);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn o_08_the_one_that_has_taken_longest_makes_place() {
        let crowd = Arc::new(Crowd::default());
        let mut places: Vec<Place> =
            (0..limits::STRANGER_FORMS_MAX).map(|_| crowd.enter()).collect();
        let out = |place: &mut Place| place.pushed_out().now_or_never().is_some();
        assert!(!places.iter_mut().any(out));
        let mut late = crowd.enter();
        let pushed: Vec<bool> = places.iter_mut().map(out).collect();
        assert!(pushed[0] && !out(&mut late));
        assert_eq!(pushed.iter().filter(|out| **out).count(), 1);
        // Whoever is done makes place too.
        drop(places.pop());
        drop(crowd.enter());
        assert!(!out(&mut places[1]));
        drop(places);
        assert_eq!(crowd.places().taken.len(), 1);
    }
}
