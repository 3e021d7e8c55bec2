//! Printed tables and text packages that need no graph.

use serde_json::Value;

use super::Tally;

/// Asks every question of the formats vector.
pub fn check_formats(_tally: &mut Tally, _vector: &Value) {}
