# The commands that the project keeps. A fresh machine needs Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
PURPOSES := spec errors properties truth crosscheck conformance architecture journeys browser docs unit

# Folder of the tests of https://github.com/FHIR/sql-on-fhir-v2, which are not kept here.
SQL_ON_FHIR_SUITE ?=
# Folder of the cohorts of https://github.com/OHDSI/PhenotypeLibrary, not kept here either.
PHENOTYPES ?=

.PHONY: demo test $(PURPOSES:%=test-%) test-sql-on-fhir test-kill test-kill-load test-batches test-attack test-looks test-daily-looks test-parallel test-outliers test-ranking test-variation test-allocations test-adaptive test-schedules test-feasibility test-factorial test-value test-encounters test-estimands test-engines test-circe test-phenotypes test-spark loops loops-designs check fix bench bench-small docs clean

demo: .venv/core ## turn the loop once on a made health system
	$(BIN)/rounds demo

test: .venv/dev ## every test that belongs to a change
	$(BIN)/pytest -n 2 --dist loadfile tests

$(PURPOSES:%=test-%): test-%: .venv/dev ## the tests of one purpose
	$(BIN)/pytest tests/$*

test-kill: .venv/dev ## 200 kills of the CDS service under load
	ROUNDS_KILLS=200 $(BIN)/pytest tests/journeys/test_practice_kill.py

test-kill-load: .venv/dev ## 300 kills of loads, with a reader beside them
	ROUNDS_LOAD_KILLS=300 $(BIN)/pytest -s tests/journeys/test_load_kill.py

test-engines: .venv/dev ## the measures' tests on every engine, and 2,000 random pairs of definition and data: ROUNDS_PAIRS of them, from the one numbered ROUNDS_PAIRS_FROM
	ROUNDS_ENGINES="duckdb postgresql spark" $(BIN)/pytest tests/spec/test_definitions_*.py tests/conformance/test_datamart_engines.py tests/conformance/test_cohorts_elsewhere.py tests/journeys/test_engines.py tests/journeys/test_cohort_measures.py
	ROUNDS_ENGINES="duckdb postgresql spark" ROUNDS_PAIRS=$${ROUNDS_PAIRS:-2000} $(BIN)/pytest -s tests/properties/test_datamart_engines.py

test-batches: .venv/dev ## 1,000 batches of FHIR changes, in any order and repeated
	ROUNDS_BATCHES=1000 ROUNDS_DEIDENTIFIED_SEEDS=4 $(BIN)/pytest tests/properties/test_datamart_batches.py tests/properties/test_datamart_deidentified_batches.py

test-sql-on-fhir: .venv/dev ## the public suite of SQL on FHIR: SQL_ON_FHIR_SUITE=…/sql-on-fhir-v2/tests
	@test -d "$(SQL_ON_FHIR_SUITE)" || { echo "Name the suite's folder: make test-sql-on-fhir SQL_ON_FHIR_SUITE=…/sql-on-fhir-v2/tests (clone https://github.com/FHIR/sql-on-fhir-v2)" >&2; exit 1; }
	SQL_ON_FHIR_SUITE="$(abspath $(SQL_ON_FHIR_SUITE))" $(BIN)/pytest tests/conformance/test_sql_on_fhir_suite.py

test-circe: .venv/dev ## cohorts against OHDSI's own Circe, in Java: pip install python-circe; CIRCE_CLASSES=folder of jars for another version
	ROUNDS_HEAVY=1 ROUNDS_COHORTS=200 $(BIN)/pytest -s tests/crosscheck/test_cohorts_circe.py tests/conformance/test_cohorts_engines.py

test-phenotypes: .venv/dev ## the cohorts of OHDSI's PhenotypeLibrary: PHENOTYPES=…/PhenotypeLibrary/inst/cohorts
	@test -d "$(PHENOTYPES)" || { echo "Name the folder of cohorts: make test-phenotypes PHENOTYPES=…/inst/cohorts (clone https://github.com/OHDSI/PhenotypeLibrary)" >&2; exit 1; }
	ROUNDS_PHENOTYPES="$(abspath $(PHENOTYPES))" $(BIN)/pytest -s tests/conformance/test_phenotype_library.py

test-spark: .venv/dev ## cohorts on a local Spark: pip install pyspark
	ROUNDS_HEAVY=1 $(BIN)/pytest tests/conformance/test_cohorts_spark.py

test-attack: .venv/dev ## 10,000 random overlapping questions, and what they give back
	ROUNDS_ATTACK=1 $(BIN)/pytest -s tests/truth/test_disclosure_attack.py

test-allocations: .venv/dev ## 2,000 trials of each allocation with its analysis: how often does the interval miss?
	ROUNDS_ALLOCATIONS=2000 $(BIN)/pytest -s tests/truth/test_evaluation_allocations.py tests/journeys/test_demo_allocations.py

test-adaptive: .venv/dev ## 40,000 made trials whose allocation follows outcomes, 2,000 of them in clinics: bias, coverage, error
	ROUNDS_ADAPTIVE=40000 ROUNDS_ADAPTIVE_LOOP=2000 $(BIN)/pytest -s tests/truth/test_methods_adaptive.py tests/truth/test_evaluation_adaptive.py

test-looks: .venv/dev ## 10,000 made trials of each plan and design, looked at while they run
	ROUNDS_TRIALS=$${ROUNDS_TRIALS:-10000} $(BIN)/pytest -s tests/truth/test_evaluation_looks.py tests/truth/test_evaluation_looks_of_designs.py

test-daily-looks: .venv/dev ## 10,000 made trials by clinic and by patient, each looked at on 182 days: rates, means, harm
	ROUNDS_TRIALS=$${ROUNDS_TRIALS:-10000} $(BIN)/pytest -s tests/truth/test_evaluation_daily_looks.py

test-parallel: .venv/dev ## 2,000 made trials of clinics and of patients in parallel: bias and coverage
	ROUNDS_TRIALS=2000 $(BIN)/pytest -s tests/truth/test_evaluation_truth.py -k "unbiased or no_effect"

LOOPS ?= 1000
test-outliers: .venv/dev ## a hundred worlds: is the planted clinic named, and no other?
	ROUNDS_WORLDS=100 $(BIN)/pytest -s tests/truth/test_problem_outliers.py

test-variation: .venv/dev ## 3,000 series for each control chart and rule, 1,000 worlds for each funnel, equity gaps, case-mix, shrunken estimates: rates
	ROUNDS_SERIES=3000 $(BIN)/pytest -s tests/truth/test_methods_spc.py tests/truth/test_methods_funnels.py tests/truth/test_methods_inequality.py tests/truth/test_problem_gaps.py tests/truth/test_problem_diagnoses.py tests/truth/test_methods_levels.py

test-ranking: .venv/dev ## a hundred worlds with several problems: does the list rank them as they are?
	ROUNDS_WORLDS=100 $(BIN)/pytest -s tests/truth/test_problem_ranking.py

test-schedules: .venv/dev ## 2,000 made trials of each stepped wedge and cross-over: bias and coverage
	ROUNDS_TRIALS=2000 $(BIN)/pytest -s tests/truth/test_evaluation_schedules.py

test-feasibility: .venv/dev ## what is said of a trial beforehand, beside 400 made sites and their trials
	ROUNDS_TRIALS=$${ROUNDS_TRIALS:-400} $(BIN)/pytest -s tests/truth/test_evaluation_feasibility.py

test-value: .venv/dev ## 1,000 made trials with costs, of clinics, of visits and of two cards: bias and coverage of net benefit
	ROUNDS_TRIALS=$${ROUNDS_TRIALS:-1000} $(BIN)/pytest -s tests/truth/test_evaluation_value.py tests/truth/test_evaluation_value_of_designs.py

test-factorial: .venv/dev ## 2,000 made trials of two factors: bias, coverage, and how often margins are sealed
	ROUNDS_TRIALS=2000 $(BIN)/pytest -s tests/truth/test_evaluation_factorial.py

test-encounters: .venv/dev ## 2,000 made trials of each kind whose visits were randomised: bias and coverage
	ROUNDS_TRIALS=2000 $(BIN)/pytest -s tests/truth/test_evaluation_encounters.py

test-estimands: .venv/dev ## each summary measure of a protocol: 1,000 made trials of each kind
	ROUNDS_TRIALS=1000 $(BIN)/pytest -s tests/truth/test_evaluation_estimands.py

loops-designs: .venv/core ## the same for each other design; what was done is kept in build/
	mkdir -p build
	for design in stepped-wedge cluster-crossover factorial encounter adaptive; do \
	  $(BIN)/rounds simulate --loops $(LOOPS) --design $$design --out build/loops-$$design.jsonl || test $$? -eq 14 || exit 1; \
	done

loops: .venv/core ## 3 × 1,000 loops graded against the truth: effect, none, harm
	$(BIN)/rounds simulate --loops $(LOOPS)

check: .venv/dev ## style, types, floors, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell src tests docs bench README.md CONTRIBUTING.md CHANGELOG.md

fix: .venv/dev ## what can be mended by a program
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/dev ## speed, as ratios against a peer in the same run
	@for script in bench/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

bench-small: .venv/dev ## 100,000 persons within 1 core and 1 GB, which it sets itself
	PYTHONPATH=bench $(BIN)/python bench/limited/small_machine.py

docs: .venv/dev ## the generated pages of the manual
	$(BIN)/python docs/generate.py

.venv/core: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/dev: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ .venv/core

clean: ## leave only what git keeps
	rm -rf .venv demo build dist node_modules
