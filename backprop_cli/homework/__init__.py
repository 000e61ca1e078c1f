"""Homework: what a student claims of a graph, and what becomes of the claims."""
