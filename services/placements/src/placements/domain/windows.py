"""Appeal windows: until when a family may appeal, and the working days two of their rules count in."""

from datetime import date

from hnb.workdays import working_day_from, working_days_after
from placements.domain.clocks import months_after

DECISION_MONTHS, CERTIFICATE_MONTHS = 2, 1
CERTIFICATE_WORKING_DAYS = 3


def certificate_due_on(told_on: date) -> date:
    """By when the mediation adviser issues a certificate: 3 working days (SEND Regulations 2014, reg. 34 and 39).

    They count from the day a family says it does not want to mediate, or the day mediation ends.
    """
    return working_days_after(told_on, CERTIFICATE_WORKING_DAYS)


def window_ends_on(decided_on: date, certificate_on: date | None = None) -> date:
    """The last day to appeal: two months from the decision or one from the certificate, whichever is later.

    Source: the tribunal's procedure rules (health, education and social care chamber) 2008, rule 20(1)(c). A window
    that ends from 25 December to 1 January, or in August, runs to the first working day after (rule 12(3)); one that
    ends on any other day that is not a working day, to the next (rule 12(2)).
    """
    last = months_after(decided_on, DECISION_MONTHS)
    if certificate_on is not None:
        last = max(last, months_after(certificate_on, CERTIFICATE_MONTHS))
    if last.month == 8:
        last = date(last.year, 9, 1)
    elif (last.month, last.day) >= (12, 25):
        last = date(last.year + 1, 1, 2)
    elif (last.month, last.day) == (1, 1):
        last = date(last.year, 1, 2)
    return working_day_from(last)
