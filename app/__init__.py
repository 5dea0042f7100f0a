"""The till: what a sale is, what a member has earned, and the screens a cashier works on."""
