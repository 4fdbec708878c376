"""A clinic's CSV files and the mapping that explains them, small enough to be read."""

MAPPING = """
files:
  patients.csv:
    row: person
    person: Patient
    birth: born
    sex: {column: sex, values: {w: female}}
    unit: clinic
    clinician: doctor
    death: died
  visits.csv:
    row: visit
    person: patient
    visit: number
    time: came
    end: left
    unit: clinic
    clinician: doctor
    class: {column: kind, values: {out: AMB, in: IMP}}
  "readings-*.csv":
    row: measurement
    person: patient
    visit: visit
    time: taken
    code: {column: test, values: {sys: "8480-6", dia: "8462-4"}, system: "http://loinc.org"}
    value: result
    ucum: {value: "mm[Hg]"}
  problems.csv:
    row: condition
    person: patient
    time: since
    code: {column: icd, system: "http://hl7.org/fhir/sid/icd-10-cm"}
  drugs.csv:
    row: drug
    person: patient
    time: given
    days: days
    code: {column: rxnorm, system: {column: system}}
"""

FILES = {
    "patients.csv": (
        "Patient,born,sex,clinic,doctor,died\n"
        "p1,1960-05-04,w,North,ana,\n"
        "p2,1950,m,South,,2024-05-06\n"
    ),
    "visits.csv": (
        "patient;number;came;left;clinic;doctor;kind\n"
        "p1;v1;2024-03-01 09:30;;North;ana;out\n"
        "p2;v2;2024-03-01;2024-03-04;South;ben;in\n"
    ),
    "readings-march.csv": (
        "patient,visit,taken,test,result\n"
        "p1,v1,2024-03-01T09:35:00+01:00,sys,128\n"
        "p1,v1,2024-03-01T09:35:00+01:00,dia,82\n"
    ),
    "readings-april.csv": (
        "patient,visit,taken,test,result\np2,,2024-04-01,sys,150.5\n"
    ),
    "problems.csv": "patient,since,icd\np1,2024-03-01,I10\n",
    "drugs.csv": ("patient,given,days,rxnorm,system\np2,2024-04-05,30,314076,RxNorm\n"),
}

SHEET_MAPPING = """
files:
  sheet.csv:
    row: visit
    unit: clinic
    time: day
    arm: arm
    outcome: [better, days]
"""
SHEET = (
    "clinic,day,arm,better,days,remarks\n"
    "A,2024-01-02,new,yes,3,\n"
    "A,2024-01-02,new,yes,3,\n"
    "B,2024-01-03,usual,no,,fell\n"
)


def write_files(folder, files=None, mapping=MAPPING):
    """Write the files, and the mapping beside them."""
    for name, text in (FILES if files is None else files).items():
        (folder / name).write_text(text)
    (folder / "rounds-mapping.yaml").write_text(mapping)
    return folder
