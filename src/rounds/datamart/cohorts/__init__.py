"""Who fits a definition, from when until when: OHDSI Circe cohorts run here."""
