# What R says of the example: Rscript tests/oracle/oracle.R tests/oracle/golden tests/oracle/golden
# The first folder holds the example (make_example.py), the second receives the golden tables.
suppressPackageStartupMessages({
  library(limma)
  library(edgeR)
  library(DESeq2)
})
folders <- commandArgs(trailingOnly = TRUE)
read <- function(name, ...) read.delim(file.path(folders[1], name), check.names = FALSE, stringsAsFactors = FALSE, ...)
write <- function(table, name) {
  # 17 digits give every double back exactly
  exact <- vapply(table, is.double, NA)
  table[exact] <- lapply(table[exact], formatC, digits = 17, format = "g", width = 1)
  write.table(table, file.path(folders[2], name), sep = "\t", quote = FALSE, row.names = FALSE)
}

samples <- read("samples.tsv")
samples$donor <- factor(samples$donor)
samples$visit <- factor(samples$visit, levels = c("baseline", "month6", "week2"))
contrasts <- list("week2-baseline" = c("week2", "baseline"), "month6-baseline" = c("month6", "baseline"), "month6-week2" = c("month6", "week2"))
design <- model.matrix(~ donor + visit, samples)
# one table per contrast, below each other
each <- function(test) do.call(rbind, lapply(names(contrasts), function(name) data.frame(contrast = name, test(contrasts[[name]]))))
vector_of <- function(contrast) {
  v <- setNames(numeric(ncol(design)), colnames(design))
  for (i in 1:2) if (contrast[i] != "baseline") v[paste0("visit", contrast[i])] <- c(1, -1)[i]
  v
}

# the filter of the project: so many counts in as many samples as the smallest contrast has pairs
whole <- lapply(list(counts = "counts.tsv", faint = "faint.tsv"), function(name) as.matrix(read(name, row.names = 1)))
least <- list(counts = 10, faint = 3)
kept <- lapply(names(whole), function(name) whole[[name]][, colSums(whole[[name]] >= least[[name]]) >= 7])
names(kept) <- names(whole)
library_size <- rowSums(whole$counts)

# limma on log2 counts per million, with the trend of the variances; the trend is simpler for fewer genes
y <- t(log2((kept$counts + 0.5) / (library_size + 1) * 1e6))
moderate <- function(n_genes) {
  fit <- lmFit(y[seq_len(n_genes), ], design)
  each(function(contrast) {
    moderated <- eBayes(contrasts.fit(fit, vector_of(contrast)), trend = TRUE)
    data.frame(
      n_genes = n_genes, gene = rownames(moderated), log2_fold_change = moderated$coefficients[, 1], t = moderated$t[, 1],
      df = moderated$df.total, p_value = moderated$p.value[, 1]
    )
  })
}
write(do.call(rbind, lapply(c(nrow(y), 60, 29, 5), moderate)), "limma.tsv")

# edgeR, quasi-likelihood
dge <- calcNormFactors(DGEList(t(kept$counts), lib.size = library_size))
ql <- glmQLFit(estimateDisp(dge, design), design)
write(each(function(contrast) {
  tested <- glmQLFTest(ql, contrast = vector_of(contrast))$table
  data.frame(gene = rownames(tested), log2_fold_change = tested$logFC, p_value = tested$PValue)
}), "edger.tsv")

# DESeq2 as the project asks for it: no Cook's distances, no independent filtering, genes chosen beforehand; size
# factors from ratios where 100 genes have no zero. In the faint example R finds the parametric trend of dispersions,
# while PyDESeq2 falls back on their mean, so R is asked both ways
wald <- function(name, trend) {
  counts <- kept[[name]]
  by <- if (sum(colSums(counts == 0) == 0) >= 100) "ratio" else "poscounts"
  dds <- DESeqDataSetFromMatrix(t(counts), samples, ~ donor + visit)
  dds <- DESeq(dds, sfType = by, fitType = trend, minReplicatesForReplace = Inf, quiet = TRUE)
  each(function(contrast) {
    tested <- results(dds, contrast = c("visit", contrast), cooksCutoff = FALSE, independentFiltering = FALSE)
    data.frame(
      example = name, trend = trend, size_factors = by, gene = rownames(tested), base_mean = tested$baseMean,
      log2_fold_change = tested$log2FoldChange, lfc_se = tested$lfcSE, p_value = tested$pvalue
    )
  })
}
write(rbind(wald("counts", "parametric"), wald("faint", "mean"), wald("faint", "parametric")), "deseq2.tsv")

# shares: paired t and signed ranks of the log odds
cells <- read("cells.tsv")
cells$logit <- log((cells$n_cells + 0.5) / (cells$n_denominator - cells$n_cells + 0.5))
shares <- do.call(rbind, lapply(unique(cells$population), function(population) {
  each(function(contrast) {
    at <- function(visit) with(cells[cells$population == population & cells$visit == visit, ], setNames(logit, donor))
    later <- at(contrast[1])
    earlier <- at(contrast[2])
    both <- sort(intersect(names(later), names(earlier)))
    d <- later[both] - earlier[both]
    two <- t.test(later[both], earlier[both], paired = TRUE)
    below <- t.test(d, mu = log(0.2), alternative = "less")
    above <- t.test(d, mu = log(0.8), alternative = "greater")
    ranks <- wilcox.test(d, exact = TRUE, conf.int = TRUE)
    data.frame(
      population = population, n = length(d), estimate = unname(two$estimate), se = two$stderr, ci_low = two$conf.int[1],
      ci_high = two$conf.int[2], p_value = two$p.value, p_below = below$p.value, upper = below$conf.int[2],
      p_above = above$p.value, lower = above$conf.int[1], pseudomedian = unname(ranks$estimate),
      rank_low = ranks$conf.int[1], rank_high = ranks$conf.int[2], rank_p = ranks$p.value
    )
  })
}))
shares$holm <- p.adjust(shares$p_value, "holm")
# within a contrast, as the table of the project has it, and over all of them
shares$bh <- ave(shares$p_value, shares$contrast, FUN = function(p) p.adjust(p, "BH"))
shares$bh_all <- p.adjust(shares$p_value, "BH")
write(shares, "shares.tsv")

# two arms, donors of odd and of even number: Welch's t of the changes; and a change beside covariates, by lm
treated <- function(donor) as.integer(substring(donor, 2)) %% 2 == 1
covariates <- function(donor) data.frame(age = as.integer(substring(donor, 2))^2, sex = as.integer(substring(donor, 2)) %in% c(1, 2, 5, 8))
# the arms beside covariates: lm, its HC2 variance, and Satterthwaite's degrees of freedom with a variance for each arm
beside_arms <- function(d, arm, x) {
  fit <- lm(d ~ arm + x$age + x$sex)
  m <- model.matrix(fit)
  solved <- solve(crossprod(m), t(m))
  left <- 1 - hatvalues(fit)
  w <- solved[2, ] / sqrt(left)
  se <- sqrt(sum((w * residuals(fit))^2))
  spread <- ave(residuals(fit)^2, arm, FUN = sum) / ave(left, arm, FUN = sum)
  form <- t(diag(w) %*% (diag(length(d)) - m %*% solved))
  scaled <- tcrossprod(diag(sqrt(spread)) %*% form)
  df <- sum(diag(scaled))^2 / sum(scaled^2)
  c(estimate = unname(coef(fit)[2]), se = se, df = df, p = 2 * pt(-abs(coef(fit)[[2]]) / se, df))
}
arms <- do.call(rbind, lapply(unique(cells$population), function(population) {
  each(function(contrast) {
    at <- function(visit) with(cells[cells$population == population & cells$visit == visit, ], setNames(logit, donor))
    later <- at(contrast[1])
    earlier <- at(contrast[2])
    both <- sort(intersect(names(later), names(earlier)))
    d <- later[both] - earlier[both]
    welch <- t.test(d[treated(both)], d[!treated(both)])
    x <- covariates(both)
    adjusted <- beside_arms(d, treated(both), x)
    beside <- summary(lm(d ~ I(x$age - mean(x$age)) + I(x$sex - mean(x$sex))))
    rank <- cor.test(d, x$age, method = "spearman", exact = TRUE)
    levels <- wilcox.test(d[x$sex], d[!x$sex], exact = TRUE)
    data.frame(
      population = population, difference = -diff(welch$estimate), se = welch$stderr, df = welch$parameter,
      ci_low = welch$conf.int[1], ci_high = welch$conf.int[2], p_value = welch$p.value,
      adjusted = adjusted[["estimate"]], adjusted_se = adjusted[["se"]], adjusted_df = adjusted[["df"]], adjusted_p = adjusted[["p"]],
      beside_se = beside$coefficients[1, 2], beside_df = beside$df[2], beside_p = beside$coefficients[1, 4],
      rank_estimate = unname(rank$estimate), levels_p = levels$p.value, levels_u = unname(levels$statistic), row.names = NULL
    )
  })
}))
write(arms, "arms.tsv")

# DESeq2 with the change of the treated beyond that of the controls, in its estimable form
both_arms <- cbind(design, "treated:month6" = treated(samples$donor) * design[, "visitmonth6"], "treated:week2" = treated(samples$donor) * design[, "visitweek2"])
dds <- DESeqDataSetFromMatrix(t(kept$counts), samples, both_arms)
dds <- DESeq(dds, sfType = "ratio", fitType = "parametric", minReplicatesForReplace = Inf, quiet = TRUE)
write(each(function(contrast) {
  v <- setNames(numeric(ncol(both_arms)), colnames(both_arms))
  for (i in 1:2) if (contrast[i] != "baseline") v[paste0("treated:", contrast[i])] <- c(1, -1)[i]
  tested <- results(dds, contrast = v, cooksCutoff = FALSE, independentFiltering = FALSE)
  data.frame(
    gene = rownames(tested), base_mean = tested$baseMean, log2_fold_change = tested$log2FoldChange, lfc_se = tested$lfcSE,
    p_value = tested$pvalue
  )
}), "deseq2_arms.tsv")

version_of <- function(package) paste(unlist(packageVersion(package))[1:2], collapse = ".")
packages <- c("limma", "edgeR", "DESeq2")
write(data.frame(package = packages, version = vapply(packages, version_of, "")), "versions.tsv")
