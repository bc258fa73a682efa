//! What is as Git has it is reported as such, however it was applied and whatever the server made of its spelling.

use crate::support::generate::{self, TWELVE};

const SEED: u64 = 20_261_103;

#[test]
fn the_generated_objects_hold_every_canonical_entry() {
    let objects = generate::objects(SEED, &TWELVE, 84, "any");
    assert!(objects.len() >= 1000);
    let rare: Vec<_> =
        generate::entries::count(&objects).into_iter().filter(|(_, count)| *count < 5).collect();
    assert!(rare.is_empty(), "{rare:?}");
    assert_eq!(objects, generate::objects(SEED, &TWELVE, 84, "any"), "the same each time");
}
