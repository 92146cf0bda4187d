"""Which cells of a file are a sample, as the sheet says it. Imported while Snakemake parses the workflow."""


def parse_cells(text: str) -> dict[str, str]:
    """Read a choice of cells: ``column=value``, several with semicolons between them.

    Raises
    ------
    ValueError
        When a part is not of that form, or a column is named twice.
    """
    wanted: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        column, sign, value = (piece.strip() for piece in part.partition("="))
        if not (column and sign and value) or column in wanted:
            raise ValueError(f"{text!r} does not read like 'sample_id=P01' or 'donor=P01; visit=0M'")
        wanted[column] = value
    return wanted
