"""ESC/POS printers: encoding and transport."""
