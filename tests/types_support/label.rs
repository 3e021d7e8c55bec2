//! Types as the guests' labels write them.

use heapy_host::layout::{BlockType, Count, Typed};

/// Without paths and spaces, `T[]` for arrays, `Rc<T>` for what is behind one.
pub fn label(typed: &Typed, block: BlockType) -> String {
    let layout = typed.layouts.get(block.ty);
    let mut name = layout.name.trim_start_matches("struct ").to_owned();
    for (long, short) in [("alloc::rc::RcInner<", "Rc<"), ("alloc::sync::ArcInner<", "Arc<"), ("<[u8]>", "<str>")] {
        name = name.replace(long, short);
    }
    for path in ["alloc::boxed::", "alloc::string::", "alloc::rc::", "alloc::sync::", "shapes_rs::", "shapes."] {
        name = name.replace(path, "");
    }
    let name = match name.as_str() {
        "main::{closure_env#0}" => "closure".to_owned(),
        "job::{async_fn_env#0}" => "job".to_owned(),
        // A block that a `void *` leads to holds bytes.
        "bytes" => "char[]".to_owned(),
        // A boxed array of two and room for two are told alike.
        "[Box<dyn Shape>; 2]" => "Box<dyn_Shape>[]".to_owned(),
        other => other.replace("dyn ", "dyn_").replace("unsigned char", "unsigned_char").replace(' ', ""),
    };
    if matches!(block.count, Count::Many | Count::Counted) { format!("{name}[]") } else { name }
}
