//! The order of classes within their family, for `alt`.

use crate::heap::{Heap, Shape};
use crate::id::TypeId;
use crate::relation::{Class, TypeClass};

/// Longest chain of first members that is followed; a layout that contains itself by mistake ends there.
const MAX_BASES: usize = 64;

/// Whether the family of a class has an order.
pub(crate) fn has_order(class: &Class) -> bool {
    match class {
        Class::Type(_)
        | Class::Storage(Some(_))
        | Class::Size(_)
        | Class::Referrers(_)
        | Class::Via(_)
        | Class::Producer(_)
        | Class::Age(_) => true,
        Class::OwnerIn(Some(owner)) => has_order(owner),
        _ => false,
    }
}

/// Whether class `a` is at most class `b` in the order of their family.
pub(crate) fn is_at_most(heap: &Heap, a: &Class, b: &Class) -> bool {
    match (a, b) {
        (Class::Size(a), Class::Size(b)) => a <= b,
        (Class::Age(a), Class::Age(b)) => a <= b,
        (Class::Referrers(a), Class::Referrers(b)) => a.is_subset(b),
        (Class::Via(a), Class::Via(b)) => a.is_subset(b),
        (Class::Type(a), Class::Type(b)) | (Class::Storage(Some(a)), Class::Storage(Some(b))) => is_subtype(heap, a, b),
        (Class::OwnerIn(Some(a)), Class::OwnerIn(Some(b))) => is_at_most(heap, a, b),
        (Class::Producer(Some((file, line))), Class::Producer(Some((prefix, last)))) => {
            let lines = match (line, last) {
                (Some(line), Some(last)) => line <= last,
                _ => true,
            };
            file.starts_with(prefix.as_str()) && lines
        }
        (a, b) => a == b,
    }
}

/// Whether a value of type `a` has a value of type `b` at its start: base classes and the first members of C structs.
fn is_subtype(heap: &Heap, a: &TypeClass, b: &TypeClass) -> bool {
    let (TypeClass::Declared(ty), TypeClass::Declared(base)) = (a, b) else { return a == b };
    let mut ty = *ty;
    for _ in 0..MAX_BASES {
        if ty == *base {
            return true;
        }
        let Some(first) = first_member(heap, ty) else { return false };
        ty = first;
    }
    false
}

fn first_member(heap: &Heap, ty: TypeId) -> Option<TypeId> {
    match &heap.type_record(ty).shape {
        Shape::Struct(fields) => fields.iter().find(|field| field.offset == 0)?.ty,
        _ => None,
    }
}
