//! Divides memory between things that each have a price, a floor and a cap.

/// Something that gets a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Vessel {
    pub(super) bytes_each: u64,
    pub(super) floor: u64,
    /// At least `floor`.
    pub(super) cap: u64,
}

/// How many of each there are when `memory` is divided, and the part that each got beyond its floor unless it needed
/// less. `None` when not even the floors fit.
///
/// Every vessel is first filled to its floor. What is left is poured over all in equal parts; one that is full leaves
/// the rest of its part to the others. The part is the largest with which everything still fits, in whole bytes. More
/// memory makes it larger or leaves it, and a larger part never makes a share smaller: so more memory never gives less
/// of anything.
pub(super) fn pour(vessels: &[Vessel], memory: u64) -> Option<(Vec<u64>, u64)> {
    let fits = |part: u64| held(vessels, part) <= u128::from(memory);
    if !fits(0) {
        return None;
    }
    // `low` fits. No share can use more than all memory.
    let (mut low, mut high) = (0, memory);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if fits(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Some((vessels.iter().map(|vessel| vessel.count(low)).collect(), low))
}

fn held(vessels: &[Vessel], part: u64) -> u128 {
    vessels.iter().map(|vessel| u128::from(vessel.count(part)) * u128::from(vessel.bytes_each)).sum()
}

impl Vessel {
    /// How many there are of it with this part beyond the floor.
    fn count(&self, part: u64) -> u64 {
        match part.checked_div(self.bytes_each) {
            Some(more) => self.floor.saturating_add(more).min(self.cap),
            // What costs no memory is not limited by it.
            None => self.cap,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn vessel() -> impl Strategy<Value = Vessel> {
        (0..1_000_000_u64, 0..100_u64, 0..10_000_u64).prop_map(|(bytes_each, floor, more)| Vessel {
            bytes_each,
            floor,
            cap: floor + more,
        })
    }

    proptest! {
        #[test]
        fn everything_fits_between_floor_and_cap(vessels in vec(vessel(), 0..8), memory in 0..10_000_000_000_u64) {
            let floors: u64 = vessels.iter().map(|vessel| vessel.floor * vessel.bytes_each).sum();

            let poured = pour(&vessels, memory);

            prop_assert_eq!(poured.is_some(), floors <= memory);
            if let Some((counts, _)) = poured {
                let held: u64 = counts.iter().zip(&vessels).map(|(count, vessel)| count * vessel.bytes_each).sum();
                prop_assert!(held <= memory);
                for (count, vessel) in counts.iter().zip(&vessels) {
                    prop_assert!((vessel.floor..=vessel.cap).contains(count));
                }
            }
        }

        #[test]
        fn more_memory_never_gives_less(vessels in vec(vessel(), 0..8), memory in 0..10_000_000_000_u64, more in 0..10_000_000_u64) {
            if let Some((counts, _)) = pour(&vessels, memory) {
                let (richer, _) = pour(&vessels, memory + more).expect("what fits fits into more");
                for (richer, count) in richer.iter().zip(&counts) {
                    prop_assert!(richer >= count);
                }
            }
        }

        #[test]
        fn nothing_is_held_back(vessels in vec(vessel(), 1..8), memory in 0..10_000_000_000_u64) {
            if let Some((counts, part)) = pour(&vessels, memory) {
                let full = counts.iter().zip(&vessels).all(|(count, vessel)| *count == vessel.cap);
                prop_assert!(full || part == memory || held(&vessels, part + 1) > u128::from(memory));
            }
        }
    }
}
