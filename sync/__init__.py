"""The central server, what it and the till say to each other, and the lane that says it."""
