//! The class of every object of a set under a relation, for what visits objects one by one.

use heapy_engine::{IdentitySet, ObjectId};

/// The rows of a partition: their names, and which row each object is in.
#[derive(Debug)]
pub(crate) struct Classes {
    names: Vec<String>,
    row_of: Vec<u32>,
}

impl Classes {
    /// The rows of the partition of `set`. Time O(V + rows · members).
    pub(crate) fn of(set: &IdentitySet) -> Self {
        let partition = set.partition();
        let mut row_of = vec![0; set.heap().object_count()];
        for (row, part) in partition.parts().enumerate() {
            for object in part.nodes().iter() {
                row_of[object.index()] = row as u32;
            }
        }
        Self { names: partition.rows(0).map(|row| row.name).collect(), row_of }
    }

    /// The row of an object of the set.
    pub(crate) fn row(&self, object: ObjectId) -> u32 {
        self.row_of[object.index()]
    }

    /// The name of a row.
    pub(crate) fn name(&self, row: u32) -> &str {
        &self.names[row as usize]
    }
}
