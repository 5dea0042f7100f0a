"""Barcode scanners and what their codes mean."""
