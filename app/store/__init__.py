"""The till’s database: the fact log, what is projected from it, and what prints and syncs from it."""
