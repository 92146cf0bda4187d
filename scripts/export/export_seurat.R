# Make a Seurat object of the plain files of export_plain.py: counts, normalised data, cells, map, and tables in misc.

log_file <- file(snakemake@log[[1]], open = "wt")
sink(log_file, type = "message")
parts <- snakemake@input[["parts"]]
out <- snakemake@output[["object"]]
# written beside its place and renamed, so that the object is whole or not there
partial <- file.path(dirname(out), paste0(".partial-", basename(out)))
unlink(partial)

# the reason goes to the log and to the terminal
refuse <- function(...) {
  reason <- paste0(out, ": ", ...)
  unlink(partial)
  sink(type = "message")
  message(reason)
  sink(log_file, type = "message")
  stop(reason, call. = FALSE)
}
if (!requireNamespace("Matrix", quietly = TRUE) || !requireNamespace("SeuratObject", quietly = TRUE)) {
  refuse("writing it needs the R packages Matrix and SeuratObject. Install them (Debian: r-cran-seuratobject; ",
         "conda: r-seuratobject), or run with --software-deployment-method conda.")
}
suppressPackageStartupMessages(library(methods))
suppressPackageStartupMessages(library(Matrix))
suppressPackageStartupMessages(library(SeuratObject))

table_of <- function(name, ...) {
  read.delim(file.path(parts, name), quote = "", comment.char = "", check.names = FALSE, na.strings = "NA",
             stringsAsFactors = FALSE, encoding = "UTF-8", ...)
}
numbers_of <- function(name, n, what, size) {
  connection <- file(file.path(parts, name), "rb")
  on.exit(close(connection))
  readBin(connection, what, n = n, size = size, endian = "little")
}

classes <- readLines(file.path(parts, "classes.txt"))
cells <- table_of("cells.tsv", row.names = 1, colClasses = classes)
genes <- table_of("genes.tsv", row.names = 1, colClasses = c("character", "character", "numeric"))
starts <- numbers_of("starts.bin", nrow(cells) + 1, "integer", 4)
stored <- starts[length(starts)]
# Seurat takes no underscore in names of genes and says so at length; the names in genes.tsv stay
names_of_genes <- make.unique(gsub("_", "-", rownames(genes), fixed = TRUE))
counts <- new("dgCMatrix", Dim = c(nrow(genes), nrow(cells)), Dimnames = list(names_of_genes, rownames(cells)),
              p = starts, i = numbers_of("genes.bin", stored, "integer", 4),
              x = numbers_of("values.bin", stored, "double", 8))
data <- counts
# Seurat's LogNormalize
data@x <- log1p(data@x / rep(Matrix::colSums(counts), diff(starts)) * 1e4)

object <- CreateSeuratObject(counts = counts, meta.data = cells, project = "cd20scope")
if (packageVersion("SeuratObject") >= "5.0.0") {
  LayerData(object, layer = "data") <- data
} else {
  object <- SetAssayData(object, slot = "data", new.data = data)
}
# cells that were not drawn into the map have no coordinates
umap <- as.matrix(table_of("umap.tsv", colClasses = c("numeric", "numeric")))
dimnames(umap) <- list(rownames(cells), c("UMAP_1", "UMAP_2"))
object[["umap"]] <- CreateDimReducObject(embeddings = umap, key = "UMAP_", assay = "RNA")
Idents(object) <- "population"
tables <- list.files(parts, pattern = "^uns-.*[.]tsv$")
for (name in tables) {
  slot(object, "misc")[[sub("^uns-(.*)[.]tsv$", "\\1", name)]] <- table_of(name, colClasses = "character")
}

tryCatch(saveRDS(object, partial), error = function(e) {
  refuse("cannot be written (", conditionMessage(e), "). Make room on its disk and run again.")
})
message(sprintf("%d cells x %d genes, SeuratObject %s", ncol(object), nrow(object),
                as.character(packageVersion("SeuratObject"))))
if (!file.rename(partial, out)) {
  refuse(partial, " could not be renamed. Remove it and run again.")
}
