//! Decoding one batch ahead: while a batch is taken in, the next one is decompressed.
//!
//! Where there are threads a second one does it, which makes reading a large snapshot about a third shorter; in a browser
//! the batches are decoded one after the other. What is read is the same, in the same order.

#[cfg(not(target_family = "wasm"))]
use std::sync::mpsc::sync_channel;

/// Calls `take` with each item, in order, until it fails.
#[cfg(not(target_family = "wasm"))]
pub(super) fn for_each<T: Send, E>(
    items: impl ExactSizeIterator<Item = T> + Send,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    if items.len() < 2 {
        return one_by_one(items, take);
    }
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel(1);
        scope.spawn(move || {
            for item in items {
                // Nobody takes any more: an item before this one was wrong.
                if send.send(item).is_err() {
                    return;
                }
            }
        });
        receive.into_iter().try_for_each(&mut take)
    })
}

/// Calls `take` with each item, in order, until it fails.
#[cfg(target_family = "wasm")]
pub(super) fn for_each<T, E>(
    items: impl ExactSizeIterator<Item = T>,
    take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    one_by_one(items, take)
}

fn one_by_one<T, E>(mut items: impl Iterator<Item = T>, take: impl FnMut(T) -> Result<(), E>) -> Result<(), E> {
    items.try_for_each(take)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_order_until_one_is_refused() {
        for count in [0, 1, 2, 1000] {
            let mut taken = Vec::new();
            let result = for_each(0..count, |item| {
                taken.push(item);
                if item == 500 { Err("enough") } else { Ok(()) }
            });
            assert_eq!(taken, (0..count.min(501)).collect::<Vec<i32>>());
            assert_eq!(result.is_err(), count == 1000);
        }
    }
}
