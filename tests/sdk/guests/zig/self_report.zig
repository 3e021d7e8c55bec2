//! Prints its own heap through the C functions of heapy.c.

extern fn heapy_open(version: u32) i32;
extern fn heapy_ask(target: i32, name: [*:0]const u8) i32;
extern fn heapy_snapshot(name: [*:0]const u8) i32;
extern fn heapy_print(target: i32, put: *const fn (piece: [*]const u8, length: usize, with: ?*anyopaque) callconv(.c) void, with: ?*anyopaque) i32;
extern fn heapy_release(target: i32) i32;
extern fn malloc(size: usize) ?*anyopaque;
extern fn write(file: c_int, from: [*]const u8, length: usize) isize;

const Node = extern struct { next: ?*Node, payload: [40]u8 };

var held: ?*Node = null;

fn put(piece: [*]const u8, length: usize, with: ?*anyopaque) callconv(.c) void {
    _ = with;
    _ = write(1, piece, length);
}

pub fn main() u8 {
    var i: u8 = 0;
    while (i < 30) : (i += 1) {
        const node: *Node = @ptrCast(@alignCast(malloc(@sizeOf(Node)).?));
        node.* = .{ .next = held, .payload = @splat(i) };
        held = node;
    }
    const hp = heapy_open(1);
    const heap = heapy_ask(hp, "heap");
    if (heap < 0) return 1;
    if (heapy_snapshot("same") < 0) return 2;
    if (heapy_print(heap, put, null) < 0) return 3;
    _ = write(1, "\n", 1);
    return if (heapy_release(heap) < 0) 4 else 0;
}
