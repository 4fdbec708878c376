# Makes metafor_pooling.json: Rscript metafor_pooling.R > metafor_pooling.json
# Run on 2026-11-22 with R 4.2.2 and metafor 5.1-12 with its data sets.
suppressMessages({
  library(metafor)
  library(jsonlite)
})
# metafor stops at 1e-5 by default; here it goes on until nothing changes.
tight <- list(threshold = 1e-12, maxiter = 10000)

bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
magnesium <- escalc(measure = "OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.egger2001)
clasp_table <- data.frame(
  ai = c(5, 5, 12, 69, 9, 313), n1i = c(156, 303, 565, 1570, 103, 4659),
  ci = c(8, 17, 9, 94, 11, 352), n2i = c(74, 303, 477, 1565, 105, 4650)
)
clasp <- escalc(measure = "OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = clasp_table)
teachers <- dat.raudenbush1985
blockers <- subset(dat.yusuf1985, table == "6" & !is.na(ai))
lidocaine <- dat.hine1989
tables <- list(
  bcg = data.frame(
    ai = bcg$tpos, n1i = bcg$tpos + bcg$tneg, ci = bcg$cpos, n2i = bcg$cpos + bcg$cneg
  ),
  magnesium = dat.egger2001, clasp = clasp_table, blockers = blockers, lidocaine = lidocaine
)
tables <- lapply(tables, function(d) as.list(d[, c("ai", "n1i", "ci", "n2i")]))

pooled <- function(d) {
  found <- list()
  for (method in c("EE", "DL", "REML", "PM")) {
    for (test in c("z", "knha", "adhoc")) {
      if (method == "EE" && test != "z") next
      control <- c(tight, tol = 1e-12)
      fit <- rma(yi, vi, data = d, method = method, test = test, control = control)
      one <- list(
        beta = c(fit$beta), se = fit$se, ci = c(fit$ci.lb, fit$ci.ub), pval = fit$pval,
        tau2 = fit$tau2, I2 = fit$I2, H2 = fit$H2, QE = fit$QE
      )
      if (method != "EE") {
        new <- predict(fit)
        riley <- predict(fit, predtype = "Riley")
        one$pi <- c(new$pi.lb, new$pi.ub)
        one$riley <- c(riley$pi.lb, riley$pi.ub)
      }
      found[[paste(method, test)]] <- one
    }
  }
  fit <- rma(yi, vi, data = d, control = tight)
  found$confint <- unname(apply(confint(fit, control = list(tol = 1e-12))$random, 1, c, simplify = FALSE))
  found
}

effects <- function(measure, d) {
  one <- escalc(measure = measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = as.data.frame(d))
  list(yi = as.numeric(one$yi), sei = sqrt(as.numeric(one$vi)))
}

mantel_haenszel <- function(measure, d) {
  fit <- rma.mh(measure = measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = as.data.frame(d))
  list(beta = c(fit$beta), se = fit$se, ci = c(fit$ci.lb, fit$ci.ub), QE = fit$QE, I2 = fit$I2)
}

regression <- function(d, mods, test) {
  fit <- rma(yi, vi, mods = mods, data = d, test = test, control = tight)
  list(
    mods = mods, beta = c(fit$beta), se = fit$se, ci.lb = fit$ci.lb, ci.ub = fit$ci.ub,
    tau2 = fit$tau2, R2 = fit$R2, QM = fit$QM, QMp = fit$QMp, QE = fit$QE, QEp = fit$QEp,
    I2 = fit$I2, H2 = fit$H2
  )
}

left_out <- function(d, test) {
  fit <- rma(yi, vi, data = d, test = test, control = tight)
  i <- influence(fit)
  l <- leave1out(fit)
  list(
    rstudent = i$inf$rstudent, dffits = i$inf$dffits, cook.d = i$inf$cook.d,
    cov.r = i$inf$cov.r, tau2.del = i$inf$tau2.del, QE.del = i$inf$QE.del, hat = i$inf$hat,
    is.infl = i$is.infl, estimate = l$estimate, se = l$se, ci.lb = l$ci.lb, ci.ub = l$ci.ub,
    I2 = l$I2
  )
}

asymmetry <- function(d) {
  lm <- regtest(d$yi, d$vi, model = "lm")
  rma <- regtest(rma(yi, vi, data = d, control = tight))
  slope <- coef(summary(lm$fit))[2, ]
  list(
    lm = list(
      slope = unname(slope[1:2]), zval = lm$zval, pval = lm$pval, dfs = lm$dfs,
      est = lm$est, ci = c(lm$ci.lb, lm$ci.ub)
    ),
    rma = list(
      slope = c(rma$fit$beta[2], rma$fit$se[2]), zval = rma$zval, pval = rma$pval,
      est = rma$est, ci = c(rma$ci.lb, rma$ci.ub)
    )
  )
}

three <- cbind(bcg$ablat, as.numeric(bcg$alloc == "random"), bcg$year)
weeks <- cbind(pmin(teachers$weeks, 3))
each <- function(f, sets) {
  found <- list()
  for (measure in c("OR", "RR", "RD")) {
    for (name in sets) found[[paste(name, measure)]] <- f(measure, tables[[name]])
  }
  found
}
out <- list(
  program = paste("metafor", packageVersion("metafor")),
  tables = tables,
  teachers = list(yi = teachers$yi, vi = teachers$vi),
  pooled = list(
    bcg = pooled(bcg), magnesium = pooled(magnesium), clasp = pooled(clasp),
    teachers = pooled(teachers)
  ),
  effects = each(effects, c("blockers", "lidocaine")),
  mantel_haenszel = each(mantel_haenszel, c("bcg", "magnesium", "blockers", "lidocaine")),
  regression = list(
    latitude = regression(bcg, cbind(bcg$ablat), "z"),
    latitude_knha = regression(bcg, cbind(bcg$ablat), "knha"),
    three = regression(bcg, three, "z"), three_knha = regression(bcg, three, "knha"),
    three_adhoc = regression(bcg, three, "adhoc"), weeks = regression(teachers, weeks, "z")
  ),
  influence = list(
    bcg_z = left_out(bcg, "z"), magnesium_z = left_out(magnesium, "z"),
    magnesium_knha = left_out(magnesium, "knha")
  ),
  regtest = list(
    bcg = asymmetry(bcg), magnesium = asymmetry(magnesium), teachers = asymmetry(teachers)
  )
)
one_line <- function(x) as.character(toJSON(x, digits = I(10), auto_unbox = TRUE))
parts <- vapply(names(out), function(name) {
  inner <- out[[name]]
  if (!is.list(inner)) return(sprintf("\"%s\": %s", name, one_line(inner)))
  rows <- sprintf("  \"%s\": %s", names(inner), vapply(inner, one_line, ""))
  sprintf("\"%s\": {\n%s\n}", name, paste(rows, collapse = ",\n"))
}, "")
cat("{\n", paste(parts, collapse = ",\n"), "\n}\n", sep = "")
