//! Maps whose values are blocks of their own, under texts and under numbers.
const std = @import("std");

const Part = struct { number: u32, weight: f64 };

const Holder = struct {
    by_name: std.StringHashMapUnmanaged(*Part) = .empty,
    by_number: std.AutoHashMap(u32, *Part),
    names: std.StringHashMapUnmanaged(void) = .empty,
};

var holder: ?*Holder = null;

fn part(allocator: std.mem.Allocator, number: u32) !*Part {
    const made = try allocator.create(Part);
    made.* = .{ .number = number, .weight = 0.5 };
    return made;
}

extern "wasi_snapshot_preview1" fn sched_yield() u16;

pub fn main() !void {
    const allocator = std.heap.wasm_allocator;
    const made = try allocator.create(Holder);
    made.* = .{ .by_number = .init(allocator) };
    holder = made;
    try made.by_name.put(allocator, "one", try part(allocator, 1));
    try made.by_name.put(allocator, "two", try part(allocator, 2));
    for (0..10) |number| {
        try made.by_number.put(@intCast(40 + number), try part(allocator, 100 + @as(u32, @intCast(number))));
    }
    _ = made.by_number.remove(45);
    try made.names.put(allocator, try allocator.dupe(u8, "a name on the heap"), {});
    _ = sched_yield();
    std.mem.doNotOptimizeAway(holder.?.by_name.count());
}
