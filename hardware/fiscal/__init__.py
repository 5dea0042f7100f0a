"""Fiscal devices: printers and registers that the law puts between a sale and its receipt."""
