# Write the raw counts and the meta.data of a Seurat object as plain files, which seurat_pack.py puts together.
# Slots are read as attributes: so an object is read by older and newer SeuratObject alike, Assay and Assay5.

log_file <- file(snakemake@log[[1]], open = "wt")
sink(log_file, type = "message")
path <- snakemake@input[["object"]]
out <- snakemake@output[["parts"]]
# written beside its place and renamed, so that the folder is whole or not there
partial <- paste0(out, ".partial")
unlink(partial, recursive = TRUE)

refuse <- function(...) stop(path, ": ", ..., call. = FALSE)

# Before R 4.4 reading an object can run code that stands in it (CVE-2024-27322).
if (getRversion() < "4.4.0" && !nzchar(snakemake@params[["sha256"]])) {
  refuse("R ", as.character(getRversion()), " runs code that an .rds file may hold (CVE-2024-27322). Use R 4.4 or later ",
         "(or --software-deployment-method conda); or, if you trust the file, write its SHA-256 into the column sha256 of ",
         "the sample sheet (sha256sum).")
}
if (!requireNamespace("Matrix", quietly = TRUE) || !requireNamespace("SeuratObject", quietly = TRUE)) {
  refuse("reading it needs the R packages Matrix and SeuratObject. Install them (Debian: r-cran-seuratobject; ",
         "conda: r-seuratobject), or run with --software-deployment-method conda.")
}
suppressPackageStartupMessages(library(methods))
suppressPackageStartupMessages(loadNamespace("Matrix"))
suppressPackageStartupMessages(loadNamespace("SeuratObject"))

object <- tryCatch(readRDS(path), error = function(e) {
  refuse("cannot be read by R (", conditionMessage(e), "). Compare its size and checksum with the original and copy ",
         "it again.")
})
if (!identical(as.character(class(object))[1], "Seurat")) {
  refuse("holds an object of class ", class(object)[1], ", not a Seurat object. Give a Seurat object (saveRDS), or ",
         "write its counts as 10x MTX or h5ad.")
}

# A map of a layer to its cells or features: a logical matrix that newer classes wrap.
names_of <- function(map, layer) {
  flags <- map
  attributes(flags) <- NULL
  shape <- attr(map, "dim")
  labels <- attr(map, "dimnames")
  flags <- matrix(flags, nrow = shape[1])
  labels[[1]][flags[, match(layer, labels[[2]])]]
}

# Matrices of one assay side by side, over the union of their features.
bind <- function(parts) {
  features <- unique(unlist(lapply(parts, rownames)))
  aligned <- lapply(parts, function(part) {
    triplets <- Matrix::summary(part)
    Matrix::sparseMatrix(i = match(rownames(part), features)[triplets$i], j = triplets$j, x = triplets$x,
                         dims = c(length(features), ncol(part)), dimnames = list(features, colnames(part)))
  })
  do.call(cbind, aligned)
}

assays <- attr(object, "assays")
name <- if ("RNA" %in% names(assays)) "RNA" else attr(object, "active.assay")
assay <- assays[[name]]
if (!is.null(attr(assay, "layers"))) {
  layers <- attr(assay, "layers")
  wanted <- grep("^counts($|\\.)", names(layers), value = TRUE)
  if (!length(wanted)) {
    refuse("assay ", name, " has no layer counts; it has ", paste(names(layers), collapse = ", "),
           ". Give an object with raw counts.")
  }
  parts <- lapply(wanted, function(layer) {
    part <- layers[[layer]]
    if (!inherits(part, "dgCMatrix")) {
      refuse("layer ", layer, " of assay ", name, " is a ", class(part)[1], ", kept elsewhere on disk perhaps. ",
             "Turn it into a dgCMatrix (as(x, 'dgCMatrix')) and save the object again.")
    }
    dimnames(part) <- list(names_of(attr(assay, "features"), layer), names_of(attr(assay, "cells"), layer))
    part
  })
  counts <- if (length(parts) == 1) parts[[1]] else bind(parts)
} else {
  counts <- attr(assay, "counts")
  if (is.null(counts) || !inherits(counts, "dgCMatrix") || ncol(counts) == 0) {
    refuse("assay ", name, " holds no raw counts (slot counts is ", if (is.null(counts)) "missing" else "empty",
           "). Give an object with raw counts.")
  }
}

dir.create(partial, recursive = TRUE)
number <- function(values, file, as) {
  connection <- file(file.path(partial, file), "wb")
  on.exit(close(connection))
  writeBin(as(values), connection)
}
number(counts@x, "values.bin", as.double)
number(counts@i, "genes.bin", as.integer)
number(counts@p, "starts.bin", as.integer)
writeLines(rownames(counts), file.path(partial, "genes.txt"), useBytes = TRUE)
writeLines(colnames(counts), file.path(partial, "cells.txt"), useBytes = TRUE)
meta <- attr(object, "meta.data")
meta <- meta[match(colnames(counts), rownames(meta)), , drop = FALSE]
meta <- as.data.frame(lapply(meta, function(column) gsub("[\t\r\n]", " ", as.character(column))),
                      optional = TRUE, stringsAsFactors = FALSE)
write.table(meta, file.path(partial, "meta.tsv"), sep = "\t", quote = FALSE, row.names = FALSE, na = "")
message(sprintf("assay %s: %d genes x %d cells; meta.data: %s", name, nrow(counts), ncol(counts),
                paste(colnames(meta), collapse = ", ")))
if (!file.rename(partial, out)) {
  refuse(partial, " could not be renamed to ", out, ". Remove both and run again.")
}
