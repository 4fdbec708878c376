# Makes encounter_visits.json of encounter_visits.csv, an invented trial of visits:
# Rscript encounter_visits.R > encounter_visits.json
# Run on 2026-11-22 with R 4.2.2, clubSandwich 0.5.8 and geepack 1.3.9.
suppressMessages({
  library(clubSandwich)
  library(geepack)
  library(jsonlite)
})
visits <- read.csv("encounter_visits.csv")

cr2 <- function(formula, clusters) {
  fit <- lm(formula, data = visits)
  tested <- coef_test(fit, vcov = "CR2", cluster = visits[[clusters]], test = "Satterthwaite")
  arm <- as.data.frame(tested)["arm", ]
  list(estimate = arm$beta, se = arm$SE, df = arm$df_Satt)
}
geese_by <- function(clusters) {
  fit <- geeglm(
    intensified ~ arm, id = visits[[clusters]], data = visits, corstr = "exchangeable",
    control = geese.control(epsilon = 1e-12, maxit = 200)
  )
  list(estimate = unname(coef(fit)["arm"]), correlation = unname(fit$geese$alpha))
}
found <- list(
  by_clinic = cr2(intensified ~ arm + factor(clinic), "clinic"),
  by_patient = cr2(intensified ~ arm + factor(clinic), "patient"),
  with_age = cr2(intensified ~ arm + factor(clinic) + age, "patient"),
  geepack = geese_by("patient")
)
cat(toJSON(found, auto_unbox = TRUE, digits = NA, pretty = TRUE), "\n")
