//! What a guest is given by WASI preview 1: arguments, environment, folders, and our standard streams as they are.

use std::path::PathBuf;
use std::str::FromStr;

use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::error::TargetError;

/// The data of a guest's store.
pub struct Guest {
    pub(crate) wasi: WasiP1Ctx,
}

/// A folder that a guest may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Where it is here.
    pub host: PathBuf,
    /// What the guest calls it.
    pub guest: String,
}

impl FromStr for Folder {
    type Err = std::convert::Infallible;

    /// `HOST::GUEST`, or `HOST` for both.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, guest) = text.split_once("::").unwrap_or((text, text));
        Ok(Self { host: PathBuf::from(host), guest: guest.to_owned() })
    }
}

/// What a guest sees of the system.
#[derive(Clone, Debug, Default)]
pub struct WasiOptions {
    /// Arguments; the first is the program's name.
    pub args: Vec<String>,
    /// Environment; nothing is inherited.
    pub env: Vec<(String, String)>,
    /// Folders.
    pub folders: Vec<Folder>,
}

impl Guest {
    /// The data of a store, with the standard streams inherited.
    ///
    /// # Errors
    /// [`TargetError::UnreadableFolder`] names the folder that cannot be opened.
    pub fn new(options: &WasiOptions) -> Result<Self, TargetError> {
        let mut builder = WasiCtxBuilder::new();
        builder.inherit_stdio().allow_blocking_current_thread(true).args(&options.args).envs(&options.env);
        for Folder { host, guest } in &options.folders {
            builder.preopened_dir(host, guest, FsPerms::ReadWrite).map_err(|error| TargetError::UnreadableFolder {
                path: host.clone(),
                message: format!("{:#}", error.root_cause()),
            })?;
        }
        Ok(Self { wasi: builder.build_p1() })
    }
}
