"""What a shop’s figures mean, as formulas over facts. Pure."""
