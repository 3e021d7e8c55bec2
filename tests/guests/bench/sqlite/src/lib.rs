//! Nothing: see `rows.c` and the dependency.
