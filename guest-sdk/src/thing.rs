//! What the host keeps for the guest, by number; calls by name; and values both ways.

use core::fmt;
use core::marker::PhantomData;

use crate::abi::{Record, form, sort, tag};
use crate::error::Error;
use crate::imports;

/// Something that the host keeps for this guest: a set, a relation, a summary, a text, ...
///
/// It is given back when it is dropped. Every name of the Use API can be called on it; the wrappers of this crate, such
/// as [`Set`](crate::Set), do nothing else.
#[derive(Debug)]
pub struct Thing {
    handle: u32,
    sort: u16,
}

/// A value that is passed to a call.
///
/// ```
/// use heapy_guest::{Arg, hpy};
///
/// let heap = hpy().heap();
/// // Arguments stand in order; one that is named stands behind its name.
/// let arguments = [Arg::name("depth"), Arg::int(3), Arg::name("imdom"), Arg::bool(true)];
/// if let Ok(pattern) = heap.call("get_rp", &arguments) {
///     println!("{pattern}");
/// }
/// ```
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub struct Arg<'value> {
    record: Record,
    borrowed: PhantomData<&'value ()>,
}

/// What a call answers.
///
/// ```
/// use heapy_guest::{Answer, hpy};
///
/// match hpy().heap().call("count", &[]) {
///     Ok(Answer::Int(count)) => println!("{count} objects"),
///     Ok(other) => println!("something else: {other}"),
///     Err(error) => println!("no answer: {error}"),
/// }
/// ```
#[derive(Debug)]
pub enum Answer {
    /// Nothing.
    None,
    /// A truth value.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text, read piece by piece.
    Text(Text),
    /// Several values.
    List(List),
    /// Anything else.
    Thing(Thing),
}

/// A text that the host keeps; [`fmt::Display`] writes it without memory from the heap.
///
/// ```
/// let package = heapy_guest::hpy().heap().stat().dump();
/// if let Ok(text) = package {
///     let mut first = [0u8; 64];
///     let read = text.read(0, &mut first);
///     assert!(read <= text.length());
/// }
/// ```
#[derive(Debug)]
pub struct Text(Thing);

/// Values that the host keeps in a row.
///
/// ```
/// use heapy_guest::hpy;
///
/// if let Ok(relations) = hpy().heap().part(0).sp().call("at", &[heapy_guest::Arg::int(0)]) {
///     let path = relations.thing().and_then(|path| path.call("path", &[])).and_then(|path| path.list());
///     for relation in path.iter().flat_map(|list| list.iter()).flatten() {
///         println!("{relation}");
///     }
/// }
/// ```
#[derive(Debug)]
pub struct List {
    thing: Thing,
    length: u32,
}

impl Thing {
    pub(crate) fn open() -> Result<Self, Error> {
        let handle = Error::check(imports::open(crate::abi::VERSION))?;
        Ok(Self { handle, sort: sort::USE })
    }

    /// Which sort of thing it is, one of [`sort`].
    ///
    /// ```
    /// use heapy_guest::{abi::sort, hpy};
    ///
    /// if let Ok(thing) = hpy().thing() {
    ///     assert_eq!(thing.sort(), sort::USE);
    /// }
    /// ```
    #[must_use]
    pub const fn sort(&self) -> u16 {
        self.sort
    }

    /// Reads an attribute of the Use API, or calls one of its functions.
    ///
    /// # Errors
    /// What the host says: no such name, an argument that is not accepted, a limit.
    ///
    /// ```
    /// use heapy_guest::{Answer, Arg, Error};
    ///
    /// fn first_row() -> Result<(), Error> {
    ///     let heap = heapy_guest::hpy().call("heap", &[])?;
    ///     let Answer::Thing(heap) = heap else { return Ok(()) };
    ///     let Answer::Thing(row) = heap.call("at", &[Arg::int(0)])? else { return Ok(()) };
    ///     println!("{row}");
    ///     Ok(())
    /// }
    /// # assert!(first_row().is_err());
    /// ```
    pub fn call(&self, name: &str, arguments: &[Arg<'_>]) -> Result<Answer, Error> {
        let mut answer = Record::default();
        Error::check(imports::call(self.handle, name, arguments, &mut answer))?;
        Ok(Answer::of(answer))
    }

    /// A short text: one line at most.
    ///
    /// # Errors
    /// What the host says, such as the limit of handles.
    ///
    /// ```
    /// let heap = heapy_guest::hpy().heap();
    /// if let Ok(text) = heap.thing().and_then(|heap| heap.brief()) {
    ///     println!("{text}"); // <3 app::Node>
    /// }
    /// ```
    pub fn brief(&self) -> Result<Text, Error> {
        self.text(form::BRIEF)
    }

    /// The text that names the thing in code.
    ///
    /// # Errors
    /// What the host says, such as the limit of handles.
    ///
    /// ```
    /// let by_type = heapy_guest::hpy().relation("Type");
    /// if let Ok(text) = by_type.thing().and_then(|relation| relation.repr()) {
    ///     println!("{text}"); // hp.Type
    /// }
    /// ```
    pub fn repr(&self) -> Result<Text, Error> {
        self.text(form::REPR)
    }

    fn text(&self, form: u32) -> Result<Text, Error> {
        let handle = Error::check(imports::text(self.handle, form))?;
        Ok(Text(Self { handle, sort: sort::TEXT }))
    }
}

impl Drop for Thing {
    fn drop(&mut self) {
        let _ = imports::release(self.handle);
    }
}

/// As Heapy prints it: a table, a path, a pattern.
impl fmt::Display for Thing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text(form::STR) {
            Ok(text) => fmt::Display::fmt(&text, formatter),
            Err(error) => write!(formatter, "<{error}>"),
        }
    }
}

impl<'value> Arg<'value> {
    /// An argument that is left out.
    pub const NONE: Arg<'static> = Arg::new(tag::NONE, 0, 0);

    /// A truth value.
    #[must_use]
    pub const fn bool(value: bool) -> Self {
        Self::new(tag::BOOL, 0, value as u64)
    }

    /// A number.
    #[must_use]
    pub const fn int(value: i64) -> Self {
        Self::new(tag::INT, 0, value.cast_unsigned())
    }

    /// A number with a fraction.
    #[must_use]
    pub const fn float(value: f64) -> Self {
        Self::new(tag::FLOAT, 0, value.to_bits())
    }

    /// An address of this guest's memory.
    #[must_use]
    pub fn address<T: ?Sized>(of: *const T) -> Self {
        Self::new(tag::INT, 0, of.addr() as u64)
    }

    /// A text.
    #[must_use]
    pub fn text(value: &'value str) -> Self {
        Self::new(tag::TEXT, value.len(), value.as_ptr().addr() as u64)
    }

    /// The name of the argument that stands behind it.
    #[must_use]
    pub fn name(value: &'value str) -> Self {
        Self::new(tag::NAME, value.len(), value.as_ptr().addr() as u64)
    }

    /// Several values as one.
    #[must_use]
    pub fn list(values: &'value [Self]) -> Self {
        Self::new(tag::LIST, values.len(), values.as_ptr().addr() as u64)
    }

    /// Something that an earlier call answered.
    #[must_use]
    pub const fn thing(thing: &'value Thing) -> Self {
        Self::new(tag::HANDLE, 0, thing.handle as u64)
    }

    const fn new(tag: u16, length: usize, payload: u64) -> Self {
        // A guest's memory has 2^32 bytes at most, so that the length fits; in larger ones the host's limit is lower.
        Self { record: Record { tag, sort: 0, length: length as u32, payload }, borrowed: PhantomData }
    }
}

impl Answer {
    pub(crate) fn of(record: Record) -> Self {
        let thing = |sort| Thing { handle: record.payload as u32, sort };
        match record.tag {
            tag::BOOL => Self::Bool(record.payload != 0),
            tag::INT => Self::Int(record.payload.cast_signed()),
            tag::FLOAT => Self::Float(f64::from_bits(record.payload)),
            tag::TEXT => Self::Text(Text(thing(sort::TEXT))),
            tag::LIST => Self::List(List { thing: thing(sort::LIST), length: record.length }),
            tag::HANDLE => Self::Thing(thing(record.sort)),
            _ => Self::None,
        }
    }

    /// The number.
    ///
    /// # Errors
    /// When the answer is none.
    pub fn int(self) -> Result<i64, Error> {
        match self {
            Self::Int(value) => Ok(value),
            _ => Err(Error::unexpected("the answer is no number")),
        }
    }

    /// The truth value.
    ///
    /// # Errors
    /// When the answer is none.
    pub fn bool(self) -> Result<bool, Error> {
        match self {
            Self::Bool(value) => Ok(value),
            _ => Err(Error::unexpected("the answer is no truth value")),
        }
    }

    /// The text.
    ///
    /// # Errors
    /// When the answer is none.
    pub fn text(self) -> Result<Text, Error> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(Error::unexpected("the answer is no text")),
        }
    }

    /// The list.
    ///
    /// # Errors
    /// When the answer is none.
    pub fn list(self) -> Result<List, Error> {
        match self {
            Self::List(list) => Ok(list),
            _ => Err(Error::unexpected("the answer is no list")),
        }
    }

    /// The thing.
    ///
    /// # Errors
    /// When the answer is none.
    pub fn thing(self) -> Result<Thing, Error> {
        match self {
            Self::Thing(thing) => Ok(thing),
            _ => Err(Error::unexpected("the answer is a plain value")),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => formatter.write_str("None"),
            Self::Bool(value) => fmt::Display::fmt(value, formatter),
            Self::Int(value) => fmt::Display::fmt(value, formatter),
            Self::Float(value) => fmt::Display::fmt(value, formatter),
            Self::Text(text) => fmt::Display::fmt(text, formatter),
            Self::List(list) => fmt::Display::fmt(list, formatter),
            Self::Thing(thing) => fmt::Display::fmt(thing, formatter),
        }
    }
}

impl Text {
    /// Its length in bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        usize::try_from(imports::length(self.0.handle)).unwrap_or_default()
    }

    /// Copies as much of it as fits, from a byte on, and gives the number of bytes.
    pub fn read(&self, offset: usize, into: &mut [u8]) -> usize {
        usize::try_from(imports::read(self.0.handle, offset, into)).unwrap_or_default().min(into.len())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut piece = [0; 256];
        let mut offset = 0;
        loop {
            let read = self.read(offset, &mut piece);
            let whole = match core::str::from_utf8(&piece[..read]) {
                Ok(whole) => whole,
                // The end of the piece is in the middle of a character, which the next piece then begins with.
                Err(error) => core::str::from_utf8(&piece[..error.valid_up_to()]).unwrap_or_default(),
            };
            if whole.is_empty() {
                return Ok(());
            }
            formatter.write_str(whole)?;
            offset += whole.len();
        }
    }
}

impl List {
    /// Number of values.
    #[must_use]
    pub const fn length(&self) -> u32 {
        self.length
    }

    /// The value at a position.
    ///
    /// # Errors
    /// Behind the end, and at the limit of handles.
    pub fn get(&self, index: u32) -> Result<Answer, Error> {
        let mut answer = Record::default();
        Error::check(imports::item(self.thing.handle, index, &mut answer))?;
        Ok(Answer::of(answer))
    }

    /// The values, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = Result<Answer, Error>> {
        (0..self.length).map(|index| self.get(index))
    }
}

impl fmt::Display for List {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.thing, formatter)
    }
}
