"""What becomes of open databases when the process forks, as multiprocessing does on Linux.

A connection belongs to the process that opened it. A child must not use one, nor even
close it: that would end the parent's session on a server. And SQLite keeps its locks
by process: a child that inherits an open file believes in locks that it doesn't hold
(sqlite.org/howtocorrupt.html 2.6). So the idle connections to files are closed before a fork,
and a child begins with none.
"""

from __future__ import annotations

import os
from weakref import WeakSet

from sqlalchemy import Engine, Pool

_ENGINES: WeakSet[Engine] = WeakSet()
_THE_PARENTS: list[Pool] = []
"""In a child: kept for ever, so that nothing in them is ever closed."""


def survives_forks(engine: Engine) -> Engine:
    """An engine whose connections stay in the process that opened them."""
    _ENGINES.add(engine)
    return engine


def _before() -> None:
    for engine in list(_ENGINES):
        if engine.dialect.name == "sqlite":
            engine.dispose()


def _in_child() -> None:
    for engine in list(_ENGINES):
        _THE_PARENTS.append(engine.pool)
        engine.dispose(close=False)


os.register_at_fork(before=_before, after_in_child=_in_child)
