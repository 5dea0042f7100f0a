"""The manager's corner: figures, exceptions, codes to repair, the programme, staff, devices, settings."""
