"""Quiet hours: when people are let be, by the clock on their wall."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alerts.domain.severity import Severity
from hnb.workdays import is_working_day

LONDON = ZoneInfo("Europe/London")


class QuietHours(BaseModel):
    """From an hour of the evening to one of the morning, and over days that nobody works, where that is wished."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    begin: time = Field(alias="from", description="local time, in quotes: '19:00'")
    end: time = Field(alias="to", description="local time, in quotes: '07:30'")
    days_off: bool = Field(False, description="whether weekends and bank holidays are quiet as a whole")
    but: list[Severity] = Field([Severity.CRITICAL], description="severities that are told at any hour")

    @model_validator(mode="after")
    def _an_hour_is_left(self) -> "QuietHours":
        if self.begin == self.end or self.begin.tzinfo or self.end.tzinfo:
            raise ValueError("from and to are two different times of day, without a zone")
        return self

    def told_at(self, now: datetime, severity: Severity) -> datetime:
        """When a message that would go now may: at once, or when the quiet ends. On the night the clocks go forward an
        end that does not exist is the moment they do; on the night they go back it is the first of the two."""
        at = now.astimezone(LONDON)
        if severity in self.but or not self._quiet(at):
            return now
        found = at
        while True:
            ending = datetime.combine(found.date(), self.end, LONDON)
            if ending <= found:
                ending = datetime.combine(found.date() + timedelta(days=1), self.end, LONDON)
            # By way of UTC: a local time that is skipped becomes the one that is on the wall then.
            found = ending.astimezone(UTC).astimezone(LONDON)
            if not self._quiet(found):
                return found.astimezone(UTC)

    def _quiet(self, at: datetime) -> bool:
        if self.days_off and not is_working_day(at.date()):
            return True
        clock = at.time()
        if self.begin < self.end:
            return self.begin <= clock < self.end
        return clock >= self.begin or clock < self.end
