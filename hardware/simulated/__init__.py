"""The simulated desk: a reader to tap, a scanner to fire, paper to look at, a drawer."""
