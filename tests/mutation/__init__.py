"""Mutation testing: small changes of the derivative table, the error bounds and the limits, each of which a test must notice."""
