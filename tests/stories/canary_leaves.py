"""How a canary looks in the rarer kinds of fields."""

from rounds.datamart.deidentify.classes import class_of
from rounds.datamart.fhir.paths import fields
from stories.canary_paths import paths, put


class FurtherLeaves:
    """The kinds of fields that are more than a text, a code or a number."""

    def _further_leaf(self, kind, name, row, style):
        flock, written, sound = self.flock, row["kind"], style == "sound"
        known = class_of("fhir", kind, name)
        if written == "texts":
            return [known["of"].split("|")[0] if sound else flock.sentence()]
        if written == "codings":
            code = known["of"].split("|")[0] if sound else flock.word()
            return [{"system": flock.url(), "code": code, "display": flock.word()}]
        if written == "concepts":
            return [{"coding": [self._coding(known, sound)], "text": flock.sentence()}]
        if written == "canonical":
            return f"{flock.url()}|{flock.word()}"
        if written == "reference_type":
            named = "Patient" if sound else flock.word()
            who = f"Patient/{self.patient}" if sound else f"urn:uuid:{flock.word()}"
            return {"reference": who, "type": named, "display": flock.word()}
        if written == "organization":
            where = f"Organization/{flock.word()}"
            return {"reference": where, "display": flock.sentence()}
        if written == "plan":
            type_ = {"coding": [{"code": "plan"}], "text": flock.word()}
            return [{"type": type_, "value": flock.word(), "name": flock.sentence()}]
        if written == "present":
            return [{"reference": {"reference": flock.word()}}]
        if written == "items":
            return [self._item(f"{kind}.{name}", style, depth=3)]
        raise AssertionError(f"no canary for a field of the kind {written!r}")

    def _item(self, part, style, depth):
        answers = []
        for name, row in fields(part).items():
            if name not in {"link", "question"}:
                answer = {}
                path = paths(part, name)[0]
                put(answer, path, self._leaf(part, name, row, style))
                answers.append(answer)
        item = {"linkId": self.flock.word(), "text": self.flock.sentence()}
        if depth:
            item["item"] = [self._item(part, style, depth - 1)]
        return item | {"answer": answers}
