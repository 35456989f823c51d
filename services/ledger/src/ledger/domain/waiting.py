"""Which events hang on another, and what each waits for until that one comes."""

MAINS: dict[str, str] = {
    "hnb.placement-made.v1": "placement",
    "hnb.tribunal-lodged.v1": "appeal",
    "hnb.support-granted.v1": "grant",
    "hnb.places-commissioned.v1": "contract",
}
HANGING: dict[str, str] = {
    "hnb.placement-repriced.v1": "placement",
    "hnb.placement-ended.v1": "placement",
    "hnb.contribution-agreed.v1": "placement",
    "hnb.tribunal-cost-incurred.v1": "appeal",
    "hnb.tribunal-concluded.v1": "appeal",
    "hnb.payment-made.v1": "commitment",
    "hnb.event-withdrawn.v1": "event",
}


def waits_for(kind: str, partner: str) -> str:
    """In words: what an event of this type, about this partner, waits for.

    >>> waits_for("hnb.payment-made.v1", "PL-1042")
    'the commitment PL-1042'
    """
    return f"the {HANGING[kind]} {partner}"
