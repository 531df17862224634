//! Counting words: records, splits, partitions, the files between map and reduce.
