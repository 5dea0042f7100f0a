"""`stempel what-if` above the pure replay: where past sales come from, and how the result is shown."""
