"""What-if: a draft programme replayed over past sales, against the programme in force. Pure."""
