//! `#[word(vocab = "…", name = "…")]`, read.

use syn::{Attribute, LitStr};

/// What the attributes of a type or a variant say.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) vocab: Option<LitStr>,
    pub(crate) name: Option<LitStr>,
}

impl Said {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut said = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("word")) {
            attribute.parse_nested_meta(|meta| {
                let place = if meta.path.is_ident("vocab") {
                    &mut said.vocab
                } else if meta.path.is_ident("name") {
                    &mut said.name
                } else {
                    return Err(meta.error("known are `vocab` and `name`"));
                };
                let value: LitStr = meta.value()?.parse()?;
                if !is_plain(&value.value()) {
                    return Err(syn::Error::new(value.span(), "small letters, digits and hyphens only"));
                }
                *place = Some(value);
                Ok(())
            })?;
        }
        Ok(said)
    }
}

/// As conditions are written in scenarios.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && name.chars().all(plain)
}
