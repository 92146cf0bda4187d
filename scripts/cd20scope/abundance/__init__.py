"""Shares of populations per donor and visit, and how they change."""
