//! Whole-flow tests live beside this file; there is no library.
