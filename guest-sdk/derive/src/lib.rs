//! `#[derive(Inspect)]`: a type's fields, with offsets and sizes as the compiler has laid them out.
//!
//! ```text
//! #[derive(Inspect)]                       impl Inspect for Session {
//! struct Session { user: String }   gives      const FIELDS: &'static [Field] = &[Field { name: "user",
//!                                                  offset: offset_of!(Self, user), size: size_of::<String>(), .. }];
//!                                          }
//! ```
//!
//! A crate of its own because procedural macros must be; `heapy-guest` exports it.

use proc_macro::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Field, Index, parse_macro_input};

/// Tells the fields of a struct; of an enum or union only that there is such a type.
#[proc_macro_derive(Inspect)]
pub fn inspect(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let fields = match &input.data {
        Data::Struct(data) => data.fields.iter().enumerate().map(|(index, field)| describe(index, field)).collect(),
        // Which fields are there depends on the value.
        Data::Enum(_) | Data::Union(_) => Vec::new(),
    };
    let name = &input.ident;
    let (impl_generics, type_generics, bounds) = input.generics.split_for_impl();
    quote! {
        impl #impl_generics ::heapy_guest::Inspect for #name #type_generics #bounds {
            const FIELDS: &'static [::heapy_guest::Field] = &[#(#fields),*];
        }
    }
    .into()
}

fn describe(index: usize, field: &Field) -> proc_macro2::TokenStream {
    let ty = &field.ty;
    let (name, member) = match &field.ident {
        // A raw identifier is shown as it is meant.
        Some(ident) => (ident.to_string().trim_start_matches("r#").to_owned(), quote!(#ident)),
        None => {
            let position = Index::from(index);
            (index.to_string(), quote!(#position))
        }
    };
    quote! {
        ::heapy_guest::Field {
            name: #name,
            offset: ::core::mem::offset_of!(Self, #member),
            size: ::core::mem::size_of::<#ty>(),
            type_name: ::core::any::type_name::<#ty>,
        }
    }
}
