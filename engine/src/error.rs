//! What can be wrong with a question.

use thiserror::Error;

/// Why a question has no answer. Says which argument, what was given and what is accepted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum UseError {
    /// Two operands of which each belongs to a heap of its own.
    #[error("{operation}: the operands belong to different heaps; sets can only be combined within one snapshot")]
    DifferentHeaps {
        /// The operator or method.
        operation: &'static str,
    },
    /// A name that `by` does not know.
    #[error("by(): no such equivalence relation: '{name}'; accepted are {accepted}, joined by '&'")]
    NoSuchRelation {
        /// What was given.
        name: String,
        /// The names there are.
        accepted: String,
    },
    /// A question about contents that the snapshot does not hold.
    #[error("this snapshot holds no contents; run the guest with --contents to ask for them")]
    NoContents,
    /// A position outside of a partition.
    #[error("partition index out of range: {index} given, {rows} rows")]
    PartitionIndex {
        /// What was given.
        index: i64,
        /// How many rows there are.
        rows: usize,
    },
    /// A step of a slice that is not positive.
    #[error("step must be positive, {step} given")]
    Step {
        /// What was given.
        step: i64,
    },
    /// A question that only a singleton answers.
    #[error("{method} requires a singleton set, this one has {count} objects")]
    NotSingleton {
        /// The question.
        method: &'static str,
        /// How many objects the set has.
        count: usize,
    },
    /// A position that no path has.
    #[error("no path {index}: there are {count}")]
    PathIndex {
        /// What was given.
        index: i64,
        /// How many there are.
        count: String,
    },
    /// A row that a reference pattern does not have.
    #[error("no row '{key}' in the reference pattern: {rows} rows were found; accepted are indices and labels")]
    PatternRow {
        /// What was given.
        key: String,
        /// How many rows there are, or were made to find it.
        rows: usize,
    },
    /// An attribute of the root at which nothing is held.
    #[error("nothing is held at hp.Root.{path}; accepted are {accepted}")]
    NoRoot {
        /// What was given.
        path: String,
        /// Attributes that there are.
        accepted: String,
    },
    /// A position that a stat does not have.
    #[error("stat index out of range: {index} given, {rows} rows")]
    StatIndex {
        /// What was given.
        index: i64,
        /// How many rows there are.
        rows: usize,
    },
    /// Two stats whose rows mean different things.
    #[error("mismatching table kind header, '{a}' vs '{b}'")]
    KindHeader {
        /// That of the left operand.
        a: String,
        /// That of the right operand.
        b: String,
    },
    /// An argument that is not what is accepted.
    #[error("{function}: {argument} is {given}; accepted: {accepted}")]
    Argument {
        /// The function that was called.
        function: &'static str,
        /// Its argument.
        argument: &'static str,
        /// What was given.
        given: String,
        /// What is accepted.
        accepted: String,
    },
    /// An address at which no object is.
    #[error("no object found at address {address:#x} of instance {instance}")]
    NoObject {
        /// The instance in whose memory was looked.
        instance: u32,
        /// What was given.
        address: u64,
    },
    /// A text that is no relation.
    #[error(
        "cannot make a relation of '{text}'; accepted are .name, [index], [\"key\"], .keys()[index], .f_locals[\"name\"], .f_locals [\"name\"], ->name, ->f_valuestack[index], list(_)[index] and +0xoffset"
    )]
    BadRelation {
        /// What was given.
        text: String,
    },
    /// An operator that is none of `< <= == != >= >`.
    #[error("no such comparison symbol: '{symbol}'; accepted are <, <=, ==, !=, >= and >")]
    BadComparison {
        /// What was given.
        symbol: String,
    },
    /// `alt` of a kind whose family has no order.
    #[error("no alternative set for {kind}: its family has no order")]
    NoAlternative {
        /// The kind.
        kind: String,
    },
    /// An answer that would be made of too many others.
    #[error(
        "{function}: the answer is made of more than {limit} kinds and relations; select the members of some first"
    )]
    Formula {
        /// The function that was called.
        function: &'static str,
        /// How many are accepted.
        limit: usize,
    },
    /// Something that is part of another build of the product.
    #[error("{feature} is not in this build: {reason}")]
    NotInThisBuild {
        /// What was asked for.
        feature: &'static str,
        /// Where it can be had.
        reason: &'static str,
    },
}
