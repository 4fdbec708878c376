"""Put a signed decision in force where care is given; after a crash, do the rest."""

from rounds.conduct.desk import Desk
from rounds.conduct.looks_published import publish_looks
from rounds.nouns import Decision, KnowledgeObject, Ref

__all__ = ["reconcile"]


def reconcile(desk: Desk) -> str | None:
    """Make what practice serves agree with the latest Decision, and publish looks.

    It may be called at any time and as often as one likes.

    Returns
    -------
    str or None
        What was put in force, in words; None if practice already agreed.
    """
    publish_looks(desk)
    decision = desk.find(Decision)
    if decision is None:
        return None
    parts = [(decision.knowledge_object, decision.decided)]
    if decision.second is not None:
        parts.append((decision.second.knowledge_object, decision.second.decided))
    said = [_carried_out(desk, decision, ref, decided) for ref, decided in parts]
    return "; ".join(one for one in said if one) or None


def _carried_out(desk: Desk, decision: Decision, ref: Ref, decided: str) -> str | None:
    """Put in force what was decided of one knowledge object."""
    service = desk.read(ref, KnowledgeObject).service.id
    signer = decision.signed_by
    standing = desk.practice.in_force(service)
    if standing is None or standing.decision == str(decision.ref()):
        return None
    if decided == "adopt" and standing.is_killed:
        return f"{service} stays switched off until someone resumes it"
    if decided == "adopt" and standing.state == "paused":
        return f"{service} stays paused until someone resumes it, or ends its trial"
    if decided == "adopt":
        desk.practice.adopt(
            service, by=signer.name, at=signer.at, decision=str(decision.ref())
        )
        return f"{service} is now shown everywhere"
    if decided == "extend":
        return None
    desk.practice.withdraw(
        service, by=signer.name, at=signer.at, decision=str(decision.ref())
    )
    return f"{service} has been withdrawn"
