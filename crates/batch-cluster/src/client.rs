//! A client of the cluster: submits jobs, asks how far they are, fetches datasets.
