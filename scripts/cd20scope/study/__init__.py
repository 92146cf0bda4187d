"""The study: sample sheet, configuration, catalogues."""
