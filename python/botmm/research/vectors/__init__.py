"""Vectors — the shipped functions under the vector files, one module a subject.

Each module has a table from file and key (a regular expression) to a function that yields a
case for each comparison: its name, what the shipped code gives, and what the file wants.
"""
