"""Figures of the report, from tables to SVG, PNG and PDF."""
