"""What a shop prints besides the receipt of a sale. Pure: values in, a document out; nothing is looked up.

Every document marks itself, top and bottom, as no fiscal receipt: only a fiscal device prints one of those,
on its own paper, whatever the fiscal mode is (docs/decisions/0064).
"""
