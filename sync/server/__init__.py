"""The central server: takes facts from tills, and gives them to head office in order."""
