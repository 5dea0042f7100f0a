"""Facts, what they mean for a member and for the books. Pure: no clock, no database."""
