"""What day is it, how is it written, and how busy is the county on it?

A moment is a count of seconds since the first midnight of the period (China Standard Time, no zone). Factors are
relative to an ordinary working day of the year's mean, 1.0.
"""

from datetime import date, timedelta

DAY = 86_400

# First day of the lunar year. Outside the table there is no way to say when the county stands still.
SPRING_FESTIVAL = {
    2020: (1, 25), 2021: (2, 12), 2022: (2, 1), 2023: (1, 22), 2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6),
    2028: (1, 26), 2029: (2, 13), 2030: (2, 3), 2031: (1, 23), 2032: (2, 11), 2033: (1, 31), 2034: (2, 19), 2035: (2, 8),
}  # fmt: skip

# Monday first. Mondays carry what the weekend left; a ward admits few on Saturdays and Sundays.
VISITS = (1.28, 1.1, 1.06, 1.04, 1.02, 0.74, 0.66)
PURCHASES = (1.02, 0.98, 0.98, 0.98, 1.0, 1.06, 1.02)
ADMISSIONS = (1.32, 1.14, 1.08, 1.04, 0.96, 0.72, 0.66)

# January first: coughs in winter, bowels in summer; everything else hardly moves.
WINTER = (1.55, 1.4, 1.15, 0.95, 0.8, 0.7, 0.65, 0.65, 0.8, 0.95, 1.2, 1.45)
SUMMER = (0.7, 0.7, 0.8, 0.95, 1.1, 1.3, 1.5, 1.5, 1.2, 0.95, 0.75, 0.7)
EVEN = (1.03, 0.95, 1.03, 1.01, 1.0, 0.99, 0.98, 0.98, 1.0, 1.0, 1.01, 1.02)
SEASONS = {"winter": WINTER, "summer": SUMMER, "even": EVEN}

PLANNED_AHEAD = 400  # days after the period that a planned discharge may name
BEFORE = 150  # days before it on which somebody who still lies there was admitted


class Timeline:
    """The days of one simulated period; every method is a pure function of its arguments."""

    def __init__(self, start: date, days: int) -> None:
        """Raises ValueError if the period leaves the years whose Spring Festival is known."""
        last = start + timedelta(days=days)
        if start.year not in SPRING_FESTIVAL or last.year not in SPRING_FESTIVAL:
            raise ValueError(f"start {start}: the period must lie in {min(SPRING_FESTIVAL)}–{max(SPRING_FESTIVAL)}")
        self.start = start
        self.days = days
        self.end = days * DAY
        self.first_ordinal = start.toordinal()  # proleptic, of day 0
        self._dates = [start + timedelta(days=day) for day in range(-BEFORE, days + PLANNED_AHEAD)]
        self._texts = [day.isoformat() for day in self._dates]
        self._compact = [text.replace("-", "") for text in self._texts]
        two = [f"{n:02}" for n in range(60)]
        clock = [f"{hour}:{minute}:{second}" for hour in two[:24] for minute in two for second in two]
        self._clock = clock
        self._compact_clock = [text.replace(":", "") for text in clock]
        self._festival = [_festival_distance(day) for day in self._dates]

    def date(self, day: int) -> date:
        """The date of a day number (0 is the first of the period; days before it are negative)."""
        return self._dates[day + BEFORE]

    def stamp(self, at: int) -> str:
        """`yyyy-MM-dd HH:mm:ss`."""
        return f"{self._texts[at // DAY + BEFORE]} {self._clock[at % DAY]}"

    def date_text(self, at: int) -> str:
        """`yyyy-MM-dd`."""
        return self._texts[at // DAY + BEFORE]

    def compact(self, at: int) -> str:
        """`yyyyMMddHHmmss`, as a msgid holds it."""
        return self._compact[at // DAY + BEFORE] + self._compact_clock[at % DAY]

    def weekday(self, day: int) -> int:
        """0 is Monday."""
        return self._dates[day + BEFORE].weekday()

    def is_weekend(self, day: int) -> bool:
        """Saturday or Sunday."""
        return self._dates[day + BEFORE].weekday() >= 5

    def season(self, name: str, day: int) -> float:
        """How much of `winter`, `summer` or `even` illness there is on the day."""
        return SEASONS[name][self._dates[day + BEFORE].month - 1]

    def visits(self, day: int) -> float:
        """Out-patient visits."""
        return VISITS[self.weekday(day)] * self._holiday(day, dip=0.42, before=1.0)

    def purchases(self, day: int) -> float:
        """Purchases in pharmacies; people stock up before the festival."""
        return PURCHASES[self.weekday(day)] * self._holiday(day, dip=0.55, before=1.22)

    def admissions(self, day: int) -> float:
        """Admissions to a bed; what can wait waits until after the festival."""
        return ADMISSIONS[self.weekday(day)] * self._holiday(day, dip=0.38, before=0.85)

    def _holiday(self, day: int, dip: float, before: float) -> float:
        distance = self._festival[day + BEFORE]
        if -1 <= distance <= 5:
            return dip
        if -6 <= distance < -1:
            return before
        if 6 <= distance <= 10:
            return 1.12
        today = self._dates[day + BEFORE]
        if (today.month, today.day) in {(1, 1), (4, 5), (5, 1), (5, 2), (5, 3)} or (
            today.month == 10 and today.day <= 7
        ):
            return 0.62
        return 1.0


def _festival_distance(day: date) -> int:
    known = SPRING_FESTIVAL.get(day.year)
    if known is None:  # only days after the period, which no factor is asked for
        return 999
    return (day - date(day.year, *known)).days
