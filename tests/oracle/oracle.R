# What R says of the example: Rscript tests/oracle/oracle.R tests/oracle/golden tests/oracle/golden
# The first folder holds the example (make_example.py), the second receives the golden tables.
suppressPackageStartupMessages({
  library(limma)
  library(edgeR)
  library(DESeq2)
})
folders <- commandArgs(trailingOnly = TRUE)
options(digits = 17)
read <- function(name) read.delim(file.path(folders[1], name), check.names = FALSE, stringsAsFactors = FALSE)
write <- function(table, name) {
  write.table(format(table, digits = 17, trim = TRUE), file.path(folders[2], name), sep = "\t", quote = FALSE, row.names = FALSE)
}

counts <- as.matrix(read.delim(file.path(folders[1], "counts.tsv"), row.names = 1, check.names = FALSE))
samples <- read("samples.tsv")
samples$donor <- factor(samples$donor)
samples$visit <- factor(samples$visit, levels = c("baseline", "month6", "week2"))
contrasts <- list("week2-baseline" = c("week2", "baseline"), "month6-baseline" = c("month6", "baseline"), "month6-week2" = c("month6", "week2"))
# the filter of the project: 10 counts in as many samples as the smallest contrast has pairs
kept <- colSums(counts >= 10) >= 7
library_size <- rowSums(counts)
counts <- counts[, kept]
design <- model.matrix(~ donor + visit, samples)
vector_of <- function(contrast, names) {
  v <- setNames(numeric(length(names)), names)
  for (i in 1:2) if (contrast[i] != "baseline") v[paste0("visit", contrast[i])] <- c(1, -1)[i]
  v
}

# limma on log2 counts per million, with the trend of the variances
y <- t(log2((counts + 0.5) / (library_size + 1) * 1e6))
fit <- lmFit(y, design)
rows <- list()
for (name in names(contrasts)) {
  moderated <- eBayes(contrasts.fit(fit, vector_of(contrasts[[name]], colnames(design))), trend = TRUE)
  rows[[name]] <- data.frame(
    contrast = name, gene = rownames(y), log2_fold_change = moderated$coefficients[, 1], t = moderated$t[, 1],
    df = moderated$df.total, p_value = moderated$p.value[, 1]
  )
}
write(do.call(rbind, rows), "limma.tsv")

# edgeR, quasi-likelihood
dge <- calcNormFactors(DGEList(t(counts), lib.size = library_size))
dge <- estimateDisp(dge, design)
ql <- glmQLFit(dge, design)
rows <- list()
for (name in names(contrasts)) {
  tested <- glmQLFTest(ql, contrast = vector_of(contrasts[[name]], colnames(design)))$table
  rows[[name]] <- data.frame(contrast = name, gene = rownames(tested), log2_fold_change = tested$logFC, p_value = tested$PValue)
}
write(do.call(rbind, rows), "edger.tsv")

# DESeq2 as the project asks for it: no Cook's distances, no independent filtering, genes chosen beforehand
dds <- DESeqDataSetFromMatrix(t(counts), samples, ~ donor + visit)
dds <- DESeq(dds, minReplicatesForReplace = Inf, quiet = TRUE)
rows <- list()
for (name in names(contrasts)) {
  tested <- results(dds, contrast = c("visit", contrasts[[name]]), cooksCutoff = FALSE, independentFiltering = FALSE)
  rows[[name]] <- data.frame(
    contrast = name, gene = rownames(tested), log2_fold_change = tested$log2FoldChange, lfc_se = tested$lfcSE, p_value = tested$pvalue
  )
}
write(do.call(rbind, rows), "deseq2.tsv")
write(data.frame(sample = samples$sample, size_factor = sizeFactors(dds)), "size_factors.tsv")

# shares: paired t and signed ranks of the log odds
cells <- read("cells.tsv")
cells$logit <- log((cells$n_cells + 0.5) / (cells$n_denominator - cells$n_cells + 0.5))
rows <- list()
for (name in names(contrasts)) {
  for (population in unique(cells$population)) {
    at <- function(visit) with(cells[cells$population == population & cells$visit == visit, ], setNames(logit, donor))
    later <- at(contrasts[[name]][1])
    earlier <- at(contrasts[[name]][2])
    both <- sort(intersect(names(later), names(earlier)))
    d <- later[both] - earlier[both]
    two <- t.test(later[both], earlier[both], paired = TRUE)
    above <- t.test(d, mu = log(0.2), alternative = "less")
    # one level of 80 %, as at 95 % few donors may have no interval
    ranks <- wilcox.test(d, exact = TRUE, conf.int = TRUE, conf.level = 0.8)
    rows[[paste(name, population)]] <- data.frame(
      contrast = name, population = population, n = length(d), estimate = unname(two$estimate), ci_low = two$conf.int[1],
      ci_high = two$conf.int[2], p_value = two$p.value, p_below = above$p.value, pseudomedian = unname(ranks$estimate),
      rank_low = ranks$conf.int[1], rank_high = ranks$conf.int[2], rank_p = ranks$p.value
    )
  }
}
shares <- do.call(rbind, rows)
shares$holm <- p.adjust(shares$p_value, "holm")
shares$bh <- p.adjust(shares$p_value, "BH")
write(shares, "shares.tsv")
