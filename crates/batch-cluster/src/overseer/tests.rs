//! Duties and conversations of an overseer, one by one.
