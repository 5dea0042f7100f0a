"""Presenters: an intent goes in, a frozen view state comes out. No Qt, no database, no device."""
