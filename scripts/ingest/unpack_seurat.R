# Write raw counts, antibodies and cells of an object of R as plain files, which pack_seurat.py puts together.

log_file <- file(snakemake@log[[1]], open = "wt")
sink(log_file, type = "message")
path <- snakemake@input[["object"]]
out <- snakemake@output[["parts"]]
# written beside its place and renamed, so that the folder is whole or not there
partial <- paste0(out, ".partial")
unlink(partial, recursive = TRUE)

# the reason goes to the log and to the terminal
refuse <- function(...) {
  reason <- paste0(path, ": ", ...)
  sink(type = "message")
  message(reason)
  sink(log_file, type = "message")
  stop(reason, call. = FALSE)
}

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
source(file.path(snakemake@scriptdir, "objects.R"))
if (!known(object)) refuse(unknown(object))
taken <- taken_of(object, refuse, warn = function(...) { message(...); NULL })
counts <- taken$counts

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
for (part in c("symbols", "types")) {
  if (!is.null(taken[[part]])) writeLines(taken[[part]], file.path(partial, paste0(part, ".txt")), useBytes = TRUE)
}
plain <- function(values) gsub("[\t\r\n]", " ", as.character(values))
if (!is.null(taken$antibodies)) {
  table <- as.matrix(Matrix::t(taken$antibodies))
  colnames(table) <- plain(colnames(table))
  write.table(table, file.path(partial, "antibodies.tsv"), sep = "\t", quote = FALSE, row.names = FALSE, na = "")
}
meta <- as.data.frame(lapply(taken$cells, plain), optional = TRUE, stringsAsFactors = FALSE)
if (!ncol(meta)) meta <- data.frame(cell = plain(colnames(counts)))
write.table(meta, file.path(partial, "meta.tsv"), sep = "\t", quote = FALSE, row.names = FALSE, na = "")
message(sprintf("counts of %s: %d genes x %d cells, %d antibodies; cells: %s", taken$name, nrow(counts), ncol(counts),
                if (is.null(taken$antibodies)) 0L else nrow(taken$antibodies), paste(colnames(meta), collapse = ", ")))
if (!file.rename(partial, out)) {
  refuse(partial, " could not be renamed to ", out, ". Remove both and run again.")
}
