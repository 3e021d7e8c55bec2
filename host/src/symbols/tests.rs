//! The symbols of real guests, of a module without any, and of damaged ones.

use super::*;

fn guest(name: &str) -> Vec<u8> {
    let path = format!("{}/../tests/guests/out/{name}.wasm", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn symbols(name: &str) -> Symbols {
    Symbols::labelled(guest(name).into(), name).unwrap()
}

/// The function of this name.
fn function(symbols: &Symbols, name: &str) -> u32 {
    let count = (symbols.module.imported_functions.len() + symbols.module.bodies.len()) as u32;
    (0..count).find(|&index| symbols.function_name(index) == name).unwrap_or_else(|| panic!("no function {name}"))
}

/// Every place of a function where it has frames, by line of the innermost frame.
fn places(symbols: &Symbols, function: u32) -> impl Iterator<Item = Arc<[Frame]>> {
    let body = symbols.module.body_of(function).unwrap();
    body.map(move |offset| symbols.frames(RawFrame::at(function, Some(offset as u32))))
}

/// The line, from 1, of the first line of a source that has `text`.
fn line_of(source: &str, text: &str) -> u32 {
    let path = format!("{}/../tests/guests/{source}", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(path).unwrap();
    source.lines().position(|line| line.contains(text)).unwrap() as u32 + 1
}

#[test]
fn inlined_calls_of_c_have_their_lines() {
    let symbols = symbols("shapes");
    let main = function(&symbols, "__original_main");
    let wanted = line_of("c/shapes.c", "struct node *n = NEW(struct node);");
    let found = places(&symbols, main).any(|frames| {
        frames.iter().any(|frame| frame.function == "make_list" && frame.line == Some(wanted) && frame.inlined)
            && frames.last().is_some_and(|frame| frame.function == "__original_main" && !frame.inlined)
    });
    assert!(found, "no place of main is in make_list at line {wanted}");
    let frames = places(&symbols, main).nth(40).unwrap();
    assert_eq!(frames.last().unwrap().file.as_deref(), Some("./c/shapes.c"));
    assert!(symbols.notes().is_empty(), "{:?}", symbols.notes());
}

#[test]
fn generic_calls_of_rust_are_library_frames_of_their_crate() {
    let symbols = symbols("shapes_rs");
    let main = function(&symbols, "shapes_rs::main");
    let wanted = line_of("rust/src/main.rs", "let item = Box::new(Item");
    let at_line = |frames: &Arc<[Frame]>| frames.iter().any(|frame| frame.line == Some(wanted) && !frame.library);
    let is_allocation = |frames: &Arc<[Frame]>| at_line(frames) && frames[0].library && frames.len() > 1;
    let frames = places(&symbols, main).find(is_allocation).expect("the allocation of the item");
    let site = frames.iter().find(|frame| !frame.library).unwrap();
    assert_eq!((site.line, site.unit.as_deref()), (Some(wanted), Some("shapes_rs")));
    assert!(frames.iter().any(|frame| frame.library && frame.unit.as_deref() == Some("alloc")));
}

#[test]
fn static_variables_have_address_size_and_name() {
    let symbols = symbols("shapes");
    let find = |name: &str| symbols.statics().iter().find(|symbol| symbol.name == name).cloned();
    assert_eq!(find("table").map(|symbol| symbol.size), Some(16));
    assert_eq!(find("list_head").map(|symbol| symbol.size), Some(4));
    assert_eq!(find("text").map(|symbol| symbol.size), Some(12));
    let all = symbols.statics();
    assert!(all.windows(2).all(|pair| pair[0].address + pair[0].size <= pair[1].address));
    let rust = self::symbols("shapes_rs");
    let kept = rust.statics().iter().find(|symbol| symbol.name == "KEPT").cloned();
    assert_eq!(kept, Some(StaticSymbol { address: 0x10_d584, size: 4, name: "KEPT".into() }));
}

#[test]
fn static_data_of_each_linker_layout() {
    // Told by the reactor's exports: `__data_end` 183,476 behind the data, then the stack, then the heap.
    let exact = symbols("shapes.reactor").static_extent(None);
    assert!(exact.exact);
    assert_eq!(exact.range.start, 1024);
    let guessed = symbols("shapes").static_extent(None);
    assert!(!guessed.exact && guessed.range.end.abs_diff(exact.range.end) < 64, "{guessed:?}, exact {exact:?}");
    // The stack first, then data up to the heap.
    let rust = symbols("shapes_rs").static_extent(Some(0x11_0000));
    assert_eq!(rust.range.start, 0x10_0000);
    assert!(rust.range.end <= 0x11_0000 && rust.range.end > 0x10_d588);
}

#[test]
fn the_stack_pointer_is_found_with_and_without_its_name() {
    assert_eq!(symbols("shapes").stack_pointer(), Some(0));
    assert_eq!(symbols("shapes_as.incremental").stack_pointer(), Some(17));
    assert_eq!(symbols("shapes_as.stub").stack_pointer(), None);
    let mut nameless = guest("shapes_zig");
    let at = nameless.windows(5).rposition(|window| window == b"\x04name").unwrap();
    nameless[at + 1] = b'x';
    let nameless = Symbols::new(nameless.into()).unwrap();
    assert_eq!(nameless.stack_pointer(), Some(0));
    assert_eq!(nameless.function_name(30), "module[30]");
}

#[test]
fn names_of_every_language() {
    function(&symbols("shapes_zig"), "heap.BrkAllocator.alloc");
    function(&symbols("shapes_as.incremental"), "~lib/rt/itcms/__new");
    function(&symbols("zoo"), "operator new(unsigned long)");
    let rust = symbols("shapes_rs.names");
    let main = function(&rust, "shapes_rs::main");
    let frames = rust.frames(RawFrame::at(main, Some(1)));
    assert_eq!((frames.len(), frames[0].line, frames[0].unit.as_deref()), (1, None, Some("shapes_rs")));
    let script = symbols("shapes_as.stub");
    let build = function(&script, "shapes/build");
    let frames = script.frames(RawFrame::at(build, None));
    assert_eq!((frames[0].unit.as_deref(), frames[0].library), (Some("shapes"), false));
    assert_eq!(symbols("shapes_as.incremental").global_name(10).as_deref(), Some("shapes/tree"));
}

#[test]
fn a_bare_module_gets_indices() {
    let text = r#"(module (import "env" "print" (func)) (func) (func (export "go")))"#;
    let symbols = Symbols::labelled(wat::parse_str(text).unwrap().into(), "app").unwrap();
    assert_eq!([0, 1, 2, 9].map(|index| symbols.function_name(index)), ["env.print", "app[1]", "go", "app[9]"]);
    let frames = symbols.frames(RawFrame::at(1, Some(u32::MAX)));
    assert_eq!((frames[0].function.as_str(), frames[0].line, frames[0].library), ("app[1]", None, false));
    assert_eq!(symbols.statics(), []);
    assert_eq!(symbols.static_extent(None).range, 0..0);
}

#[test]
fn what_is_no_module_is_refused() {
    assert!(matches!(Symbols::new(b"hello".to_vec().into()), Err(SymbolsError::Malformed(_))));
    let mut cut = guest("shapes");
    cut.truncate(20_000);
    assert!(matches!(Symbols::new(cut.into()), Err(SymbolsError::Malformed(_))));
    let component = wat::parse_str("(component)").unwrap();
    assert!(matches!(Symbols::new(component.into()), Err(SymbolsError::Component)));
}

#[test]
fn moved_code_makes_debug_information_stale() {
    // The sections of one build behind the code of another, as optimisers leave them.
    let debug = guest("shapes");
    let first = symbols("shapes").module.custom(".debug_info").unwrap();
    let header = ".debug_info".len() + 1 + 3 + 1;
    let mut bytes = guest("shapes.O2");
    bytes.extend(&debug[first.start - header..]);
    let stale = Symbols::new(bytes.into()).unwrap();
    let main = function(&stale, "__original_main");
    assert!(places(&stale, main).all(|frames| frames.len() == 1 && frames[0].line.is_none()));
    assert_eq!(stale.notes().len(), 1, "{:?}", stale.notes());
    assert!(stale.notes()[0].contains("not where the module has them"));
}

/// Asks everything of a module, as a capture does.
fn ask_all(bytes: Vec<u8>) {
    let Ok(symbols) = Symbols::new(bytes.into()) else { return };
    let _ = symbols.statics();
    let _ = symbols.static_extent(Some(1 << 20));
    let functions = symbols.module.imported_functions.len();
    for (index, body) in symbols.module.bodies.iter().enumerate() {
        let function = (functions + index) as u32;
        let _ = symbols.shadow_frame(function);
        for offset in body.clone().step_by(29) {
            assert!(!symbols.frames(RawFrame::at(function, Some(offset as u32))).is_empty());
        }
    }
    assert!(symbols.notes().len() <= 8, "{:?}", symbols.notes());
}

#[test]
fn damaged_sections_neither_panic_nor_hang() {
    for name in ["shapes", "zoo", "shapes_zig"] {
        let original = guest(name);
        let sections: Vec<std::ops::Range<usize>> = {
            let symbols = Symbols::new(original.clone().into()).unwrap();
            [".debug_info", ".debug_abbrev", ".debug_line", ".debug_str", ".debug_ranges", ".debug_loc", "name"]
                .iter()
                .filter_map(|section| symbols.module.custom(section))
                .collect()
        };
        // A fixed sequence of numbers: the same damage every time.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |limit: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % limit as u64) as usize
        };
        for round in 0..24 {
            let mut bytes = original.clone();
            for _ in 0..1 + round * 4 {
                let section = &sections[next(sections.len())];
                let at = section.start + next(section.len());
                bytes[at] = next(256) as u8;
            }
            ask_all(bytes);
        }
    }
}
