//! Descriptions of earlier formats, brought to the present one.
//!
//! A description is upgraded as JSON, one format at a time, before it is given its types: `1 -> 2` will be one function
//! here. A column that a later format adds is nullable or has a default, so that tables need no upgrade.

use serde_json::Value;

use super::{FORMAT, SnapshotError};

/// Brings a description to the present format.
///
/// # Errors
/// [`SnapshotError::Newer`] names both formats; a description without a format is refused.
pub(super) fn upgrade(entry: &str, description: Value) -> Result<Value, SnapshotError> {
    let wrong = |detail: String| SnapshotError::Description { entry: entry.into(), detail };
    let Some(format) = description.get("format") else {
        return Err(wrong("it names no format".into()));
    };
    match format.as_u64() {
        Some(found) if found == u64::from(FORMAT) => Ok(description),
        Some(found) if found > u64::from(FORMAT) => {
            Err(SnapshotError::Newer { found: u32::try_from(found).unwrap_or(u32::MAX), supported: FORMAT })
        }
        _ => Err(wrong(format!("{format} is no format of a .heapy file"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_newer_format_names_both_numbers() {
        let error = upgrade("meta.json", json!({"format": 7})).unwrap_err();
        assert_eq!(error, SnapshotError::Newer { found: 7, supported: FORMAT });
        assert!(error.to_string().contains("format 7") && error.to_string().contains("up to 1"), "{error}");
    }

    #[test]
    fn the_present_format_stays_as_it_is() {
        let description = json!({"format": FORMAT, "guest": "app"});
        assert_eq!(upgrade("meta.json", description.clone()).unwrap(), description);
    }

    #[test]
    fn nonsense_is_named() {
        for bad in [json!({}), json!({"format": 0}), json!({"format": "one"}), json!(3)] {
            assert!(matches!(upgrade("meta.json", bad), Err(SnapshotError::Description { .. })));
        }
    }
}
