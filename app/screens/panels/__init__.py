"""One file for each thing that the middle of the sale screen can be for."""
