"""The little of FHIR R4 that the services read; everything else is passed over."""

from __future__ import annotations

import msgspec

__all__ = ["Resource", "bundled", "codes_of", "decode", "id_of"]


class Coding(msgspec.Struct, frozen=True):
    """FHIR Coding."""

    system: str | None = None
    code: str | None = None


class CodeableConcept(msgspec.Struct, frozen=True):
    """FHIR CodeableConcept."""

    coding: list[Coding] | None = None


class Reference(msgspec.Struct, frozen=True):
    """FHIR Reference."""

    reference: str | None = None


class Quantity(msgspec.Struct, frozen=True):
    """FHIR Quantity."""

    value: float | None = None
    code: str | None = None


class Period(msgspec.Struct, frozen=True):
    """FHIR Period."""

    start: str | None = None


class Component(msgspec.Struct, frozen=True, rename="camel"):
    """FHIR Observation.component."""

    code: CodeableConcept | None = None
    value_quantity: Quantity | None = None


class Entry(msgspec.Struct, frozen=True):
    """FHIR Bundle.entry."""

    resource: Resource | None = None


class Resource(msgspec.Struct, frozen=True, rename="camel"):
    """Any resource of a prefetch: the union of the elements that are read."""

    resource_type: str
    id: str | None = None
    status: str | None = None
    birth_date: str | None = None
    gender: str | None = None
    subject: Reference | None = None
    code: CodeableConcept | None = None
    clinical_status: CodeableConcept | None = None
    verification_status: CodeableConcept | None = None
    effective_date_time: str | None = None
    value_quantity: Quantity | None = None
    component: list[Component] | None = None
    medication_codeable_concept: CodeableConcept | None = None
    period: Period | None = None
    service_provider: Reference | None = None
    entry: list[Entry] | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


_DECODER = msgspec.json.Decoder(Resource | None)


def decode(raw: bytes | msgspec.Raw) -> Resource | None:
    """Read one resource; None where the client says that there is none.

    Raises
    ------
    msgspec.MsgspecError
        If it is not a resource.
    """
    resource: Resource | None = _DECODER.decode(raw)
    return resource


def bundled(resource: Resource | None, resource_type: str) -> list[Resource]:
    """Give the resources of one type from a Bundle, or the one itself."""
    if resource is None:
        return []
    if resource.resource_type == resource_type:
        return [resource]
    entries = resource.entry or []
    found = (entry.resource for entry in entries)
    return [one for one in found if one and one.resource_type == resource_type]


def codes_of(concept: CodeableConcept | None) -> list[str]:
    """Give a concept's codes as `system|code`."""
    if concept is None:
        return []
    return [f"{one.system}|{one.code}" for one in concept.coding or [] if one.code]


def id_of(reference: Reference | None, resource_type: str) -> str:
    """Give the id that a reference to one type points at; "" if it does not.

    Examples
    --------
    >>> id_of(Reference("http://ehr.example/fhir/Organization/7/_history/2"),
    ...       "Organization")
    '7'
    """
    parts = (reference.reference or "").split("/") if reference else []
    if len(parts) >= 4 and parts[-2] == "_history":
        parts = parts[:-2]
    if len(parts) >= 2 and parts[-2] == resource_type:
        return parts[-1]
    return ""
