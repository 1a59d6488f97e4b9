"""Index time: load -> segment -> chunk -> embed -> store. One file for each step; `build` runs them in order."""
