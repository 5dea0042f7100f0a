"""What a cashier does, as use cases: sell, tender, redeem, enrol, open and close a shift."""
