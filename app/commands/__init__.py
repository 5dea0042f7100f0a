"""The commands of `stempel`, by what they are about; app.cli puts them together."""
