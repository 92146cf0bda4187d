# Counts, antibodies and cells of the objects that R keeps of single cells: Seurat 2 to 5, SingleCellExperiment and
# SummarizedExperiment, lists of Read10X, bare matrices. Slots are read as attributes, so that an object is read by older
# and newer packages alike, and by none where its package is not installed. `refuse` stops with a reason.

class_of <- function(object) as.character(class(object))[1]
is_seurat <- function(object) class_of(object) %in% c("Seurat", "seurat")
is_experiment <- function(object) {
  class_of(object) %in% c("SingleCellExperiment", "SummarizedExperiment", "RangedSummarizedExperiment", "SpatialExperiment")
}
is_counts <- function(x) inherits(x, c("dgCMatrix", "dgTMatrix", "dgRMatrix", "dsCMatrix")) || is.matrix(x) || is.data.frame(x)
proteins <- "^(adt|antibody( capture)?|antibodies|protein|prot|cite|ab|abseq|adts)$"

known <- function(object) {
  is_seurat(object) || is_experiment(object) || is_counts(object) || (class_of(object) == "list" && any(is_parts(object)))
}
is_parts <- function(object) vapply(object, is_counts, logical(1))
unknown <- function(object) {
  paste0("holds an object of class ", class_of(object), ". Give a Seurat object, a SingleCellExperiment or a matrix of ",
         "counts (saveRDS), or write its counts as 10x MTX or h5ad.")
}

# Any matrix as columns of cells, compressed.
as_sparse <- function(x, what, refuse) {
  if (is.data.frame(x)) x <- as.matrix(x)
  if (inherits(x, "dgCMatrix")) return(x)
  if (!is_counts(x) || (is.matrix(x) && !is.numeric(x))) {
    refuse(what, " is a ", class_of(x), ", kept elsewhere on disk perhaps. Turn it into a dgCMatrix ",
           "(as(x, 'dgCMatrix')) and save the object again.")
  }
  methods::as(methods::as(Matrix::Matrix(x, sparse = TRUE), "generalMatrix"), "CsparseMatrix")
}

# Columns of a DataFrame of Bioconductor that are plain.
frame_of <- function(frame) {
  columns <- attr(frame, "listData")
  plain <- Filter(function(column) is.atomic(column) || is.factor(column), columns)
  names <- attr(frame, "rownames")
  n <- if (length(plain)) length(plain[[1]]) else length(names)
  shown <- as.data.frame(lapply(plain, as.character), optional = TRUE, stringsAsFactors = FALSE)
  if (!length(plain)) shown <- data.frame(row.names = seq_len(n))
  names(shown) <- names(plain)
  if (!is.null(names)) rownames(shown) <- names
  shown
}

# meta.data of all cells, one row each, with their names.
cells_of <- function(object) {
  if (is_seurat(object)) return(attr(object, "meta.data"))
  if (is_experiment(object)) return(frame_of(attr(object, "colData")))
  matrix <- if (is_counts(object)) object else object[[genes_part(object)]]
  data.frame(row.names = colnames(matrix))
}
genes_part <- function(object) {
  found <- which(is_parts(object))
  named <- grep("^(gene expression|rna|gex|genes?|counts|umi)$", names(object)[found], ignore.case = TRUE)
  found[if (length(named)) named[1] else 1]
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

# Raw counts of one assay of Seurat, features x cells.
counts_of_assay <- function(assay, name, refuse) {
  layers <- attr(assay, "layers")
  if (is.null(layers)) {
    counts <- attr(assay, if (class_of(assay) == "assay") "raw.data" else "counts")
    if (is.null(counts) || !length(dim(counts)) || 0 %in% dim(counts)) {
      refuse("assay ", name, " holds no raw counts (slot counts is ", if (is.null(counts)) "missing" else "empty",
             "). Give an object with raw counts.")
    }
    return(as_sparse(counts, paste("slot counts of assay", name), refuse))
  }
  wanted <- grep("^counts($|\\.)", names(layers), value = TRUE)
  if (!length(wanted)) {
    refuse("assay ", name, " has no layer counts; it has ", paste(names(layers), collapse = ", "),
           ". Give an object with raw counts.")
  }
  parts <- lapply(wanted, function(layer) {
    part <- as_sparse(layers[[layer]], paste("layer", layer, "of assay", name), refuse)
    dimnames(part) <- list(names_of(attr(assay, "features"), layer), names_of(attr(assay, "cells"), layer))
    part
  })
  if (length(parts) == 1) parts[[1]] else bind(parts)
}

# Names of the rows of an experiment: its own, or those of its ranges.
rows_of <- function(object, counts) {
  ranges <- attr(object, "rowRanges")
  own <- list(rownames(counts), attr(object, "NAMES"), attr(attr(ranges, "ranges"), "NAMES"),
              attr(attr(ranges, "partitioning"), "NAMES"))
  found <- Filter(function(names) length(names) == nrow(counts), own)
  if (length(found)) as.character(found[[1]]) else NULL
}

# The first of the assays of an experiment that is named counts, or else holds whole numbers alone.
counts_of_experiment <- function(object, refuse) {
  held <- attr(attr(attr(object, "assays"), "data"), "listData")
  if (is.null(held)) held <- attr(attr(object, "assays"), "listData")
  named <- grep("^(raw[._]?)?(counts|umis?)$|^raw$", names(held), ignore.case = TRUE, value = TRUE)
  whole <- function(x) {
    values <- if (isS4(x)) attr(x, "x") else as.matrix(x)
    is.numeric(values) && length(values) > 0 && all(values >= 0 & values == floor(values), na.rm = TRUE)
  }
  if (!length(named)) named <- Filter(function(name) is_counts(held[[name]]) && whole(held[[name]]), names(held))
  if (!length(named)) {
    refuse("has no assay counts; it has ", paste(names(held), collapse = ", "), ". Give an object with raw counts.")
  }
  counts <- as_sparse(held[[named[1]]], paste("assay", named[1]), refuse)
  cells <- if (is.null(colnames(counts))) attr(attr(object, "colData"), "rownames") else colnames(counts)
  dimnames(counts) <- list(rows_of(object, counts), cells)
  list(counts = counts, name = named[1])
}

# Symbols or types of the rows of an experiment, where it has such a column.
row_column <- function(object, pattern) {
  rows <- attr(object, "elementMetadata")
  if (is.null(attr(rows, "listData"))) rows <- attr(attr(object, "rowRanges"), "elementMetadata")
  columns <- attr(rows, "listData")
  found <- grep(pattern, names(columns), ignore.case = TRUE)
  if (length(found) && is.atomic(columns[[found[1]]])) as.character(columns[[found[1]]]) else NULL
}

# Tables of antibodies that lie beside the genes, features x cells, by name.
beside <- function(object) {
  if (is_seurat(object)) {
    held <- if (class_of(object) == "seurat") attr(object, "assay") else attr(object, "assays")
  } else if (is_experiment(object)) {
    inside <- attr(attr(object, "int_colData"), "listData")[["altExps"]]
    held <- lapply(attr(inside, "listData"), function(one) attr(one, "se"))
  } else if (class_of(object) == "list") {
    held <- object
  } else {
    held <- list()
  }
  held[grep(proteins, names(held), ignore.case = TRUE)]
}

# What is taken of an object: counts and antibodies (NULL for none), features x cells, the cells, symbols and types of the
# features (NULL where the object has none), and the name of the place.
taken_of <- function(object, refuse, warn) {
  symbols <- types <- NULL
  if (class_of(object) == "seurat") {
    name <- "raw.data"
    counts <- as_sparse(attr(object, "raw.data"), "slot raw.data", refuse)
  } else if (is_seurat(object)) {
    assays <- attr(object, "assays")
    name <- if ("RNA" %in% names(assays)) "RNA" else attr(object, "active.assay")
    counts <- counts_of_assay(assays[[name]], name, refuse)
  } else if (is_experiment(object)) {
    found <- counts_of_experiment(object, refuse)
    name <- found$name
    counts <- found$counts
    symbols <- row_column(object, "^(symbols?|gene_?(symbol|name)s?)$")
    types <- row_column(object, "^(feature_?)?types?$")
  } else {
    name <- if (is_counts(object)) "matrix" else names(object)[genes_part(object)]
    counts <- as_sparse(if (is_counts(object)) object else object[[genes_part(object)]], "the matrix", refuse)
  }
  if (is.null(rownames(counts)) || is.null(colnames(counts))) {
    refuse(name, " has no names of ", if (is.null(rownames(counts))) "genes" else "cells",
           ". Give them (dimnames) and save the object again.")
  }
  cells <- cells_of(object)
  # Seurat 2 keeps cells in raw.data that its meta.data leave out
  if (is_seurat(object)) counts <- counts[, colnames(counts) %in% rownames(cells), drop = FALSE]
  cells <- cells[match(colnames(counts), rownames(cells)), , drop = FALSE]
  list(counts = counts, antibodies = antibodies_of(object, counts, warn), cells = cells, symbols = symbols, types = types,
       name = name)
}

antibodies_of <- function(object, counts, warn) {
  tables <- beside(object)
  for (name in names(tables)) {
    skip <- function(...) stop(..., call. = FALSE)
    found <- tryCatch({
      one <- tables[[name]]
      table <- if (is_counts(one)) as_sparse(one, name, skip)
               else if (is_experiment(one)) counts_of_experiment(one, skip)$counts
               else counts_of_assay(one, name, skip)
      if (is.null(colnames(table)) && ncol(table) == ncol(counts)) colnames(table) <- colnames(counts)
      at <- match(colnames(counts), colnames(table))
      if (anyNA(at) || is.null(rownames(table))) skip("its cells are not those of the genes")
      table[, at, drop = FALSE]
    }, error = function(e) warn("antibodies of ", name, " are left out: ", conditionMessage(e)))
    if (!is.null(found)) return(found)
  }
  NULL
}
