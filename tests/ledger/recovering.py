"""A recovery plan small enough to check by hand, as a council would write it."""

PLAN = """
authority: E06000016
council: Leicester City Council
title: High needs recovery plan
measures:
  - id: places
    title: Special places instead of independent ones
    owner: Head of SEND sufficiency
    lines: [independent]
    planned_saving_pounds: {2025-04: 1000, 2025-06: 2500.50}
    kpi: {what: placements, baseline: 8, baseline_on: 2025-04-01, target: 6, by: 2026-03-31}
  - id: prices
    title: Framework prices
    owner: Head of commissioning
    lines: [independent, special]
    planned_saving_pounds: {2025-05: 500}
    kpi: {what: mean-price, lines: [special], baseline: 30000, baseline_on: 2025-04-01, target: 20000, by: 2025-07-31}
baseline_pounds:
  independent: {MONTHS}
risks:
  - id: override
    title: When the override ends
    owner: Director of finance
    statements:
      - {source: The review, says: In March 2026.}
      - {source: The review again, says: In March 2028.}
""".replace("MONTHS", ", ".join(f"{2025 + (m > 12)}-{(m - 1) % 12 + 1:02d}: 40000" for m in range(4, 16)))

REVIEW = """
authority: E06000016
held_on: 2025-08-20
attended: [schools-forum, scrutiny]
rating: amber
summary: Places opened on time.
decisions:
  - {id: framework, text: Close the framework, owner: Head of commissioning, due: 2025-08-31}
next_review: 2025-12-10
"""
