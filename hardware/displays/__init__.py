"""Displays that face the customer: two-line poles."""
