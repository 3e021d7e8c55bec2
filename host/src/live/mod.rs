//! The live table: which blocks are alive, kept by the guest's own code, read by the host.

pub(crate) mod layout;
