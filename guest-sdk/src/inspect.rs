//! Telling Heapy what a block is: exact types and field names without debug information.
//!
//! A label holds for the block that is at the address now, and is forgotten when the block is freed. Everything here
//! does nothing but answer an error in a guest that was built without Heapy, so that labels can stay in the code.

use crate::abi::shape;
use crate::error::Error;
use crate::imports;
use crate::thing::Arg;

/// A type that can say what its fields are; derive it.
///
/// Structs tell their fields, with whatever generic parameters; enums and unions tell their name and size alone.
///
/// ```
/// use heapy_guest::Inspect;
///
/// #[derive(Inspect)]
/// struct Session {
///     user: String,
///     hits: u32,
/// }
///
/// let names: Vec<&str> = Session::FIELDS.iter().map(|field| field.name).collect();
/// assert_eq!(names, ["user", "hits"]);
/// assert_eq!(Session::FIELDS[1].size, 4);
///
/// let session = Box::new(Session { user: "ada".into(), hits: 1 });
/// let _ = heapy_guest::label(&*session); // rows now say `Session`, paths say `.user`
/// # let _ = (session.user, session.hits);
/// ```
pub trait Inspect: Sized {
    /// What is inside, in the order of the source.
    const FIELDS: &'static [Field];

    /// The name that tables show.
    #[must_use]
    fn type_name() -> &'static str {
        core::any::type_name::<Self>()
    }
}

/// A field of an [`Inspect`] type.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name; of a tuple struct its position.
    pub name: &'static str,
    /// Bytes from the start of the value.
    pub offset: usize,
    /// Bytes it takes.
    pub size: usize,
    /// Gives the name of its type.
    pub type_name: fn() -> &'static str,
}

/// Says that the block in which `value` lies, from its first byte, is a `T`. Right for `Box<T>`.
///
/// # Errors
/// When no live block begins at the value (an `Rc` has its counts in front), at the limit of labels, or without Heapy.
///
/// ```
/// #[derive(heapy_guest::Inspect)]
/// struct Page {
///     number: u32,
/// }
///
/// let page = Box::new(Page { number: 7 });
/// let _ = heapy_guest::label(&*page);
/// # let _ = page.number;
/// ```
pub fn label<T: Inspect>(value: &T) -> Result<(), Error> {
    label_as::<T>(core::ptr::from_ref(value).addr(), shape::VALUE)
}

/// Says that the block that begins with this slice has as many `T` as fit. Right for `Vec<T>` and `Box<[T]>`.
///
/// # Errors
/// As [`label`].
///
/// ```
/// #[derive(heapy_guest::Inspect)]
/// struct Page {
///     number: u32,
/// }
///
/// let pages = vec![Page { number: 1 }, Page { number: 2 }];
/// let _ = heapy_guest::label_slice(&pages); // tables say `[Page]`, paths `[1].number`
/// # let _ = pages[0].number;
/// ```
pub fn label_slice<T: Inspect>(values: &[T]) -> Result<(), Error> {
    label_as::<T>(values.as_ptr().addr(), shape::ARRAY)
}

/// Says what the block at an address is called, without fields.
///
/// # Errors
/// As [`label`].
///
/// ```
/// let page = vec![0u8; 4096];
/// let _ = heapy_guest::label_named(page.as_ptr(), "page");
/// ```
pub fn label_named<T>(address: *const T, name: &str) -> Result<(), Error> {
    Error::check(imports::label(address.addr(), name, shape::VALUE)).map(drop)
}

/// Leaves a block out of every answer: for what the questions themselves need.
///
/// # Errors
/// As [`label`].
///
/// ```
/// let mut report = String::with_capacity(1 << 16);
/// let _ = heapy_guest::hide(report.as_ptr());
/// report.push_str("the heap without this text");
/// ```
pub fn hide<T>(address: *const T) -> Result<(), Error> {
    Error::check(imports::hide(address.addr())).map(drop)
}

/// Says that something outside of this guest holds a block, so that it is reachable; `name` is its name as a root.
///
/// # Errors
/// As [`label`].
///
/// ```
/// let window = Box::into_raw(Box::new([0u8; 64])); // the host keeps it from now on
/// let _ = heapy_guest::pin(window, "window");
/// let _ = heapy_guest::unpin(window);
/// # drop(unsafe { Box::from_raw(window) });
/// ```
pub fn pin<T>(address: *const T, name: &str) -> Result<(), Error> {
    Error::check(imports::pin(address.addr(), name)).map(drop)
}

/// Takes a pin back.
///
/// # Errors
/// When the block is not pinned, or without Heapy.
///
/// ```
/// let kept = Box::new([0u8; 64]);
/// let _ = heapy_guest::pin(&raw const *kept, "embedder");
/// let _ = heapy_guest::unpin(&raw const *kept); // the embedder has let go of it
/// ```
pub fn unpin<T>(address: *const T) -> Result<(), Error> {
    Error::check(imports::unpin(address.addr())).map(drop)
}

fn label_as<T: Inspect>(address: usize, shape: u32) -> Result<(), Error> {
    const DESCRIBED: u32 = 0;
    if Error::check(imports::label(address, T::type_name(), shape))? != DESCRIBED {
        describe::<T>()?;
    }
    Ok(())
}

/// Tells the layout of a type, in pieces, because this crate has no heap to put a long one on.
fn describe<T: Inspect>() -> Result<(), Error> {
    const PIECE: usize = 16;
    let mut records = [Arg::NONE; 2 + 4 * PIECE];
    records[0] = Arg::text(T::type_name());
    records[1] = Arg::int(size_of::<T>() as i64);
    let mut fields = T::FIELDS;
    loop {
        let (piece, others) = fields.split_at(fields.len().min(PIECE));
        for (slots, field) in records[2..].chunks_exact_mut(4).zip(piece) {
            slots[0] = Arg::text(field.name);
            slots[1] = Arg::int(field.offset as i64);
            slots[2] = Arg::int(field.size as i64);
            slots[3] = Arg::text((field.type_name)());
        }
        Error::check(imports::describe(&records[..2 + 4 * piece.len()]))?;
        fields = others;
        if fields.is_empty() {
            return Ok(());
        }
    }
}
