//! Pseudo-random choices that are the same in every run.

use serde_json::{Map, Value};

/// A SplitMix64 generator (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
pub(crate) struct Dice(u64);

impl Dice {
    /// The dice of object `number` of `kind`.
    pub(crate) fn new(seed: u64, kind: &str, number: u64) -> Self {
        let kind = kind.bytes().fold(seed, |hash, byte| hash.wrapping_mul(0x100_0000_01b3) ^ u64::from(byte));
        let mut dice = Self(kind ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("a remainder of a usize is one")
    }

    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of the choices.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// Sets `field` to one of the choices, or leaves it out as often as any of them is taken.
    pub(crate) fn maybe<const N: usize>(&mut self, into: &mut Value, field: &str, mut choices: [Value; N]) {
        let at = self.below(N + 1);
        if let Some(choice) = choices.get_mut(at) {
            fields(into).insert(field.to_owned(), choice.take());
        }
    }

    /// Sets `field` to one of the choices.
    pub(crate) fn set<const N: usize>(&mut self, into: &mut Value, field: &str, mut choices: [Value; N]) {
        let at = self.below(N);
        fields(into).insert(field.to_owned(), choices[at].take());
    }
}

fn fields(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().expect("fields are set in objects only")
}
