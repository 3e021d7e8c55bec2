//! What a run has to keep, as `heapy.toml` or the command line says it.

use serde::Deserialize;
use thiserror::Error;

use super::bytes::ByteLimit;
use super::pattern::Pattern;

/// Why rules cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RulesError {
    /// The file is no TOML, or has words that no rule has.
    #[error("{0}")]
    Form(String),
    /// A suppression or limit that would hold for everything.
    #[error("{entry} {position} names neither a kind nor a site")]
    Unbounded {
        /// `suppress` or `limit`.
        entry: &'static str,
        /// Which one, from 1.
        position: usize,
    },
    /// A suppression without a reason.
    #[error("suppress {position} gives no reason")]
    NoReason {
        /// Which one, from 1.
        position: usize,
    },
    /// A limit or growth that limits nothing.
    #[error("{entry} {position} allows everything: give count or bytes")]
    NoLimit {
        /// `limit` or `growth`.
        entry: &'static str,
        /// Which one, from 1.
        position: usize,
    },
    /// A snapshot that the run did not make.
    #[error("{entry} {position} asks for snapshot {asked}, the run made {made}")]
    NoSnapshot {
        /// `limit` or `growth`.
        entry: &'static str,
        /// Which one, from 1.
        position: usize,
        /// What was asked for.
        asked: String,
        /// How many there are.
        made: usize,
    },
}

/// Whether leaks are allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Leaks {
    /// A leak that is not suppressed fails the check.
    #[default]
    Forbid,
    /// Leaks are no concern of this check.
    Allow,
}

/// Which snapshot a rule looks at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Moment {
    /// The snapshot of this number.
    Number(u32),
    /// `first`, `last`, or what made it, such as `call:sched_yield` (the first one so made).
    Named(String),
}

/// A known leak that does not fail the check. Where both are given, both must fit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppression {
    /// The kind of the leaked blocks.
    pub kind: Option<Pattern>,
    /// The line that allocates them.
    pub site: Option<Pattern>,
    /// Why it is let through.
    #[serde(default)]
    pub reason: String,
}

/// Most blocks or bytes of a kind or site.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The kind.
    pub kind: Option<Pattern>,
    /// The line that allocates.
    pub site: Option<Pattern>,
    /// Most live blocks.
    pub count: Option<u64>,
    /// Most live bytes.
    pub bytes: Option<ByteLimit>,
    /// In which snapshot; in all of them if not given.
    pub snapshot: Option<Moment>,
}

/// Most that the heap may grow from one snapshot to another.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// The earlier snapshot; the first if not given.
    pub from: Option<Moment>,
    /// The later snapshot; the last if not given.
    pub to: Option<Moment>,
    /// Most blocks more.
    pub count: Option<u64>,
    /// Most bytes more.
    pub bytes: Option<ByteLimit>,
}

/// Everything a run has to keep: the table `[check]` of `heapy.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Rules {
    /// Whether leaks are allowed in the last snapshot.
    pub leaks: Leaks,
    /// Most live bytes in any snapshot.
    pub max_live: Option<ByteLimit>,
    /// Most live blocks in any snapshot.
    pub max_live_blocks: Option<u64>,
    /// Most live bytes at any moment of the run.
    pub max_peak: Option<ByteLimit>,
    /// Known leaks.
    pub suppress: Vec<Suppression>,
    /// Limits for kinds and sites.
    pub limit: Vec<Limit>,
    /// Limits for growth.
    pub growth: Vec<Growth>,
    /// A file of recorded figures that no kind and site may exceed, beside `heapy.toml`.
    pub baseline: Option<String>,
    /// A JavaScript file with further rules, beside `heapy.toml`.
    pub script: Option<String>,
}

impl Rules {
    /// The rules of a `heapy.toml`: its table `[check]`; other tables are none of ours.
    ///
    /// # Errors
    /// [`RulesError`] says what cannot be used, with its line where that is known.
    pub fn from_toml(text: &str) -> Result<Self, RulesError> {
        #[derive(Deserialize)]
        struct File {
            #[serde(default)]
            check: Rules,
        }
        let file: File = toml::from_str(text).map_err(|error| RulesError::Form(error.to_string()))?;
        file.check.validate()?;
        Ok(file.check)
    }

    /// Checks that every rule says something.
    ///
    /// # Errors
    /// [`RulesError`] names the first that does not.
    pub fn validate(&self) -> Result<(), RulesError> {
        for (index, entry) in self.suppress.iter().enumerate() {
            let position = index + 1;
            if entry.kind.is_none() && entry.site.is_none() {
                return Err(RulesError::Unbounded { entry: "suppress", position });
            }
            if entry.reason.trim().is_empty() {
                return Err(RulesError::NoReason { position });
            }
        }
        for (index, entry) in self.limit.iter().enumerate() {
            let position = index + 1;
            if entry.kind.is_none() && entry.site.is_none() {
                return Err(RulesError::Unbounded { entry: "limit", position });
            }
            if entry.count.is_none() && entry.bytes.is_none() {
                return Err(RulesError::NoLimit { entry: "limit", position });
            }
        }
        for (index, entry) in self.growth.iter().enumerate() {
            if entry.count.is_none() && entry.bytes.is_none() {
                return Err(RulesError::NoLimit { entry: "growth", position: index + 1 });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_names_every_rule() {
        let rules = Rules::from_toml(
            r#"
            [other]
            x = 1
            [check]
            max-live = "64 KiB"
            max-live-blocks = 12
            max-peak = 1000
            baseline = "heapy.baseline.json"
            [[check.suppress]]
            site = "src/cache.rs:*"
            reason = "lives as long as the program"
            [[check.limit]]
            kind = "app::Session"
            count = 3
            snapshot = "call:mark"
            [[check.growth]]
            from = 1
            to = "last"
            bytes = 0
            "#,
        )
        .unwrap();
        assert_eq!(rules.leaks, Leaks::Forbid);
        assert_eq!(rules.max_live, Some(ByteLimit(65_536)));
        assert_eq!(rules.limit[0].snapshot, Some(Moment::Named("call:mark".into())));
        assert_eq!(rules.growth[0].from, Some(Moment::Number(1)));
    }

    #[test]
    fn rules_that_say_nothing_are_refused() {
        let error = |text: &str| Rules::from_toml(text).unwrap_err();
        assert_eq!(
            error("[[check.suppress]]\nreason = \"x\""),
            RulesError::Unbounded { entry: "suppress", position: 1 }
        );
        assert_eq!(error("[[check.suppress]]\nkind = \"x\""), RulesError::NoReason { position: 1 });
        assert_eq!(error("[[check.limit]]\nkind = \"x\""), RulesError::NoLimit { entry: "limit", position: 1 });
        assert_eq!(error("[[check.growth]]\nfrom = 1"), RulesError::NoLimit { entry: "growth", position: 1 });
        assert!(error("[check]\nmax-lives = 1").to_string().contains("max-lives"));
    }
}
