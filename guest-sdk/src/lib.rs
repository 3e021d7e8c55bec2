//! What a guest may ask of Heapy while it runs.
