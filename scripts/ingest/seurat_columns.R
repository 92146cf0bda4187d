# Print the meta.data of an object of R, for init: names of cells, and the columns with few different values.
arguments <- commandArgs(trailingOnly = TRUE)
path <- arguments[1]
most <- as.integer(arguments[2])
trusted <- arguments[3] == "trusted"
refuse <- function(...) {
  message(path, ": ", ...)
  quit(status = 1)
}

# Before R 4.4 reading an object can run code that stands in it (CVE-2024-27322).
if (getRversion() < "4.4.0" && !trusted) {
  refuse("R ", as.character(getRversion()), " runs code that an .rds file may hold (CVE-2024-27322). Use R 4.4 or later; ",
         "or, if you trust the file, give its SHA-256: --sha256 (sha256sum FILE).")
}
if (!requireNamespace("SeuratObject", quietly = TRUE)) {
  refuse("reading it needs the R package SeuratObject. Install it (Debian: r-cran-seuratobject; conda: r-seuratobject).")
}
object <- tryCatch(readRDS(path), error = function(e) {
  refuse("cannot be read by R (", conditionMessage(e), "). Compare its size and checksum with the original and copy ",
         "it again.")
})
here <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])
source(file.path(dirname(here), "objects.R"))
if (!known(object)) refuse(unknown(object))
meta <- cells_of(object)
few <- vapply(meta, function(column) length(unique(as.character(column))) <= most, logical(1))
plain <- function(values) gsub("[\t\r\n]", " ", as.character(values))
shown <- as.data.frame(c(list(rownames(meta)), lapply(meta[few], plain)), optional = TRUE, stringsAsFactors = FALSE)
colnames(shown) <- c("", colnames(meta)[few])
write.table(shown, stdout(), sep = "\t", quote = FALSE, row.names = FALSE, na = "")
