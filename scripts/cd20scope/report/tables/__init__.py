"""Tables of the report: columns, headings and rows."""
