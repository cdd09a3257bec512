"""Everything about access, over one database of its own."""

import sys

from services.console.access.audit import Audit
from services.console.access.hooks import Hooks
from services.console.access.kept import Kept
from services.console.access.lockout import Lockout
from services.console.access.looks import Looks
from services.console.access.operators import FIRST, Operators
from services.console.access.sessions import Sessions
from services.console.access.tables import METADATA
from services.console.access.tokens import Tokens
from services.console.settings import ConsoleSettings
from shared.work import Database


class Access:
    """What there is; starts as one of the console's doors, when the tables are there."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self.settings = settings
        self.database = Database(settings.database_url_of("access"), "access", METADATA)
        self.audit = Audit(self.database)
        self.tokens = Tokens(self.database)
        self.operators = Operators(self.database)
        self.sessions = Sessions(self.database, settings)
        self.looks = Looks(self.database)
        self.hooks = Hooks(self.database)
        self.kept = Kept(self.database)
        self.lockout = Lockout()

    async def start(self) -> None:
        """Make the first account, when there is none; its password is told once, here.

        Raises:
            Defer: the database does not answer.
        """
        if self.settings.local_accounts and (password := await self.operators.make_first()):
            sys.stderr.write(
                f"\nThe console's first account is `{FIRST}`, its password {password}\n"
                "It is told this once and kept nowhere: `longstop operator reset admin` makes another.\n\n"
            )

    async def stop(self) -> None:
        """Nothing is to be done."""
