//! The derive behind `squall_io::Word`: a struct is one word of a vocabulary, an enum several.
//!
//! What is made of a type is described where it is exported, at `squall_io::Word`. Here is only how. The
//! code that is made names `squall_io` and nothing else, so a system needs no other crate for it.

mod attributes;
mod word;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// See `squall_io::Word`.
#[proc_macro_derive(Word, attributes(word))]
pub fn derive_word(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    word::implement(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
