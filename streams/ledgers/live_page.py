"""A page as a worker holds it: its fold so far, and what of it was already told to others."""

from processors.changes import take
from processors.fold import Fold, fold
from processors.hours import Clocks, Hour
from processors.page import REPLACED, Acceptance, Page
from processors.rules import ConversationRule
from processors.statements import AnyStatement, Part, end_us


class LivePage(Page):
    """A page with its running fold (None: to be made of its statements).

    ``hour`` is its hour on the clock of its latest fact's site and ``end_us`` that hour's end, ``written_us`` when a
    statement of it was last written to the changelog, ``ended`` by part when the last thing it tells of had ended
    (None: not known since a recovery), ``counted`` the counts by part that counters already hold (None: not looked at
    yet), ``awaited_us`` the end at which it becomes final. Microseconds.
    """

    __slots__ = ("awaited_us", "counted", "end_us", "ended", "folded", "hour", "touched", "written_us")

    def __init__(self, owner: str, hour: Hour) -> None:
        super().__init__(owner, hour.start_us)
        self.hour = hour
        self.end_us = hour.end_us
        self.folded: Fold | None = None
        self.touched = False
        self.awaited_us = hour.end_us
        self.written_us = 0
        self.ended: dict[Part, int] | None = None
        self.counted: dict[Part, tuple[list[int], int]] | None = None

    def begin(self, rule: ConversationRule, is_present: bool) -> None:
        """An empty page: from here on its fold is kept in step, not made from its statements.

        So are its ends and its counts where the hour is present; of a page that comes late, they are asked for seldom.
        """
        self.folded = Fold(self.hour_us, self.hour.slots, rule)
        if is_present:
            self.ended = {}
            self.counted = {}

    def take(self, statement: AnyStatement) -> Acceptance:
        """Accepts a statement, and keeps the running fold in step."""
        folded = self.folded
        return self.accept(statement) if folded is None else take(self, folded, statement)

    def restore(self, statement: AnyStatement) -> None:
        """Joins in a statement that a worker has written, which may be another one since this page was last folded.

        What was made of the page before is forgotten where it changes: also what counters hold, since the statement's
        writer has counted it.
        """
        if self.accept(statement) <= REPLACED:
            self.folded = self.ended = self.counted = None
        # Also of a row that another has superseded: rows come in any order, and the part was once published.
        self.name_part(statement.part)

    def settle(self, clocks: Clocks, rule: ConversationRule) -> Fold:
        """The fold of what stands now; sets ``hour`` by the latest fact's site."""
        folded = self.folded
        if folded is None:
            folded = self.folded = fold(self, self.hour.slots, rule)
        latest = folded.latest
        if latest is not None:
            hour = clocks.of(latest.part[0]).hour(latest.at_us)
            if hour is not self.hour and hour != self.hour:
                if hour.slots != self.hour.slots:
                    folded = self.folded = fold(self, hour.slots, rule)
                self.hour = hour
                self.end_us = hour.end_us
        return folded

    def last_ends(self) -> dict[Part, int]:
        """By part, when the last thing that its facts tell of had ended, microseconds."""
        ended = self.ended
        if ended is None:
            ended = self.ended = {}
            for statement in self.statements():
                self.see_end(statement.part, end_us(statement))
        return ended

    def see_end(self, part: Part, ended_us: int) -> None:
        """A fact of this part had ended then."""
        ended = self.ended
        if ended is None:
            ended = self.last_ends()
        if ended_us > ended.get(part, 0):
            ended[part] = ended_us
