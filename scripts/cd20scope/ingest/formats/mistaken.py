"""Files that are handed in by mistake, told for what they are by their first bytes."""

import re

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
ZIPPED = (
    (
        b"PK\x03\x04",
        "a zip archive (or a spreadsheet)",
        "Unpack it (unzip), or save the sheet as text with tabs",
    ),
    (b"\xfd7zXZ\x00", "compressed with xz", "Unpack it (xz -d)"),
    (b"BZh", "compressed with bzip2", "Unpack it (bunzip2)"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it (zstd -d)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it"),
    (b"%PDF", "a PDF document", "Give the file of counts"),
    (b"\x04\x22\x4d\x18", "compressed with lz4", "Unpack it (lz4 -d)"),
    (b"Rar!", "a RAR archive", "Unpack it"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet", "Save the sheet as text with tabs"),
    (
        b"PAR1",
        "a table in Parquet format",
        "Write it as text (Python): pandas.read_parquet(FILE).to_csv('counts.csv')",
    ),
    (
        b"ARROW1",
        "a table of Arrow",
        "Write it as text (Python): pandas.read_feather(FILE).to_csv('counts.csv')",
    ),
    (b"\x93NUMPY", "an array of numpy without names", "Write it with its names as h5ad"),
    *(
        (bytes([0x80, n]), "a pickle, which is a program", "Write its counts as h5ad where you trust it")
        for n in range(2, 6)
    ),
    (
        b"\x0b\x0e\x0a\x0c",
        "an object of R's package qs",
        "Write it as .rds (R): saveRDS(qs::qread(FILE), 'x.rds')",
    ),
    (b"MATLAB ", "a file of MATLAB", "Write its counts as MTX with lists of genes and barcodes"),
    (b"\xff\xfe", "text in UTF-16", "Save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"),
    (b"\xfe\xff", "text in UTF-16", "Save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"),
)
"""First bytes of a file as it lies on disk, what it is, and what to do."""
TEXTS = (
    (
        rb"@[^\n]{1,400}\n[ACGTN.]+\r?\n\+",
        "sequencing reads (FASTQ)",
        "Count them (Cell Ranger, STARsolo, kb)",
    ),
    (rb"(BAM\x01|@HD\t|@SQ\t|CRAM)", "aligned reads (BAM)", "Count them (Cell Ranger, STARsolo, kb)"),
    (rb"##fileformat=VCF", "variants (VCF)", "Give the matrix of counts of the same run"),
    (rb">[^\n]{1,400}\n[ACGTNacgtn]+\r?\n", "sequences (FASTA)", "Give the matrix of counts"),
    (
        rb"(#[^\n]*\n)*[^\t\n]+\t[^\t\n]+\t(gene|transcript|exon|CDS)\t\d+\t\d+\t",
        "an annotation of genes (GTF)",
        "Give the matrix of counts",
    ),
    (
        rb"(#[^\n]*\n)*[^\t\n]+\t\d+\t\d+\t[ACGTN]{8,}[^\t\n]*\t\d+\r?\n",
        "fragments of open chromatin (ATAC)",
        "Give the matrix of gene expression of the same run",
    ),
    (
        rb"BUS\x00",
        "sorted barcodes and molecules (BUS)",
        "Count them (bustools count), or give cells_x_genes.mtx",
    ),
    (rb"SQLite format 3\x00", "a database (SQLite)", "Write its counts as MTX or h5ad"),
    (rb"\s*[\[{]\s*[\"\[{]", "JSON", "Write its counts as a table of text, or h5ad"),
)
"""How the text of a file begins, what it is, and what to do."""
POINTER = re.compile(rb"version https://git-lfs\.github\.com/|/?(\.\./)*\.git/annex/objects/|/annex/objects/")
PAGE = re.compile(rb"\s*<(!doctype html|html|\?xml|head|body)", flags=re.IGNORECASE)
TAR = slice(257, 262)


def name_mistaken(start: bytes, text: bytes) -> str:
    """Say what a file is that holds no counts, and what to do; empty when it is none of those that are known.

    Parameters
    ----------
    start
        First bytes of the file.
    text
        The same after gzip was undone, where it is gzipped.
    """
    for signature, what, cure in ZIPPED:
        if start.startswith(signature):
            return f"{what}. {cure}, and give that."
    for pattern, what, cure in TEXTS:
        if re.match(pattern, text):
            return f"{what}, no counts. {cure}."
    if POINTER.match(text):
        return "a pointer that Git keeps in place of a large file. Fetch the file itself (git lfs pull, git annex get)."
    if PAGE.match(text.removeprefix(b"\xef\xbb\xbf")):
        return "a web page: a download that asked for something else. Download the file again, and compare its size."
    if text[TAR] == b"ustar":
        return "a tar archive. Unpack it (tar -xf), and give the file or folder of counts in it."
    if text.startswith(HDF5_SIGNATURE):
        return "an HDF5 file that was gzipped. Unpack it (gunzip); HDF5 is read in place."
    if text.startswith(b"\x1f\x8b"):
        return "gzipped twice. Unpack it once (gunzip)."
    return ""
