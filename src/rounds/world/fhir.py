"""What has happened, written as FHIR R4 bulk NDJSON, one file for each type.

The rows are many and alike, so lines are made from templates; a test reads them back
as JSON.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from rounds.world.facts import Dates, Facts
from rounds.world.ids import encounter_names
from rounds.world.problems.codes import DAYS_SUPPLY

__all__ = ["write_fhir"]

OFFSET = "-05:00"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_CLASSES = ("AMB", "EMER", "IMP")
_SVI = "https://www.atsdr.cdc.gov/place-health/php/svi"


def write_fhir(directory: Path, facts: Facts) -> None:
    """Write Patient, Encounter, Condition, Observation and what they point at.

    Parameters
    ----------
    directory : Path
        Made when it is not there; files of the same names are replaced.
    facts : Facts
        What has happened.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    encounters = encounter_names(
        facts.visits["person"], facts.visits["day"], facts.visits["kind"]
    )
    files = {
        "Organization": _organizations(facts),
        "Location": _locations(facts),
        "Practitioner": _practitioners(facts),
        "Patient": _patients(facts),
        "Encounter": _encounters(facts, encounters),
        "Condition": _conditions(facts),
        "Observation": [
            *_vulnerability(facts),
            *_pressures(facts, encounters),
            *_results(facts, encounters),
        ],
        "MedicationRequest": _orders(facts, encounters),
    }
    if facts.procedure_codes:
        files["Procedure"] = _procedures(facts)
    for name, lines in files.items():
        with (directory / f"{name}.ndjson").open("w", encoding="utf-8") as file:
            file.writelines(lines)


def _dates(dates: Dates) -> list[str]:
    return list(np.datetime_as_string(dates, unit="D").tolist())


def _moments(moments: Dates) -> list[str]:
    return list(np.datetime_as_string(moments, unit="s").tolist())


def _line(resource: dict[str, object]) -> str:
    return json.dumps(resource, separators=(",", ":")) + "\n"


def _organizations(facts: Facts) -> Iterable[str]:
    for name, label in zip(facts.clinics.tolist(), facts.clinic_labels, strict=True):
        yield _line({"resourceType": "Organization", "id": name, "name": label})


def _locations(facts: Facts) -> Iterable[str]:
    for name, label in zip(facts.clinics.tolist(), facts.clinic_labels, strict=True):
        yield _line(
            {
                "resourceType": "Location",
                "id": f"loc-{name}",
                "name": label,
                "managingOrganization": {"reference": f"Organization/{name}"},
            }
        )


def _practitioners(facts: Facts) -> Iterable[str]:
    names = facts.practitioners.tolist()
    for name, label in zip(names, facts.practitioner_labels, strict=True):
        yield _line(
            {"resourceType": "Practitioner", "id": name, "name": [{"text": label}]}
        )


def _patients(facts: Facts) -> Iterable[str]:
    persons = facts.persons
    died = dict(
        zip(
            facts.dead.tolist(),
            _dates(facts.date(persons.death_day[facts.dead])),
            strict=True,
        )
    )
    born = _dates(facts.birth_date)
    clinics = facts.clinics[persons.clinic].tolist()
    doctors = facts.practitioners[persons.clinician].tolist()
    for i, (name, is_female) in enumerate(
        zip(facts.patients.tolist(), persons.is_female.tolist(), strict=True)
    ):
        end = f',"deceasedDateTime":"{died[i]}"' if i in died else ""
        yield (
            f'{{"resourceType":"Patient","id":"{name}",'
            f'"gender":"{"female" if is_female else "male"}",'
            f'"birthDate":"{born[i]}"{end},'
            f'"managingOrganization":{{"reference":"Organization/{clinics[i]}"}},'
            f'"generalPractitioner":[{{"reference":"Practitioner/{doctors[i]}"}}]}}\n'
        )


def _encounters(facts: Facts, names: list[str]) -> Iterable[str]:
    visits = facts.visits
    columns = zip(
        names,
        visits["kind"].tolist(),
        facts.patients[visits["person"]].tolist(),
        facts.clinics[visits["clinic"]].tolist(),
        facts.practitioners[visits["clinician"]].tolist(),
        _moments(facts.moment(visits["day"], visits["minute"])),
        _moments(facts.moment(visits["end_day"], facts.end_minute)),
        strict=True,
    )
    for name, kind, patient, clinic, doctor, start, end in columns:
        yield (
            f'{{"resourceType":"Encounter","id":"{name}","status":"finished",'
            f'"class":{{"system":"{_TERMINOLOGY}/v3-ActCode",'
            f'"code":"{_CLASSES[kind]}"}},'
            f'"subject":{{"reference":"Patient/{patient}"}},'
            '"participant":[{"individual":'
            f'{{"reference":"Practitioner/{doctor}"}}}}],'
            f'"period":{{"start":"{start}{OFFSET}","end":"{end}{OFFSET}"}},'
            f'"serviceProvider":{{"reference":"Organization/{clinic}"}}}}\n'
        )


def _conditions(facts: Facts) -> Iterable[str]:
    rows = facts.conditions
    columns = zip(
        rows.code.tolist(),
        facts.patients[rows.person].tolist(),
        _dates(facts.date(rows.day)),
        _dates(facts.date(rows.end_day)),
        (rows.end_day < facts.end_day).tolist(),
        strict=True,
    )
    for number, (k, patient, day, end, is_over) in enumerate(columns):
        code = facts.codes[k]
        over = f',"abatementDateTime":"{end}"' if is_over else ""
        status = "resolved" if is_over else "active"
        yield (
            f'{{"resourceType":"Condition","id":"c{number + 1:07d}",'
            '"clinicalStatus":{"coding":[{"system":'
            f'"{_TERMINOLOGY}/condition-clinical","code":"{status}"}}]}},'
            '"verificationStatus":{"coding":[{"system":'
            f'"{_TERMINOLOGY}/condition-ver-status","code":"confirmed"}}]}},'
            '"category":[{"coding":[{"system":'
            f'"{_TERMINOLOGY}/condition-category","code":"problem-list-item"}}]}}],'
            f'"code":{{"coding":[{{"system":"{code.system}","code":"{code.code}",'
            f'"display":"{code.display}"}}]}},'
            f'"subject":{{"reference":"Patient/{patient}"}},'
            f'"onsetDateTime":"{day}"{over},"recordedDate":"{day}"}}\n'
        )


def _vulnerability(facts: Facts) -> Iterable[str]:
    day = _dates(facts.date(np.zeros(1, dtype=int)))[0]
    columns = zip(facts.patients.tolist(), facts.svi.tolist(), strict=True)
    for patient, svi in columns:
        yield (
            f'{{"resourceType":"Observation","id":"svi-{patient}","status":"final",'
            '"category":[{"coding":[{"system":'
            f'"{_TERMINOLOGY}/observation-category","code":"sdoh"}}]}}],'
            f'"code":{{"coding":[{{"system":"{_SVI}","code":"RPL_THEMES",'
            '"display":"Social vulnerability, overall rank"}]},'
            f'"subject":{{"reference":"Patient/{patient}"}},'
            f'"effectiveDateTime":"{day}",'
            f'"valueQuantity":{{"value":{svi},"unit":"1",'
            '"system":"http://unitsofmeasure.org","code":"1"}}\n'
        )


def _component(code: str, display: str, value: int) -> str:
    return (
        f'{{"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}",'
        f'"display":"{display}"}}]}},'
        f'"valueQuantity":{{"value":{value},"unit":"mmHg",'
        '"system":"http://unitsofmeasure.org","code":"mm[Hg]"}}'
    )


def _pressures(facts: Facts, encounters: list[str]) -> Iterable[str]:
    readings, visits = facts.readings, facts.visits
    visit = readings["visit"]
    moment = facts.moment(visits["day"][visit], facts.reading_minute)
    columns = zip(
        visit.tolist(),
        readings["number"].tolist(),
        facts.patients[visits["person"][visit]].tolist(),
        facts.practitioners[visits["clinician"][visit]].tolist(),
        _moments(moment),
        readings["systolic"].tolist(),
        readings["diastolic"].tolist(),
        strict=True,
    )
    for row, number, patient, doctor, at, systolic, diastolic in columns:
        encounter = encounters[row]
        yield (
            f'{{"resourceType":"Observation","id":"bp-{encounter}-{number + 1}",'
            '"status":"final","category":[{"coding":[{"system":'
            f'"{_TERMINOLOGY}/observation-category","code":"vital-signs"}}]}}],'
            '"code":{"coding":[{"system":"http://loinc.org","code":"85354-9",'
            '"display":"Blood pressure panel with all children optional"}]},'
            f'"subject":{{"reference":"Patient/{patient}"}},'
            f'"encounter":{{"reference":"Encounter/{encounter}"}},'
            f'"effectiveDateTime":"{at}{OFFSET}",'
            f'"performer":[{{"reference":"Practitioner/{doctor}"}}],"component":['
            f"{_component('8480-6', 'Systolic blood pressure', systolic)},"
            f"{_component('8462-4', 'Diastolic blood pressure', diastolic)}]}}\n"
        )


def _results(facts: Facts, encounters: list[str]) -> Iterable[str]:
    results, visits = facts.results, facts.visits
    visit = results["visit"]
    of_name = {lab.name: lab for lab in facts.labs}
    columns = zip(
        visit.tolist(),
        results["lab"].tolist(),
        facts.patients[results["person"]].tolist(),
        facts.practitioners[visits["clinician"][visit]].tolist(),
        _moments(facts.moment(visits["day"][visit], facts.result_minute)),
        results["value"].tolist(),
        strict=True,
    )
    for row, name, patient, doctor, at, value in columns:
        lab, encounter = of_name[name], encounters[row]
        yield (
            f'{{"resourceType":"Observation","id":"{name}-{encounter}",'
            '"status":"final","category":[{"coding":[{"system":'
            f'"{_TERMINOLOGY}/observation-category","code":"laboratory"}}]}}],'
            f'"code":{{"coding":[{{"system":"http://loinc.org","code":"{lab.loinc}",'
            f'"display":"{lab.display}"}}]}},'
            f'"subject":{{"reference":"Patient/{patient}"}},'
            f'"encounter":{{"reference":"Encounter/{encounter}"}},'
            f'"effectiveDateTime":"{at}{OFFSET}",'
            f'"performer":[{{"reference":"Practitioner/{doctor}"}}],'
            f'"valueQuantity":{{"value":{value},"unit":"{lab.unit}",'
            f'"system":"http://unitsofmeasure.org","code":"{lab.unit}"}}}}\n'
        )


def _procedures(facts: Facts) -> Iterable[str]:
    """Write procedures, of which the world has one kind, done elsewhere."""
    (code,) = facts.procedure_codes
    columns = zip(
        facts.patients[facts.procedures["person"]].tolist(),
        _dates(facts.date(facts.procedures["day"])),
        strict=True,
    )
    for number, (patient, day) in enumerate(columns):
        yield (
            f'{{"resourceType":"Procedure","id":"s{number + 1:08d}",'
            '"status":"completed",'
            f'"code":{{"coding":[{{"system":"{code.system}","code":"{code.code}",'
            f'"display":"{code.display}"}}]}},'
            f'"subject":{{"reference":"Patient/{patient}"}},'
            f'"performedDateTime":"{day}"}}\n'
        )


def _orders(facts: Facts, encounters: list[str]) -> Iterable[str]:
    orders = facts.orders
    columns = zip(
        orders["visit"].tolist(),
        orders["drug"].tolist(),
        facts.patients[orders["person"]].tolist(),
        facts.practitioners[facts.order_clinician].tolist(),
        _dates(facts.date(orders["day"])),
        strict=True,
    )
    for number, (visit, k, patient, doctor, day) in enumerate(columns):
        drug = facts.drugs[k]
        at = f'"encounter":{{"reference":"Encounter/{encounters[visit]}"}},'
        yield (
            f'{{"resourceType":"MedicationRequest","id":"m{number + 1:08d}",'
            '"status":"active","intent":"order","medicationCodeableConcept":'
            '{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm",'
            f'"code":"{drug.rxnorm}","display":"{drug.name}"}}]}},'
            f'"subject":{{"reference":"Patient/{patient}"}},'
            f"{at if visit >= 0 else ''}"
            f'"authoredOn":"{day}",'
            f'"requester":{{"reference":"Practitioner/{doctor}"}},'
            '"dispenseRequest":{"expectedSupplyDuration":'
            f'{{"value":{DAYS_SUPPLY},"unit":"days",'
            '"system":"http://unitsofmeasure.org","code":"d"}}}\n'
        )
