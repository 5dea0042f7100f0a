"""A sale's receipt as a page on the web, which the QR code on the customer's display leads to."""
