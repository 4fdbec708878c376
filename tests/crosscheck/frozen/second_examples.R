# Writes second_examples.json: run as `Rscript second_examples.R > second_examples.json`.
# The rows are written by formula, so that both sides have the same without a file.
suppressMessages({
  library(coin); library(epiR); library(jsonlite); library(lme4); library(lmerTest)
  library(mice); library(spc)
})
out <- list()
version <- function(p) as.character(packageVersion(p))
packages <- c("coin", "epiR", "lme4", "pbkrtest", "mice", "spc")
out$made <- list(R = as.character(getRversion()), date = as.character(Sys.Date()),
                 packages = as.list(sapply(packages, version)))

# O/E: 38 observed of 49.7 expected, and 4 of 5.2. (epiR's "fisher" is not used: its lower
# limit leaves 0.025 to more than 4, where an exact test leaves it to 4 and more.)
smr <- function(obs, exp, method)
  unname(unlist(epi.smr(obs, exp, method = method)[1, c("est", "lower", "upper")]))
exact <- function(obs, exp) with(poisson.test(obs, exp), c(estimate[[1]], conf.int))
out$byar <- list(smr(38, 49.7, "byar"), smr(4, 5.2, "byar"))
out$exact <- list(exact(38, 49.7), exact(4, 5.2))

# False discovery and families of p-values, ties among them.
p <- ((1:20 * 37) %% 23 + 1)^2 / 600
out$p <- p
out$bh <- p.adjust(p, "BH"); out$by <- p.adjust(p, "BY")
out$holm <- p.adjust(p, "holm"); out$hochberg <- p.adjust(p, "hochberg")

# Inequality: five groups, from the poorest; logistic in the ridit, and by persons.
n <- c(120, 200, 90, 310, 150); x <- c(60, 88, 30, 99, 33)
ridit <- (cumsum(n) - n / 2) / sum(n)
m <- glm(cbind(x, n - x) ~ ridit, binomial, control = list(epsilon = 1e-12))
ends <- predict(m, data.frame(ridit = c(0, 1)), type = "response")
out$sii <- unname(ends[2] - ends[1])
y <- unlist(Map(function(a, b) rep(1:0, c(a, b - a)), x, n)); r <- rep(ridit, n)
out$concentration <- 2 * mean((y - mean(y)) * (r - mean(r))) / mean(y)

# Run lengths.
out$ewma <- list()
for (a in list(c(.1, 2.7, 0), c(.1, 2.7, 1), c(.4, 3.054, .5), c(.25, 2.9, 2)))
  out$ewma[[length(out$ewma) + 1]] <- c(a, xewma.arl(a[1], a[2], a[3], sided = "two"))
out$cusum <- list()
for (a in list(c(.5, 4, 0), c(.5, 4, 1), c(.25, 8, .5), c(1, 2.5, 0)))
  out$cusum[[length(out$cusum) + 1]] <- c(a, xcusum.arl(a[1], a[2], a[3]))

# Every allocation of 12 clusters.
i <- 1:12; d <- data.frame(y = ((i * 29) %% 17) / 3 + 1.3 * (i %% 2), arm = factor(i %% 2))
out$coin <- c(pvalue(oneway_test(y ~ arm, d, distribution = "exact")))

# Rubin's rules on mice's own example.
imp <- mice(nhanes, m = 7, seed = 11, printFlag = FALSE)
fits <- with(imp, lm(chl ~ bmi + age))$analyses
q <- sapply(fits, function(f) coef(f)[["bmi"]])
se <- sapply(fits, function(f) sqrt(vcov(f)["bmi", "bmi"]))
pool <- pool.scalar(q, se^2, n = 25, k = 3)
out$mice <- list(q = q, se = se, estimate = pool$qbar, total = pool$t, df = pool$df, fmi = pool$fmi)

# A mixture prior, normal data, by quadrature.
prior <- function(t) .8 * dnorm(t, .06, .02) + .2 * dnorm(t, 0, .5)
f <- function(t) prior(t) * dnorm(.01, t, .015)
z <- function(g) integrate(function(t) g(t) * f(t), -.3, .3, rel.tol = 1e-12, subdivisions = 5000L)$value
mass <- z(function(t) 1 + 0 * t); mean <- z(function(t) t) / mass
out$mixture <- c(mean, sqrt(z(function(t) (t - mean)^2) / mass))

# Units that differ: Laplace, as glmer's default.
u <- 1:30; n <- 20 + (u * 13) %% 40; x <- round(n * plogis(-1 + ((u * 17) %% 29 - 14) / 12))
g <- glmer(cbind(x, n - x) ~ 1 + (1 | u), family = binomial,
           control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10)))
out$glmer <- list(intercept = fixef(g)[[1]], sd = sqrt(VarCorr(g)$u[1]), effects = ranef(g)$u[[1]])

# Ranks in each draw.
draws <- outer(1:40, 1:6, function(a, b) ((a * 7 * b + b^2 * 11) %% 31) + b)
ranked <- t(apply(-draws, 1, rank, ties.method = "min"))
out$ranks <- list(mean = colMeans(ranked), first = colMeans(ranked == 1))

# A cluster cross-over of two periods; clusters, and clusters in a period.
d <- expand.grid(i = 1:6, period = 0:1, c = 1:10)
d$x <- (d$c + d$period) %% 2
d$y <- .5 * d$x + .2 * d$period + ((d$c * 7) %% 11) / 5 + ((d$c * 5 + d$period * 3) %% 7) / 6 +
  ((d$i * 17 + d$c * 3 + d$period * 5) %% 13) / 6
m <- lmer(y ~ x + period + (1 | c) + (1 | c:period), d,
          control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12)))
s <- summary(m, ddf = "Kenward-Roger")$coefficients["x", ]
out$crossover <- unname(s[c("Estimate", "Std. Error", "df")])
cat(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE))
