//! Debug information that is not in the module: in `.dwo` files, in a `.dwp` package, in a file of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use heapy_host::layout::Typing;
use heapy_host::symbols::Symbols;

use super::types_support::{Told, paused_at, push_size, stripped, told};
use crate::compilers_support::{build, compiler, work};
use crate::guests_support::bytes;

/// A guest in C built in a folder of its own with this version of DWARF, split or not; none without a compiler.
fn built(folder: &str, version: &str, split: &[&str]) -> Option<(PathBuf, Vec<u8>)> {
    let clang = compiler("CLANG", "clang", "--version", "apt install clang lld wasi-libc")?;
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/c");
    let folder = work(&format!("{folder}{version}"));
    let output = folder.join("shapes.wasm");
    let mut command = Command::new(clang);
    command.current_dir(&folder).args(["--target=wasm32-wasi", "--sysroot=/usr", "-O1", "-g"]).args(split);
    command.arg(format!("-gdwarf-{version}")).args(["shapes.c", "truth.c"].map(|name| sources.join(name)));
    let wasm = build(command.arg("-o").arg(&output), &output);
    Some((output, wasm))
}

const SPLIT: [&str; 1] = ["-gsplit-dwarf"];

/// How many blocks are structs of the program.
fn structs(at: &Told, typing: &Typing) -> usize {
    let typed = typing.apply(&at.paused);
    let is_struct = |ty: heapy_host::layout::BlockType| typed.layouts.get(ty.ty).name.starts_with("struct ");
    typed.blocks.iter().filter(|block| block.ty.is_some_and(is_struct)).count()
}

#[test]
fn files_that_were_split_off_are_read_beside_the_module() {
    for version in ["4", "5"] {
        let Some((path, wasm)) = built("split_beside", version, &SPLIT) else { return };
        let at = paused_at("shapes", &wasm, &["_start"], "sched_yield");
        let beside = Typing::of_file(wasm.clone().into(), &path).unwrap();
        assert_eq!(beside.notes(), [""; 0], "DWARF {version}");
        // As in the same program with all in one file.
        let (_, own) = built("not_split", version, &[]).unwrap();
        let plain = paused_at("shapes", &own, &["_start"], "sched_yield");
        let whole = Typing::new(own.into()).unwrap();
        assert!(structs(&plain, &whole) > 20);
        assert_eq!(structs(&at, &beside), structs(&plain, &whole), "DWARF {version}");
        let names = |typing: &Typing| typing.statics().iter().map(|of| of.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&beside), names(&whole), "DWARF {version}");
        assert!(names(&beside).contains(&"tree_root".to_owned()), "DWARF {version}: {:?}", names(&beside));
        // Places have the functions that were inlined there.
        let described = |symbols: &Symbols, at: &Told| {
            let frames = at.paused.contexts.frames.iter().flat_map(|frames| frames.iter());
            frames.map(|&frame| symbols.described(frame)).collect::<Vec<_>>()
        };
        let symbols = Symbols::of_file(wasm.clone().into(), "shapes", &path).unwrap();
        let (split, apart) = (described(&symbols, &at), described(&Symbols::new(wasm.clone().into()).unwrap(), &at));
        assert!(split.iter().flatten().count() >= apart.iter().flatten().count() && symbols.notes().is_empty());
        // Without the module's place no other file is opened, and that is told once.
        let alone = Typing::new(wasm.clone().into()).unwrap();
        assert_eq!(structs(&at, &alone), 0);
        assert_eq!(alone.notes().len(), 1, "{:?}", alone.notes());
    }
}

#[test]
fn files_are_found_by_name_in_a_package_or_not_at_all() {
    let Some((path, wasm)) = built("split_moved_from", "5", &SPLIT) else { return };
    let at = paused_at("shapes", &wasm, &["_start"], "sched_yield");
    let typed = structs(&at, &Typing::of_file(wasm.clone().into(), &path).unwrap());
    assert!(typed > 0);
    // Elsewhere, with the files beside it; the folder it was compiled in has them no more.
    let (here, moved) = (path.parent().unwrap().to_owned(), work("split_moved"));
    let there = moved.join("shapes.wasm");
    for name in ["shapes.dwo", "truth.dwo"] {
        fs::rename(here.join(name), moved.join(name)).unwrap();
    }
    assert_eq!(structs(&at, &Typing::of_file(wasm.clone().into(), &there).unwrap()), typed);
    // One of them is of another build: its unit does not fit.
    fs::write(moved.join("truth.dwo"), fs::read(moved.join("shapes.dwo")).unwrap()).unwrap();
    let notes = Typing::of_file(wasm.clone().into(), &there).unwrap().notes();
    assert!(notes.len() == 1 && notes[0].contains("truth.dwo") && !notes[0].contains("shapes.dwo"), "{notes:?}");
    // Broken files are as good as none.
    for length in [0, 8, 60, 400] {
        let whole = fs::read(moved.join("shapes.dwo")).unwrap();
        fs::write(moved.join("truth.dwo"), &whole[..length]).unwrap();
        assert_eq!(Typing::of_file(wasm.clone().into(), &there).unwrap().notes().len(), 1);
    }
    fs::remove_file(moved.join("truth.dwo")).unwrap();
    let notes = Typing::of_file(wasm.clone().into(), &path).unwrap().notes();
    assert!(notes.len() == 1 && notes[0].contains("shapes.dwo and 1 more"), "{notes:?}");
}

#[test]
fn units_are_found_in_a_package() {
    for version in ["4", "5"] {
        let Some((path, wasm)) = built("split_packed_from", version, &SPLIT) else { return };
        let Some(packer) = compiler("LLVM_DWP", "llvm-dwp", "--version", "apt install llvm") else { return };
        let (here, packed) = (path.parent().unwrap(), work(&format!("split_packed{version}")));
        let package = packed.join("shapes.dwp");
        let mut command = Command::new(packer);
        command.current_dir(here).args(["shapes.dwo", "truth.dwo", "-o"]).arg(&package);
        build(&mut command, &package);
        let at = paused_at("shapes", &wasm, &["_start"], "sched_yield");
        let beside = structs(&at, &Typing::of_file(wasm.clone().into(), &path).unwrap());
        for name in ["shapes.dwo", "truth.dwo"] {
            fs::remove_file(here.join(name)).unwrap();
        }
        let typing = Typing::of_file(wasm.clone().into(), &packed.join("shapes.wasm")).unwrap();
        assert_eq!((structs(&at, &typing), typing.notes().len()), (beside, 0), "DWARF {version}");
    }
}

#[test]
fn a_file_with_all_debug_information_is_read_beside_the_module() {
    let whole = bytes("shapes");
    let mut module = stripped(&whole);
    let name = "external_debug_info";
    let file = "shapes.debug.wasm";
    let mut section = vec![name.len() as u8];
    section.extend_from_slice(name.as_bytes());
    // The folder is that of another machine.
    let url = format!("build/{file}");
    section.push(url.len() as u8);
    section.extend_from_slice(url.as_bytes());
    module.push(0);
    push_size(&mut module, section.len());
    module.extend(section);
    let folder = work("external");
    fs::write(folder.join(file), &whole).unwrap();
    let at = &told("shapes")[0];
    let found = Typing::of_file(module.clone().into(), &folder.join("shapes.wasm")).unwrap();
    assert_eq!(found.notes(), [""; 0]);
    assert_eq!(structs(at, &found), structs(at, &Typing::new(whole.into()).unwrap()));
    let notes = Typing::new(module.into()).unwrap().notes();
    assert!(notes.len() == 1 && notes[0].contains(file), "{notes:?}");
}
