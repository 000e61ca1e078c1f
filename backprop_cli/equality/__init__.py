"""Whether two computations are the same function: shared terms, prime fields, 50 digits. Knows no homework."""
