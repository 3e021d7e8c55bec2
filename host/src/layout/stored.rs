//! What library types hold that their members do not say.
//!
//! C++ libraries keep values in arrays of characters, so that they are made and destroyed by hand; which type such a value
//! has stands among the generic arguments. A hash map of Zig does not say of what its keys and values are; the header of
//! its table does.

use super::containers::is_zig_map;
use super::dies::Dies;
use super::form::{Language, LayoutId, Member, Record};
use super::sections::Sections;
use super::types::Layouts;

/// Types that hold one value of their first argument in raw memory: nodes of libstdc++'s containers and the blocks that
/// its `make_shared` makes.
const BUFFERS: [&str; 2] = ["__gnu_cxx::__aligned_membuf<", "__gnu_cxx::__aligned_buffer<"];

/// What `make_shared` of libc++ makes: the counts, and the object in raw memory. Before LLVM 12 the object is a member.
const SHARED: &str = "std::__shared_ptr_emplace<";

impl Layouts {
    /// Puts right what the members of a library's record leave out. `record` is not yet that of `id`.
    pub(super) fn complete(&mut self, dies: &Dies, sections: &Sections, id: LayoutId, record: &mut Record) {
        let of = self.get(id);
        let (language, size) = (of.language, of.size);
        if language == Language::Zig && is_zig_map(&of.name) {
            let header = format!("{}.Header", of.name);
            if let Some(&at) = self.definitions(dies, sections).get(&header) {
                let header = self.intern(dies, sections, at);
                record.parameters.push(("Header".to_owned(), header));
            }
        }
        if language != Language::Cpp {
            return;
        }
        let parameter = |wanted: &str| record.parameters.iter().find(|(name, _)| name == wanted).map(|&(_, ty)| ty);
        let Some(held) = parameter("_Tp").filter(|&held| self.get(held).size > 0) else { return };
        let held_size = self.get(held).size;
        if of_buffer(&self.get(id).name) && held_size == size {
            record.members = vec![raw("_M_storage", 0, held)];
        }
        if !self.get(id).name.starts_with(SHARED) {
            return;
        }
        // An allocator with a state of its own stands before the object; one without has the size of nothing, 1.
        let stateful = parameter("_Alloc").is_some_and(|allocator| self.get(allocator).size > 1);
        let Some(storage) = record.members.iter_mut().find(|member| member.name == "__storage_") else { return };
        let Some(rest) = self.get(storage.ty).size.checked_sub(held_size) else { return };
        let before = if stateful { rest / sections.pointer_bytes() * sections.pointer_bytes() } else { 0 };
        *storage = raw("__storage_", storage.offset.saturating_add(before), held);
    }
}

fn of_buffer(name: &str) -> bool {
    BUFFERS.iter().any(|prefix| name.starts_with(prefix))
}

fn raw(name: &str, offset: u64, ty: LayoutId) -> Member {
    Member { name: name.to_owned(), offset, ty, bits: None, base: false, artificial: false }
}
