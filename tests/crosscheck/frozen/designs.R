# Writes designs.json: run as `Rscript designs.R > designs.json`.
# The rows are written by formula, so that both sides have the same without a file.
suppressMessages({library(clubSandwich); library(jsonlite); library(sandwich)})
version <- function(p) as.character(packageVersion(p))
out <- list(made = list(
  R = as.character(getRversion()), date = as.character(Sys.Date()),
  packages = list(clubSandwich = version("clubSandwich"), sandwich = version("sandwich"))
))

# Twelve clinics of 6 to 12 patients.
u <- rep(1:12, 6 + (1:12 * 5) %% 7)
i <- ave(u, u, FUN = seq_along)
level <- ((u * 7) %% 5) / 4 + ((i * 13 + u * 5) %% 17) / 8
pair <- (u + 1) %/% 2
of_clinic <- (u + pair) %% 2
of_patient <- (i * i + u) %% 3 %/% 2
d <- data.frame(
  u, pair, of_clinic, of_patient, stratum = as.numeric(u <= 6),
  size = (u * 5) %% 7, rate = ((u * 3) %% 5) / 10,
  sex = (i %/% 2) %% 2, age = (i * 7) %% 5
)
cr2 <- function(formula, cluster) {
  m <- lm(formula, d)
  t <- coef_test(m, vcov = "CR2", cluster = d[[cluster]], test = "Satterthwaite")
  c(t$beta[2], t$SE[2], t$df[2])
}

d$y <- 0.4 * of_clinic + level
out$clinics <- cr2(y ~ of_clinic + stratum, "u")
out$pairs <- cr2(y ~ of_clinic + factor(pair), "pair")
out$constrained <- cr2(y ~ of_clinic + size + rate, "u")

d$y <- 0.4 * of_patient + level
out$minimised <- cr2(y ~ of_patient + sex + age, "u")
few <- subset(d, u <= 3)
m <- lm(y ~ of_patient + sex + age, few)
out$patients <- c(coef(m)[[2]], sqrt(vcovHC(m, "HC2")[2, 2]), df.residual(m))

cat(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
