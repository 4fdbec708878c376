# Writes charts.json: run as `Rscript charts.R > charts.json`.
# Rows are written by formula, or are the packages' own published tables, which are
# written to the JSON beside what the package made of them.
# vlad's sums are R alone: VLAD is the path of R/misc.R of its source, version 0.2.2.
suppressMessages({
  library(jsonlite); library(qcc); library(qicharts2)
})
source(Sys.getenv("VLAD"))
out <- list()
version <- function(p) as.character(packageVersion(p))
packages <- c("qcc", "qicharts2")
out$made <- list(R = as.character(getRversion()), date = as.character(Sys.Date()),
                 packages = c(as.list(sapply(packages, version)), vlad = "0.2.2"))
lines <- function(chart) {
  d <- chart$data
  once <- function(x) if (length(unique(x)) == 1) x[1] else x
  list(centre = once(d$cl), lower = once(d$lcl), upper = once(d$ucl), beyond = I(which(d$sigma.signal) - 1),
       longest = d$longest.run[1], crossings = d$n.crossings[1])
}
made <- function(...) lines(eval.parent(substitute(qic(...))))

# Rows by formula.
i <- 1:30
value <- 20 + ((i * 17) %% 13) / 2 + ((i * 7) %% 5)
size <- 300 + (i * 53) %% 190
count <- 20 + ((i * 31) %% 29) + (i %% 3) * 8
time <- 2 + ((i * 37) %% 41)^2 / 7
out$formula <- list(
  mr = made(i, value, chart = "mr"),
  u = made(i, count, size, chart = "u"),
  p_prime = made(i, count, size, chart = "pp"),
  u_prime = made(i, count, size / 1000, chart = "up"),
  t = made(i, time, chart = "t")
)

# Montgomery's tables 7.10 and 7.11, and attendances of Mohammed and others 2013.
cloth <- qicharts2:::tbl_07.11; boards <- qicharts2:::tbl_07.10
out$cloth <- made(roll, count, meters, data = cloth, chart = "up")
out$boards <- c(boards[c("count", "size")],
                made(sample, count, size, data = boards, chart = "u"))
out$accidents <- c(nhs_accidents[c("r", "n")],
                   made(i, r, n, data = nhs_accidents, chart = "pp"))

# Cases between rare events: operations between deaths after a bypass (cabg), and by
# formula. qcc's limits are of the cases until an event, its own included, less 1.
gaps <- function(x) {
  both <- limits.g(mean(x) + 1, NULL, NULL, conf = 2 * pnorm(3) - 1)
  list(gaps = x, sigma = made(seq_along(x), x, chart = "g"), probability = c(both),
       qgeom = qgeom(pnorm(c(-3, -2, 2, 3)), 1 / (mean(x) + 1)))
}
out$gaps <- list(gaps(diff(which(cabg$death)) - 1), gaps(((i * 29) %% 31)^2 %/% 6))
out$rare <- gaps(4000 + i * 11)

# Watching: an EWMA with its limits; a tabular CUSUM in standard deviations.
x <- 50 + 2 * (((i * 19) %% 23) / 8 - 1.4) + (i > 20) * 2
path <- ewma(x, center = 50, std.dev = 2, lambda = 0.2, nsigmas = 3, plot = FALSE)
out$ewma <- list(value = path$y, lower = path$limits[, 1], upper = path$limits[, 2])
path <- cusum(x, center = 50, std.dev = 2, se.shift = 1, decision.interval = 4,
              plot = FALSE)
out$cusum <- list(up = path$pos, down = -path$neg)
# Risk-adjusted: log-likelihood ratios of each operation, by Parsonnet score; their sums.
risk <- plogis(-3.68 + 0.077 * (i * 13) %% 60)
died <- as.integer((i * 11) %% 7 == 0)
scores <- function(odds) {
  changed <- plogis(qlogis(risk) + log(odds))
  dbinom(died, 1, changed, log = TRUE) - dbinom(died, 1, risk, log = TRUE)
}
paths <- racusum_scores(scores(2), scores(0.5))
out$adjusted <- list(risk = risk, died = died, doubled = paths$s1, halved = paths$s1l)

# Both indices of inequality, from the poorest of five groups.
n <- c(120, 200, 90, 310, 150); x <- c(60, 88, 30, 99, 33)
ridit <- (cumsum(n) - n / 2) / sum(n)
close <- list(epsilon = 1e-12, maxit = 100)
ends <- function(m) predict(m, data.frame(ridit = 0:1), type = "response")
m <- glm(cbind(x, n - x) ~ ridit, binomial, control = close)
out$logistic_rii <- unname(ends(m)[2] / ends(m)[1])
m <- glm(x ~ ridit + offset(log(n)), poisson, control = close)
out$log_rii <- unname(exp(coef(m)[2]))

# Ranks where less is better: median, interval, best and worst quarter.
draws <- outer(1:60, 1:9, function(a, b) ((a * 11 * b + b^2 * 5) %% 37) / 3 + b)
ranked <- t(apply(draws, 1, rank, ties.method = "min"))
worst <- t(apply(-draws, 1, rank, ties.method = "min"))
at <- function(p) unname(apply(ranked, 2, quantile, p, type = 1))
out$ranks <- list(rank = rank(apply(draws, 2, median), ties.method = "min"),
                  mean = colMeans(ranked), lower = at(0.05), upper = at(0.95),
                  top = colMeans(ranked <= 3), bottom = colMeans(worst <= 3))
cat(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE))
