//! A count of what a build looks at, so that tests can hold it to grow with the number of objects and not with its square.

#[cfg(test)]
std::thread_local! {
    static LOOKS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Notes that so many objects, fields or items were looked at. Costs nothing outside of tests.
#[inline]
pub(super) fn looked(count: usize) {
    #[cfg(test)]
    LOOKS.with(|looks| looks.set(looks.get() + count as u64));
    #[cfg(not(test))]
    let _ = count;
}

/// What was looked at since the last time that somebody asked on this thread.
#[cfg(test)]
pub(super) fn taken() -> u64 {
    LOOKS.with(|looks| looks.replace(0))
}
