# Write one small data set as a Seurat object with an Assay, and as one with an Assay5 whose counts lie in two layers.
# The class of SeuratObject 5 is made here when the package is older: what is stored is the same.
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
suppressPackageStartupMessages({library(methods); library(Matrix); library(SeuratObject)})
counts <- as(as.matrix(read.table(file.path(folder, "counts.tsv"), header = TRUE, row.names = 1, check.names = FALSE)),
             "CsparseMatrix")
meta <- read.table(file.path(folder, "meta.tsv"), header = TRUE, row.names = 1, colClasses = "character")
old <- CreateSeuratObject(counts = counts, meta.data = meta)
saveRDS(old, file.path(folder, "assay.rds"))

map <- function(labels, parts) {
  flags <- sapply(parts, function(part) labels %in% part)
  dimnames(flags) <- list(labels, names(parts))
  flags
}
first <- meta$visit == "baseline"
cells <- list(counts.1 = colnames(counts)[first], counts.2 = colnames(counts)[!first])
features <- list(counts.1 = rownames(counts), counts.2 = rev(rownames(counts)[-1]))
if (!isClass("Assay5")) {
  setClass("LogMap", contains = "matrix")
  setClass("Assay5", slots = c(layers = "list", cells = "LogMap", features = "LogMap", default = "integer",
                               assay.orig = "character", meta.data = "data.frame", misc = "list", key = "character"))
}
rows <- list(counts.1 = rownames(counts), counts.2 = rownames(counts)[-1])
layers <- lapply(names(cells), function(n) unname(counts[rows[[n]], cells[[n]]]))
names(layers) <- names(cells)
new <- old
new@assays <- list(RNA = new("Assay5", layers = layers, cells = new("LogMap", map(colnames(counts), cells)),
                             features = new("LogMap", map(rownames(counts), rows)), default = 1L))
saveRDS(new, file.path(folder, "assay5.rds"))
saveRDS(list(1, 2), file.path(folder, "list.rds"))
