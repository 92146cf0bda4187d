rule export_cells:
    input:
        counts=collect("results/ingest/{sample}.h5ad", sample=SAMPLES),
        quality=collect("results/qc/{sample}.parquet", sample=SAMPLES),
        labels=collect("results/annotate/{sample}.parquet", sample=SAMPLES),
        embedding="results/embed/embedding.parquet",
        verdicts="results/verdict/verdicts.tsv",
        technique="results/verdict/technique.tsv",
        ledger="results/verdict/ledger.tsv",
    output:
        cells="results/export/cells.h5ad",
        labels=directory("results/export/labels"),
    log:
        "results/logs/export/export_cells.log",
    benchmark:
        "results/benchmarks/export/export_cells.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000, per_input_mb=2),
        runtime=minutes(60),
    params:
        code=code_of("export/export_cells.py"),
        sheet=SHEET_RECORDS,
        visits=list(config["visits"]),
        populations=POPULATIONS,
        questions=HYPOTHESES["digest"],
        version=VERSION,
    script:
        "../../scripts/export/export_cells.py"


rule export_sums:
    input:
        sums=collect("results/pseudobulk/{sample}.sums.parquet", sample=SAMPLES),
        leaves=collect("results/pseudobulk/{sample}.cells.parquet", sample=SAMPLES),
        genes="results/annotate/all/genes.tsv",
    output:
        sums="results/export/pseudobulk.h5ad",
    log:
        "results/logs/export/export_sums.log",
    benchmark:
        "results/benchmarks/export/export_sums.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000, per_input_mb=10),
        runtime=minutes(30),
    params:
        code=code_of("export/export_sums.py"),
        sheet=SHEET_RECORDS,
        visits=list(config["visits"]),
        populations=POPULATIONS,
    script:
        "../../scripts/export/export_sums.py"


rule export_cellxgene:
    input:
        cells="results/export/cells.h5ad",
        genes=cellxgene_genes,
    output:
        cells="results/export/cellxgene.h5ad",
    log:
        "results/logs/export/export_cellxgene.log",
    benchmark:
        "results/benchmarks/export/export_cellxgene.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000, per_input_mb=2),
        runtime=minutes(60),
    params:
        code=code_of("export/export_cellxgene.py"),
        sheet=SHEET_RECORDS,
        title=config["report"]["title"],
        genes=files.checksum(GENE_TABLE),
        table=uncompared(str(GENE_TABLE)),
    script:
        "../../scripts/export/export_cellxgene.py"


rule export_plain:
    input:
        cells="results/export/cells.h5ad",
        r=r_is_here,
    output:
        parts=temp(directory("results/export/seurat.parts")),
    log:
        "results/logs/export/export_plain.log",
    benchmark:
        "results/benchmarks/export/export_plain.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=memory(base=1000, per_input_mb=2),
        runtime=minutes(30),
    params:
        code=code_of("export/export_plain.py"),
    script:
        "../../scripts/export/export_plain.py"


rule export_seurat:
    input:
        parts="results/export/seurat.parts",
    output:
        object="results/export/seurat.rds",
    log:
        "results/logs/export/export_seurat.log",
    benchmark:
        "results/benchmarks/export/export_seurat.tsv"
    conda:
        "../../envs/seurat.yaml"
    threads: 1
    resources:
        # counts and normalised values, as numbers of 12 bytes, and copies that R makes of both
        mem_mb=memory(base=1000, per_input_mb=6),
        runtime=minutes(60),
    params:
        code=code_of("export/export_seurat.R"),
    script:
        "../../scripts/export/export_seurat.R"
