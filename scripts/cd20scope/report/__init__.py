"""The HTML report, the summary and their tables."""
