//! What a run that writes makes of answers, by the numbers of the fault catalogue: the server in memory gives those that the real
//! one gives in the tests of the same numbers.
