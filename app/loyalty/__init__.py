"""The loyalty engine: a programme file, a member's state and a basket in, one explained Decision out.

Pure: no clock, no database, no random source, no framework. See docs/reference/programme.md.
"""
