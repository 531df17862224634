//! The implementation of `Word` for one type.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Ident};

use crate::attributes::Said;

/// One word: how its values are written in Rust, and what it is called.
struct Word<'a> {
    /// `Self` or `Self::Variant`.
    path: TokenStream,
    name: String,
    fields: Vec<&'a Ident>,
}

pub(crate) fn implement(input: &DeriveInput) -> syn::Result<TokenStream> {
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &input.generics,
            "a word has no parameters: its fields own what they hold",
        ));
    }
    let said = Said::read(&input.attrs)?;
    let words = words(input, &said)?;
    // Without one, the vocabulary is that of the crate in which the type stands.
    let vocab = said.vocab.map_or_else(|| quote!(::core::env!("CARGO_PKG_NAME")), |vocab| quote!(#vocab));
    let conditions = words.iter().map(|Word { name, .. }| quote!(::core::concat!(#vocab, "/", #name)));
    let writes = words.iter().map(|Word { path, name, fields }| {
        let texts = fields.iter().map(|field| text(field));
        quote! {
            #path { #(#fields),* } => ::squall_io::vocab::Custom::new(#vocab, #name)
                #(.with(#texts, ::squall_io::private::json(&#fields)))*
        }
    });
    let reads = words.iter().map(|Word { path, name, fields }| {
        let texts = fields.iter().map(|field| text(field));
        quote! {
            #name => ::core::option::Option::Some(#path {
                #(#fields: ::squall_io::private::field(word, #texts)?),*
            })
        }
    });
    let ident = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        impl ::squall_io::vocab::Word for #ident {
            const CONDITIONS: &'static [&'static str] = &[#(#conditions),*];

            fn write(self) -> ::squall_io::vocab::Custom {
                match self { #(#writes),* }
            }

            fn read(word: &::squall_io::vocab::Custom) -> ::core::option::Option<Self> {
                if &*word.vocab != #vocab {
                    return ::core::option::Option::None;
                }
                match &*word.name {
                    #(#reads,)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    })
}

/// The words of a type, in its own order.
fn words<'a>(input: &'a DeriveInput, said: &Said) -> syn::Result<Vec<Word<'a>>> {
    match &input.data {
        Data::Struct(data) => {
            let name = said.name.as_ref().map_or_else(|| kebab(&input.ident), syn::LitStr::value);
            Ok(vec![Word { path: quote!(Self), name, fields: fields(&data.fields)? }])
        }
        Data::Enum(data) => {
            if let Some(name) = &said.name {
                return Err(Error::new(name.span(), "each variant is a word: the name belongs to a variant"));
            }
            let word = |variant: &'a syn::Variant| {
                let own = Said::read(&variant.attrs)?;
                if let Some(vocab) = own.vocab {
                    return Err(Error::new(
                        vocab.span(),
                        "all words of a type have one vocabulary: say it there",
                    ));
                }
                let ident = &variant.ident;
                let name = own.name.map_or_else(|| kebab(ident), |name| name.value());
                Ok(Word { path: quote!(Self::#ident), name, fields: fields(&variant.fields)? })
            };
            let words = data.variants.iter().map(word).collect::<syn::Result<Vec<_>>>()?;
            match words.is_empty() {
                true => Err(Error::new_spanned(&input.ident, "an enum without variants has no words")),
                false => Ok(words),
            }
        }
        Data::Union(data) => {
            Err(Error::new_spanned(data.union_token, "a word is a struct, or a variant of an enum"))
        }
    }
}

fn fields(fields: &Fields) -> syn::Result<Vec<&Ident>> {
    let unnamed = "the details of a word have names: write `{ name: Type }`";
    let named =
        fields.iter().map(|field| field.ident.as_ref().ok_or_else(|| Error::new_spanned(field, unnamed)));
    named.collect()
}

/// A field's name in the history.
fn text(field: &Ident) -> String {
    field.to_string().trim_start_matches("r#").replace('_', "-")
}

/// `LeaseGranted` as `lease-granted`.
fn kebab(ident: &Ident) -> String {
    let mut kebab = String::new();
    for letter in ident.to_string().trim_start_matches("r#").chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}
