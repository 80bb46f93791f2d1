"""Importers — readers of recordings and archives, one module a family of formats."""
