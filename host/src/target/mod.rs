//! Running an inspected guest.
