//! Vectors in a module without a C library, optimised as a whole: the allocator's shims are gone, and its methods have
//! lost the parameters that they do not read. `live` and `size` tell what each of them holds.

#[cfg(feature = "wee")]
#[global_allocator]
static ALLOCATOR: wee_alloc::WeeAlloc = wee_alloc::WeeAlloc::INIT;

#[cfg(feature = "talc")]
#[global_allocator]
static ALLOCATOR: talc::TalckWasm = unsafe { talc::TalckWasm::new_global() };

#[cfg(feature = "lol")]
#[global_allocator]
static ALLOCATOR: lol_alloc::AssumeSingleThreaded<lol_alloc::FreeListAllocator> =
    unsafe { lol_alloc::AssumeSingleThreaded::new(lol_alloc::FreeListAllocator::new()) };

static mut KEPT: Vec<Vec<u8>> = Vec::new();

fn kept() -> &'static mut Vec<Vec<u8>> {
    unsafe { &mut *std::ptr::addr_of_mut!(KEPT) }
}

/// Makes `count` vectors and drops half of them; returns how many are left.
#[no_mangle]
pub extern "C" fn build(count: usize) -> usize {
    let kept = kept();
    for index in 0..count {
        let mut bytes = Vec::with_capacity(10 + index % 50);
        bytes.push(index as u8);
        if index % 3 == 0 {
            bytes.resize(bytes.capacity() + 40, 1);
        }
        kept.push(bytes);
    }
    for index in 0..count / 2 {
        kept.swap_remove(index);
    }
    kept.len()
}

/// The block of the vector at `index`.
#[no_mangle]
pub extern "C" fn live(index: usize) -> *const u8 {
    kept()[index].as_ptr()
}

/// Its size.
#[no_mangle]
pub extern "C" fn size(index: usize) -> usize {
    kept()[index].capacity()
}
