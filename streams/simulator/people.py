"""Who works on the floor: campaigns, teams, and operators who differ in what they are good at."""

from dataclasses import dataclass
from random import Random

TEAM_SIZE = 9


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign. ``reach``: share of dialled people who answer; ``appeal``: how readily they take an appointment.

    ``price``: the usual amount of a sale, in whole units of ``currency``.
    """

    id: str
    predictive: bool
    reach: float
    appeal: float
    price: int
    currency: str = "EUR"

    @property
    def script_id(self) -> str:
        """The script its operators speak by."""
        return f"{self.id}-opening"


@dataclass(frozen=True, slots=True)
class Team:
    """A team works at one site, for one campaign most of the time; teams go to lunch one after the other."""

    number: int
    site_id: str
    home: Campaign

    @property
    def id(self) -> str:
        """Its id in facts."""
        return f"team-{self.number + 1}"


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator; the skills are factors around 1.

    ``tempo``: how fast they dial, ``opening``: how well they keep people on the line, ``persuasion``: how well they
    convert, ``pressure``: how many of their appointments turn out forced, ``wrap``: how long they take to write up.
    """

    number: int
    team: Team
    tempo: float
    opening: float
    persuasion: float
    pressure: float
    wrap: float

    @property
    def id(self) -> str:
        """Its id in facts."""
        return f"op-{self.number + 1:02d}"


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody, and what they work for."""

    campaigns: tuple[Campaign, ...]
    operators: tuple[Operator, ...]


CAMPAIGNS = (
    Campaign("heat-pumps", predictive=True, reach=0.27, appeal=1.0, price=9800),
    Campaign("insulation", predictive=False, reach=0.31, appeal=1.25, price=4200),
    Campaign("maintenance", predictive=True, reach=0.34, appeal=0.8, price=640),
)


def hire(seed: int, operators: int, sites: tuple[str, ...]) -> Staff:
    """The staff of a seed: the same people for the same seed, however many there are of them."""
    teams = -(-operators // TEAM_SIZE)
    floor = [Team(number, sites[number % len(sites)], CAMPAIGNS[number % len(CAMPAIGNS)]) for number in range(teams)]
    # Few teams still work for two campaigns at least.
    people = tuple(
        _person(Random(f"{seed}/skill/{number}"), number, floor[number % teams]) for number in range(operators)
    )
    return Staff(CAMPAIGNS, people)


def _person(luck: Random, number: int, team: Team) -> Operator:
    return Operator(
        number,
        team,
        tempo=luck.lognormvariate(0, 0.2),
        opening=luck.lognormvariate(0, 0.18),
        persuasion=luck.lognormvariate(0, 0.35),
        pressure=luck.lognormvariate(0, 0.5),
        wrap=luck.lognormvariate(0, 0.3),
    )
