# Makes bayesmeta_pooling.json: Rscript bayesmeta_pooling.R > bayesmeta_pooling.json
# Run on 2026-11-22 with R 4.2.2, bayesmeta 3.4 and metafor 5.1-12. Where forestplot is not
# installed, source("bayesmeta/R/bayesmeta.R") does instead of library(bayesmeta).
suppressMessages({
  library(metafor)
  library(bayesmeta)
  library(jsonlite)
})
data(CrinsEtAl2014)
data(Rubin1981)
crins <- escalc(
  measure = "OR", ai = exp.AR.events, n1i = exp.total, ci = cont.AR.events,
  n2i = cont.total, data = CrinsEtAl2014
)
bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
pooled <- function(y, s, scale, mean, sd) {
  fit <- bayesmeta(
    y = as.numeric(y), sigma = as.numeric(s), mu.prior.mean = mean, mu.prior.sd = sd,
    tau.prior = function(t) dhalfnormal(t, scale = scale), interval.type = "central"
  )
  numbers <- as.data.frame(t(fit$summary[-1, ]))
  names(numbers) <- c("median", "mean", "sd", "lower", "upper")
  list(
    y = as.numeric(y), s = as.numeric(s), tau_scale = scale, mean_sd = sd,
    tau = as.list(numbers["tau", ]), mu = as.list(numbers["mu", ]),
    theta = as.list(numbers["theta", ]), below = fit$pposterior(mu = 0),
    new_below = fit$pposterior(mu = 0, predict = TRUE),
    study_mean = unname(fit$theta["mean", ]), study_sd = unname(fit$theta["sd", ])
  )
}
out <- list(
  crins = pooled(crins$yi, sqrt(crins$vi), 0.5, 0, 4),
  crins_uniform = pooled(crins$yi, sqrt(crins$vi), 0.5, NA, NA),
  schools_uniform = pooled(Rubin1981$effect, Rubin1981$stderr, 25, NA, NA),
  schools = pooled(Rubin1981$effect, Rubin1981$stderr, 5, 0, 50),
  bcg = pooled(bcg$yi, sqrt(bcg$vi), 0.5, 0, 4),
  two = pooled(crins$yi[1:2], sqrt(crins$vi[1:2]), 0.5, 0, 4)
)
one_line <- function(x) as.character(toJSON(x, digits = I(10), auto_unbox = TRUE, na = "null"))
rows <- sprintf("\"%s\": %s", names(out), vapply(out, one_line, ""))
cat("{\n", paste(rows, collapse = ",\n"), "\n}\n", sep = "")
