"""Four small files that a forecast can be made of: two years of a few children in three settings."""

from dataclasses import dataclass
from pathlib import Path

from ledger.forecast.table import Source

VALID = """setting,setting-group,min-academic-year,max-academic-year,needs,setting->setting
mainstream,group1,0,11,"ASD,SEMH","mainstream,special,unit"
special,group2,3,13,"ASD,SEMH","mainstream,special"
unit,group3,0,6,ASD,special
"""
HEADER = "calendar-year,setting-1,need-1,academic-year-1,setting-2,need-2,academic-year-2\n"
ROWS = """2023,NONSEND,NONSEND,-1,mainstream,ASD,0
2023,mainstream,ASD,4,mainstream,ASD,5
2023,mainstream,ASD,4,mainstream,ASD,5
2023,mainstream,SEMH,5,special,SEMH,6
2024,mainstream,ASD,5,mainstream,ASD,6
2024,special,SEMH,6,NONSEND,NONSEND,7
2024,unit,ASD,6,special,ASD,7
"""
POPULATION = "calendar-year,academic-year,population\n" + "".join(
    f"{year},{age},{100 + age}\n" for year in range(2023, 2028) for age in range(-1, 14)
)
COSTS = """need,setting,cost
ASD,mainstream,9200.005
SEMH,mainstream,9000
SEMH,special,33500.5
ASD,special,34000
ASD,unit,17000
"""


@dataclass(frozen=True)
class Files:
    """The four files of a forecast; each may be replaced by a worse one."""

    transitions: str | bytes = HEADER + ROWS
    population: str | bytes = POPULATION
    costs: str | bytes = COSTS
    valid_states: str | bytes = VALID

    def write(self, folder: Path) -> list[str]:
        """Writes the files, and says the options that name them, of which the costs' are the last two."""
        options = []
        for name in ("transitions", "population", "valid_states", "costs"):
            source = self.source(name)
            (folder / source.name).write_bytes(source.content)
            options += [f"--{name.replace('_', '-')}", str(folder / source.name)]
        return options

    def source(self, name: str) -> Source:
        """One of them, as it is read."""
        content = getattr(self, name)
        file = f"{name.replace('_', '-')}.csv"
        return Source(file, content if isinstance(content, bytes) else content.encode())
