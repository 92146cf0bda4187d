"""Sections of the report, from tables to the data of their templates."""
