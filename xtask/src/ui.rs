//! Building the inspector.

use anyhow::Result;

pub(crate) fn build() -> Result<()> {
    Ok(())
}
