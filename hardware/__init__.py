"""The devices of a checkout desk, each behind a port in `hardware.ports`. Knows nothing of sales."""
